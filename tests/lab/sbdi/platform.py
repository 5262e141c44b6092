"""What runs on the deployment's hosts: disks with snapshots, data of every kind, two containers that count together.

The container on ``one`` writes a number down, says it to the one on ``two`` over the network, which writes it down as
well and answers; then comes the next number. So at any one moment the count of ``one`` is that of ``two``, or one
more, and copies of different moments say so by their counts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from generator.lab import Host, Lab, LabError, containers, filesystems, services

from ..oddtree import plant
from ..walker import Entry, walk
from .deployment import Deployment, make_hosts

HERE = Path(__file__).parent
SOURCES = ("one", "two", "three")
TOGETHER = ("one", "two")
STORES = ("pool", "vault")
DISK, DATA, BACKUP, REPLICA = "/srv/disk", "/srv/disk/local", "/backup", "/replica"
HOLD = "/run/lab-hold"
# tools whose calls can be made to wait
HELD = {"one": ("btrfs", "docker", "rsync"), "vault": ("btrfs",)}
CACHE = b"cache"
COUNTER = b"counter"

# whoever hears nothing for some seconds calls anew, and says again what may not have arrived
_COUNT = """\
number=$(busybox tail -n 1 /data/counter 2>/dev/null)
number=${number:-0}
[ "$number" -eq 0 ] || { echo "$number"; read -r -t 3 answer || exit; }
while :; do
  number=$((number + 1))
  echo "$number" >>/data/counter
  echo "$number"
  read -r -t 3 answer || exit
  busybox usleep 50000
done
"""
_ANSWER = """\
while read -r number; do
  last=$(busybox tail -n 1 /data/counter 2>/dev/null)
  [ "$number" -le "${last:-0}" ] || echo "$number" >>/data/counter
  echo "$number"
done
"""
_SYSTEMCTL = """\
#!/bin/bash
# what the capsules ask systemd about Docker, for a host without systemd; a daemon of systemd's inherits nothing
for descriptor in /proc/self/fd/*; do
  descriptor=${descriptor##*/}
  ((descriptor <= 2)) || exec {descriptor}>&-
done
case "$*" in
  *show*docker.service*) pgrep -x dockerd >/dev/null && echo ActiveState=active || echo ActiveState=inactive ;;
  *show*) echo ActiveState=inactive ;;
  stop*docker.service*) { service docker stop && while pgrep -x dockerd; do sleep 0.1; done; } &>/dev/null ;;
  start*docker.service*) service docker start &>/dev/null </dev/null ;;
  *) exit 1 ;;
esac
"""


class Held(Deployment[Host]):
    """A deployment whose runs can be held where one of their tools is called."""

    def shim(self, name: str, tool: str) -> None:
        """From now on a host's calls of ``tool`` can be made to wait."""
        self.hosts[name].run(["mv", f"/usr/bin/{tool}", f"/usr/bin/{tool}.real"])
        self.hosts[name].run(
            ["install", "-m", "0755", "/dev/stdin", f"/usr/bin/{tool}"], stdin=(HERE / "hold").read_text()
        )

    @contextmanager
    def held(self, name: str, tool: str, pattern: str) -> Iterator[None]:
        """For as long as this lasts, a call of ``tool`` with words like ``pattern`` waits on a host."""
        self.hold(name, tool, pattern)
        try:
            yield
        finally:
            self.let_go(name, tool)

    def hold(self, name: str, tool: str, pattern: str) -> None:
        """From now on a call of ``tool`` with words like ``pattern`` waits on a host."""
        self.hosts[name].run(
            ["/bin/sh", "-c", f"mkdir -p {HOLD}; rm -f {HOLD}/{tool}.waiting; echo '{pattern}' >{HOLD}/{tool}"]
        )

    def let_go(self, name: str, tool: str) -> None:
        """What waits goes on."""
        self.hosts[name].run(["rm", "-f", f"{HOLD}/{tool}"])

    def reached(self, name: str, tool: str, running: subprocess.Popen[bytes], seconds: float = 60) -> None:
        """Wait until a call that is held does wait; ``running`` must not end before."""

        def there() -> bool:
            assert running.poll() is None, self.logs()
            return self.hosts[name].path(f"{HOLD}/{tool}.waiting").exists()

        services.until(there, f"{tool} of {name}", seconds)


