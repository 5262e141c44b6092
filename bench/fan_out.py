"""Times a director's calls to many nodes over real ssh on loopback: ``python bench/fan_out.py --nodes 9,100``.

Every node is the same sshd, in a network namespace of its own, behind a name, a pinned host key and a forced command
each; a node's own work is a word. Printed as a Markdown table: seconds on the clock, and processor seconds of the
director alone for each call. The last lines compare a new connection with a session over a shared one. Needs root;
ClusterShell is measured where it is installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from fleets import HERE, make_directed, make_fleet, make_node, make_store  # noqa: E402
from rendered import rendered  # noqa: E402

from generator.engines.directed import director  # noqa: E402
from generator.engines.discovery import quiescers  # noqa: E402
from generator.inventory.model import FanOut, FanOutEngine, Operator, Paths, Quiescer  # noqa: E402

PORT = 2222
CAPSULE = "pause_containers"


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", default="9,32,128,512")
    parser.add_argument("--width", type=int, default=32)
    arguments = parser.parse_args()
    engines = [FanOutEngine.SSH, *([FanOutEngine.CLUSTERSHELL] if shutil.which("clush") else [])]
    print("| nodes | engine | width | seconds | processor seconds a call |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="fan-out-") as made, node(Path(made)) as namespace:
        for count in map(int, arguments.nodes.split(",")):
            for engine in engines:
                write_director(Path(made), count, FanOut(engine=engine, width=arguments.width, origin=HERE))
                wall, processor = measured([*namespace, f"{made}/{CAPSULE}"], expected=count)
                print(f"| {count} | {engine.value} | {arguments.width} | {wall:.2f} | {processor / count:.4f} |")
        print()
        compare_connections(Path(made), namespace)


@contextmanager
def node(directory: Path) -> Iterator[list[str]]:
    """An sshd that nobody else can reach; yields what puts a command into its namespace."""
    name = f"fan-out-{os.getpid()}"
    inside = ["ip", "netns", "exec", name]
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        for key in ("host", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / key], check=True)
        public = (directory / "key.pub").read_text()
        (directory / "authorized").write_text(f'restrict,command="echo paused 1" {public}')
        (directory / "sshd.conf").write_text(
            f"Port {PORT}\nListenAddress 127.0.0.1\nHostKey {directory}/host\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {directory}/authorized\nStrictModes no\nMaxStartups 1000\n"
            "PermitRootLogin forced-commands-only\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True)
        served = subprocess.Popen([*inside, "/usr/sbin/sshd", "-D", "-e", "-f", f"{directory}/sshd.conf"], stderr=-3)
        time.sleep(1)
        try:
            yield inside
        finally:
            served.terminate()
            served.wait()
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def write_director(directory: Path, count: int, fan_out: FanOut) -> None:
    """The capsule that pauses ``count`` nodes, its keys and pinned hosts."""
    names = tuple(f"node-{number}" for number in range(count))
    docker = Quiescer(name="docker", engine="docker", settings=quiescers()["docker"].settings(), origin=HERE)
    nodes = [make_node(name, address="127.0.0.1", port=PORT, quiescers=(docker,)) for name in names]
    nodes += [make_node("director", hostname=socket.gethostname()), make_node("store")]
    plan = make_directed("plan", "director", (make_store("store", names),), fan_out=fan_out)
    paths = Paths(programs=f"{directory}/programs", logs=str(directory), state=f"{directory}/state", metrics="")
    fleet = make_fleet(nodes, paths=paths, operator=Operator(name="root", number=0, home="/root"))
    keys = directory / "programs" / "ssh"
    keys.mkdir(parents=True, exist_ok=True)
    (directory / "state" / "locks").mkdir(parents=True, exist_ok=True)
    host = " ".join((directory / "host.pub").read_text().split()[:2])
    (keys / "known_hosts").write_text("".join(f"{name} {host}\n" for name in names))
    for name in names:
        shutil.copy(directory / "key", keys / f"control_{name}.pause_plan")
    (part,) = director.contributions(replace(fleet, directed_plans=(plan,)), plan)
    capsule = next(one for one in part.capsules if one.name == CAPSULE)
    path = directory / CAPSULE
    path.write_text(rendered(capsule).text.replace("/run/capsule", f"{directory}/run"))
    path.chmod(0o755)


def measured(command: list[str], *, expected: int) -> tuple[float, float]:
    """Seconds on the clock and of the processor; the capsule must have reached everybody."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    assert (status, said.count("paused 1")) == (0, expected), said[-500:]
    return time.monotonic() - began, used.ru_utime + used.ru_stime


def compare_connections(directory: Path, namespace: list[str], calls: int = 50) -> None:
    """A new connection for each call, and sessions over one that is open."""
    ssh = ["ssh", "-F", "/dev/null", "-T", "-i", f"{directory}/key", "-p", str(PORT), "-o", "BatchMode=yes"]
    ssh += ["-o", f"UserKnownHostsFile={directory}/programs/ssh/known_hosts", "-o", "HostKeyAlias=node-1"]
    shared = ["-o", f"ControlPath={directory}/shared"]
    subprocess.run(
        [*namespace, *ssh, *shared, "-o", "ControlMaster=yes", "-o", "ControlPersist=60", "127.0.0.1"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for what, more in (("a new connection", []), ("a session over an open one", shared)):
        loop = f"for ((i = 0; i < {calls}; i++)); do {' '.join([*ssh, *more, '127.0.0.1'])} </dev/null; done"
        wall, processor = measured([*namespace, "bash", "-c", loop], expected=calls)
        print(f"{what}: {wall / calls:.3f} s, {processor / calls:.4f} processor seconds of the director")
    subprocess.run([*namespace, *ssh, *shared, "-O", "exit", "127.0.0.1"], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
