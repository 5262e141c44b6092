"""``install.sh``, run for real as root in a throw-away root."""

from __future__ import annotations

import os

import pytest

from tests.deliveries.box import Box, Ended
from tests.deliveries.builds import Build

pytestmark = pytest.mark.lab

WATCHED = (
    "/etc",
    "/opt/capsule",
    "/var/lib/capsule",
    "/var/log/capsule",
    "/var/lib/backupoperator",
    "/backups-kaizen",
)


def install(box: Box, build: Build) -> Ended:
    """Put the build into the box and run its installer, by a relative path."""
    build.put(box)
    return box.run("bash", "install.sh", cwd="/root/build")


def refused(box: Box, build: Build, status: int, why: str) -> None:
    """The installer refuses the build and leaves the node exactly as it was; so does its preview, in its words."""
    build.put(box)
    before = box.snapshot(*WATCHED)
    looked = box.run("/root/build/preview.sh")
    done = box.run("/root/build/install.sh")
    assert (looked.status, looked.out) == (done.status, done.out)
    assert looked.err.replace("preview.sh: ", "install.sh: ") == done.err
    assert (done.status, why in done.err, "nothing was changed" in done.err) == (status, True, True), done
    assert box.snapshot(*WATCHED) == before


def test_a_fresh_node_gets_everything(box: Box) -> None:
    build = Build()
    done = install(box, build)
    assert done.status == 0, done
    assert done.err == ""
    for file in build.files:
        path = box.path(file.path)
        assert path.read_bytes() == file.content
        assert path.stat().st_mode & 0o7777 == file.mode
    assert box.path("/opt/capsule/kaizen/ssh/web-2.send").stat().st_gid == build.data.number
    account = f"backupoperator:x:1901:1901:Capsule kaizen:{build.operator.home}:/bin/sh\n"
    assert box.run("getent", "passwd", "backupoperator").out == account
    assert box.run("getent", "shadow", build.data.name).out.split(":")[1] == "*"
    store = box.path("/backups-kaizen/web-2").stat()
    assert (store.st_uid, store.st_gid, store.st_mode & 0o7777) == (0, build.data.number, 0o750)
    home = box.path("/var/lib/backupoperator/.ssh").stat()
    assert (home.st_uid, home.st_mode & 0o022) == (0, 0)
    assert not [path for path in box.snapshot(*WATCHED) if path.endswith("~")]
    assert box.run("visudo", "--check").status == 0


def test_sudo_runs_what_was_installed_and_nothing_else(box: Box) -> None:
    install(box, Build())
    as_operator = ["setpriv", "--reuid=1901", "--regid=1901", "--clear-groups", "sudo", "-n"]
    allowed = box.run(*as_operator, "/opt/capsule/kaizen/bin/send_nightly")
    assert (allowed.status, allowed.out) == (0, "send_nightly 1 /usr/bin/rsync\n"), allowed
    assert box.run(*as_operator, "/opt/capsule/kaizen/bin/backup_nightly").status == 1


def test_a_second_run_changes_nothing(box: Box) -> None:
    build = Build()
    install(box, build)
    before = box.snapshot(*WATCHED)
    again = box.run("./install.sh", cwd="/root/build")
    assert (again.status, again.out) == (0, "nothing to do: kaizen is installed on web-1\n")
    assert box.snapshot(*WATCHED) == before


def test_a_directory_keeps_the_date_of_its_first_installation(box: Box) -> None:
    """By such a date `check_backups` knows since when a run is expected."""
    install(box, Build())
    directory = box.path("/backups-kaizen/web-2")
    os.utime(directory, (1_000_000_000, 1_000_000_000))
    directory.chmod(0o700)
    done = install(box, Build(version="2"))
    assert (done.status, "set /backups-kaizen/web-2 to" in done.out) == (0, True), done
    assert directory.stat().st_mtime == 1_000_000_000


def test_an_upgrade_replaces_what_differs_and_removes_what_is_gone(box: Box) -> None:
    install(box, Build())
    kept = box.path("/opt/capsule/kaizen/ssh/known_hosts").stat().st_ino
    done = install(box, Build(capsules=("backup_nightly",), version="2"))
    assert done.status == 0, done
    assert "removed /opt/capsule/kaizen/bin/send_nightly\n" in done.out
    assert "replaced /opt/capsule/kaizen/bin/backup_nightly\n" in done.out
    assert "known_hosts" not in done.out
    assert box.path("/opt/capsule/kaizen/ssh/known_hosts").stat().st_ino == kept
    assert not box.path("/opt/capsule/kaizen/bin/send_nightly").exists()
    assert "backup_nightly 2" in box.run("/opt/capsule/kaizen/bin/backup_nightly").out


def test_drift_is_mended(box: Box) -> None:
    build = Build()
    install(box, build)
    clean = box.snapshot(*WATCHED, inodes=False)
    box.run("chmod", "0777", "/opt/capsule/kaizen/bin")
    box.run("chmod", "0666", "/etc/cron.d/capsule-kaizen")
    box.write("/opt/capsule/kaizen/bin/send_nightly", "#!/bin/bash\n", 0o755)
    assert box.run("/root/build/install.sh").status == 0
    box.run("rm", "/var/lib/capsule/kaizen/locks/send_nightly")
    assert box.snapshot(*WATCHED, inodes=False) == clean


