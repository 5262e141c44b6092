"""What Puppet knows becomes nodes, whether PuppetDB or a file says it; what it does not know is said."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.cli.import_ import command
from generator.importing.failures import ImportFailure
from generator.importing.puppetdb.facts import read_directory
from generator.importing.puppetdb.query import read_puppetdb
from generator.importing.puppetdb.source import propose
from generator.inventory.language import NodePart
from tests.importing.puppetdb.server import Authority, puppetdb

ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
WEB: dict[str, Any] = {
    "networking": {"hostname": "web-1", "fqdn": "web-1.example.org", "ip": "192.0.2.7", "ip6": "fe80::1"},
    "os": {"family": "RedHat", "name": "Rocky"},
    "ssh": {"rsa": {"type": "ssh-rsa", "key": "AAAA"}, "ed25519": {"type": "ssh-ed25519", "key": ED25519}},
    "timezone": "UTC",
    "capsule_public_keys": {"web": {"db-1.send_nightly": "ssh-ed25519 A"}},
}
FACTS: dict[str, dict[str, Any]] = {
    "web-1.example.org": WEB,
    "db-1.example.org": {"networking": {"hostname": "db-1", "ip": "127.0.0.1"}, "timezone": "CET"},
}
NODES = {
    "db-1": {"certname": "db-1.example.org"},
    "web-1": {
        "certname": "web-1.example.org",
        "reach": {"address": "192.0.2.7"},
        "host_keys": [f"ssh-ed25519 {ED25519}"],
        "os_family": "redhat",
        "timezone": "UTC",
    },
}


# The words of PuppetDB 7.12, whose allowlist does not have the certificate.
REFUSAL = (
    "Permission denied: The client certificate name build-host doesnt appear in the certificate allowlist."
    " Is your master's (or other PuppetDB client's) certname listed in PuppetDB's certificate-allowlist file?"
)
# PuppetDB 7.12 gave this answer about hosts of the lab whose agents are Puppet 7.23: a row for each fact.
ANSWER = Path(__file__).with_name("answer.json")
COLLECTOR_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIACq9Pa7sHaIbMJtcxZmRXJb1U31sO15uO5q92qn4xEt"
SERVER_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIJon9Bzdj63MrbSZ9ieEY5v5k5CyVsgfWpMf/j8KEl8r"
OWN_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIE8jlwUDcvY1PGeM+s9F1LvSLFyC/9qIr+oi/4afEh8S"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("puppet") / "ssl")


def test_facts_become_nodes_and_what_they_do_not_say_is_missing() -> None:
    proposal = propose(FACTS, "web")
    assert proposal.said == {"fleet": "web", "nodes": NODES, "plans": {}}
    assert [(gap.code, gap.subject) for gap in proposal.gaps] == [
        ("C0713", "`fleet`"),
        ("C0710", "db-1"),
        ("C0711", "db-1"),
        ("C0715", "plans"),
    ]
    assert [one.code for one in proposal.diagnostics] == ["C0718"]
    assert proposal.told == {"db-1.example.org": None, "web-1.example.org": WEB["capsule_public_keys"]}
    NodePart.model_validate_json(json.dumps(NODES["web-1"]))


def test_two_machines_of_one_name_are_said() -> None:
    proposal = propose({"web-1.a": WEB, "web-1.b": WEB}, None)
    assert list(proposal.said["nodes"]) == ["web-1"]
    assert [one.code for one in proposal.diagnostics] == ["C0714"]


@pytest.mark.parametrize("page", [1, 3, 1000])
def test_puppetdb_is_read_page_by_page(authority: Authority, page: int) -> None:
    secret = {name: {**facts, "password": "secret"} for name, facts in FACTS.items()}
    with puppetdb(authority, secret) as source:
        assert read_puppetdb(source, page) == FACTS


def test_what_a_real_puppetdb_has_answered_becomes_nodes(authority: Authority) -> None:
    rows = json.loads(ANSWER.read_text("utf-8"))
    facts: dict[str, dict[str, Any]] = {}
    for row in rows:
        assert sorted(row) == ["certname", "environment", "name", "value"]
        facts.setdefault(row["certname"], {})[row["name"]] = row["value"]
    with puppetdb(authority, facts) as source:
        assert read_puppetdb(source, 3) == facts
    proposal = propose(facts, "lab")
    assert [gap.code for gap in proposal.gaps] == ["C0713", "C0715"]
    assert proposal.said["nodes"] == {
        "collector": {
            "reach": {"address": "192.0.2.20"},
            "host_keys": [f"ssh-ed25519 {COLLECTOR_KEY}"],
            "os_family": "debian",
            "timezone": "UTC",
        },
        "server-1": {
            "reach": {"address": "192.0.2.11"},
            "host_keys": [f"ssh-ed25519 {SERVER_KEY}"],
            "os_family": "debian",
            "timezone": "UTC",
        },
    }
    told = proposal.told["collector"]
    assert told == {"example": {"server-1.send_nightly": f"ssh-ed25519 {OWN_KEY}"}}


def test_puppetdb_answers_nobody_without_a_certificate_of_its_authority(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority.made(tmp_path / "stranger")
    shown, key = stranger.issue("build-host")
    with puppetdb(authority, FACTS) as source:
        with pytest.raises(ImportFailure) as refused:
            read_puppetdb(replace(source, certificate=shown, key=key))
        assert refused.value.diagnostic.code == "C0741"
        with pytest.raises(ImportFailure, match="CERTIFICATE_VERIFY_FAILED"):
            read_puppetdb(replace(source, ca=stranger.directory / "ca.pem"))


def test_a_server_that_refuses_or_knows_nothing_is_no_empty_fleet(authority: Authority) -> None:
    with puppetdb(authority, FACTS, 403, REFUSAL) as source, pytest.raises(ImportFailure, match=re.escape(REFUSAL)):
        read_puppetdb(source)
    # what a Puppet server says at its own port
    document = '{\n "message": "no such thing"}'
    with puppetdb(authority, FACTS, 404, document) as source, pytest.raises(ImportFailure, match=r"404 Not Found$"):
        read_puppetdb(source)
    with puppetdb(authority, {}) as source, pytest.raises(ImportFailure, match="no facts of any active node"):
        read_puppetdb(source)


@pytest.mark.parametrize("url", ["http://puppetdb:8080", "https://", "https://puppetdb/other", "https://puppetdb:x"])
def test_only_an_address_over_https_is_asked(authority: Authority, url: str) -> None:
    with puppetdb(authority, FACTS) as source, pytest.raises(ImportFailure, match=r"such as https|[Pp]ort"):
        read_puppetdb(replace(source, url=url))


def test_saved_facts_say_the_same_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "web-1.example.org.json").write_text(json.dumps({"name": "web-1.example.org", "values": WEB}))
    cached = "--- !ruby/object:Puppet::Node::Facts\nname: db-1.example.org\nvalues:\n"
    cached += f"  networking: {json.dumps(FACTS['db-1.example.org']['networking'])}\n  timezone: CET\n"
    (tmp_path / "db-1.example.org.yaml").write_text(cached)
    (tmp_path / "notes.txt").write_text("not of a node")
    assert read_directory(tmp_path) == FACTS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "{"),
        ("a.yaml", "- a list"),
        ("a.yaml", "values: !ruby/object:Gem::Requirement {}"),
        ("a.yaml", "values: !!python/object/apply:os.system [true]"),
        ("a.txt", "{}"),
    ],
)
def test_what_is_not_a_file_of_facts_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ImportFailure) as refused:
        read_directory(tmp_path)
    assert refused.value.diagnostic.code == "C0740"


def test_importing_again_keeps_what_a_person_wrote(authority: Authority, tmp_path: Path) -> None:
    from click.testing import CliRunner

    inventory = tmp_path / "web.yml"
    with puppetdb(authority, FACTS) as source:
        options = ["--ca", source.ca, "--cert", source.certificate, "--key", source.key, "-o", inventory]
        arguments = ["puppetdb", source.url, "--fleet", "web", *map(str, options)]
        first = CliRunner().invoke(command, arguments)
        assert first.exit_code == 1, first.output
        text = inventory.read_text()
        assert f'host_keys: ["ssh-ed25519 {ED25519}"]' in text
        inventory.write_text(text.replace("  db-1:", "  db-1:  # in the cellar"))
        again = CliRunner().invoke(command, arguments)
        assert "Nothing to change" in again.output
        assert "# in the cellar" in inventory.read_text()
    unsigned = CliRunner().invoke(command, ["puppetdb", source.url])
    assert (unsigned.exit_code, "--cert and --key" in unsigned.output) == (2, True)
