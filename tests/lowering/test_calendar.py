"""Calendar events, asked of systemd itself, are the same minutes as those at which cron starts a job."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from generator.lowering.calendar import calendar_events
from generator.prove.rules.schedulers import disputed_time
from generator.prove.timeline import timeline

# None whose government decided something lately: systemd reads the machine's own rules, Capsule its package's.
ZONES = ("America/New_York", "Australia/Lord_Howe", "Europe/Stockholm", "Asia/Kathmandu", "Europe/Dublin", "UTC")
ITERATIONS = 25
NEW_YEAR = int(datetime(2024, 1, 2, tzinfo=UTC).timestamp()) // 60
_ELAPSE = re.compile(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC")


def field(low: int, high: int) -> st.SearchStrategy[str]:
    """A field of a crontab: mostly stars and numbers, lists, ranges and steps too."""
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda both: f"{min(both)}-{max(both)}")
    step = st.integers(1, min(9, high))
    part = st.one_of(number.map(str), span, st.tuples(span, step).map(lambda both: f"{both[0]}/{both[1]}"))
    return st.one_of(
        st.just("*"),
        st.integers(1, high).map(lambda n: f"*/{n}"),
        st.lists(part, min_size=1, max_size=3).map(",".join),
    )


CRONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(" ".join)


def elapses(event: str, begin: datetime) -> list[int]:
    """The next minutes at which systemd would start something."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    base = f"--base-time={begin:%Y-%m-%d %H:%M:%S} UTC"
    asked = ["systemd-analyze", "calendar", base, f"--iterations={ITERATIONS}", event]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, env={"TZ": "UTC", "PATH": "/usr/bin"})
    found = _ELAPSE.findall(said.stdout)
    return [int(datetime.fromisoformat(one).replace(tzinfo=UTC).timestamp()) // 60 for one in found]


@settings(max_examples=40, deadline=None)
@given(cron=CRONS, zone=st.sampled_from(ZONES), day=st.integers(0, 700))
@example(cron="15 3 13 * 5", zone="Europe/Stockholm", day=3)  # the 13th, and every Friday
@example(cron="15 3 */13 * 5", zone="Europe/Stockholm", day=3)  # Fridays among the 1st, 14th and 27th
@example(cron="0 8,20 * * *", zone="America/New_York", day=640)
@example(cron="0 4 30 2 1", zone="UTC", day=40)  # a date that never comes, or Mondays in February
@example(cron="*/20 5-9/2 1,2,3,7 * *", zone="Asia/Kathmandu", day=40)
def test_systemd_starts_what_cron_starts(cron: str, zone: str, day: int) -> None:
    assume(disputed_time(cron, zone) is None)
    times = timeline(cron, zone)
    # half a minute past, 2024 and on; what runs often is known for a few months only
    first = min(NEW_YEAR + day * 1440, times.until - 7 * 1440)
    begin = datetime.fromtimestamp(first * 60 + 30, tz=UTC)
    found = sorted({one for event in calendar_events(cron, zone) for one in elapses(event, begin)})[:ITERATIONS]
    assert found == [start for start in times.starts if start > first][: len(found)]
    assert len(found) == ITERATIONS or times.until - first > 25 * 365 * 1440


def test_a_list_is_as_short_as_it_can_be() -> None:
    assert calendar_events("0-59 1-3,5,6 * 2-12 1-5", "UTC") == (
        "Mon,Tue,Wed,Thu,Fri *-02..12-* 01..03,05,06:*:00 UTC",
    )
    assert calendar_events("5 4 1 * 0,7", "UTC") == ("*-*-01 04:05:00 UTC", "Sun *-*-* 04:05:00 UTC")