def test_files_of_others_are_left_alone(box: Box) -> None:
    box.write("/opt/capsule/kaizen/bin/mine", "mine")
    box.write("/opt/capsule/kaizen/ssh/extra", "mine")
    box.write("/etc/cron.d/capsule-other", "mine")
    before = box.snapshot(
        "/opt/capsule/kaizen/bin/mine", "/opt/capsule/kaizen/ssh/extra", "/etc/cron.d/capsule-other"
    )
    install(box, Build())
    install(box, Build(capsules=("backup_nightly",)))
    assert box.snapshot(*before) == before


def test_it_takes_no_arguments(box: Box) -> None:
    Build().put(box)
    assert box.run("/root/build/install.sh", "--force").status == 64
    assert box.run("/root/build/remove.sh", "").status == 64


def test_it_must_be_root(box: Box) -> None:
    build = Build()
    build.put(box, "/tmp/build")
    for script in ("install.sh", "remove.sh"):
        done = box.run("setpriv", "--reuid=65534", "--clear-groups", "bash", f"/tmp/build/{script}")
        assert done.status == 77, done


@pytest.mark.parametrize("script", ["install.sh", "remove.sh"])
def test_it_must_be_the_right_node(box: Box, script: str) -> None:
    build = Build()
    build.hostname = "web-2"
    build.put(box)
    done = box.run(f"/root/build/{script}")
    assert (done.status, "but this is web-1" in done.err) == (78, True)


def test_it_must_be_the_right_machine_where_the_inventory_says_which(box: Box) -> None:
    build = Build()
    build.machine_id = "9f86d081884c7d659a2feaa0c55ad015"
    box.path("/etc/machine-id").unlink(missing_ok=True)
    refused(box, build, 78, "but this one's id is unknown")
    box.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    refused(box, build, 78, "but this one's id is 0123456789abcdef0123456789abcdef")
    assert box.run("/root/build/remove.sh").status == 78
    box.write("/etc/machine-id", f"{build.machine_id}\n")
    assert install(box, build).status == 0


def test_another_time_zone_is_refused(box: Box) -> None:
    build = Build()
    build.clock = ((1805587200, -14400), (1829304000, -18000))
    refused(box, build, 78, "its clock is +00:00:00 from UTC, and -04:00:00 was expected")
    box.run("ln", "-sf", "/usr/share/zoneinfo/America/New_York", "/etc/localtime")
    assert install(box, build).status == 0


def test_missing_packages_are_named_all_at_once(box: Box) -> None:
    for command in ("/usr/sbin/cron", "/usr/bin/rsync"):
        box.path(command).unlink()
    build = Build()
    build.packages = (*build.packages, "no-such-package")
    refused(box, build, 69, "apt-get install cron no-such-package rsync\n")


def test_an_altered_artifact_is_refused(box: Box) -> None:
    build = Build()
    build.put(box)
    box.write("/root/build/root/opt/capsule/kaizen/bin/send_nightly", "#!/bin/bash\nrm -rf /\n", 0o755)
    before = box.snapshot(*WATCHED)
    done = box.run("/root/build/install.sh")
    assert (done.status, "send_nightly: FAILED" in done.err) == (65, True)
    box.path("/root/build/root/opt/capsule/kaizen/bin/send_nightly").unlink()
    assert box.run("/root/build/install.sh").status == 65
    box.run("ln", "-s", "/etc/passwd", "/root/build/root/opt/capsule/kaizen/bin/send_nightly")
    assert box.run("/root/build/install.sh").status == 65
    assert box.snapshot(*WATCHED) == before


def test_a_broken_sudoers_file_is_refused(box: Box) -> None:
    build = Build()
    broken = build.file("/etc/sudoers.d/50-capsule-kaizen", build.files[2].kind, "backupoperator ALL=(root\n", 0o440)
    build.files[2] = broken
    refused(box, build, 65, "is not a sudoers file")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (("useradd", "--uid", "1901", "other"), "the number 1901 of the"),
        (("useradd", "--uid", "1950", "backupoperator"), "there is a group backupoperator already"),
        (("groupadd", "--gid", "1901", "other"), "the number 1901 of the group backupoperator is taken"),
        (("useradd", "--uid", "1901", "--home-dir", "/home/b", "backupoperator"), "is not as it was built"),
    ],
)
def test_a_conflicting_account_is_refused(box: Box, entry: tuple[str, ...], why: str) -> None:
    assert box.run(*entry).status == 0
    refused(box, Build(), 78, why)


