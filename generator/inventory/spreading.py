"""Spreads sources over stores so that a new store takes its share and moves nothing between the others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def preferred(source: str, stores: Iterable[str]) -> str:
    """The one of ``stores``, by the names of their nodes, that keeps ``source``: rendezvous hashing.

    Every pair has a weight of its own, so another store changes the answer only to itself. Raises `ValueError` where
    there is no store.
    """
    return max(stores, key=lambda store: (_weight(store, source), store))


def _weight(store: str, source: str) -> bytes:
    return hashlib.sha256(f"{store}\n{source}".encode()).digest()
