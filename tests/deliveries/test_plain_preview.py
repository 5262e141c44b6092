"""The previews say beforehand, word for word, what ``install.sh`` and ``remove.sh`` then do, and change nothing."""

from __future__ import annotations

import re

import pytest

from tests.deliveries.box import Box, Ended
from tests.deliveries.builds import Build
from tests.deliveries.test_plain_timers import timed

pytestmark = pytest.mark.lab

WATCHED = (
    "/etc",
    "/opt/capsule",
    "/run",
    "/var/lib/capsule",
    "/var/log/capsule",
    "/var/lib/backupoperator",
    "/backups-kaizen",
)
PREVIEWS = {"install.sh": "preview.sh", "remove.sh": "preview-removal.sh"}


def told(out: str) -> list[str]:
    """The lines in any order, without the mood of the last one and without sizes, to which the record counts."""
    return sorted(re.sub(r" would be (installed|removed) | \(\S+\)$", r" is \1 ", line) for line in out.splitlines())


def foretold(box: Box, script: str) -> Ended:
    """Preview a script, then run it: the second has to do what the first has said."""
    preview = PREVIEWS[script]
    before = box.snapshot(*WATCHED)
    said = box.run(f"/root/build/{preview}")
    assert box.snapshot(*WATCHED) == before
    done = box.run(f"/root/build/{script}")
    assert told(said.out) == told(done.out)
    assert sorted(said.err.replace(f"{preview}: ", f"{script}: ").splitlines()) == sorted(done.err.splitlines())
    assert said.status == done.status == 0, done
    return done


def test_a_first_installation_a_second_and_removal(box: Box) -> None:
    Build().put(box)
    assert " changes\n" in foretold(box, "install.sh").out
    assert foretold(box, "install.sh").out == "nothing to do: kaizen is installed on web-1\n"
    assert "removed /opt/capsule/kaizen/bin\n" in foretold(box, "remove.sh").out
    assert "nothing to do" in foretold(box, "remove.sh").out


def test_an_upgrade_over_drift_foreign_files_and_leftovers(box: Box) -> None:
    Build().put(box)
    foretold(box, "install.sh")
    Build(capsules=("backup_nightly",), version="2").put(box)
    box.write("/opt/capsule/kaizen/bin/mine", "mine")
    box.write("/etc/cron.d/.capsule-kaizen.capsule~", "half")
    box.write("/opt/capsule/kaizen/bin/send_nightly", "#!/bin/bash\n", 0o755)
    box.run("chmod", "0777", "/var/lib/backupoperator/.ssh")
    box.run("chmod", "0600", "/etc/logrotate.d/capsule-kaizen")
    said = foretold(box, "install.sh").out
    for line in (
        "removed /etc/cron.d/.capsule-kaizen.capsule~, left by an interrupted run",
        "replaced /opt/capsule/kaizen/bin/backup_nightly",
        "removed /opt/capsule/kaizen/bin/send_nightly, which had been altered since it was installed",
        "set /var/lib/backupoperator/.ssh to root:root 755; it was root:root 777",
        "replaced /etc/logrotate.d/capsule-kaizen",
    ):
        assert f"{line}\n" in said


def test_removal_beside_foreign_files_and_rules(box: Box) -> None:
    build = Build()
    build.put(box)
    foretold(box, "install.sh")
    box.write("/opt/capsule/kaizen/bin/mine", "mine")
    box.write("/etc/sudoers.d/other", "backupoperator ALL=(root) /bin/true\n", 0o440)
    box.write("/backups-kaizen/web-2/2026-11-20/file", "precious")
    box.run("chown", "-R", str(build.data.number), "/backups-kaizen/web-2/2026-11-20")
    box.path("/var/lib/capsule/kaizen/installed").unlink()
    done = foretold(box, "remove.sh")
    assert "kept the account backupoperator: something else on this node uses it\n" in done.out
    assert f"kept the account {build.data.name}: backups belong to it" in done.out


def test_timers_that_come_change_and_go(box: Box) -> None:
    box.run("mkdir", "-p", "/run/systemd/system")
    # a systemctl that remembers what is started, and never needs to read anything again
    told = (
        "#!/bin/sh\neval unit=\\${$#}; case $1 in --version) echo 'systemd 252 (252)' ;; show) echo no ;;"
        " is-*) test -e /etc/started-$unit ;; enable) >/etc/started-$unit ;;"
        " stop | disable) rm -f /etc/started-$unit ;;"
        " esac\n"
    )
    box.write("/usr/sbin/systemctl", told, 0o755)
    build = timed()
    build.put(box)
    assert "started capsule-kaizen-backup_nightly.timer\n" in foretold(box, "install.sh").out
    changed = timed()
    changed.files[-1] = build.file(
        changed.files[-1].path, changed.files[-1].kind, "[Timer]\nOnCalendar=weekly\n", 0o644
    )
    changed.put(box)
    assert "started capsule-kaizen-backup_nightly.timer\n" in foretold(box, "install.sh").out
    foretold(box, "remove.sh")


def test_what_runs_is_said_and_goes_on(box: Box) -> None:
    Build().put(box)
    foretold(box, "install.sh")
    Build(version="2").put(box)
    for preview, why in (("preview.sh", "is running and would be replaced"), ("preview-removal.sh", "is running")):
        before = box.snapshot(*WATCHED)
        hold = "exec 5>>/var/lib/capsule/kaizen/locks/backup_nightly; flock 5; "
        done = box.run("bash", "-c", f"{hold}bash -c '/root/build/{preview}' 5>&-")
        assert (done.status, f"backup_nightly {why}" in done.err, "nothing was changed" in done.err) == (
            75,
            True,
            True,
        )
        locks = "/var/lib/capsule/kaizen/locks/backup_nightly"
        assert {**box.snapshot(*WATCHED), locks: 0, locks.rpartition("/")[0]: 0} == {
            **before,
            locks: 0,
            locks.rpartition("/")[0]: 0,
        }


def test_a_preview_has_no_command_that_changes_anything() -> None:
    changing = re.compile(
        r"^ *(mkdir|mv|cp|rm|rmdir|chown|chmod|ln|touch|tee|cat|sync|useradd|userdel|groupadd|groupdel)\b"
        r"|[^<& ]?>> *[\"$/]| >[\"$]|>/(?!dev/null)"
    )
    for name, text in Build().scripts().items():
        found = [line for line in text.splitlines() if changing.search(line)]
        assert bool(found) == (name in PREVIEWS), (name, found)
