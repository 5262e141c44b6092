"""``puppet apply``, run for real as root in a throw-away root: the same node as the installer makes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from generator.render import Kind
from tests.deliveries.box import Box, Ended
from tests.deliveries.builds import Build
from tests.deliveries.puppet_builds import ENVIRONMENT, FACTER, HOSTILE, NOT_TEXT, apply, hostile, put

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("puppet") is None, reason="there is no Puppet here"),
]

WATCHED = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/sudoers.d",
    "/etc/cron.d",
    "/etc/logrotate.d",
    "/opt/capsule",
    "/var/lib/capsule",
    "/var/log/capsule",
    "/var/lib/backupoperator",
    "/backups-kaizen",
)
NOTHING, CHANGED, FAILED, BOTH = 0, 2, 4, 6
PROGRAMS = "/opt/capsule/kaizen/bin"
RECORD = "/var/lib/capsule/kaizen/installed"
PACKAGED = """Package: capsule-kaizen-web-1
Status: install ok installed
Version: 1
Architecture: all
Maintainer: nobody
Description: what a build made for dpkg
"""
PUPPETS_OWN = ("/var/cache/puppet", "/var/lib/puppet", "/var/log/puppet")


def ended(done: Ended, status: int) -> Ended:
    """The run must end so."""
    assert done.status == status, f"{done.out}\n{done.err}"
    return done


def refused(box: Box, build: Build, why: str, status: int = FAILED, *options: str, program: str = "") -> None:
    """Puppet refuses the build with a reason, and leaves the node exactly as it was."""
    put(build, box)
    before = box.snapshot(*WATCHED)
    done = ended(apply(box, *options, program=program), status)
    assert why in done.err, done.err
    assert box.snapshot(*WATCHED) == before


def quick(box: Box) -> None:
    """Leave out the facts that nobody asks for."""
    box.write("/etc/facter/facter.conf", FACTER)


def test_the_life_of_a_node(box: Box, tmp_path: Path) -> None:
    quick(box)
    build = Build()
    untouched = box.snapshot(*WATCHED)

    put(build, box)
    said = ended(apply(box, "--noop", "--show_diff"), NOTHING)
    assert said.out.count("(noop)") == 24, said.out
    assert box.snapshot(*WATCHED) == untouched

    ended(apply(box, "--show_diff"), CHANGED)
    by_puppet = box.snapshot(*WATCHED, inodes=False)
    assert by_puppet == installed_by_script(build, tmp_path)

    # the installer finds nothing to do, and then neither does Puppet
    before = box.snapshot(*WATCHED)
    build.put(box)
    assert "nothing to do" in box.run("bash", "/root/build/install.sh").out
    ended(apply(box), NOTHING)
    assert box.snapshot(*WATCHED) == before

    box.write(f"{PROGRAMS}/backup_nightly", "spoiled", 0o4777)
    box.write(f"{PROGRAMS}/somebodys_own", "foreign")
    spoiled = box.snapshot(*WATCHED)
    said = ended(apply(box, "--noop"), NOTHING)
    assert f"File[{PROGRAMS}/backup_nightly]/content: current_value" in said.out
    assert f"File[{PROGRAMS}/backup_nightly]/mode: current_value '4777', should be '0755' (noop)" in said.out
    assert box.snapshot(*WATCHED) == spoiled
    ended(apply(box), CHANGED)
    assert box.run("cat", f"{PROGRAMS}/backup_nightly").out == build.capsule("backup_nightly").content.decode()
    assert box.path(f"{PROGRAMS}/backup_nightly").stat().st_mode & 0o7777 == 0o755

    # the next build: a program fewer, another one, and a new key that no diff and no report shows
    changed = Build(capsules=("backup_nightly", "send_hourly"), version="2")
    put(changed, box)
    said = ended(apply(box, "--show_diff"), CHANGED)
    assert f"removed {PROGRAMS}/send_nightly" in said.out
    assert "+echo 'backup_nightly 2'" in said.out
    assert "key 2" not in said.out + said.err
    assert box.run("cat", "/opt/capsule/kaizen/ssh/web-2.send").out == "key 2\n"
    assert box.run("grep", "-rlE", "key [12]", *PUPPETS_OWN).out == ""
    assert not box.path(f"{PROGRAMS}/send_nightly").exists()
    assert box.run("cat", f"{PROGRAMS}/somebodys_own").out == "foreign"
    changed.put(box)
    assert "nothing to do" in box.run("bash", "/root/build/install.sh").out

    box.write("/backups-kaizen/web-2/2026-11-20/data", "a backup")
    ended(apply(box, program="class { 'capsule': ensure => absent }"), CHANGED)
    assert box.run("cat", "/backups-kaizen/web-2/2026-11-20/data").out == "a backup"
    assert box.run("cat", f"{PROGRAMS}/somebodys_own").out == "foreign"
    box.run("rm", "-r", "/opt/capsule")
    left = set(box.snapshot(*WATCHED)) - set(untouched)
    assert {
        path for path in left if not path.startswith(("/backups-kaizen", "/var/lib/capsule", "/var/log/capsule"))
    } == set()
    assert not box.path(RECORD).exists()
    # backups are its group's, so its number must not be given to anybody else
    assert box.run("getent", "passwd", "backupoperator").out == ""
    assert box.run("getent", "passwd", "capsule-kaizen").out != ""
    ended(apply(box, program="class { 'capsule': ensure => absent }"), NOTHING)


def installed_by_script(build: Build, tmp_path: Path) -> dict[str, tuple[object, ...]]:
    """What ``install.sh`` makes of another fresh node."""
    directory = tmp_path / "other"
    directory.mkdir()
    other = Box(directory, "web-1")
    try:
        build.put(other)
        assert other.run("bash", "/root/build/install.sh").status == 0
        return other.snapshot(*WATCHED, inodes=False)
    finally:
        other.close()


def test_what_is_wrong_is_found_before_anything_is_touched(box: Box) -> None:
    quick(box)
    elsewhere = Build()
    elsewhere.hostname = "db-1"
    put(elsewhere, box)
    box.run("mv", f"{ENVIRONMENT}/data/db-1.yaml", f"{ENVIRONMENT}/data/web-1.yaml")
    before = box.snapshot(*WATCHED)
    assert "built for node web-1 with the host name db-1, but this is web-1" in ended(apply(box), 1).err
    assert box.snapshot(*WATCHED) == before

    cloned = Build()
    cloned.machine_id = "9f86d081884c7d659a2feaa0c55ad015"
    box.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    refused(box, cloned, "but this one's id is 0123456789abcdef0123456789abcdef (/etc/machine-id)")

    refused(box, hostile(), "this node's schedules are timers, and systemd does not run here")
    box.write("/etc/cron.d/capsule-kaizen", "# somebody else's\n")
    refused(box, Build(), "/etc/cron.d/capsule-kaizen is there already and is not of this deployment")

    status = box.run("cat", "/var/lib/dpkg/status").out
    box.write("/var/lib/dpkg/status", f"{status}\n{PACKAGED}")
    refused(box, Build(), "dpkg has installed kaizen here, as the package capsule-kaizen-web-1")


def test_nothing_is_replaced_under_a_program_that_runs(box: Box) -> None:
    quick(box)
    put(Build(), box)
    ended(apply(box), CHANGED)
    # by the build that paused it, and by no other, a node is told to go on
    for program in ("backup_nightly", "send_nightly"):
        box.write(f"/var/lib/capsule/kaizen/locks/{program}", "", 0o600)
    box.write("/run/capsule/kaizen/lease_whole/held", "docker 1\n")
    refused(box, Build(version="2"), "this node is paused for plan whole")
    absent = "class { 'capsule': ensure => absent }"
    refused(box, Build(), "or end it with /opt/capsule/kaizen/bin/unpause_whole", program=absent)
    ended(apply(box), NOTHING)
    box.run("rm", "-r", "/run/capsule")

    running = subprocess.Popen(
        ["flock", "--shared", str(box.path("/var/lib/capsule/kaizen/locks/backup_nightly")), "sleep", "600"],
        start_new_session=True,
    )
    try:
        now = "class { 'capsule': lock_seconds => 0 }"
        refused(box, Build(version="2"), "backup_nightly is running and would be replaced", program=now)
    finally:
        running.terminate()
        running.wait()


def test_what_fails_half_way_is_finished_by_the_next_run(box: Box) -> None:
    quick(box)
    build = Build()
    build.files = [
        build.file(file.path, Kind.SUDOERS, "no rule at all\n", 0o440) if file.kind is Kind.SUDOERS else file
        for file in build.files
    ]
    put(build, box)
    said = ended(apply(box), BOTH)
    assert "visudo" in said.err
    assert not [path for path in box.snapshot("/etc/sudoers.d", PROGRAMS, "/etc/cron.d") if "kaizen/bin/" in path]
    assert not box.path("/etc/sudoers.d/50-capsule-kaizen").exists()
    record = box.run("cat", RECORD).out
    for name in ("50-capsule-kaizen-old20261120-1-x", "50-capsule-kaizen20261120-17-1x2y3z"):
        box.write(f"/etc/{name}", "left by a run that was killed")
    box.write(f"{PROGRAMS}/.backup_nightly.capsule~", "left by an installer")

    whole = hostile()
    whole.files = [file for file in whole.files if file.kind not in (Kind.SERVICE, Kind.TIMER)]
    put(whole, box)
    ended(apply(box), CHANGED)
    assert box.path(f"{PROGRAMS}/backup_nightly").read_bytes() == HOSTILE.encode()
    assert box.path("/opt/capsule/kaizen/ssh/known_hosts").read_bytes() == NOT_TEXT
    assert box.run("cat", RECORD).out != record
    assert not box.path(f"{PROGRAMS}/.backup_nightly.capsule~").exists()
    assert sorted(path.name for path in box.path("/etc").glob("50-*")) == ["50-capsule-kaizen-old20261120-1-x"]
