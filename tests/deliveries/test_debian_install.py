"""The package of a node, installed, replaced, removed and purged by the real dpkg in a throw-away root."""

from __future__ import annotations

import pytest

from tests.deliveries.box import Box, Ended
from tests.deliveries.builds import Build

pytestmark = pytest.mark.lab

PACKAGE = "capsule-kaizen-web-1"
INSTALLED = ("/etc", "/opt/capsule", "/var/lib/capsule", "/var/log/capsule", "/var/lib/backupoperator")
WATCHED = (*INSTALLED, "/backups-kaizen")
DATABASES = ("passwd", "group", "shadow", "passwd-", "group-", "shadow-")


def dpkg(box: Box, build: Build) -> Ended:
    """Put the package into the box and install it."""
    copy(box, build)
    return box.run("dpkg", "--install", "/root/node.deb")


def copy(box: Box, build: Build) -> None:
    # a capsule that runs is waited for a minute, and here a second of the same length
    content = build.package().content.replace(b"SECONDS + 60 ", b"SECONDS + 01 ")
    box.path("/root/node.deb").write_bytes(content)


def state(box: Box) -> str:
    """What dpkg says of the package: installed, config-files, not-installed."""
    return box.run("dpkg-query", "--show", "--showformat=${db:Status-Status}", PACKAGE).out or "not-installed"


def installed_by_script(box: Box, build: Build) -> None:
    build.put(box)
    assert box.run("/root/build/install.sh").status == 0


def tree(box: Box) -> dict[str, tuple[object, ...]]:
    """What lies on the node, owners, modes and accounts; locks come with use, and accounts in any order."""
    found = box.snapshot(*WATCHED, inodes=False)
    same = {path: seen for path, seen in found.items() if "/locks/" not in path and not path.endswith(DATABASES)}
    accounts = [tuple(sorted(box.run("getent", database).out.splitlines())) for database in ("passwd", "group")]
    return {**same, "accounts": tuple(accounts)}


def test_a_package_leaves_what_the_installer_leaves(box: Box) -> None:
    build = Build()
    done = dpkg(box, build)
    assert (done.status, done.err) == (0, ""), done
    by_package = tree(box)
    assert box.run("dpkg", "--verify", PACKAGE).out == ""
    # cron and systemd know a new file by its time
    assert box.path("/etc/cron.d/capsule-kaizen").stat().st_mtime > 1_000_000_000
    assert "backup_nightly 1" in box.run("/opt/capsule/kaizen/bin/backup_nightly").out
    assert box.run("dpkg", "--remove", PACKAGE).status == 0
    installed_by_script(box, build)
    assert tree(box) == by_package


def test_an_upgrade_replaces_and_drops_and_a_downgrade_brings_back(box: Box) -> None:
    assert dpkg(box, Build()).status == 0
    first = tree(box)
    done = dpkg(box, Build(capsules=("backup_nightly",), version="0"))
    assert done.status == 0, done
    assert not box.path("/opt/capsule/kaizen/bin/send_nightly").exists()
    assert "send_nightly" not in box.path("/var/lib/capsule/kaizen/installed").read_text()
    assert "backup_nightly 0" in box.run("/opt/capsule/kaizen/bin/backup_nightly").out
    assert box.run("dpkg", "--verify", PACKAGE).out == ""
    assert dpkg(box, Build()).status == 0
    assert tree(box) == first


def test_altered_files_are_replaced_without_a_question(box: Box) -> None:
    """A sudo rule with an old digest, kept as a conffile would be, allows nothing."""
    assert dpkg(box, Build()).status == 0
    box.write("/etc/sudoers.d/50-capsule-kaizen", "# mine\n", 0o440)
    box.write("/etc/cron.d/capsule-kaizen", "# mine\n")
    assert box.run("dpkg", "--verify", PACKAGE).out.count("??5??????") == 2
    done = dpkg(box, Build(version="2"))
    assert (done.status, done.err) == (0, ""), done
    as_operator = ["setpriv", "--reuid=1901", "--regid=1901", "--clear-groups", "sudo", "-n"]
    assert box.run(*as_operator, "/opt/capsule/kaizen/bin/send_nightly").out == "send_nightly 2 /usr/bin/rsync\n"


@pytest.mark.parametrize("installed", [False, True])
def test_the_wrong_node_is_refused_and_nothing_is_changed(box: Box, installed: bool) -> None:
    if installed:
        assert dpkg(box, Build()).status == 0
    before, was = box.snapshot(*WATCHED), state(box)
    other = Build(version="2")
    other.hostname = "web-2"
    done = dpkg(box, other)
    assert done.status == 1
    assert "preinst: was built for node web-1 with the host name web-2, but this is web-1" in done.err
    assert "preinst: nothing was changed" in done.err
    assert (box.snapshot(*WATCHED), state(box)) == (before, was)


