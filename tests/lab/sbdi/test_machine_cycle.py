"""The whole cycle with a kernel and an init of its own: one machine is source, of three kinds, and store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.lab import Completed, Host, Lab, Machine, containers, filesystems, services

from .. import cron
from .deployment import Deployment

pytestmark = pytest.mark.machine

DIRECTOR, SOURCE = "boss", "manager-1"
PARTS = {
    "docker": ("/docker", "manager-1@+docker"),
    "docker-local": ("/docker_local", "manager-1@+docker_local"),
    "thin": ("/srv/thin", "manager-1@+srv+thin"),
}
# what the counter writes to, through Gluster and through LVM
COUNTED = ("docker", "docker-local")
PATIENCE = 1200

_VOLUMES = """
vgcreate -q vg_docker_local {disk}
lvcreate -q -y -L 320M -n lv_docker_local vg_docker_local
lvcreate -q -y --type thin-pool -L 768M -n pool vg_docker_local
for name in lv_thin lv_brick; do lvcreate -q -y -V 400M --thinpool pool -n $name vg_docker_local; done
cd /dev/vg_docker_local
mkfs.xfs -q lv_docker_local; mkfs.ext4 -q lv_thin; mkfs.xfs -q -i size=512 lv_brick
mkdir -p /docker_local /srv/thin /srv/bricks
mount lv_docker_local /docker_local; mount lv_thin /srv/thin; mount lv_brick /srv/bricks
"""
_FILL = """
for place in /docker /docker_local /srv/thin; do
  mkdir -m 0750 $place/app; cd $place/app
  echo secret >secret; chown 4000:5000 secret; chmod 4711 secret; ln secret hard; ln -s secret link; mkfifo fifo
  touch -d '2001-02-03 04:05:06.789' secret
