"""Ansible, for real: ansible-playbook over ssh and sudo, from what a build wrote, against hosts of the lab."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.pages import Carry, follow
from docs.place import ROOT

from generator.lab import Host, Lab, services

from .controller import Controller
from .fleet import host_key
from .machines import copy
from .walker import Tree, differences, timeless, walk

HERE = Path(__file__).parent
TOUCHED = ("/etc", "/opt", "/srv", "/var/lib/backupoperator", "/var/lib/capsule", "/var/log")
BUILD = "output/example"
CAPSULE = "/opt/capsule/example/bin/prepare_whole"
# what the role asks for packages instead of Ansible's own module of this name
PACKAGES = """#!/usr/bin/python3
from ansible.module_utils.basic import AnsibleModule
import os
module = AnsibleModule(argument_spec={"name": {"type": "list"}, "state": {}}, supports_check_mode=True)
missing = os.path.exists("/usr/bin/getfacl.away")
if missing and not module.check_mode:
    os.rename("/usr/bin/getfacl.away", "/usr/bin/getfacl")
module.exit_json(changed=missing, asked=module.params["name"])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What ansible-playbook said, and the results of all tasks."""

    said: str
    results: tuple[dict[str, Any], ...]

    def changes(self, host: str) -> list[str]:
        """What the one task of ``host`` that does something says it has changed, or would."""
        (told,) = [one for one in self.results if one["host"] == host and "changes" in one]
        assert told["changed"] == bool(told["changes"])
        return sorted(told["changes"])

    def failure(self, host: str) -> str:
        """Why ``host`` failed."""
        (told,) = [one["msg"] for one in self.results if one["host"] == host and one["failed"]]
        return str(told)


class Site:
    """Three hosts as their administrator left them, and a controller with a build for them."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        inventory = yaml.safe_load((HERE / "ansible.yml").read_text("utf-8"))
        self.hosts: dict[str, Host] = {}
        for name, node in inventory["nodes"].items():
            # the roots of engines have Python
            host = self.hosts[name] = lab.host(name, address=node["reach"]["address"], engines=True)
            private, public = host_key(directory / f"{name}.key")
            node["host_keys"] = [public]
            host.install_ssh_host_key(private)
            services.start_sshd(host, node["reach"].get("port", 22))
        self.controller = Controller(directory, self.hosts["director"])
        self.controller.prepare()
        for host in self.hosts.values():
            self.controller.welcome(host)
        (directory / "example.yml").write_text(yaml.safe_dump(inventory, sort_keys=False), "utf-8")
        status, said = self.controller.shell("gen keys init example.yml && gen build example.yml")
        assert status == 0, said
        self.by_hand = self._install_by_hand(self.hosts["server-1"])

    def _install_by_hand(self, host: Host) -> dict[str, Tree]:
        """What install.sh alone makes of a host, which then is again as it was."""
        empty = host.save()
        copy(self.controller.path(f"{BUILD}/nodes/{host.name}"), host.path("/run/build"))
        host.run(["/run/build/install.sh"])
        installed = {top: timeless(walk(host.path(top))) for top in TOUCHED}
        host.load(empty)
        services.start_sshd(host, 2222)
        return installed

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def shell(self, script: str, **variables: str) -> tuple[int, str]:
        """Run a script in the directory that the build has made for Ansible."""
        return self.controller.shell(f"cd {BUILD}/ansible && {script}", **variables)

    def play(self, arguments: str, *, status: int = 0, **variables: str) -> Played:
        """Run ansible-playbook, which has to end with ``status``."""
        told = self.controller.home / "told"
        told.unlink(missing_ok=True)
        settings = {
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "told",
            "TOLD": str(told),
        }
        ended, said = self.shell(f"ansible-playbook -i inventory.yml {arguments}", **settings, **variables)
        assert ended == status, said
        results = [json.loads(line) for line in told.read_text("utf-8").splitlines()] if told.exists() else []
        return Played(said=said, results=tuple(results))

    def trees(self) -> dict[str, Tree]:
        """All that an installation could touch."""
        return {f"{name}:{top}": walk(host.path(top)) for name, host in self.hosts.items() for top in TOUCHED}


def unlike(before: Mapping[str, Tree], after: Mapping[str, Tree]) -> list[str]:
    return [f"{top}: {line}" for top in before for line in differences(before[top], after[top])]


