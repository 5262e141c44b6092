"""Generated cron tables are read as cron reads them."""

from __future__ import annotations

import pytest

from generator.lab import LabError

from .cron import jobs


def test_variables_hold_for_the_lines_below_them() -> None:
    (job,) = jobs('SHELL=/bin/sh\n# a comment\nMAILTO=""\n15 1 * * 0 root /opt/x >/dev/null\n')
    assert (job.schedule, job.user, job.command) == ("15 1 * * 0", "root", "/opt/x >/dev/null")
    assert dict(job.environment) == {"SHELL": "/bin/sh", "MAILTO": ""}


@pytest.mark.parametrize("table", ["15 1 * * 0 root /opt/x", "15 1 * * /opt/x\n"])
def test_what_cron_would_not_run_is_refused(table: str) -> None:
    with pytest.raises(LabError):
        jobs(table)