done
"""
_COUNT = """
trap exit TERM
i=$(cat /docker/counter /docker_local/counter 2>/dev/null | busybox sort -n | busybox tail -n 1)
i=${i:-0}
while :; do i=$((i + 1)); echo "$i" >>/docker/counter; echo "$i" >>/docker_local/counter; busybox usleep 1000000; done
"""
_WRITER = """
[Service]
ExecStart=/bin/sleep infinity
"""
_RESIDUE = """
set +e
awk '$5 ~ "^/run/capsule/|_backupsource$" { print $5 }' /proc/self/mountinfo
cd /run/capsule/uat-sbdi 2>/dev/null && ls -d lease_whole/held whole/senders/* whole/moment 2>/dev/null
lvs --noheadings -o lv_name | grep capsule
gluster snapshot list | grep capsule
docker ps -q --filter status=paused
true
"""


class Cycle(Deployment[Host | Machine]):
    """The deployment of ``machine.yml``: a director on a host, and all else on the machine."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        inventory: dict[str, Any] = yaml.safe_load(
            (Path(__file__).parent / "machine.yml").read_text(encoding="utf-8")
        )
        self.director = lab.host(f"uat-{DIRECTOR}", address="10.31.0.1")
        self.machine = lab.machine(f"uat-{SOURCE}", address="10.31.0.9")
        (store,) = inventory["plans"]["whole"]["stores"]
        store["device"] = self.machine.add_disk(300)
        super().__init__(directory, inventory, {DIRECTOR: self.director, SOURCE: self.machine})

    def shell(self, script: str, *, check: bool = True) -> str:
        """What a script of bash on the machine writes to both outputs."""
        done = self.machine.run(["/bin/bash", "-euc", script], check=check, seconds=PATIENCE)
        return (done.out + done.err).strip()

    def make(self) -> None:
        """Volumes, data, a container that counts in two of them, and what was built for all that."""
        self.shell(_VOLUMES.format(disk=self.machine.add_disk(1536)))
        filesystems.start_gluster(self.machine)
        filesystems.make_volume([self.machine], "docker")
        filesystems.mount_volume(self.machine, self.machine, "docker", "/docker")
        self.shell(_FILL)
        self.identify()
        self.build()
        self.install()
        self.machine.write("/etc/systemd/system/lab-writer.service", _WRITER.encode())
        self.shell("systemctl daemon-reload; systemctl start lab-writer")
        containers.start_docker(self.machine)
        volumes = ["-v", "/docker:/docker", "-v", "/docker_local:/docker_local"]
        always = ["--network", "none", "--restart", "always"]
        self.machine.run(
            ["docker", "run", "-d", "--name", "counter", *always, *volumes, containers.IMAGE, "/bin/sh", "-c", _COUNT]
        )
        services.start_service(self.machine, "ssh")

    def perform(self) -> Completed:
        """A run of the director, as cron would start it."""
        return cron.run_as_cron(self.director, f"capsule-{self.name}", "perform_backup", seconds=PATIENCE)

    def order(self, capsule: str, *, stdin: str = "") -> Completed:
        """Run a capsule of the machine; the caller judges the status."""
        return self.machine.run([f"{self.programs}/{capsule}"], stdin=stdin, check=False, seconds=PATIENCE)

    def backups(self) -> list[str]:
        """The names of what is kept, by the pool's own word."""
        snapshots = self.shell("zfs list -H -t snapshot -o name -r backup").split()
        assert all(name.startswith("backup/current@") for name in snapshots)
        return [name.partition("@")[2] for name in snapshots]

    def counted(self, top: str = "", *, live: bool = True) -> list[int]:
        """How far the counter has come: in the volumes, or in a stored backup at ``top``."""
        places = [PARTS[name][0] if live else f"{top}/{PARTS[name][1]}" for name in COUNTED]
        return [containers.counted(self.machine, place) for place in places]

    def goes_on(self, seconds: float) -> None:
        """The container counts, or does so within ``seconds``."""
        before = self.counted()
        services.until(lambda: min(self.counted()) > max(before), f"more than {before}", seconds, pace=5)

    def writer(self) -> str:
        """What systemd says of the service that stands still in a pause."""
        return self.shell("systemctl is-active lab-writer || :")

    def residue(self) -> str:
        """Every snapshot, mount, lease, sender or paused container that a run should not have left."""
        return self.shell(_RESIDUE)


@pytest.fixture(scope="module")
def cycle(machine_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with Lab(machine_directory) as lab:
        made = Cycle(lab, tmp_path_factory.mktemp("cycle"))
        made.make()
        yield made


def test_three_kinds_of_snapshots_are_one_moment_in_a_pool_that_the_run_has_made(cycle: Cycle) -> None:
    cycle.goes_on(120)
    before = cycle.counted()
    done = cycle.perform()
    assert (done.status, done.out, done.err) == (0, "", ""), cycle.logs()
    after = cycle.counted()
    (name,) = cycle.backups()
    assert cycle.shell("zfs get -H -o value compression,mountpoint backup/current").split() == [
        "gzip-7",
        "/backup/current",
    ]
    place = cycle.capsule(SOURCE, "activate_whole", stdin="latest\n").out.strip()
    assert place.endswith(name)
    gluster, lvm = cycle.counted(place, live=False)
    assert gluster - lvm in (0, 1)
    assert before[1] < lvm < after[1]
    for path, part in PARTS.values():
        # a link is a file that names its target, where receivers are nobody in particular
        kept = f"{place}/{part}/app"
        assert cycle.shell(f"cmp {path}/app/secret '{kept}/hard'; cat '{kept}/link'") == "secret"
        assert "4000:5000" in cycle.shell(f"getfattr -n user.rsync.%stat --only-values '{kept}/secret'")
    cycle.capsule(SOURCE, "deactivate_whole")
    assert cycle.residue() == ""


def test_a_pause_ends_by_itself_though_the_director_and_the_session_are_gone(cycle: Cycle) -> None:
    paused = cycle.capsule(DIRECTOR, "pause_containers")
    assert "paused 2" in paused.out
    assert cycle.writer() == "inactive"
    cycle.director.kill()
    # neither sshd nor what it began has anything to do with the watchdog: systemd keeps it, in a scope of its own
    cycle.shell("systemctl stop ssh; systemctl kill --signal=KILL ssh 2>/dev/null || :")
    scopes = cycle.shell("systemctl --no-legend --plain list-units --type=scope --state=running")
    (scope,) = [line.split()[0] for line in scopes.splitlines() if "ends the pause of pause_whole" in line]
    assert containers.state(cycle.machine, "counter") == "paused"
    refused = cycle.order("restore_thin_from_whole", stdin="latest\n")
    assert (refused.status, "RESTORE-NODE-BUSY" in refused.err) == (75, True), refused.describe()
    cycle.goes_on(240)
    services.until(lambda: cycle.writer() == "active", "the service that was stopped", 60)
    services.until(lambda: cycle.machine.run(["systemctl", "is-active", scope], check=False).status != 0, scope, 60)
    services.start_service(cycle.machine, "ssh")
    cycle.director.start()


def test_the_next_run_takes_what_is_new_and_retention_the_rest(cycle: Cycle) -> None:
    (first,) = cycle.backups()
    cycle.shell("rm /srv/thin/app/fifo; echo new >/srv/thin/app/new")
    done = cycle.perform()
    assert (done.status, done.err) == (0, ""), cycle.logs()
    (second,) = cycle.backups()
    assert second > first
    # a bookmark of what was destroyed stays, for replicas that have it
    assert cycle.shell("zfs list -H -t bookmark -o name").split() == [
        f"backup/current#{one}" for one in (first, second)
    ]
    listed = cycle.capsule(DIRECTOR, "list_backups").out
    assert second in listed
    assert first not in listed
    assert cycle.shell("ls -A '/backup/current/manager-1@+srv+thin/app'").split() == ["hard", "link", "new", "secret"]
    assert cycle.residue() == ""
    for node in cycle.hosts.values():
        checked = node.run([f"{cycle.programs}/check_backups"], user="nobody", check=False)
        assert checked.status == 0, checked.describe()


def test_a_dataset_is_restored_while_docker_and_its_socket_stand_still(cycle: Cycle) -> None:
    (name,) = cycle.backups()
    refused = cycle.order("restore_docker-local_from_whole", stdin="latest\n")
    assert (refused.status, "RESTORE-WRITERS-RUN" in refused.err) == (75, True), refused.describe()
    assert "stopped 2" in cycle.capsule(DIRECTOR, "stop_docker").out
    assert cycle.machine.run(["docker", "ps"], check=False).status != 0
    units = "systemctl is-active docker.service docker.socket || :"
    assert cycle.shell(units).split() == ["inactive", "inactive"]
    # a service that writes has no capsule of its own: whoever restores stops it
    cycle.shell("systemctl stop lab-writer; cd /docker_local; rm -r app; echo wrong >counter; echo foreign >foreign")
    assert cycle.order("restore_docker-local_from_whole", stdin=f"{name}\n").status == 0, cycle.logs()
    assert "RESTORE-COMPLETE" in cycle.log(SOURCE, "restore_docker-local_from_whole")
    assert cycle.shell("ls -A /docker_local").split() == ["app", "counter"]
    facts = "stat -c '%A %u:%g %h %y' secret; stat -c %F fifo; readlink link"
    restored = cycle.shell(f"cd /docker_local/app; {facts}")
    assert restored.startswith("-rws--x--x 4000:5000 2 2001-02-03 04:05:06.789")
    assert restored == cycle.shell(f"cd /docker/app; {facts}")
    # the other volume was not restored, and has come further
    assert cycle.counted()[0] > cycle.counted()[1] > 0
    assert "started 2" in cycle.capsule(DIRECTOR, "start_docker").out
    assert cycle.shell(units).split() == ["active", "active"]
    assert cycle.writer() == "inactive"
    cycle.goes_on(120)
