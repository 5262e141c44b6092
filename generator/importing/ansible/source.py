"""Which way an Ansible inventory is read, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.importing.ansible.deployment import deployment_prefix
from generator.importing.ansible.facts import read_facts
from generator.importing.ansible.files import read_text
from generator.importing.ansible.inventory import AnsibleInventory
from generator.importing.ansible.listing import BadListing, is_listing, read_listing
from generator.importing.ansible.plain_fleet import plain_fleet
from generator.importing.ansible.program import LONGEST_SECONDS, find_ansible, list_inventory
from generator.importing.ansible.reading import read_inventory
from generator.importing.ansible.sbdi import follows, sbdi_fleet
from generator.importing.failures import failure
from generator.importing.proposal import Proposal, unnamed_fleet

READERS = ("auto", "ansible", "own")
EMPTY = "the inventory has no host"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsibleSource:
    """An inventory, a directory with ``group_vars`` beside playbooks, and one of cached facts; and who reads."""

    path: Path
    playbooks: Path | None
    facts: Path | None
    reader: str


def read_source(source: AnsibleSource) -> AnsibleInventory:
    """The inventory of ``source``, the same whoever reads it; raises `ImportFailure`."""
    if source.path.is_file():
        text = read_text(source.path).text
        if is_listing(text):
            try:
                return read_listing(text)
            except BadListing as wrong:
                advice = "make it again with `ansible-inventory --list`"
                raise failure("C0702", f"{source.path} is no listing of an inventory: {wrong}", advice) from None
    elif not source.path.is_dir():
        read_text(source.path)  # says why not
    program = None if source.reader == "own" else find_ansible()
    if program is not None:
        return list_inventory(program, source.path, source.playbooks, LONGEST_SECONDS)
    if source.reader == "ansible":
        raise failure("C0703", "there is no `ansible-inventory` here", "install Ansible, or use `--reader own`")
    return read_inventory(source.path, source.playbooks)


def propose(source: AnsibleSource, fleet: str | None) -> Proposal:
    """What ``source`` says about the fleet called ``fleet``; raises `ImportFailure`."""
    inventory = read_source(source)
    if not inventory.hosts:
        raise failure("C0702", f"{source.path}: {EMPTY}", "name the inventory that Ansible uses")
    hosts = [host.name for host in inventory.hosts]
    facts = {} if source.facts is None else read_facts(source.facts, hosts)
    prefix, problems = deployment_prefix(inventory)
    made = _fleet(inventory, facts, _head(fleet, prefix))
    gaps = (unnamed_fleet("Ansible"), *made.gaps)
    return Proposal(said=made.said, gaps=gaps, diagnostics=(*problems, *made.diagnostics))


def _fleet(inventory: AnsibleInventory, facts: Mapping[str, Mapping[str, Any]], head: Mapping[str, Any]) -> Proposal:
    return sbdi_fleet(inventory, facts, head) if follows(inventory) else plain_fleet(inventory, facts, head)


def _head(fleet: str | None, prefix: str) -> dict[str, Any]:
    head = {"fleet": fleet, "deployment_prefix": prefix}
    return {key: value for key, value in head.items() if value}
