"""docs/puppet.md as it is written, with a real Puppet server and agents over TLS, and who gets to see what."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from docs.pages import Carry, follow
from docs.place import ROOT, Place

from generator.lab import Host, Lab, services

from . import puppetdb, puppets
from .machines import Machine, Node, carry
from .puppetdb import BUILD_HOST, Wired
from .puppets import Listening, ask, facts
from .walker import Tree, differences, walk

ADDRESSES = {"puppet": "192.0.2.10", "server-1": "192.0.2.11", "server-2": "192.0.2.12", "collector": "192.0.2.20"}
NAMES = ADDRESSES | {BUILD_HOST: "192.0.2.30"}
TOUCHED = ("/etc", "/opt/capsule", "/var/lib/backupoperator", "/var/lib/capsule", "/var/log/capsule")
BUILD = "fleet/output/example"
PROGRAMS = "/opt/capsule/example/bin"
ENVIRONMENT = "environment=production"
CATALOG = f"puppet/v3/catalog/{{}}?{ENVIRONMENT}"
# what an agent could say to be taken for another one; only the capsule's own check of the host name is satisfied
CLAIMS: dict[str, object] = {
    "hostname": "collector",
    "fqdn": "collector",
    "clientcert": "collector",
    "certname": "collector",
    "trusted": {"certname": "collector"},
    "puppetversion": "7.23.0",
    "capsule": {"hostname": "server-1"},
}

pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("puppetserver", "puppetdb", "puppet", "curl", "psql")),
    reason="there is no Puppet server here, or no PuppetDB",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The fleet of the page, after everything in it was done."""

    build_host: Wired
    hosts: dict[str, Host]
    consoles: dict[str, Listening]

    def keys(self, name: str) -> list[str]:
        """The longest line of each private key that a node was given, as only the key itself has it."""
        return self._lines(path for path in self._keys(name) if not own(path))

    def own_keys(self, name: str) -> list[str]:
        """The same of the keys that a node has made by itself."""
        return self._lines(path for path in self._keys(name) if own(path))

    def _keys(self, name: str) -> list[Path]:
        return list(self.hosts[name].path("/opt/capsule/example/ssh").glob("*"))

    def _lines(self, found: Iterable[Path]) -> list[str]:
        texts = [path.read_text("utf-8") for path in found]
        keys = [max(text.splitlines()[2:-2], key=len) for text in texts if "PRIVATE KEY" in text]
        assert keys
        return keys

    def trees(self, name: str) -> dict[str, Tree]:
        """All that an installation on a node could touch."""
        return {top: walk(self.hosts[name].path(top)) for top in TOUCHED}

    def verify(self, name: str) -> tuple[int, str]:
        """What gen says of what is installed on a node."""
        root = self.hosts[name].path("/")
        return self.build_host.shell(f"gen verify {BUILD} --node {name} --root {root} --signers signer.pub")

    def ask_puppetdb(self, inventory: str, *options: str, certificate: str = BUILD_HOST) -> tuple[int, str]:
        """What gen says of an import as the page has it, into ``inventory``, to whom shows ``certificate``."""
        shown = f"--ca ../puppet/ca.pem --cert ../puppet/{certificate}.pem --key ../puppet/{certificate}.key"
        asked = f"gen import puppetdb https://puppet:8081 -o {inventory} {shown} {' '.join(options)}"
        return self.build_host.shell(f"cd fleet && {asked}")


