from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.inventory.overlaps import overlap
from tests.inventory.fleets import load_text, text_of
from tests.inventory.test_layers import fleet

PATHS = st.lists(st.sampled_from(["a", "ab", "b"]), max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(PATHS, PATHS)
def test_overlap_is_containment_of_whole_parts(one: str, other: str) -> None:
    left, right = PurePosixPath(one), PurePosixPath(other)
    assert overlap(one, other) == (left.is_relative_to(right) or right.is_relative_to(left))
    assert overlap(one, other) == overlap(other, one)


@pytest.mark.parametrize(
    ("datasets", "message", "advice"),
    [
        (
            {"etc": ["/etc"], "web": ["/etc/web"]},
            "the dataset `web` and the dataset `etc` both hold /etc/web",
            "divide",
        ),
        (
            {"etc": ["/etc/web", "/etc"]},
            "the dataset `etc` names /etc/web twice: as /etc/web and as /etc",
            "in the other",
        ),
        ({"etc": ["/etc", "/etc"]}, "the dataset `etc` names /etc twice: as /etc and as /etc", "delete one of them"),
    ],
)
def test_what_is_held_twice_is_said_as_it_is(datasets: dict[str, list[str]], message: str, advice: str) -> None:
    document = fleet(
        node={"datasets": {name: {"producer": "paths", "paths": paths} for name, paths in datasets.items()}}
    )
    (one,) = load_text(text_of(document)).diagnostics
    assert (one.code, one.message) == ("C0311", f"on `one`, {message}")
    assert advice in one.advice
