from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from generator.inventory.overlaps import overlap

PATHS = st.lists(st.sampled_from(["a", "ab", "b"]), max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(PATHS, PATHS)
def test_overlap_is_containment_of_whole_parts(one: str, other: str) -> None:
    left, right = PurePosixPath(one), PurePosixPath(other)
    assert overlap(one, other) == (left.is_relative_to(right) or right.is_relative_to(left))
    assert overlap(one, other) == overlap(other, one)
