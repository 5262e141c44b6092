"""The bash that decides what is deleted, against a plain model of the rule."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.plan import holes
from generator.render import TemplateLibrary

TODAY = date(2026, 3, 2)
FUNCTIONS = TemplateLibrary(Path(__file__).parents[2] / "templates").render("lib/retention.sh.j2", holes()).text
RULES = ("days", "last", "weekly", "monthly", "yearly")

rule = st.none() | st.integers(1, 12)
day = st.integers(-3, 60) | st.integers(-3, 1500)


def expected(names: set[str], rules: dict[str, int | None], minimum: int) -> list[str]:
    """What the rules delete of ``names`` on ``TODAY``, written the slow and obvious way."""
    past = {name for name in names if date.fromisoformat(name[:10]) <= TODAY}
    complete = sorted((name for name in past if len(name) == 10), reverse=True)
    kept = set(complete[: max(1, minimum)])
    kept.update(complete[: rules["last"] or 0])
    kept.update(name for name in complete if rules["days"] and age(name) < rules["days"])
    for count, period in (
        (rules["weekly"], lambda one: one.isocalendar()[:2]),
        (rules["monthly"], lambda one: (one.year, one.month)),
        (rules["yearly"], lambda one: one.year),
    ):
        newest: dict[object, str] = {}
        for name in complete:
            newest.setdefault(period(date.fromisoformat(name)), name)
        kept.update(list(newest.values())[: count or 0])
    gone = [name for name in complete if name not in kept]
    for name in past - set(complete):
        newer = [other for other in complete if other >= name[:10]]
        young = (rules["days"] and age(name) < rules["days"]) or (rules["last"] and len(newer) < rules["last"])
        if name[:10] in complete or (newer and not young):
            gone.append(name)
    return sorted(gone)


def age(name: str) -> int:
    """Days since the day that ``name`` is called after."""
    return (TODAY - date.fromisoformat(name[:10])).days


def select(names: set[str], rules: dict[str, int | None], minimum: int, awk: str) -> list[str]:
    """What the capsule's own function says."""
    arguments = [str(rules[name] or "") for name in RULES]
    script = f'set -euo pipefail; LC_ALL=C; awk() {{ {awk} "$@"; }}\n{FUNCTIONS}\nretention_select "$@"'
    run = subprocess.run(
        ["bash", "-c", script, "retention", TODAY.isoformat(), *arguments, str(minimum)],
        input="".join(f"{name}\n" for name in sorted(names)),
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


@pytest.mark.parametrize(
    "awk", [pytest.param(found, id=Path(found).name) for found in filter(None, map(shutil.which, ("mawk", "gawk")))]
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ages=st.sets(st.tuples(day, st.booleans()), max_size=25),
    rules=st.fixed_dictionaries(dict.fromkeys(RULES, rule)),
    minimum=st.integers(0, 5),
)
def test_deletes_exactly_what_no_rule_keeps(
    awk: str, ages: set[tuple[int, bool]], rules: dict[str, int | None], minimum: int
) -> None:
    names = {f"{TODAY - timedelta(days=days)}{'.partial' if partial else ''}" for days, partial in ages}
    assert select(names, rules, minimum, awk) == expected(names, rules, minimum)


def test_an_older_backup_stays_while_no_newer_complete_one_exists() -> None:
    rules = dict.fromkeys(RULES) | {"days": 1}
    assert select({"2020-01-01", "2026-03-01.partial"}, rules, 0, "command awk") == []


def test_a_backup_from_the_future_neither_counts_nor_goes() -> None:
    rules = dict.fromkeys(RULES) | {"last": 1}
    assert select({"2026-03-01", "2026-02-28", "2099-01-01"}, rules, 0, "command awk") == ["2026-02-28"]