def test_foreign_files_accounts_and_missing_packages_are_refused(box: Box) -> None:
    box.write("/etc/cron.d/capsule-kaizen", "mine\n")
    before = box.snapshot(*WATCHED)
    assert "/etc/cron.d/capsule-kaizen is there already and is not of this deployment" in dpkg(box, Build()).err
    assert box.snapshot(*WATCHED) == before
    box.path("/etc/cron.d/capsule-kaizen").unlink()
    box.run("useradd", "--uid", "1901", "--gid", "root", "somebody")
    assert "the number 1901 of the account backupoperator is taken" in dpkg(box, Build()).err
    box.run("userdel", "somebody")
    lacking = Build()
    lacking.packages = (*lacking.packages, "nowhere-to-be-had")
    assert "pre-dependency problem" in dpkg(box, lacking).err
    assert not box.path("/opt/capsule").exists()
    assert box.run("getent", "passwd", "backupoperator").status == 2


def test_bad_sudo_rules_never_reach_sudo(box: Box) -> None:
    build = Build()
    build.files = [
        build.file(file.path, file.kind, "this is no rule\n", file.mode) if "sudoers" in file.path else file
        for file in build.files
    ]
    done = dpkg(box, build)
    assert "not a sudoers file that this node's sudo understands" in done.err, done
    assert not box.path("/etc/sudoers.d/50-capsule-kaizen").exists()


def test_what_runs_is_neither_replaced_nor_removed(box: Box) -> None:
    assert dpkg(box, Build()).status == 0
    lock = "/var/lib/capsule/kaizen/locks/send_nightly"
    before = box.snapshot("/opt/capsule", "/etc/cron.d", inodes=False)
    copy(box, Build(version="2"))
    for command, why in (("--install /root/node.deb", "replaced"), (f"--remove {PACKAGE}", "removed")):
        done = box.run("bash", "-c", f"exec 5>>{lock}; flock 5; bash -c 'dpkg {command}' 5>&-")
        assert (done.status, f"send_nightly is running and would be {why}" in done.err) == (1, True), done
        assert state(box) == "installed"
        assert box.snapshot("/opt/capsule", "/etc/cron.d", inodes=False) == before
    assert box.run("dpkg", "--install", "/root/node.deb").status == 0


def test_nothing_starts_while_dpkg_is_at_it(box: Box) -> None:
    assert dpkg(box, Build()).status == 0
    copy(box, Build(version="2"))
    assert box.run("dpkg", "--unpack", "/root/node.deb").status == 0
    lock = "/var/lib/capsule/kaizen/locks/send_nightly"
    assert box.run("flock", "--nonblock", lock, "true").status == 1
    assert box.run("dpkg", "--configure", PACKAGE).status == 0
    assert box.run("flock", "--timeout", "5", lock, "true").status == 0


def test_removing_keeps_what_purging_takes_and_neither_touches_backups(box: Box) -> None:
    assert dpkg(box, Build()).status == 0
    box.write("/backups-kaizen/web-2/2026-11-20/file", "precious")
    box.write("/var/log/capsule/kaizen/backup_nightly.log", "a line\n")
    kept = box.snapshot("/backups-kaizen", "/var/log/capsule")
    done = box.run("dpkg", "--remove", PACKAGE)
    assert (done.status, done.err) == (0, ""), done
    assert not box.path("/opt/capsule").exists()
    assert not box.path("/etc/cron.d/capsule-kaizen").exists()
    assert "file " not in box.path("/var/lib/capsule/kaizen/installed").read_text()
    assert box.run("getent", "passwd", "backupoperator").status == 0
    assert (state(box), box.snapshot("/backups-kaizen", "/var/log/capsule")) == ("config-files", kept)
    done = box.run("dpkg", "--purge", PACKAGE)
    assert done.status == 0, done
    assert box.run("getent", "passwd", "backupoperator").status == 2
    assert not box.path("/var/lib/capsule/kaizen/installed").exists()
    assert (state(box), box.snapshot("/backups-kaizen", "/var/log/capsule")) == ("not-installed", kept)


def test_a_node_changes_its_delivery_and_back(box: Box) -> None:
    installed_by_script(box, Build(capsules=("backup_nightly", "backup_older", "send_nightly")))
    assert dpkg(box, Build()).status == 0
    assert not box.path("/opt/capsule/kaizen/bin/backup_older").exists()
    by_package = tree(box)
    # dpkg would take what the script has placed when the package is removed one day
    refused = box.run("/root/build/install.sh")
    assert refused.status == 78
    assert f"dpkg --remove {PACKAGE}" in refused.err
    assert box.run("dpkg", "--remove", PACKAGE).status == 0
    installed_by_script(box, Build())
    assert tree(box) == by_package
    purged = box.run("dpkg", "--purge", PACKAGE)
    assert (purged.status, "another delivery has installed kaizen since" in purged.out) == (0, True), purged
    assert tree(box) == by_package
    assert "nothing to do" in box.run("/root/build/install.sh").out
