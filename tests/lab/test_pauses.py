"""Real containers on two hosts, paused over real ssh: they stand still together, and come back by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import remembering
import yaml

from generator.lab import Completed, Host, Lab, containers, disks, services

PROGRAMS = "/opt/capsule/pauses/bin"
LEASE = "/run/capsule/pauses/lease_deployment"
DEADLINE = 15
PAUSED = ("one", "two")
NODES = {"one": "10.31.0.1", "two": "10.31.0.2", "boss": "10.31.0.3", "vault": "10.31.0.4"}


class Deployment:
    """Two hosts whose containers count, a director and a store, built and installed as always."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory = directory
        self.hosts = {
            name: lab.host(name, address=address, engines=name in PAUSED) for name, address in NODES.items()
        }
        keys = {name: self._identity(name) for name in NODES}
        (directory / "pauses.yml").write_text(yaml.safe_dump(inventory(keys), sort_keys=False), encoding="utf-8")
        self._gen("keys", "init", "pauses.yml")
        self._gen("build", "pauses.yml", "-o", "output")
        for name in NODES:
            self._install(name)

    def _identity(self, name: str) -> str:
        path = self.directory / f"{name}.key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
        host = self.hosts[name]
        host.install_ssh_host_key(path.read_text(encoding="utf-8"))
        return " ".join(path.with_name(f"{path.name}.pub").read_text(encoding="utf-8").split()[:2])

    def _gen(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, remembering.__file__, *arguments],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": ":".join(sys.path), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _install(self, name: str) -> None:
        host = self.hosts[name]
        host.run(["install", "-d", "/srv/data", "/srv/frozen", "/srv/quiet"])
        host.run(["/bin/sh", "-c", f"echo {name} >/srv/quiet/file"])
        # the hosts of the lab have no systemd: what only asks for it finds something that fails
        host.run(
            [
                "/bin/sh",
                "-c",
                "for one in systemctl systemd-run; do test -e /usr/bin/$one || ln -s false /usr/bin/$one; done",
            ]
        )
        archive = BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(self.directory / "output" / "pauses" / "nodes" / name, arcname="build")
        host.run(["tar", "-C", "/root", "-xpf", "-"], stdin=archive.getvalue())
        host.run(["/root/build/install.sh"], seconds=300)
        services.start_sshd(host)

    def capsule(self, name: str, capsule: str, *, stdin: str = "", check: bool = True) -> Completed:
        """Run a capsule as root would."""
        return self.hosts[name].run([f"{PROGRAMS}/{capsule}"], stdin=stdin, check=check, seconds=300)

    def counted(self) -> list[int]:
        """How far each host has counted."""
        return [containers.counted(self.hosts[name], "/srv/data") for name in PAUSED]

    def stands_still(self) -> bool:
        before = self.counted()
        time.sleep(0.4)
        return self.counted() == before

    def settle(self) -> None:
        """Wait until no lease is left, and no cool-down."""
        end = time.monotonic() + 60
        for name in PAUSED:
            while self.hosts[name].run(["/bin/sh", "-c", f"test -e {LEASE}/held"], check=False).status == 0:
                assert time.monotonic() < end, f"{name} is held"
                time.sleep(0.2)
        time.sleep(1.2)

    def all_count(self, seconds: float = 40) -> None:
        """Every container runs, within ``seconds``."""
        before, end = self.counted(), time.monotonic() + seconds
        while not all(now > then for now, then in zip(self.counted(), before, strict=True)):
            assert time.monotonic() < end, f"{before} stayed {self.counted()}"
            time.sleep(0.1)


