from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.importing.ansible.facts import read_facts
from generator.importing.ansible.inventory import AnsibleHost
from generator.importing.ansible.machines import machines
from generator.importing.failures import ImportFailure
from generator.importing.machines import Machines

ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
FACTS = {
    "ansible_nodename": "uat-web-1",
    "ansible_default_ipv4": {"address": "192.0.2.7"},
    "ansible_ssh_host_key_rsa_public": "AAAA",
    "ansible_ssh_host_key_ed25519_public": ED25519,
    "ansible_ssh_host_key_ed25519_public_keytype": "ssh-ed25519",
    "ansible_os_family": "RedHat",
}


def made(name: str, variables: Mapping[str, Any], facts: Mapping[str, Any], prefix: str = "") -> Machines:
    return machines([AnsibleHost(name=name, variables=variables)], {name: facts}, prefix)


def test_facts_make_a_node_whole() -> None:
    found = made("uat-web-1", {"ansible_port": "2222"}, FACTS, "uat")
    assert (found.gaps, found.diagnostics) == ((), ())
    assert found.nodes == {
        "web-1": {
            "reach": {"address": "192.0.2.7", "port": 2222},
            "host_keys": [f"ssh-ed25519 {ED25519}"],
            "os_family": "redhat",
        }
    }


def test_what_nobody_says_is_missing() -> None:
    found = made("web-1", {}, {})
    assert found.nodes == {"web-1": {}}
    assert [(gap.keys, gap.code, gap.place) for gap in found.gaps] == [
        (("reach",), "C0710", ("nodes", "web-1")),
        (("host_keys",), "C0711", ("nodes", "web-1")),
    ]


@pytest.mark.parametrize(
    "address", ["{{ ip }}", "localhost", "127.0.0.1", "::1", "fe80::1", "0.0.0.0", "a b", "", 7, None]
)
def test_an_address_that_means_nothing_elsewhere_is_none(address: object) -> None:
    assert "reach" not in made("web-1", {"ansible_host": address}, {}).nodes["web-1"]
    with_facts = made("web-1", {"ansible_host": address}, {"ansible_default_ipv6": {"address": "2001:db8::7"}})
    assert with_facts.nodes["web-1"]["reach"] == {"address": "2001:db8::7"}


@pytest.mark.parametrize("port", ["{{ port }}", 0, 65536, True, "ssh", [22], "२२"])
def test_a_port_that_is_none_is_said(port: object) -> None:
    found = made("web-1", {"ansible_host": "192.0.2.1", "ansible_port": port}, {})
    assert found.nodes["web-1"]["reach"] == {"address": "192.0.2.1"}
    assert [one.code for one in found.diagnostics] == ["C0717"]


@pytest.mark.parametrize(
    ("name", "prefix", "nodename", "node", "hostname", "gaps"),
    [
        ("web-1", "", "", "web-1", None, []),
        ("web-1", "uat", "", "web-1", None, []),  # the conventions put the prefix before the name
        ("uat-web-1", "uat", "", "web-1", None, []),
        ("web-1", "uat", "web-1", "web-1", "web-1", []),
        ("Web_1", "", "", "web-1", None, ["hostname"]),
        ("web-1.example.org", "", "", "web-1.example.org", None, ["hostname"]),
        ("web-1.example.org", "", "web-1", "web-1.example.org", "web-1", []),
        ("192.0.2.1", "", "", "192.0.2.1", None, ["hostname"]),
    ],
)
def test_what_a_machine_calls_itself(
    name: str, prefix: str, nodename: str, node: str, hostname: str | None, gaps: list[str]
) -> None:
    found = made(name, {"ansible_host": "192.0.2.1"}, {"ansible_nodename": nodename}, prefix)
    assert found.nodes[node].get("hostname") == hostname
    assert [gap.keys[0] for gap in found.gaps if gap.keys != ("host_keys",)] == gaps


@pytest.mark.parametrize("names", [("web-1", "Web_1"), ("a@b",), ("-",), ("a..b",)])
def test_a_name_that_cannot_be_used_is_said(names: tuple[str, ...]) -> None:
    hosts = [AnsibleHost(name=name, variables={}) for name in names]
    found = machines(hosts, {}, "")
    assert [one.code for one in found.diagnostics] == ["C0714"]
    assert len(found.nodes) == len(names) - 1


def test_a_host_key_that_is_damaged_is_not_taken() -> None:
    damaged = {**FACTS, "ansible_ssh_host_key_ed25519_public": ED25519[:-4]}
    assert "host_keys" not in made("web-1", {}, damaged).nodes["web-1"]


def test_a_family_without_tools_is_said() -> None:
    assert [one.code for one in made("web-1", {}, {"ansible_os_family": "Suse"}).diagnostics] == ["C0716"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("web-1", FACTS),
        ("s1_web-1", {"__payload__": json.dumps(FACTS)}),
        ("web-1", {"ansible_facts": FACTS, "changed": False}),
        ("web-1.json", FACTS),
    ],
)
def test_every_form_of_a_cache_is_read(tmp_path: Path, name: str, content: object) -> None:
    (tmp_path / name).write_text(json.dumps(content))
    assert read_facts(tmp_path, ["web-1", "web-2", "../x"]) == {"web-1": FACTS}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"ansible_facts": 1}', '{"__payload__": "["}', "\udcff"])
def test_damaged_facts_are_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "web-1").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ImportFailure) as failed:
        read_facts(tmp_path, ["web-1"])
    assert failed.value.diagnostic.code == "C0704"
