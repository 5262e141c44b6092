"""The fleet that faults befall: small, with days of history, and put back to them within a moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from generator.lab import Completed, Host, Lab, services

from ..fleet import PROGRAMS, LabFleet, host_key, identifier
from .judge import Store

HERE = Path(__file__).parent
SHIM = HERE.parent / "shim-date"
SAVED = "/var/lib/lab-saved"
STATE = "/var/lib/capsule/lab"
LOGS = "/var/log/capsule/lab"
SOURCES = ("alpha", "beta")
# the stores of each node: its trees by the name that list_backups gives them
LOCAL = {"alpha": "nightly", "beta": "nightly", "keeper": "kept"}
COLLECTING = {"depot": "first", "annex": "second"}
# history is made on these days; faults happen on the day after
HISTORY = (1, 2, 3)
TODAY = 4


class FaultFleet(LabFleet):
    """The hosts of this directory's ``fleet.yml``, started but empty; `make` gives them programs and history."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory = directory
        self.inventory: dict[str, Any] = yaml.safe_load((HERE / "fleet.yml").read_text(encoding="utf-8"))
        self.host_keys = {}
        self._offset = 0
        nodes = self.inventory["nodes"]
        self.hosts = {name: lab.host(name, address=node["reach"]["address"]) for name, node in nodes.items()}
        for name, node in nodes.items():
            self.host_keys[name], public = host_key(directory / f"{name}.key")
            node["host_keys"] = [public]

    def prepare(self, name: str) -> None:
        """Identity, clock and sshd."""
        host = self.hosts[name]
        host.run(["install", "-m", "0755", "/dev/stdin", "/usr/local/bin/shim-date"], stdin=SHIM.read_text())
        host.run(["install", "-d", "/var/lib/prometheus/node-exporter", SAVED])
        host.install_ssh_host_key(self.host_keys[name])
        self._set_clock(host)
        services.start_sshd(host)

    def make(self) -> None:
        """Build, install, and let `HISTORY` pass."""
        self.build()
        for name, host in self.hosts.items():
            self.prepare(name)
            fill(host)
            self.install(name)
        services.start_mariadb(self.hosts["keeper"])
        for day in HISTORY:
            self.set_day(day)
            self._together({name: f"backup_{plan}" for name, plan in LOCAL.items()}, day)
            self._together({name: f"collect_{plan}" for name, plan in COLLECTING.items()}, day)
        self.set_day(TODAY)
        # an unfinished partial backup of the day, which a complete one has to replace
        for name in SOURCES:
            host = self.hosts[name]
            host.run(["mv", "/etc/service", "/etc/elsewhere"])
            assert self.capsule(name, "backup_nightly", check=False).status == 10
            host.run(["mv", "/etc/elsewhere", "/etc/service"])
            change(host, TODAY)
        for name in (*LOCAL, "depot"):
            self.keep(name)
        # one store of two has today's backup of one source of two already
        assert self.backup("beta").status == 0
        assert self.collect("annex").status == 10
        self.keep("annex")

    def _together(self, capsules: dict[str, str], day: int) -> None:
        with ThreadPoolExecutor(2) as pool:
            runs = {name: pool.submit(self.capsule, name, capsule) for name, capsule in capsules.items()}
        for name, run in runs.items():
            assert run.result().status == 0
            if name in LOCAL:
                change(self.hosts[name], day)

    # -- states -----------------------------------------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """Remember stores, state and data of a node as they are now."""
        self.hosts[name].run(["/bin/sh", "-c", _keep(self._kept(name))])

    def put_back(self, name: str) -> None:
        """Stores, state and data of a node are again as `keep` found them, on the day after the history."""
        self.hosts[name].run(["/bin/sh", "-c", _put_back(self._kept(name))])
        self.set_day(TODAY, only=name)

    def _kept(self, name: str) -> tuple[str, ...]:
        stores = [store.top for store in self.stores(name)]
        data = ["/etc/service", "/srv/data"] if name in SOURCES else []
        return (*sorted({top if name in LOCAL else str(Path(top).parent) for top in stores}), STATE, *data)

    def stores(self, name: str) -> tuple[Store, ...]:
        """Every tree of backups on a node."""
        host = self.hosts[name]
        if name in LOCAL:
            return (Store(host=host, top="/backups", source=name, plan=LOCAL[name], fake_super=False),)
        plan = COLLECTING[name]
        return tuple(
            Store(host=host, top=f"/srv/{plan}/{source}", source=source, plan=plan, fake_super=True)
            for source in SOURCES
        )

    # -- running ----------------------------------------------------------------------------------------------------

    def backup(self, name: str) -> Completed:
        """Run a node's local backup; the caller judges the status."""
        return self.capsule(name, f"backup_{LOCAL[name]}", check=False)

    def collect(self, name: str) -> Completed:
        """Run a node's collection; the caller judges the status."""
        return self.capsule(name, f"collect_{COLLECTING[name]}", check=False)