def test_an_operator_with_a_password_is_refused(box: Box) -> None:
    install(box, Build())
    box.run("usermod", "--password", "$6$x$y", "backupoperator")
    refused(box, Build(), 78, "has a password")


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("/opt/capsule", "is a symbolic link"),
        ("/opt/capsule/kaizen/bin", "is a symbolic link"),
        ("/opt/capsule/kaizen/bin/send_nightly", "is a symbolic link"),
        ("/etc/cron.d/capsule-kaizen", "is a symbolic link"),
        ("/var/lib/backupoperator/.ssh/authorized_keys", "is a symbolic link"),
        ("/backups-kaizen", "is a symbolic link"),
    ],
)
def test_a_symbolic_link_on_the_way_is_refused(box: Box, link: str, why: str) -> None:
    box.run("mkdir", "-p", link.rpartition("/")[0], "/srv/elsewhere")
    box.run("ln", "-s", "/srv/elsewhere", link)
    refused(box, Build(), 78, why)
    assert not list(box.path("/srv/elsewhere").iterdir())


def test_a_parent_that_others_can_change_is_refused(box: Box) -> None:
    box.run("install", "-d", "-m", "0777", "/opt/capsule")
    refused(box, Build(), 78, "can be changed by others than root")
    box.run("install", "-d", "-m", "0755", "-o", "65534", "/opt/capsule")
    refused(box, Build(), 78, "can be changed by others than root (owner 65534")


def test_a_link_under_the_temporary_name_is_not_followed(box: Box) -> None:
    box.write("/etc/victim", "whole")
    box.run("ln", "-s", "/etc/victim", "/etc/cron.d/.capsule-kaizen.capsule~")
    assert install(box, Build()).status == 0
    assert box.path("/etc/victim").read_text() == "whole"
    assert not box.path("/etc/cron.d/.capsule-kaizen.capsule~").is_symlink()


def test_somebody_else_s_authorized_keys_are_not_lost(box: Box) -> None:
    box.write("/var/lib/backupoperator/.ssh/authorized_keys", "ssh-ed25519 AAAA somebody\n")
    refused(box, Build(), 78, "is not of this deployment")


def test_a_running_capsule_is_not_replaced(box: Box) -> None:
    install(box, Build())
    build = Build(version="2")
    build.put(box)
    script = box.path("/root/build/install.sh")
    script.write_text(script.read_text().replace("SECONDS + 60", "SECONDS + 1"))
    before = box.snapshot(*WATCHED)
    hold = "exec 5>>/var/lib/capsule/kaizen/locks/backup_nightly; flock 5; "
    held = box.run("bash", "-c", hold + "bash -c '/root/build/install.sh' 5>&-")
    assert (held.status, "backup_nightly is running" in held.err) == (75, True), held
    after = box.snapshot(*WATCHED)
    locks = "/var/lib/capsule/kaizen/locks"
    assert {path: seen for path, seen in after.items() if not path.startswith(locks)} == {
        path: seen for path, seen in before.items() if not path.startswith(locks)
    }
    assert box.run("/root/build/install.sh").status == 0


@pytest.mark.parametrize(
    ("mark", "ended_by"),
    [
        ("/run/capsule/kaizen/lease_whole/held", "unpause_whole"),
        ("/run/capsule/kaizen/whole/moment", "remove_whole"),
        ("/run/capsule/stopped/kaizen.stop_docker_whole", "start_docker_whole"),
    ],
)
def test_what_is_paused_or_frozen_is_released_by_the_build_that_did_it(box: Box, mark: str, ended_by: str) -> None:
    old, new = Build(), Build(version="2")
    install(box, old)
    # of another deployment, and a pause that is over
    box.write("/run/capsule/uat-kaizen/lease_whole/held", "docker counter\n")
    box.write("/run/capsule/kaizen/lease_other/held", "")
    box.write(mark, "docker counter\n")
    locks = "/var/lib/capsule/kaizen/locks"
    for path in ("backup_nightly", "send_nightly"):
        box.write(f"{locks}/{path}", "", 0o600)
    refused(box, new, 75, f"end it with /opt/capsule/kaizen/bin/{ended_by}")
    before = box.snapshot(*WATCHED)
    removal = box.run("/root/build/remove.sh")
    assert (removal.status, f"end it with /opt/capsule/kaizen/bin/{ended_by}" in removal.err) == (75, True), removal
    assert box.snapshot(*WATCHED) == before
    assert install(box, old).out.startswith("nothing to do")
    box.path(mark).unlink()
    assert install(box, new).status == 0


def test_two_deployments_share_a_node(box: Box) -> None:
    install(box, Build())
    first = box.snapshot("/opt/capsule/kaizen", "/var/lib/capsule/kaizen", "/var/lib/backupoperator")
    other = Build("uat-kaizen")
    refused(box, other, 78, "is not of this deployment")
    operator = type(other.operator)(name="uatoperator", number=1902, home="/var/lib/uatoperator", shell="/bin/sh")
    other = Build("uat-kaizen", operator=operator)
    assert install(box, other).status == 0
    assert box.run("/root/build/remove.sh").status == 0
    assert box.snapshot(*first) == first
    assert box.path("/etc/cron.d/capsule-kaizen").exists()
    assert box.run("getent", "passwd", "uatoperator").status == 2
    assert box.run("getent", "passwd", "backupoperator").status == 0
