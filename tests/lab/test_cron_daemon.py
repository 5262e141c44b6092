"""Once by the real thing: the installed table, a real cron daemon, its own environment, its mail."""

from __future__ import annotations

import time

from generator.lab import Host, services

from .fleet import LabFleet, identifier


def test_a_real_cron_daemon_runs_the_nightly_backup_and_mails_only_complaints(fleet: LabFleet) -> None:
    quiet, loud = fleet["compute-1"], fleet["website"]
    loud.run(["mv", "/var/www", "/var/elsewhere"])
    for host in (quiet, loud):
        services.start_cron(host, "2026-11-20 01:14:58")
    for host, name in ((quiet, identifier(1)), (loud, f"{identifier(1)}.partial")):
        wait_for(host, f"/backups/{name}")
    for host in (quiet, loud):
        wait_for_end(host)
        services.stop_cron(host)
    assert mail(quiet) == ""
    assert "To: lab@example.org" in mail(loud)
    assert "/var/www" in mail(loud)
    assert fleet.capsule("website", "check_backups", check=False).status == 2


def wait_for(host: Host, path: str) -> None:
    """Until ``path`` is on the host."""
    deadline = time.monotonic() + 60
    while not host.path(path).exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.1)


def wait_for_end(host: Host) -> None:
    """Until the job has ended and cron has sent its mail."""
    deadline = time.monotonic() + 60
    while host.running("backup_nightly") or host.running("sh"):
        assert time.monotonic() < deadline, "the job did not end"
        time.sleep(0.1)
    time.sleep(0.5)


def mail(host: Host) -> str:
    """All mail of the host."""
    return host.run(["/bin/sh", "-c", "cat /var/mail/lab/* 2>/dev/null || :"]).out