@pytest.fixture(scope="module")
def site(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, before anything is installed; the tests of this module are one story."""
    with Lab(lab_directory) as lab:
        yield Site(lab, tmp_path_factory.mktemp("ansible"))


def test_a_check_says_what_the_first_run_then_does(site: Site) -> None:
    before = site.trees()
    checked = site.play("site.yml --check --diff")
    assert unlike(before, site.trees()) == []
    assert "+# Generated by Capsule for deployment example, node server-1" in checked.said
    done = site.play("site.yml")
    for name in site.hosts:
        assert len(done.changes(name)) > 5
        assert checked.changes(name) == done.changes(name)
        judge = f"gen verify {BUILD} --root {site[name].path('/')} --node {name} --signers {BUILD}/allowed_signers"
        assert site.controller.shell(judge)[0] == 0, site.controller.shell(judge)
        assert not list(site[name].path("/run").glob("capsule-ansible*"))
        assert not list(site[name].path("/home/admin/.ansible/tmp").glob("*"))


def test_a_node_is_the_same_as_after_the_installer(site: Site) -> None:
    ours = {top: timeless(walk(site["server-1"].path(top))) for top in TOUCHED}
    assert unlike(site.by_hand, ours) == []


def test_a_second_run_and_its_check_change_nothing(site: Site) -> None:
    before = site.trees()
    for arguments in ("site.yml", "site.yml --check --diff"):
        done = site.play(arguments)
        assert [done.changes(name) for name in site.hosts] == [[], [], []]
    assert unlike(before, site.trees()) == []


def test_secrets_are_in_no_output(site: Site) -> None:
    for name in site.hosts:
        site[name].run(["bash", "-c", "cd /opt/capsule/example; rm ssh/*; chmod 600 bin/*"])
    pipelined = site.play("site.yml -vvv --diff")
    for name in site.hosts:
        site[name].run(["bash", "-c", "for key in /opt/capsule/example/ssh/*; do echo other >$key; done"])
    told = pipelined.said + site.play("site.yml -vvvv --diff", ANSIBLE_PIPELINING="0").said
    assert ": what it holds is not shown" in told
    secrets = [
        path.read_text("utf-8")
        for path in site.controller.path(BUILD).glob("nodes/*/root/opt/capsule/example/ssh/*.*")
    ]
    assert len(secrets) == 9
    for secret in secrets:
        body = "".join(secret.splitlines()[1:-1])
        assert not [line for line in secret.splitlines()[1:-1] if line[-40:] in told]
        assert not [place for place in range(3) if inside(body, place) in told]
    assert "PRIVATE KEY" not in told


def inside(body: str, place: int) -> str:
    """A part of what base64 makes of a key's own base64, wherever it begins in a larger file."""
    return base64.b64encode(b" " * place + body[-80:].encode())[8:60].decode()


def test_drift_is_repaired_and_what_others_have_put_there_stays(site: Site) -> None:
    one = site["server-1"]
    before = {path: walk(one.path(path)) for path in ("/opt", "/etc")}
    one.run(
        [
            "bash",
            "-c",
            f"echo '# altered' >>{CAPSULE}; chmod 777 /opt/capsule/example/bin; rm /etc/logrotate.d/capsule-example",
        ]
    )
    one.run(["bash", "-c", "echo mine >/opt/capsule/example/bin/mine"])
    # as an earlier build would have left it
    dropped = "/opt/capsule/example/bin/old"
    digest = one.run(["bash", "-c", f"echo old >{dropped}; sha256sum <{dropped}"]).out.split()[0]
    one.run(["bash", "-c", f"echo 'file capsule {digest} {dropped}' >>/var/lib/capsule/example/installed"])
    checked = site.play("site.yml --check --diff")
    assert "-# altered" in checked.said
    done = site.play("site.yml --diff")
    assert checked.changes("server-1") == done.changes("server-1")
    assert {f"replaced {CAPSULE}", f"removed {dropped}", "placed /etc/logrotate.d/capsule-example"} <= set(
        done.changes("server-1")
    )
    assert done.changes("store") == []
    assert one.path("/opt/capsule/example/bin/mine").read_text() == "mine\n"
    one.path("/opt/capsule/example/bin/mine").unlink()
    for path, tree in before.items():
        assert differences(timeless(tree), timeless(walk(one.path(path)))) == []


def test_what_is_wrong_is_refused_in_the_installers_words_and_changes_nothing(site: Site) -> None:
    before = site.trees()
    (site.controller.home / "ghost.yml").write_text(
        "capsule: {hosts: {ghost: {ansible_host: 10.31.0.21, capsule_packages: []}}}\n"
    )
    unknown = site.play("-i ../../../ghost.yml site.yml --limit ghost", status=2)
    assert "ghost is not a node of this build, which has director, server-1, store" in unknown.failure("ghost")
    wrong = site.play("site.yml --limit store -e node_name=server-1", status=2)
    assert "was built for node server-1 with the host name server-1, but this is store\n" in wrong.failure("store")
    artifact = site.controller.path(f"{BUILD}/nodes/server-1/root{CAPSULE}")
    whole = artifact.read_text("utf-8")
    artifact.write_text(f"{whole}# altered\n", "utf-8")
    tampered = site.play("site.yml --limit server-1", status=2)
    artifact.write_text(whole, "utf-8")
    assert "the files above are not those that were built" in tampered.failure("server-1")
    assert "nothing was changed" in tampered.failure("server-1")
    assert unlike(before, site.trees()) == []


def test_an_ansible_that_is_too_old_is_told_so_and_changes_nothing(site: Site) -> None:
    before = site.trees()
    collection = site.controller.path(f"{BUILD}/ansible/collections/ansible_collections/capsule/fleet")
    whole = {
        path: path.read_text("utf-8")
        for path in (collection / "meta/runtime.yml", collection / "plugins/action/node.py")
    }
    for path, text in whole.items():
        path.write_text(text.replace(">=2.16.0", ">=99.16.0").replace("(2, 16)", "(99, 16)"), "utf-8")
    refused = site.play("site.yml --limit server-1", status=2)
    for path, text in whole.items():
        path.write_text(text, "utf-8")
    assert re.fullmatch(
        r"this is ansible-core [0-9.]+, and capsule.fleet needs 99.16 or newer", refused.failure("server-1")
    )
    assert unlike(before, site.trees()) == []


def test_a_capsule_that_runs_is_not_replaced(site: Site) -> None:
    one = site["server-1"]
    one.run(["bash", "-c", f"echo '# altered' >>{CAPSULE}"])
    lock = f"/var/lib/capsule/example/locks/{Path(CAPSULE).name}"
    held = one.popen(["flock", lock, "sleep", "300"])
    services.until(lambda: one.running("sleep"), "the lock")
    busy = site.play("site.yml --check --limit server-1", status=2)
    one.run(["pkill", "-KILL", "-x", "sleep"])
    held.communicate()
    assert f"{Path(CAPSULE).name} is running and would be replaced" in busy.failure("server-1")
    assert site.play("site.yml --limit server-1").changes("server-1") == [f"replaced {CAPSULE}"]


def test_missing_packages_are_installed_first(site: Site) -> None:
    library = site.controller.home / "library"
    library.mkdir()
    (library / "apt.py").write_text(PACKAGES, "utf-8")
    arguments = "site.yml --limit server-1"
    site["server-1"].run(["mv", "/usr/bin/getfacl", "/usr/bin/getfacl.away"])
    checked = site.play(f"{arguments} --check", ANSIBLE_LIBRARY=str(library))
    assert [one["asked"] for one in checked.results if "asked" in one and one["changed"]] == [
        [
            "acl",
            "attr",
            "bash",
            "cron",
            "logrotate",
            "mount",
            "openssh-client",
            "openssh-server",
            "rsync",
            "sudo",
            "util-linux",
        ]
    ]
    done = site.play(arguments, ANSIBLE_LIBRARY=str(library))
    assert [one["changed"] for one in done.results if "asked" in one] == [True]
    assert site["server-1"].path("/usr/bin/getfacl").exists()
    assert not [one for one in done.results if one["failed"]]


def test_a_permit_is_opened_where_the_plan_can_restore(site: Site) -> None:
    site.play("restore-permit.yml -e plan=whole -e backup=20261120T233000Z")
    assert (
        site["server-1"]
        .path("/run/capsule/example/permits/restore_whole")
        .read_text()
        .startswith("20261120T233000Z ")
    )
    refused = site.play("restore-permit.yml -e plan=other -e backup=20261120T233000Z", status=2)
    assert "No node has a capsule that permits restores from the plan other" in refused.said
    assert "name a backup, or none" in site.play("restore-permit.yml -e plan=whole -e backup=../x", status=2).said


def test_removal_takes_everything_but_what_is_kept(site: Site) -> None:
    site["store"].run(["bash", "-c", "echo precious >/srv/backups/kept"])
    before = site.trees()
    checked = site.play("remove.yml --check --diff")
    assert unlike(before, site.trees()) == []
    done = site.play("remove.yml")
    for name, host in site.hosts.items():
        assert checked.changes(name) == done.changes(name) != []
        for gone in (
            "/opt/capsule",
            "/etc/sudoers.d/50-capsule-example",
            "/etc/cron.d/capsule-example",
            "/var/lib/backupoperator",
        ):
            assert not host.path(gone).exists(), gone
    assert site["store"].path("/srv/backups/kept").read_text() == "precious\n"


def test_the_page_works_as_written(site: Site) -> None:
    assert follow(ROOT / "docs/ansible.md", {"build-host": site.controller}, no_carrying) >= 9


def no_carrying(carried: Carry) -> None:
    raise AssertionError(carried)