def inventory(keys: dict[str, str]) -> dict[str, Any]:
    nodes: dict[str, Any] = {
        name: {"reach": {"address": address}, "host_keys": [keys[name]]} for name, address in NODES.items()
    }
    for name in PAUSED:
        nodes[name]["quiesce"] = {"containers": {"engine": "docker"}}
        nodes[name]["datasets"] = {"data": {"producer": "paths", "paths": ["/srv/quiet"]}}
    nodes["two"]["quiesce"]["disk"] = {"engine": "fsfreeze", "path": "/srv/frozen"}
    plan = {
        "directs": list(PAUSED),
        "director": "boss",
        "stores": [{"node": "vault", "engine": "tree", "path": "/backups"}],
        "schedule": "30 1 * * *",
        "expected_duration": "10m",
        "pause": {"deadline": f"{DEADLINE}s", "cool_down": "1s"},
        "retention": {"days": 2},
    }
    return {
        "capsule": 1,
        "fleet": "pauses",
        "fleet_secret": {"secret": "file pauses.secret"},
        "escrow": {"recorded": "2026-11-01", "where": "nowhere, this is a test"},
        "operator": {"name": "backupoperator", "number": 1901},
        "alerts": {"mail": "lab@example.org"},
        "defaults": {"site": "here", "timezone": "UTC", "os_family": "debian"},
        "nodes": nodes,
        "plans": {"deployment": plan},
    }


