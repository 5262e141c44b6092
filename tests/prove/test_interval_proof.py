"""The proof over intervals against a brute-force simulation of two cron daemons, minute by minute."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.inventory.model import Fleet
from generator.prove import Facts
from generator.prove.rules import schedule
from generator.prove.timeline import segments

from .conftest import make_collect, make_fleet, make_node, make_plan, make_protect
from .test_timeline import ZONES, minute, simulate_cron

# The weeks around every change of offset of these zones in 2024, which is where the two methods could differ.
FIRST, LAST = minute("2024-01-01"), minute("2024-12-30")
DAY = 24 * 60


def windows(*zones: str) -> list[tuple[int, int]]:
    changes = {segment.start for zone in zones for segment in segments(zone)[1:] if FIRST < segment.start < LAST}
    return [(change - 3 * DAY, change + 3 * DAY) for change in sorted(changes)] or [
        (FIRST + 9 * DAY, FIRST + 15 * DAY)
    ]


def too_early(made: list[int], collected: list[int], duration: int) -> bool:
    """Whether any collection starts while the newest backup that has begun may still be running."""
    for start in collected:
        begun = [run for run in made if run <= start]
        if begun and start <= begun[-1] + duration:
            return True
    return False


def two_tiers(zones: tuple[str, str], crons: tuple[str, str], duration: int) -> Fleet:
    source = make_node("compute-1", 21, zone=zones[0], datasets=("nova",))
    collector = make_node("services-1", 31, zone=zones[1], site="bu")
    protect = replace(make_protect("nightly", crons[0], ("compute-1",), duration), copies=2)
    return make_fleet(
        [source, collector],
        [protect],
        [make_collect("collection", "nightly", "services-1", crons[1], ("compute-1",), 60)],
    )


TIMES = st.tuples(st.integers(min_value=0, max_value=3), st.sampled_from([0, 15, 30, 45])).map(
    lambda time: f"{time[1]} {time[0]} * * *"
)


@settings(max_examples=40, deadline=None)
@given(
    zones=st.tuples(st.sampled_from(ZONES[:7]), st.sampled_from(ZONES[:7])),
    crons=st.tuples(TIMES, TIMES),
    duration=st.integers(min_value=1, max_value=240),
)
def test_a_proof_and_a_simulation_agree(zones: tuple[str, str], crons: tuple[str, str], duration: int) -> None:
    fleet = two_tiers(zones, crons, duration)
    facts = Facts.of(fleet, make_plan(fleet))
    found = {finding.code for finding in schedule.check(facts).diagnostics}
    simulated = any(
        too_early(
            simulate_cron(crons[0], zones[0], low, high), simulate_cron(crons[1], zones[1], low + DAY, high), duration
        )
        for low, high in windows(*zones)
    )
    if simulated:
        assert found & {"C0401", "C0402"}
    if not found:
        assert not simulated


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), slack=st.integers(min_value=1, max_value=300))
def test_the_slack_that_is_stated_is_the_least_there_is(zone: str, slack: int) -> None:
    """A duration longer by the stated slack is refused, one that is shorter by a minute than that is not."""
    crons = ("30 0 * * *", "30 6 * * *")
    fleet = two_tiers((zone, zone), crons, slack)
    met = Facts.of(fleet, make_plan(fleet)).pairs[0].meeting
    gaps = [start - met.upstream.starts[index] for start, index in zip(met.runs.starts, met.newest, strict=True)]
    least = min(gaps)
    codes = []
    for duration in (least - 1, least):
        longer = two_tiers((zone, zone), crons, duration)
        report = schedule.check(Facts.of(longer, make_plan(longer)))
        codes.append([finding.code for finding in report.diagnostics])
    assert codes == [[], ["C0401"]]