def program(capsule: str) -> str:
    """Where a capsule lies."""
    return f"{PROGRAMS}/{capsule}"


def fill(host: Host) -> None:
    """A few entries of each kind, so that a run takes a moment and still has something to lose."""
    if host.name in LOCAL:
        host.run(["/bin/sh", "-euc", _FILL])
    if host.name == "keeper":
        host.run(["/bin/sh", "-euc", "mount -t tmpfs -o size=8m volume /srv/volume; touch /srv/volume/canary"])
        host.run(["/bin/sh", "-euc", "for i in 1 2 3 4 5 6; do echo $i >/srv/volume/$i; done"])


def change(host: Host, day: int) -> None:
    """What a day changes: a file grows, one comes, one goes."""
    script = f"cd /srv/data; echo {day} >>grows; echo {day} >day-{day}; rm -f day-{day - 2}; echo {day} >big/changing"
    host.run(["/bin/sh", "-euc", script])


def identifiers(*days: int) -> tuple[str, ...]:
    """The identifiers of some days."""
    return tuple(identifier(day) for day in days)


_FILL = r"""
install -d /etc/service/conf.d /srv/data/big /srv/data/cache /srv/volume
install -d -m 0700 -o 1234 -g 77 /srv/data/private
echo main >/etc/service/main.conf
for i in 1 2 3 4 5; do echo $i >/etc/service/conf.d/$i; echo $i >/srv/data/private/$i; done
chmod 4750 /srv/data/private/1
chown 1234:99 /srv/data/private/2
setfattr -n user.colour -v blue /srv/data/private/3
ln /srv/data/private/4 /srv/data/linked
ln -s /etc/shadow /srv/data/symbolic
mkfifo /srv/data/pipe
mknod /srv/data/device c 1 3
touch '/srv/data/new
line' '/srv/data/-rf' "/srv/data/quote'\"" '/srv/data/ blank '
head -c 3000000 /dev/urandom >/srv/data/big/random
echo 0 >/srv/data/big/changing
echo cached >/srv/data/cache/page
truncate -s 3M /srv/data/big/sparse
"""


def _keep(paths: tuple[str, ...]) -> str:
    copies = "".join(f"mkdir -p {SAVED}{Path(path).parent}; cp {_how(path)} {path} {SAVED}{path}; " for path in paths)
    return f"set -eu; rm -rf {SAVED}; mkdir {SAVED}; {copies}"


def _put_back(paths: tuple[str, ...]) -> str:
    return "set -eu; " + "".join(f"rm -rf {path}; cp {_how(path)} {SAVED}{path} {path}; " for path in paths)


def _how(path: str) -> str:
    # manifests name inodes, so those of a store must stay what they are; nothing may write into a backup anyway, and
    # the judge would see it
    return "-a" if path.startswith((STATE, "/etc", "/srv/data")) else "-al"
