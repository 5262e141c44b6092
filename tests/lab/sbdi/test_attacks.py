"""Attacks on the directed deployment, each tried for real, each followed by the legitimate use of the same way."""

from __future__ import annotations

import pytest

from ..attacks.registry import Attack, attacks
from . import attacks as directed  # noqa: F401  # they register
from .platform import Sbdi


@pytest.fixture(scope="module")
def attacked(sbdi_fleet: Sbdi) -> Sbdi:
    """The deployment, with a backup to be after."""
    sbdi_fleet.runs_again(60)
    assert sbdi_fleet.cron("boss", "perform_backup").status == 0, sbdi_fleet.logs()
    return sbdi_fleet


@pytest.mark.parametrize("attack", attacks("sbdi"), ids=lambda attack: attack.name)
def test_an_attack_is_refused(attacked: Sbdi, attack: Attack) -> None:
    attack.run(attacked)
    attack.control(attacked)
    attacked.runs_again(60)