@pytest.fixture(scope="module")
def built(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Lab(lab_directory) as lab:
        made = Deployment(lab, tmp_path_factory.mktemp("pauses"))
        for name in PAUSED:
            containers.start_docker(made.hosts[name])
            containers.run_counter(made.hosts[name], "counter", "/srv/data")
        # a container that somebody else keeps paused stays so, whatever happens
        containers.run_counter(made.hosts["one"], "asleep", "/srv/asleep")
        made.hosts["one"].run(["docker", "pause", "asleep"])
        disks.mount_disk(made.hosts["two"], "/srv/frozen", 16)
        time.sleep(2.2)  # what began less than two seconds before a pause may have begun in it
        yield made


@pytest.fixture
def deployment(built: Deployment) -> Iterator[Deployment]:
    built.all_count()
    built.settle()
    yield built
    built.all_count()
    assert containers.state(built.hosts["one"], "asleep") == "paused"


def is_frozen(host: Host) -> bool:
    """Whether /srv/frozen is: the kernel only tells whoever tries, and a writer would wait for ever."""
    script = "! fsfreeze -f /srv/frozen 2>/dev/null || { fsfreeze -u /srv/frozen; false; }"
    return host.run(["/bin/sh", "-c", script], check=False).status == 0


def test_everything_stands_still_together_until_it_is_ended(deployment: Deployment) -> None:
    paused = deployment.capsule("boss", "pause_containers")
    assert [line.split() for line in paused.out.splitlines()] == [["one", "paused", "1"], ["two", "paused", "2"]]
    assert deployment.stands_still()
    assert is_frozen(deployment.hosts["two"])
    ended = deployment.capsule("boss", "unpause_containers")
    assert [line.split()[:2] for line in ended.out.splitlines()] == [["one", "held"], ["two", "held"]]
    deployment.all_count()
    assert not is_frozen(deployment.hosts["two"])


def test_a_whole_run_of_the_director(deployment: Deployment) -> None:
    done = deployment.capsule("boss", "perform_backup")
    assert done.err == ""
    listed = deployment.capsule("boss", "list_backups").out.splitlines()[1:]
    assert [line.split()[4:6] for line in listed] == [["complete", "-"]]
    vault = deployment.hosts["vault"]
    for name in PAUSED:
        assert vault.run(["/bin/sh", "-c", f"cat /backups/*/{name}@+srv+quiet/file"]).out == f"{name}\n"
        assert deployment.hosts[name].run(["find", "/run/capsule", "-name", "held"]).out == ""
    window = deployment.hosts["boss"].path("/var/lib/capsule/pauses/runs/perform_backup.pause").read_text()
    assert "whole=yes" in window


@pytest.mark.parametrize("loss", ["power", "cable"])
def test_it_comes_back_by_itself_when_the_director_is_gone(deployment: Deployment, loss: str) -> None:
    deployment.capsule("boss", "pause_containers")
    boss = deployment.hosts["boss"]
    if loss == "power":
        boss.kill()
    else:
        boss.link_down()
    assert deployment.stands_still()
    deployment.all_count(DEADLINE + 10)
    assert not is_frozen(deployment.hosts["two"])
    if loss == "power":
        boss.start()
        services.start_sshd(boss)
    else:
        boss.link_up()
    late = deployment.capsule("boss", "unpause_containers", check=False)
    assert late.status == 69
    assert late.err.count("LEASE-LAPSED") == len(PAUSED)


def in_phase(deployment: Deployment, phase: str) -> subprocess.Popen[bytes]:
    """A run of the director that has just begun to order ``phase``; its calls to the nodes are open long before."""
    boss = deployment.hosts["boss"]
    running = boss.popen([f"{PROGRAMS}/perform_backup"])
    end = time.monotonic() + 60
    while not has_begun(deployment, phase):
        assert time.monotonic() < end, f"{phase} never began"
        time.sleep(0.005)
    return running


def has_begun(deployment: Deployment, phase: str) -> bool:
    """Whether every node has done what comes before ``phase``."""
    match phase:
        case "open":
            return calls_of(deployment, ".pause_deployment")
        case "prepare":
            return all(deployment.hosts[name].path(f"{LEASE}/paused").exists() for name in PAUSED)
        case "unpause":
            taken = "/run/capsule/pauses/deployment/parts/data/taken"
            return all(deployment.hosts[name].path(taken).exists() for name in PAUSED)
        case _:
            return calls_of(deployment, f".{phase}_deployment")


def calls_of(deployment: Deployment, words: str) -> bool:
    return any(words in " ".join(process.argv) for process in deployment.hosts["boss"].processes())


@pytest.mark.parametrize("phase", ["open", "prepare", "unpause", "pull"])
def test_a_director_without_power_in_any_phase_leaves_nothing(deployment: Deployment, phase: str) -> None:
    boss = deployment.hosts["boss"]
    running = in_phase(deployment, phase)
    boss.kill()
    running.communicate()
    deployment.all_count(DEADLINE + 10)
    # who still waits for an order of a machine that is gone keeps the next run from nothing
    boss.start()
    services.start_sshd(boss)
    deployment.settle()
    assert deployment.capsule("boss", "perform_backup").err == ""
    for name in PAUSED:
        assert deployment.hosts[name].run(["find", "/run/capsule", "-name", "held"]).out == ""


def test_a_cable_that_is_pulled_while_snapshots_are_taken_makes_it_partial(deployment: Deployment) -> None:
    boss = deployment.hosts["boss"]
    running = in_phase(deployment, "prepare")
    # the director itself stands still until the cable is out, else it would be quicker
    stopped = [process.pid for process in boss.processes() if process.name == "perform_backup"]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    boss.link_down()
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    deployment.all_count(DEADLINE + 10)
    boss.link_up()
    running.send_signal(signal.SIGCONT)  # nsenter stops itself when its child is stopped
    running.communicate(timeout=200)
    assert running.returncode in (10, 69)
    assert "whole=no" in boss.path("/var/lib/capsule/pauses/runs/perform_backup.pause").read_text()


def test_it_comes_back_when_every_process_of_the_pause_is_killed(deployment: Deployment) -> None:
    two = deployment.hosts["two"]
    running = two.popen(["/bin/sh", "-c", f"echo now | {PROGRAMS}/pause_deployment"])
    end = time.monotonic() + 20
    while containers.state(two, "counter") != "paused":
        assert time.monotonic() < end
    two.run(["/bin/sh", "-c", "kill -9 $(pgrep -x pause_deploymen) $(pgrep -x sshd | tail -n +2)"], check=False)
    running.wait()
    deployment.all_count(DEADLINE + 10)
    assert not is_frozen(two)
    deployment.capsule("two", "unpause_deployment", check=False)


def test_a_filesystem_that_holds_what_thaws_it_is_never_frozen(deployment: Deployment) -> None:
    two = deployment.hosts["two"]
    logs = "/var/log/capsule/pauses"
    two.run(["mount", "--bind", "/srv/frozen", logs])
    refused = deployment.capsule("two", "pause_deployment", stdin="now\n", check=False)
    assert refused.status == 69
    assert f"/srv/frozen is not frozen: {logs} lies on the same filesystem" in refused.err
    two.run(["umount", logs])
    assert not is_frozen(two)
    deployment.settle()
    two.run(["umount", "/srv/frozen"])
    refused = deployment.capsule("two", "pause_deployment", stdin="now\n", check=False)
    assert refused.status == 69
    assert "nothing is mounted at /srv/frozen" in refused.err
    disks.mount_disk(two, "/srv/frozen", 16)
