"""The page of a node: who a number on it is, and what a key is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.engines.stores.tree.topology import data_account
from generator.inventory import load
from generator.keys import FleetSecret, Keyring
from generator.lowering import lower
from generator.render import open_library, render_node
from generator.review.summary import Section, summarize
from generator.seal import seal_node

KAIZEN = Path(__file__).parents[2] / "inventory/kaizen.yml"


@pytest.fixture(scope="module")
def sections() -> dict[str, Section]:
    fleet = load(KAIZEN).fleet
    assert fleet is not None
    plan = lower(fleet)
    keyring = Keyring(FleetSecret(b"test" * 8), plan.deployment)
    node = next(one for one in plan.nodes if one.name == "services-1")
    rendered = render_node(plan.deployment, node, keyring, open_library())
    rendered = seal_node(plan.deployment, f"{fleet.paths.programs}/manifest.json", rendered)
    return {section.title: section for section in summarize(rendered, keyring, ()).sections}


def account_of(source: str) -> str:
    fleet = load(KAIZEN).fleet
    assert fleet is not None
    return data_account(fleet, source).name


def test_every_data_account_says_whose_backups_it_has(sections: dict[str, Section]) -> None:
    told = {row[0]: row[1] for row in sections["Accounts"].rows}
    for source in ("compute-1", "website"):
        assert told[account_of(source)] == f"receives, owns and sends the backups of {source}, and nothing else"
    assert "" not in told.values()


def test_every_key_says_what_it_is_for(sections: dict[str, Section]) -> None:
    held = {row[1]: row[2] for row in sections["Where it may go"].rows}
    account = account_of("website")
    assert held[f"{account} (group {account})"] == "collects the backups of website from plan nightly"
    let_in = {row[1]: row[2] for row in sections["Who may come in"].rows}
    assert let_in[f"{account} on scc-1, epoch 1"] == "collects the backups of website from plan collection"
    assert let_in["root on website, epoch 1"] == "restores its own data from plan collection"
