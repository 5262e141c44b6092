"""What the keepers of every store engine are told in the same way."""

from __future__ import annotations

from enum import Flag, auto

from generator.engines.capsules import tool_holes
from generator.inventory.model import DirectedStore, Fleet, Ownership
from generator.plan import Hole
from generator.quoting import ShellWord


class Uses(Flag):
    """What a capsule does with a store: it gets no function that it does not need."""

    LIST = 0
    READ = auto()  # open, close
    SHOW = auto()  # show, unshow, hold, unhold
    RECEIVE = auto()  # create, begin, parts
    PUBLISH = auto()  # publish, delete
    SCRUB = auto()
    HEALTH = auto()
    REPLICATE = auto()  # create a store that only receives whole backups, delete
    SEND = auto()  # identities, send


ALL_USES = Uses.READ | Uses.SHOW | Uses.RECEIVE | Uses.PUBLISH | Uses.SCRUB | Uses.HEALTH


def keeper_holes(fleet: Fleet, store: DirectedStore, uses: Uses) -> dict[str, Hole]:
    """The holes that every keeper's template has: flags for what the capsule does, ``fake_super`` and ``tools``."""
    return {
        "fake_super": store.ownership is Ownership.FAKE_SUPER,
        "tools": tool_holes(fleet.node(store.node)),
        "reads": bool(uses & Uses.READ),
        "shows": bool(uses & Uses.SHOW),
        "receives": bool(uses & Uses.RECEIVE),
        "creates": bool(uses & (Uses.RECEIVE | Uses.REPLICATE)),
        "deletes": bool(uses & (Uses.PUBLISH | Uses.REPLICATE)),
        "publishes": bool(uses & Uses.PUBLISH),
        "scrubs": bool(uses & Uses.SCRUB),
        "claims": bool(uses & (Uses.RECEIVE | Uses.PUBLISH | Uses.REPLICATE)),
        "changes": bool(uses & (Uses.RECEIVE | Uses.PUBLISH)),
        "mounts": bool(uses & (Uses.READ | Uses.SHOW)),
        "tells": bool(uses & Uses.HEALTH),
        "works": bool(uses & ~(Uses.READ | Uses.SHOW)),
    }


def optional_word(value: str | None) -> Hole:
    """A word, or false where there is nothing to say."""
    return False if value is None else ShellWord.of(value)