class Sbdi(Held):
    """The deployment of ``fleet.yml``."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        inventory: dict[str, Any] = yaml.safe_load((HERE / "fleet.yml").read_text(encoding="utf-8"))
        super().__init__(directory, inventory, make_hosts(lab, inventory, engines=(*SOURCES, *STORES, "mirror")))

    def make(self) -> None:
        """Everything an administrator has, then a build and an installation."""
        self.identify()
        self.build()
        self.together(self.start_node, self.hosts)
        self.install()
        for name in SOURCES:
            self.run_containers(name)
        for name, tools in HELD.items():
            for tool in tools:
                self.shim(name, tool)

    # -- hosts ------------------------------------------------------------------------------------------------------

    def start_node(self, name: str) -> None:
        """Start what runs on a node after a boot; the first time its disks are made."""
        host = self.hosts[name]
        match name:
            case "one" | "two":
                filesystems.mount_btrfs(host, DISK)
                if not exists(host, DATA):
                    host.run(["btrfs", "subvolume", "create", DATA])
                    (fill if name == "one" else fill_plainly)(host)
            case "three":
                filesystems.start_zfs(host)
                if not exists(host, "/var/lib/lab-disks/srv-disk"):
                    filesystems.make_pool(host, "disk", DISK)
                    host.run(["zfs", "create", "disk/local"])
                    fill_plainly(host)
            case "vault":
                filesystems.mount_btrfs(host, BACKUP, 512)
            case "pool":
                filesystems.start_zfs(host)
                if not exists(host, "/var/lib/lab-disks/backup"):
                    filesystems.make_pool(host, "backup", BACKUP)
            case "mirror":
                filesystems.mount_btrfs(host, REPLICA, 512)
            case _:
                pass
        if name in SOURCES:
            host.run(["install", "-m", "0755", "/dev/stdin", "/usr/bin/systemctl"], stdin=_SYSTEMCTL)
            containers.start_docker(host)
        services.start_sshd(host)

    def run_containers(self, name: str) -> None:
        """Make the containers of a source; Docker starts them again whenever it starts."""
        host = self.hosts[name]
        if name in TOGETHER:
            host.run(["install", "-d", "/srv/scripts"])
            host.run(["tee", "/srv/scripts/count"], stdin=_COUNT)
            host.run(["tee", "/srv/scripts/answer"], stdin=_ANSWER)
            speak = f"busybox nc {self.hosts['two'].address} 9000 -e /bin/sh /scripts/count"
            listen = "busybox nc -ll -p 9000 -e /bin/sh /scripts/answer"
            command = f"while :; do {speak}; sleep 1; done" if name == "one" else listen
            words = ["/bin/sh", "-c", f"trap exit TERM; {command} & wait"]
        else:
            words = ["/bin/sh", "-c", "trap exit TERM; while :; do date +%s >>/data/counter; sleep 0.1; done"]
        volumes = ["-v", f"{DATA}:/data", "-v", "/srv/scripts:/scripts:ro"]
        always = ["--network", "host", "--restart", "always"]
        host.run(["docker", "run", "-d", "--name", "counter", *always, *volumes, containers.IMAGE, *words])

    def is_off(self, name: str) -> bool:
        """Whether the power of a host is cut."""
        try:
            return self.hosts[name].first == 0
        except LabError:
            return True

    # -- what there is ----------------------------------------------------------------------------------------------

    def counted(self) -> list[int]:
        """How far the two that count together have come."""
        return [containers.counted(self.hosts[name], DATA) for name in TOGETHER]

    def runs_again(self, seconds: float) -> None:
        """The containers of all sources run and count, within ``seconds``."""
        before = self.counted()
        services.until(
            lambda: all(now > then for now, then in zip(self.counted(), before, strict=True)),
            f"counters of {before}",
            seconds,
        )
        services.until(
            lambda: all(containers.state(self.hosts[name], "counter") == "running" for name in SOURCES),
            "containers that run",
            seconds,
        )

    def residue(self) -> str:
        """Every snapshot, mount, lease, sender or paused container that a run should not have left, by host."""
        found = []
        for name in SOURCES:
            told = self.hosts[name].run(["/bin/sh", "-c", _RESIDUE.format(name=self.name)]).out.split("\n")
            found += [f"{name}: {line}" for line in told if line]
        return "\n".join(found)

    def names(self, store: str) -> list[str]:
        """What a store lists, oldest first."""
        return self.capsule(store, "list_whole").out.split()

    def tree(self, name: str) -> dict[bytes, Entry]:
        """What a backup of a source's data, made now, must hold but for the counter."""
        return walk(self.hosts[name].path(DATA), without=(CACHE, COUNTER))


# what is mounted below /run, snapshots of ours, files of leases, paused containers
_RESIDUE = """
awk '$5 ~ "^/run/capsule/" {{ print $5 }}' /proc/self/mountinfo
cd /run/capsule/{name} 2>/dev/null && ls -d lease_whole/held whole/senders/* whole/moment 2>/dev/null
zfs list -H -t snapshot -o name 2>/dev/null
btrfs subvolume list /srv/disk 2>/dev/null | grep capsule
docker ps -q --filter status=paused
true
"""


def part(source: str) -> str:
    """The directory of a source's data in every backup."""
    return f"{source}@{DATA.replace('/', '+')}"


def exists(host: Host, path: str) -> bool:
    """Whether ``path`` is there."""
    return host.run(["test", "-e", path], check=False).status == 0


def fill(host: Host) -> None:
    """One of everything, and something that the dataset leaves out; the store of this host's kind can hold it."""
    top = host.path(DATA)
    (top / "odd").mkdir()
    plant(top / "odd", seed=len(host.name))
    (top / "cache").mkdir()
    (top / "cache/page").write_text("left out\n", encoding="utf-8")


def fill_plainly(host: Host) -> None:
    """What ZFS in user space can hold, which odd times and attributes are not; and settings beside it."""
    script = f"""
    cd {DATA}; mkdir -m 0750 letters cache; echo a >letters/a; ln letters/a letters/b; ln -s a letters/link
    chown 4000:5000 letters/a; chmod 4711 letters/a; mkfifo letters/fifo; echo x >cache/x
    printf 'odd' >"letters/$(printf 'new\\nline')"
    mkdir -p /etc/app; echo setting >/etc/app/app.conf
    """
    host.run(["/bin/sh", "-euc", script])
