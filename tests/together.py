"""How the lab's tests are dealt out to workers: by file, but all that share a fleet to one, which makes it once."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

FAULTS = "tests/lab/faults/"
# what uses the fixture `fleet` of tests/lab/conftest.py; one that is not named here makes a fleet of its own
FLEET = frozenset(
    f"tests/lab/test_{name}.py"
    for name in ("attacks", "by_hand", "cron_daemon", "days", "install", "killing", "traffic")
)


class Together(LoadFileScheduling):
    """Deals out files, and a fleet's files as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        if file in FLEET:
            return "fleet"
        return FAULTS if file.startswith(FAULTS) else file
