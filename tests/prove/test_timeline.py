"""Occurrences, compared with a minute by minute simulation of cron's own main loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.inventory.cron import parse_cron
from generator.inventory.zones import load_zone
from generator.prove.timeline import segments, timeline

# Summer time of an hour, of half an hour, of two hours, at midnight, in Ramadan, and none at all.
ZONES = (
    "America/New_York",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "UTC",
)


def minute(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


def starts(cron: str, zone: str, first: str, last: str) -> list[str]:
    low, high = minute(first), minute(last)
    found = [start for start in timeline(cron, zone).starts if low <= start < high]
    return [datetime.fromtimestamp(start * 60, tz=UTC).strftime("%m-%d %H:%M") for start in found]


def simulate_cron(cron: str, zone: str, low: int, high: int) -> list[int]:
    """The main loop of vixie cron 3.0pl1 (``cron.c``), one iteration a minute of UTC."""
    expression = parse_cron(cron)
    wild = any(field.startswith("*") for field in cron.split()[:2])
    ran: list[int] = []

    def wall(now: int) -> int:
        local = datetime.fromtimestamp(now * 60, tz=load_zone(zone))
        return int(local.replace(tzinfo=UTC).timestamp()) // 60

    def due(virtual: int) -> bool:
        at = datetime.fromtimestamp(virtual * 60, tz=UTC)
        return (
            at.minute in expression.minutes
            and at.hour in expression.hours
            and expression.runs_on(month=at.month, day=at.day, weekday=at.isoweekday() % 7)
        )

    def find_jobs(now: int, virtual: int, do_wild: bool, do_fixed: bool) -> None:
        if due(virtual) and (do_wild if wild else do_fixed):
            ran.append(now)

    virtual_time = wall(low - 1)
    for now in range(low, high):
        running = wall(now)
        difference = running - virtual_time
        if difference == 1:
            virtual_time = running
            find_jobs(now, virtual_time, True, True)
        elif 1 < difference <= 180:
            find_jobs(now, running, True, False)
            while virtual_time < running:
                virtual_time += 1
                find_jobs(now, virtual_time, False, True)
        elif -180 < difference <= 0:
            find_jobs(now, running, True, False)
        else:
            virtual_time = running
            find_jobs(now, virtual_time, True, True)
    return ran


def test_a_fixed_time_that_summer_time_skips_runs_right_after_the_change() -> None:
    assert starts("30 2 * * *", "America/New_York", "2027-03-13", "2027-03-16") == [
        "03-13 07:30",
        "03-14 07:00",
        "03-15 06:30",
    ]


def test_a_fixed_time_that_the_end_of_summer_time_repeats_runs_once() -> None:
    assert starts("30 1 * * *", "America/New_York", "2027-11-06", "2027-11-09") == [
        "11-06 05:30",
        "11-07 05:30",
        "11-08 06:30",
    ]


def test_a_wildcard_follows_the_new_time_at_once() -> None:
    assert starts("30 */2 * * *", "America/New_York", "2027-03-14T06:00", "2027-03-14T10:00") == ["03-14 08:30"]
    assert starts("*/30 1 * * *", "America/New_York", "2027-11-07T05:00", "2027-11-07T08:00") == [
        "11-07 05:00",
        "11-07 05:30",
        "11-07 06:00",
        "11-07 06:30",
    ]


def test_days_and_weekdays_join_as_crontab_says() -> None:
    assert starts("0 3 1 * 1", "UTC", "2027-02-01", "2027-02-16") == ["02-01 03:00", "02-08 03:00", "02-15 03:00"]
    assert starts("0 3 1-7 * *", "UTC", "2027-02-06", "2027-03-02") == ["02-06 03:00", "02-07 03:00", "03-01 03:00"]


def test_skipped_and_repeated_local_times_are_told() -> None:
    spring = timeline("30 2 * * *", "America/New_York")
    autumn = timeline("30 1 * * *", "America/New_York")
    assert spring.skipped == minute("2024-03-10T02:30") and spring.repeated is None
    assert autumn.repeated == minute("2024-11-03T01:30") and autumn.skipped is None
    assert timeline("30 2 * * *", "UTC").skipped is None


def test_every_change_of_offset_is_found() -> None:
    for zone in ZONES:
        known = load_zone(zone)
        for segment in segments(zone):
            for probe in (segment.start, segment.end - 1):
                local = datetime.fromtimestamp(probe * 60, tz=known)
                assert local.utcoffset() == timedelta(minutes=segment.offset)


FIELDS = st.tuples(
    st.sampled_from(["0", "15", "30", "59", "0,30", "*/20"]),
    st.sampled_from(["0", "1", "2", "3", "23", "1,2", "0-3", "*", "*/2"]),
    st.sampled_from(["*", "1-15", "28-31"]),
    st.just("*"),
    st.sampled_from(["*", "0", "1-5"]),
)


@settings(max_examples=60, deadline=None)
@given(fields=FIELDS, zone=st.sampled_from(ZONES), which=st.integers(min_value=0, max_value=60))
def test_occurrences_are_those_of_crons_own_loop(fields: tuple[str, ...], zone: str, which: int) -> None:
    cron = " ".join(fields)
    changes = [segment.start for segment in segments(zone)[1:] if segment.start < minute("2024-12-30")]
    around = changes[which % len(changes)] if changes else minute("2024-05-01")
    low, high = around - 30 * 60, around + 30 * 60
    found = [start for start in timeline(cron, zone).starts if low <= start < high]
    assert found == simulate_cron(cron, zone, low, high)