@pytest.fixture(scope="module")
def site(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five machines as their administrator left them, on which the page is followed to its end."""
    place = Place(tmp_path_factory.mktemp("build"))
    place.install_gen()
    with Lab(lab_directory) as lab:
        made = {name: lab.host(name, address=address, base=Path("/")) for name, address in NAMES.items()}
        for host in made.values():
            puppets.prepare(host, NAMES)
        puppets.begin_server(made[puppets.SERVER])
        puppetdb.begin(made[puppets.SERVER])
        build_host = Wired(place=place, host=made[BUILD_HOST])
        hosts = {name: made[name] for name in ADDRESSES}
        consoles = {name: Listening(Node(host, seconds=puppets.PATIENCE), []) for name, host in hosts.items()}
        machines: dict[str, Machine] = {BUILD_HOST: build_host, **consoles}

        def carry_to(carried: Carry) -> None:
            if carried.host == puppets.SERVER:
                puppets.await_server(hosts[puppets.SERVER])
                puppetdb.wait(hosts[puppets.SERVER])
            carry(machines, carried)

        assert follow(ROOT / "docs/puppet.md", machines, carry_to) > 25
        shown = "gen keys show fleet/inventory.yml | grep -oE 'ssh-ed25519 [A-Za-z0-9+/=]+' | head -n 1 >signer.pub"
        assert build_host.shell(shown)[0] == 0
        yield Site(build_host=build_host, hosts=hosts, consoles=consoles)


def own(key: Path) -> bool:
    """Whether the node has made the key: the file that says so lies beside it."""
    return key.with_name(f"{key.name}.own").exists()


def unlike(before: dict[str, Tree], after: dict[str, Tree]) -> list[str]:
    return [f"{top}: {line}" for top in before for line in differences(before[top], after[top])]


def test_what_is_installed_is_the_build(site: Site) -> None:
    for name in ("server-1", "collector"):
        status, said = site.verify(name)
        assert status == 0, said


def test_puppetdb_tells_what_the_nodes_are_and_the_key_that_one_has_made(site: Site) -> None:
    status, said = site.ask_puppetdb("new.yml", "--fleet", "new")
    assert (status, re.findall(r"^\w+\[(C\d+)", said, re.MULTILINE)) == (1, ["C0715"]), said
    nodes = yaml.safe_load(site.build_host.path("fleet/new.yml").read_text("utf-8"))["nodes"]
    assert sorted(nodes) == ["collector", "server-1"]
    for name, node in nodes.items():
        public = site.hosts[name].path("/etc/ssh/ssh_host_ed25519_key.pub").read_text("utf-8")
        assert node["reach"] == {"address": ADDRESSES[name]}
        assert node["host_keys"] == [" ".join(public.split()[:2])]
        assert node["os_family"] == "debian"

    known = site.build_host.path("fleet/inventory.yml").read_text("utf-8")
    waiting, count = re.subn(r"(own_keys: {server-1.send_nightly): .*}", r"\1: unknown}", known)
    assert count == 1
    site.build_host.path("fleet/waiting.yml").write_text(waiting, "utf-8")
    status, said = site.ask_puppetdb("waiting.yml")
    assert (status, site.build_host.path("fleet/waiting.yml").read_text("utf-8")) == (0, known), said


def test_puppetdb_has_the_catalogs_and_no_private_key(site: Site) -> None:
    held = puppetdb.everything(site.hosts[puppets.SERVER])
    assert "Capsule 'backup_nightly' of node 'server-1'" in held
    for name in ("collector", "server-1"):
        keys = site.keys(name)
        assert [key in held for key in keys] == [False] * len(keys)


def test_puppetdb_neither_answers_nor_believes_an_agent(site: Site) -> None:
    thief = site.hosts["server-1"]
    for kind, suffix in (("certs", "pem"), ("private_keys", "key")):
        shown = thief.path(f"{puppets.SSL}/{kind}/server-1.pem").read_bytes()
        site.build_host.path(f"puppet/server-1.{suffix}").write_bytes(shown)
    status, said = site.ask_puppetdb("stolen.yml", certificate="server-1")
    assert (status, "certificate name server-1 doesnt appear in the certificate allowlist" in said) == (2, True), said
    told = ask(thief, "pdb/cmd/v1?command=replace_facts&version=5&certname=collector", "-d", "{}", port=8081)
    assert told.status == 403, told


def test_a_node_that_puppetdb_was_told_to_forget_is_gone_from_the_source(site: Site) -> None:
    gone = "the source no longer has `nodes.server-1`"
    assert gone not in site.ask_puppetdb("inventory.yml")[1]
    site.hosts[puppets.SERVER].run(["puppet", "node", "deactivate", "server-1"], seconds=puppets.PATIENCE)
    services.until(lambda: gone in site.ask_puppetdb("inventory.yml")[1], "PuppetDB to forget", 300)


def test_only_looking_names_what_the_next_run_changes_and_shows_no_key(site: Site) -> None:
    host, console = site.hosts["collector"], site.consoles["collector"]
    places = host.path("/opt/capsule/example/ssh").glob("*")
    keys = sorted(path for path in places if "known" not in path.name and not own(path))
    before = site.trees("collector")
    lost, spoiled = (f"/opt/capsule/example/ssh/{path.name}" for path in keys[:2])
    host.run(["bash", "-c", f"cd {PROGRAMS}; echo '# mine' >>list_backups; chmod 4777 check_backups"])
    host.run(["bash", "-c", f"rm {lost}; echo '# mine' >{spoiled}"])
    drifted = site.trees("collector")
    assert len(unlike(before, drifted)) >= 4
    status, looked = console.agent("--noop")
    assert status == 0, looked
    assert unlike(drifted, site.trees("collector")) == []
    status, done = console.agent()
    assert status == 2, done
    assert resources(looked) == resources(done)
    altered = {lost, spoiled, f"{PROGRAMS}/list_backups", f"{PROGRAMS}/check_backups"}
    assert {path for path, _ in resources(done)} == altered
    # what is replaced is locked first
    left = [line for line in unlike(before, site.trees("collector")) if not re.search(": mtime |/locks/", line)]
    assert left == []
    assert site.verify("collector")[0] == 0
    # all else is shown
    assert "-# mine" in looked
    assert not [key for key in site.keys("collector") if key in looked + done]


def resources(said: str) -> set[tuple[str, str]]:
    """Which properties of which files a run has set, or would."""
    return set(re.findall(r"/File\[([^\]]+)\]/(\w+): ", said))


def test_an_agent_gets_its_own_catalog_whatever_it_says_of_itself(site: Site) -> None:
    own, others = site.keys("server-1"), site.keys("collector")
    served = ask(site.hosts["server-1"], CATALOG.format("server-1"), *facts("server-1", **CLAIMS))
    assert served.status == 200, served
    assert [key in served.body for key in own] == [True] * len(own)
    assert [key in served.body for key in others] == [False] * len(others)


def test_an_agent_gets_nothing_of_another_node(site: Site) -> None:
    thief = site.hosts["server-1"]
    assert ask(thief, f"puppet/v3/file_content/plugins/facter/capsule.rb?{ENVIRONMENT}").status == 200
    up = "%2e%2e/%2e%2e/%2e%2e"
    for status, path, *options in (
        ("403", CATALOG.format("collector"), *facts("collector", **CLAIMS)),
        ("403", CATALOG.format("collector")),
        ("403", CATALOG.format("%63ollector"), *facts("collector", **CLAIMS)),
        ("500", CATALOG.format("server-1"), *facts("collector", **CLAIMS)),
        ("403", "puppet/v4/catalog", "-H", "Content-Type: application/json", "-d", '{"certname": "collector"}'),
        ("403", f"puppet/v3/node/collector?{ENVIRONMENT}"),
        ("403", f"puppet/v3/facts/collector?{ENVIRONMENT}", "-X", "PUT", "-d", "{}"),
        ("403", f"puppet/v3/report/collector?{ENVIRONMENT}", "-X", "PUT", "-d", "{}"),
        ("404", f"puppet/v3/file_content/modules/capsule/collector.yaml?{ENVIRONMENT}"),
        ("500", f"puppet/v3/file_content/data/collector.yaml?{ENVIRONMENT}"),
        ("400", f"puppet/v3/file_content/plugins/../../../data/collector.yaml?{ENVIRONMENT}"),
        ("400", f"puppet/v3/file_content/modules/capsule/{up}/data/collector.yaml?{ENVIRONMENT}"),
        ("500", f"puppet/v3/file_metadatas/data?{ENVIRONMENT}&recurse=true"),
        ("403", f"puppet/v3/static_file_content/data/collector.yaml?{ENVIRONMENT}&code_id=1"),
    ):
        answer = ask(thief, path, *options)
        assert (answer.status, "PRIVATE KEY" in answer.body) == (int(status), False), (path, answer)
    # nor a certificate in its name
    asked = ["puppet", "ssl", "submit_request", "--certname", "collector", "--ssldir", "/tmp/stolen"]
    refused = thief.run(asked, check=False, seconds=puppets.PATIENCE)
    assert (refused.status, "conflict on the server" in refused.err) == (1, True), refused


def test_a_private_key_is_nowhere_but_in_its_place_and_in_roots_own_catalog(site: Site) -> None:
    for name in ("collector", "server-1"):
        host, server = site.hosts[name], site.hosts[puppets.SERVER]
        assert list(server.path(f"{puppets.REPORTS}/{name}").glob("*.yaml"))
        keys = site.keys(name)
        (holding,) = puppets.holding(host, keys)
        assert Path(holding).parts[-3:] == ("client_data", "catalog", f"{name}.json")
        assert puppets.holding(server, keys) == []
        for machine, path in ((host, holding), (server, f"{puppets.CODE}/data/{name}.yaml")):
            assert [key in machine.path(path).read_text("utf-8") for key in keys] == [True] * len(keys)
            refused = machine.run(["cat", path], check=False, user="nobody")
            assert (refused.status, refused.out) == (1, "")
        for console in site.consoles.values():
            assert not [key for key in keys if key in "".join(console.said)]


def test_a_key_that_the_collector_made_is_nowhere_else(site: Site) -> None:
    host = site.hosts["collector"]
    (key,) = site.own_keys("collector")
    assert puppets.holding(host, [key]) == []
    assert puppets.holding(site.hosts[puppets.SERVER], [key]) == []
    for tree in (site.hosts[puppets.SERVER].path(puppets.CODE), site.build_host.path("fleet")):
        assert not [path for path in tree.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert not [one for console in site.consoles.values() for one in console.said if key in one]


def test_the_fact_says_what_is_installed_and_no_secret(site: Site) -> None:
    said = site.hosts["collector"].run(["puppet", "facts", "show", "capsule"], seconds=puppets.PATIENCE).out
    fact = json.loads(said)["capsule"]
    assert fact["hostname"] == "collector"
    assert fact["deployments"]["example"]["node"] == "collector"
    assert fact["deployments"]["example"]["files"]["private_key"]
    assert not re.search(r"[0-9a-f]{64}", said)


def test_who_is_not_of_the_fleet_is_told_so_and_nothing_is_changed(site: Site) -> None:
    before = site.trees("server-2")
    status, said = site.consoles["server-2"].agent("--certname", "stranger")
    assert status == 1, said
    assert "capsule: no data for the certificate name stranger: no node of this fleet has it" in said
    assert unlike(before, site.trees("server-2")) == []


def test_a_push_to_the_wrong_node_is_refused_and_nothing_is_changed(site: Site) -> None:
    server = site.hosts[puppets.SERVER]
    before = site.trees("server-1")
    data = f"{puppets.CODE}/data"
    server.run(["bash", "-c", f"cd {data} && mv server-1.yaml own && cp -p collector.yaml server-1.yaml"])
    status, said = site.consoles["server-1"].agent()
    server.run(["mv", f"{data}/own", f"{data}/server-1.yaml"])
    assert status == 1, said
    assert "built for node collector with the host name collector, but this is server-1" in said
    assert unlike(before, site.trees("server-1")) == []
