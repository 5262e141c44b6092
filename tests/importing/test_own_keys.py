"""What nodes tell of keys that they made: hostile input, taken only where a person has asked for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from generator.cli.import_ import command
from generator.importing.bringing import Brought, bring
from generator.importing.proposal import Proposal
from tests.importing.test_merging import source_text

MINE, OTHER, HOST = (f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{letter * 43}" for letter in "BCD")
EDGE = "web-1.send_nightly"
INVENTORY = """\
capsule: 1
fleet: lab
nodes:
  depot:  # in the cellar
    certname: depot.example.org
    own_keys: {web-1.send_nightly: VALUE}   # by itself
  web-1:
    host_keys: ["HOST"]
    own_keys:
      "web-1.x": "OTHER"
plans: {}
""".replace("HOST", HOST).replace("OTHER", OTHER)


def imported(value: str, told: Any, certname: str = "depot.example.org", text: str = INVENTORY) -> Brought:
    """The inventory with ``value`` for the key, after an import in which a node tells something."""
    proposal = Proposal(said={}, gaps=(), diagnostics=(), told={certname: told})
    written = text.replace("VALUE", value)
    return bring(proposal, {}, source_text(written), "")


def codes(brought: Brought) -> list[str]:
    return [one.code for one in brought.diagnostics]


def test_an_unknown_key_is_filled_and_every_other_byte_stays() -> None:
    brought = imported("unknown", {"lab": {EDGE: MINE, "web-2.send": OTHER}, "other": {EDGE: HOST}})
    assert brought.text == INVENTORY.replace("VALUE", f'"{MINE}"')
    assert codes(brought) == ["C0726"] * 0


@pytest.mark.parametrize("value", [MINE, f'"{MINE} with a comment"', f'["{OTHER[:-1]}A", "{MINE}"]'])
def test_what_is_known_already_is_no_news(value: str) -> None:
    brought = imported(value, {"lab": {EDGE: MINE}})
    assert (brought.text, codes(brought)) == (INVENTORY.replace("VALUE", value), [])


@pytest.mark.parametrize("value", [f'"{OTHER[:-1]}A"', f'["{OTHER[:-1]}A"]'])
def test_a_changed_key_is_said_and_never_taken(value: str) -> None:
    brought = imported(value, {"lab": {EDGE: MINE}})
    assert (brought.text, codes(brought)) == (INVENTORY.replace("VALUE", value), ["C0724"])
    (found,) = brought.diagnostics
    assert MINE in found.message
    assert found.span is not None
    assert (found.span.line, found.span.column) == (6, 36)


@pytest.mark.parametrize(
    "told",
    [
        f"{MINE} ",
        f"{MINE}\n",
        f" {MINE}",
        f"{MINE} comment",
        MINE.replace("ssh-ed25519 ", "ssh-ed25519  "),
        MINE.replace("ssh-ed25519", "ssh-rsa"),
        f"{MINE}A",
        MINE[:-1],
        f'restrict,command="/bin/sh" {MINE}',
        "ssh-ed25519 " + "A" * 68,
        "unknown",
        "",
        True,
        7,
        [MINE],
        {"key": MINE},
        HOST,
        OTHER,
    ],
)
def test_nothing_else_than_a_key_of_its_own_is_taken(told: Any) -> None:
    brought = imported("unknown", {"lab": {EDGE: told}})
    assert brought.text == INVENTORY.replace("VALUE", "unknown")
    assert codes(brought) == ["C0725"]


@pytest.mark.parametrize(
    ("told", "certname"),
    [
        ({"lab": {EDGE: MINE}}, "depot"),
        ({"lab": {EDGE: MINE}}, "web-1"),
        ({"lab": {EDGE: MINE}}, "DEPOT.example.org"),
        ({"other": {EDGE: MINE}}, "depot.example.org"),
        ({"lab": {"web-2.send": MINE}}, "depot.example.org"),
        ({"lab": [EDGE, MINE]}, "depot.example.org"),
        ("lab", "depot.example.org"),
        (None, "depot.example.org"),
    ],
)
def test_a_node_answers_for_itself_and_for_what_it_was_asked(told: Any, certname: str) -> None:
    brought = imported("unknown", told, certname)
    assert brought.text == INVENTORY.replace("VALUE", "unknown")
    assert codes(brought) == ["C0726"]


def test_two_that_claim_one_key_both_get_nothing() -> None:
    text = INVENTORY.replace(f'"{OTHER}"', "unknown")
    proposal = Proposal(
        said={},
        gaps=(),
        diagnostics=(),
        told={"depot.example.org": {"lab": {EDGE: MINE}}, "web-1": {"lab": {"web-1.x": MINE}}},
    )
    written = text.replace("VALUE", "unknown")
    brought = bring(proposal, {}, source_text(written), "")
    assert (brought.text, codes(brought)) == (written, ["C0725", "C0725"])


def test_a_deployment_is_known_by_its_prefix_and_a_node_by_its_host_name() -> None:
    text = INVENTORY.replace("fleet: lab\n", "fleet: lab\ndeployment_prefix: uat\n").replace(
        "    certname: depot.example.org\n", ""
    )
    assert MINE in imported("unknown", {"uat-lab": {EDGE: MINE}}, "uat-depot", text).text
    named = text.replace("  depot:  # in the cellar\n", "  depot:\n    hostname: Depot-9\n")
    assert MINE in imported("unknown", {"uat-lab": {EDGE: MINE}}, "depot-9", named).text
    assert MINE not in imported("unknown", {"lab": {EDGE: MINE}}, "uat-depot", text).text


def test_a_directory_of_facts_brings_it(tmp_path: Path) -> None:
    inventory, facts = tmp_path / "lab.yml", tmp_path / "facts"
    inventory.write_text(INVENTORY.replace("VALUE", "unknown"))
    facts.mkdir()
    told = {"networking": {"hostname": "depot"}, "capsule_public_keys": {"lab": {EDGE: MINE}}}
    (facts / "depot.example.org.json").write_text(json.dumps({"values": told}))
    done = CliRunner().invoke(command, ["puppetdb", str(facts), "-o", str(inventory)])
    assert f'own_keys: {{web-1.send_nightly: "{MINE}"}}   # by itself' in inventory.read_text(), done.output
    again = CliRunner().invoke(command, ["puppetdb", str(facts), "-o", str(inventory)])
    assert "Nothing to change" in again.output
    told["capsule_public_keys"] = {"lab": {EDGE: f"{MINE[:-1]}A"}}
    (facts / "depot.example.org.json").write_text(json.dumps(told))
    changed = CliRunner().invoke(command, ["puppetdb", str(facts), "-o", str(inventory)])
    assert (changed.exit_code, "C0724" in changed.output, MINE in inventory.read_text()) == (1, True, True)
