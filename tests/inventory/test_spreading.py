"""Sources are spread over stores so that little moves when a store is added."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.inventory.spreading import preferred

NAMES = st.text("abcdefghij-0123456789", min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=8), NAMES, st.sets(NAMES, max_size=30))
def test_a_new_store_takes_its_share_and_moves_nothing_else(stores: set[str], new: str, sources: set[str]) -> None:
    for source in sources:
        before, after = preferred(source, stores), preferred(source, {*stores, new})
        assert after in (before, new)


@settings(max_examples=50, deadline=None)
@given(st.permutations(["store-1", "store-2", "store-3"]), NAMES)
def test_the_order_of_the_stores_does_not_matter(stores: list[str], source: str) -> None:
    assert preferred(source, stores) == preferred(source, sorted(stores))


def test_sources_are_spread_evenly() -> None:
    stores = [f"store-{number}" for number in range(4)]
    counts = Counter(preferred(f"node-{number}", stores) for number in range(4000))
    assert all(850 < counts[store] < 1150 for store in stores)


def test_the_assignment_stays_what_it_is() -> None:
    """Another answer would copy whole sources anew to another store in every fleet that has been built before."""
    stores = ("store-1", "store-2", "store-3")
    assert [preferred(f"web-{number}", stores)[-1] for number in range(1, 7)] == ["3", "2", "1", "1", "2", "2"]
