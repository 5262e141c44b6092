"""``remove.sh``, run for real as root in a throw-away root."""

from __future__ import annotations

import pytest

from tests.deliveries.box import Box
from tests.deliveries.builds import Build

pytestmark = pytest.mark.lab

KEPT = ("/backups-kaizen", "/var/log/capsule")


def installed(box: Box) -> Build:
    """A build that lies in the box and is installed from there."""
    build = Build()
    build.put(box)
    assert box.run("/root/build/install.sh").status == 0
    return build


def test_programs_go_and_backups_stay_as_they_are(box: Box) -> None:
    before = box.snapshot("/etc/cron.d", "/etc/sudoers.d", "/etc/logrotate.d", inodes=False)
    build = installed(box)
    box.write("/backups-kaizen/web-2/2026-11-20/data/file", "precious")
    box.run("chown", "-R", str(build.data.number), "/backups-kaizen/web-2/2026-11-20")
    box.write("/var/log/capsule/kaizen/backup_nightly.log", "a line\n")
    box.write("/var/lib/capsule/kaizen/runs/backup_nightly", "result=complete\n")
    kept = box.snapshot(*KEPT, "/var/lib/capsule/kaizen/runs")
    done = box.run("/root/build/remove.sh")
    assert (done.status, done.err) == (0, ""), done
    assert box.snapshot(*KEPT, "/var/lib/capsule/kaizen/runs") == kept
    assert box.snapshot("/etc/cron.d", "/etc/sudoers.d", "/etc/logrotate.d", inodes=False) == before
    assert not box.path("/opt/capsule").exists()
    assert not box.path("/var/lib/backupoperator").exists()
    assert "kept /backups-kaizen (" in done.out
    assert f"kept the account {build.data.name}: backups belong to it" in done.out
    assert box.run("getent", "passwd", "backupoperator").status == 2
    assert box.run("getent", "group", "backupoperator").status == 2
    again = box.run("/root/build/remove.sh")
    assert (again.status, again.out.splitlines()[0]) == (
        0,
        f"kept the account {build.data.name}: backups belong to it, and its number must not be given to anybody else",
    )
    assert "nothing to do: kaizen is not installed on web-1" in again.out


def test_what_comes_back_is_the_same(box: Box) -> None:
    installed(box)
    first = box.snapshot("/opt/capsule", "/etc/cron.d", "/var/lib/backupoperator", inodes=False)
    box.run("/root/build/remove.sh")
    assert box.run("/root/build/install.sh").status == 0
    assert box.snapshot("/opt/capsule", "/etc/cron.d", "/var/lib/backupoperator", inodes=False) == first


def test_altered_and_foreign_files_are_said(box: Box) -> None:
    installed(box)
    box.write("/opt/capsule/kaizen/bin/mine", "mine")
    box.write("/opt/capsule/kaizen/bin/send_nightly", "#!/bin/bash\n", 0o755)
    done = box.run("/root/build/remove.sh")
    assert "removed /opt/capsule/kaizen/bin/send_nightly, which had been altered since it was installed\n" in done.out
    assert "left: /opt/capsule/kaizen/bin: it is not empty" in done.err
    assert box.path("/opt/capsule/kaizen/bin/mine").read_text() == "mine"


def test_it_works_without_the_record(box: Box) -> None:
    installed(box)
    box.path("/var/lib/capsule/kaizen/installed").unlink()
    assert box.run("/root/build/remove.sh").status == 0
    assert not [
        path for path in box.snapshot("/opt/capsule", "/etc/cron.d") if path.endswith(("nightly", "kaizen.cron"))
    ]
    assert not box.path("/etc/sudoers.d/50-capsule-kaizen").exists()


@pytest.mark.parametrize(
    "line", ["file capsule 00 /etc/passwd", "file cron 00 /opt/capsule/kaizen/bin/../../../../etc/x"]
)
def test_a_forged_record_removes_nothing_else(box: Box, line: str) -> None:
    installed(box)
    box.write("/etc/x", "mine")
    record = box.path("/var/lib/capsule/kaizen/installed")
    record.write_text(record.read_text() + line + "\n")
    done = box.run("/root/build/remove.sh")
    assert "it is not a file of this deployment" in done.err
    assert box.path("/etc/x").exists()
    assert box.path("/etc/passwd").exists()


def test_what_runs_is_not_taken_away_and_does_not_start_again(box: Box) -> None:
    installed(box)
    script = box.path("/root/build/remove.sh")
    script.write_text(script.read_text().replace("SECONDS + 60", "SECONDS + 1"))
    hold = "exec 5>>/var/lib/capsule/kaizen/locks/backup_nightly; flock 5; bash -c '/root/build/remove.sh' 5>&-"
    done = box.run("bash", "-c", hold)
    assert (done.status, "backup_nightly is still running" in done.err) == (75, True), done
    assert box.path("/opt/capsule/kaizen/bin/backup_nightly").exists()
    assert not box.path("/etc/cron.d/capsule-kaizen").exists()
    assert box.run("/root/build/remove.sh").status == 0


def test_an_account_that_another_rule_names_stays(box: Box) -> None:
    installed(box)
    box.write("/etc/sudoers.d/other", "backupoperator ALL=(root) /bin/true\n", 0o440)
    done = box.run("/root/build/remove.sh")
    assert "kept the account backupoperator: something else on this node uses it\n" in done.out
    assert box.run("getent", "passwd", "backupoperator").status == 0
