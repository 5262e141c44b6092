from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.inventory.cron import CronError, parse_cron

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def test_ranges_lists_steps_and_names() -> None:
    cron = parse_cron("*/20,7 1-3 1,15 jan-mar mon-fri/2")
    assert cron.minutes == {0, 7, 20, 40}
    assert cron.hours == {1, 2, 3}
    assert cron.days == {1, 15}
    assert cron.months == {1, 2, 3}
    assert cron.weekdays == {1, 3, 5}


def test_both_sundays_are_one() -> None:
    assert parse_cron("0 0 * * 7").weekdays == parse_cron("0 0 * * sun").weekdays == {0}


@pytest.mark.parametrize(
    ("text", "day", "weekday", "runs"),
    [
        ("0 0 13 * 5", 13, 1, True),  # both restricted: one is enough
        ("0 0 13 * 5", 12, 5, True),
        ("0 0 13 * 5", 12, 4, False),
        ("0 0 13 * *", 12, 5, False),
        ("0 0 * * 5", 13, 4, False),
        ("0 0 */2 * 5", 2, 5, False),  # a star with a step still counts as a star: both must hold
        ("0 0 */2 * 5", 3, 5, True),
    ],
)
def test_day_fields(text: str, day: int, weekday: int, runs: bool) -> None:
    assert parse_cron(text).runs_on(month=1, day=day, weekday=weekday) is runs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "5/2 * * * *",
        "a * * * *",
        "-1 * * * *",
        "1, * * * *",
        "@daily",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "٣ * * * *",
        "% * * * *",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(CronError):
        parse_cron(text)


def test_a_rare_day_or_any_friday_does_come() -> None:
    assert parse_cron("0 0 30 2 5").runs_on(month=2, day=6, weekday=5)


@given(st.tuples(*(st.lists(st.integers(low, high), min_size=1, max_size=5) for low, high in FIELDS)))
def test_lists_mean_their_members(fields: tuple[list[int], ...]) -> None:
    fields = (*fields[:2], [1], *fields[3:])  # a day that every month has
    cron = parse_cron(" ".join(",".join(map(str, field)) for field in fields))
    assert (cron.minutes, cron.hours, cron.months) == (set(fields[0]), set(fields[1]), set(fields[3]))
    assert cron.weekdays == {day % 7 for day in fields[4]}


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse_cron(text)
    except CronError as error:
        assert str(error)
