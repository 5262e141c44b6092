"""One store in a mount namespace of its own: real rsync, real data accounts, stand-ins for senders and for ssh."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fleets import make_dataset, make_directed, make_fleet, make_limits, make_node, make_retention, make_store

from generator.engines.directed import source as senders
from generator.engines.directed import store as stores
from generator.engines.discovery import keepers
from generator.engines.node_capsules import node_capsules
from generator.engines.producers.paths import PathsSettings
from generator.engines.stores.tree import topology
from generator.inventory.model import DirectedStore, Fleet, Operator, Ownership, Paths
from generator.inventory.tools import TOOLS
from generator.plan import Capsule, Holes
from generator.quoting import ShellWord
from generator.render.model import Kind, RenderedFile
from generator.render.templates import TemplateLibrary
from generator.verify import find_tools
from generator.verify.capsules import ScriptChecks
from generator.verify.report import Fault, merge
from generator.verify.subjects import Subject

TEMPLATES = Path(__file__).parents[3] / "templates"
ALPHA = 0x70000001
START = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)

# Stands in for ssh, sshd and sudo: the key's name says which capsule of which node is meant. It runs as the data
# account, and who answers is root.
RELAY = """#!/usr/bin/python3
import os, socket, sys, threading
key = sys.argv[sys.argv.index("-i") + 1]
assert os.access(key, os.R_OK), "cannot read the key"
for descriptor in (0, 1):
    os.set_blocking(descriptor, True)
link = socket.socket(socket.AF_UNIX)
link.connect({socket!r})
link.sendall(os.path.basename(key).encode() + b"\\n")
def out():
    while data := os.read(0, 65536):
        link.sendall(data)
    link.shutdown(socket.SHUT_WR)
threading.Thread(target=out, daemon=True).start()
try:
    while data := link.recv(65536):
        os.write(1, data)
except OSError:
    sys.exit(255)
"""

DATE = """#!/bin/bash
# Now is what the file says; questions about another time are answered by the real one.
for argument; do [[ "$argument" == -d ]] && exec /usr/bin/date "$@"; done
exec /usr/bin/date -d "$(<{file})" "$@"
"""

SENDER = """use chroot = yes
uid = 0
gid = 0
numeric ids = yes
read only = yes
list = no
[data]
path = {data}
[record]
path = {record}
"""


@dataclass
class Part:
    """What the stand-in of one sealed sender offers, and how it lies."""

    data: Path
    identifier: str = ""
    result: str = "complete"
    health: Callable[[], str] = lambda: "intact"
    listing: Callable[[bytes], bytes] = lambda honest: honest
    down: bool = False
    served: int = 0
    gate: threading.Event | None = None  # the data is not sent before this is set
    options: dict[str, str] = field(default_factory=dict)


class StoreWorld:
    """The node ``target`` of the plan ``deployment``, with sources ``alpha`` (one dataset) and ``beta`` (two)."""

    datasets: Mapping[str, Mapping[str, str]] = {
        "alpha": {"data": "/srv/data"},
        "beta": {"data": "/srv/data", "etc": "/etc"},
    }

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="capsule-store-", dir="/var/tmp"))
        self.root.chmod(0o755)
        for name in ("tools", "bin", "state/locks", "state/runs", "log", "ssh", "store", "sources"):
            (self.root / name).mkdir(parents=True, mode=0o755)
        self.library = TemplateLibrary(TEMPLATES)
        self.capsules: tuple[Capsule, ...] = ()
        self.now = START
        self.parts: dict[tuple[str, str], Part] = {}
        self.real_senders = False
        self._devices: list[Path] = []
        self._daemons: list[subprocess.Popen[bytes]] = []
        for node, datasets in self.datasets.items():
            for name in datasets:
                path = self.root / "sources" / node / name
                path.mkdir(parents=True)
                (path / "file").write_text(f"{node} {name}\n")
                self.parts[node, name] = Part(path)
        self._tools()
        self._namespace()
        self._listen()
        self.set_now(START)

    def _tools(self) -> None:
        for tool, path in TOOLS["debian"].items():
            (self.root / "tools" / tool).symlink_to(path)
        self.stand_in("ssh", RELAY.format(socket=str(self.root / "network")))
        self.stand_in("date", DATE.format(file=self.root / "now"))
        self.stand_in("logger", "#!/bin/sh\n")

    def stand_in(self, tool: str, script: str) -> None:
        """What lies at the sealed path of ``tool`` from now on."""
        path = self.root / "tools" / tool
        path.unlink(missing_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def real_tool(self, tool: str) -> None:
        """Put the real ``tool`` back."""
        path = self.root / "tools" / tool
        path.unlink(missing_ok=True)
        path.symlink_to(TOOLS["debian"][tool])

    def _namespace(self) -> None:
        self._keeper = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--propagation=private",
                "sh",
                "-c",
                "mount -t tmpfs run /run && echo && exec cat",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == b"\n"

    def _listen(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.root / "network"))
        (self.root / "network").chmod(0o777)
        self._listener.listen(64)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """End everything; the namespace takes its mounts with it."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()  # else it would accept for whoever gets its descriptor next
        self._listener.close()
        assert self._keeper.stdin is not None
        self.command("sh", "-c", f"cd /; umount -R {self.root}/store 2>/dev/null; true")
        for daemon in self._daemons:
            daemon.terminate()
            daemon.wait(30)
        for device in self._devices:
            subprocess.run(["losetup", "--detach", device], check=False)
        self._keeper.stdin.close()
        self._keeper.wait()
        shutil.rmtree(self.root)

    def mount_btrfs(self) -> None:
        """The store lies on a btrfs filesystem from now on."""
        image = self.root / "btrfs.img"
        script = f"truncate -s 300M {image} && mkfs.btrfs -q {image} && mount -o loop {image} {self.root}/store"
        done = self.command("sh", "-ec", script)
        assert done.returncode == 0, done.stderr

    def start_zfs(self) -> Path:
        """ZFS in user space, of this namespace alone; returns an empty device."""
        for directory in ("/run/lock", "/etc/zfs", "/var/lib/zfs"):
            Path(directory).mkdir(exist_ok=True)
            self.command("sh", "-ec", f"mkdir -p {directory}; mount -t tmpfs zfs {directory}")
        self._daemons.append(
            subprocess.Popen(self._entering("zfs-fuse", "--no-daemon", "--pidfile", "/run/zfs-fuse.pid"))
        )
        deadline = time.monotonic() + 30
        while self.command("zpool", "list").returncode != 0:
            assert time.monotonic() < deadline, "zfs-fuse does not answer"
            time.sleep(0.1)
        return self.device()

    def device(self) -> Path:
        """A loop device, empty."""
        image = self.root / f"disk{len(self._devices)}.img"
        with image.open("wb") as file:
            file.truncate(300_000_000)
        made = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True, check=True)
        self._devices.append(Path(made.stdout.strip()))
        return self._devices[-1]

    # --- What is built

    def fleet(self, engine: str, settings: dict[str, Any], ownership: Ownership, changes: dict[str, Any]) -> Fleet:
        """One store that pulls both sources, two at once."""
        tools = {name: f"{self.root}/tools/{name}" for name in TOOLS["debian"]}
        hostname = Path("/proc/sys/kernel/hostname").read_text().strip()
        nodes = [make_node("director"), make_node("target", hostname=hostname, tools=tools)]
        for node, datasets in self.datasets.items():
            made = tuple(
                make_dataset(name, settings=PathsSettings(paths=(path,))) for name, path in sorted(datasets.items())
            )
            nodes.append(make_node(node, hostname=hostname, tools=tools, datasets=made))
        store: DirectedStore = make_store(
            "target",
            tuple(self.datasets),
            engine=engine,
            path=str(self.root / "store"),
            ownership=ownership,
            settings=keepers()[engine].keeper_settings.model_validate(settings),
        )
        limits = make_limits(900, largest_file_bytes=50_000_000, reserve_bytes=1_000_000)
        given = {"limits": limits, "retention": make_retention(last=2, keep_minimum=1), **changes}
        return make_fleet(
            nodes,
            operator=Operator(name="operator", number=1901, home="/nonexistent"),
            paths=Paths(programs=str(self.root), logs=f"{self.root}/log", state=f"{self.root}/state", metrics=""),
            data_numbers={"alpha": ALPHA, "beta": ALPHA + 1},
            directed_plans=(make_directed("deployment", "director", (store,), **given),),
        )

    def install(
        self,
        engine: str = "tree",
        *,
        ownership: Ownership = Ownership.FAKE_SUPER,
        settings: Any = None,
        **changes: Any,
    ) -> Fleet:
        """Put the capsules of the store into ``bin``, and the keys where they belong."""
        fleet = self.fleet(engine, settings or {}, ownership, changes)
        contribution, place, *_ = stores.contributions(fleet, fleet.directed_plans[0])
        self.capsules = (*contribution.capsules, *node_capsules(fleet, fleet.node("target"), (contribution,)))
        self._place(self.capsules)
        numbers = {topology.data_account(fleet, one).name: fleet.data_numbers[one] for one in self.datasets}
        (self.root / "ssh").chmod(0o711)
        sent = senders.contributions(fleet, fleet.directed_plans[0])
        for connection in (one for part in sent for one in part.connections if one.edge.purpose == "collect"):
            key = self.root / "ssh" / connection.edge.name
            key.write_text("key")
            key.chmod(0o440)
            os.chown(key, 0, numbers.get(connection.key_group, 0))
        for directory in place.directories:
            self.command("chmod", f"{directory.mode:o}", directory.path)
        return fleet

    def install_senders(self) -> None:
        """The real capsules of ``alpha`` answer from now on: its one dataset is read as it lies on this machine."""
        self.datasets = {"alpha": {"data": str(self.parts["alpha", "data"].data)}}
        self.install()
        fleet = self.fleet("tree", {}, Ownership.FAKE_SUPER, {})
        self._place([one for part in senders.contributions(fleet, fleet.directed_plans[0]) for one in part.capsules])
        self.real_senders = True

    def _place(self, capsules: Iterable[Capsule]) -> None:
        for capsule in capsules:
            path = Path(capsule.path)
            path.write_text(self._render(capsule)[0])
            path.chmod(0o755)

    def _render(self, capsule: Capsule) -> tuple[str, bytes]:
        extra = {"build_id": "0" * 12, "origin": capsule.origin.path, "summary": capsule.summary}
        values = {**dict(capsule.holes.values), **{name: ShellWord.of(text) for name, text in extra.items()}}
        rendered = self.library.render(capsule.template, Holes(tuple(sorted(values.items()))))
        return rendered.text, rendered.shape

    def faults(self) -> tuple[Fault, ...]:
        """What the verification of a build finds in the capsules."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            checks = ScriptChecks(self.library, dict(find_tools()), self.root / "scratch", pool, sealed=True)
            for capsule in self.capsules:
                text, shape = self._render(capsule)
                file = RenderedFile(
                    path=capsule.path, content=text.encode(), owner="root", group="root", mode=0o755,
                    kind=Kind.CAPSULE, sensitive=False, origin=capsule.origin, shape=shape, template=capsule.template,
                )  # fmt: skip
                checks.see(Subject("target", file))
            return merge(future.result() for future in checks.finish()).faults

    # --- What is done

    def set_now(self, now: datetime) -> None:
        """What the sealed ``date`` says from now on."""
        self.now = now
        (self.root / "now").write_text(now.isoformat())

    def pass_time(self, **much: int) -> None:
        """Let time pass."""
        self.set_now(self.now + timedelta(**much))

    def moment(self, seconds: int = 0) -> str:
        """The identifier of so many seconds from now."""
        return (self.now + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%SZ")

    def command(self, *words: str | Path, stdin: str = "", timeout: int = 240) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace, as cron or sudo would."""
        return subprocess.run(
            self._entering(*words),
            input=stdin, capture_output=True, text=True, check=False, timeout=timeout, errors="surrogateescape",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip

    def _entering(self, *words: str | Path) -> list[str]:
        return ["nsenter", f"--mount=/proc/{self._keeper.pid}/ns/mnt", "--", *map(str, words)]

    def run(self, verb: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``<verb>_deployment`` to its end."""
        return self.command(self.root / "bin" / f"{verb}_deployment", stdin=stdin)

    def start(self, verb: str, stdin: str = "") -> subprocess.Popen[str]:
        """Start ``<verb>_deployment`` in a process group of its own."""
        process = subprocess.Popen(
            self._entering(self.root / "bin" / f"{verb}_deployment"),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        return process

    def pull(self, moment: str = "") -> subprocess.CompletedProcess[str]:
        """All sources freeze at ``moment``, now if there is none, and are pulled."""
        for part in self.parts.values():
            part.identifier = moment or self.moment()
        return self.run("pull", f"{moment or self.moment()}\n")

    def commit(self, word: str = "complete", moment: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("commit", f"{moment or self.moment()} {word}\n")

    def part(self, node: str, dataset: str) -> str:
        """The directory of a part in a stored backup."""
        return f"{node}@{self.datasets[node][dataset].replace('/', '+')}"

    def back_up(self) -> str:
        """A whole run; the name of the stored backup."""
        pulled, committed = self.pull(), self.commit()
        assert (pulled.returncode, pulled.stderr) == (0, ""), pulled
        assert (committed.returncode, committed.stderr) == (0, ""), committed
        return self.moment()

    def names(self) -> list[str]:
        """What ``list_deployment`` says."""
        done = self.run("list")
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.split()

    def log(self, verb: str) -> str:
        """What a capsule has logged so far."""
        path = self.root / "log" / f"{verb}_deployment.log"
        return path.read_text() if path.exists() else ""

    def run_state(self, name: str) -> dict[str, str]:
        """What a state file says."""
        return dict(line.split("=", 1) for line in (self.root / "state" / "runs" / name).read_text().splitlines())

    def read(self, path: Path) -> str:
        """A file as the namespace sees it."""
        done = self.command("cat", path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stored(self) -> list[str]:
        """What lies in the store, where backups are directories, beside the mark of whose it is."""
        return sorted(entry.name for entry in (self.root / "store").iterdir() if entry.name != ".capsule")

    def found(self, path: Path) -> list[str]:
        """Everything below a directory of the namespace."""
        done = self.command("find", path, "-mindepth", "1", "-printf", "%P\\n")
        return sorted(done.stdout.splitlines())

    def info(self, name: str) -> dict[str, str]:
        """The backup.info of a stored backup, where backups are directories."""
        text = self.read(self.root / "store" / name / ".capsule" / "backup.info")
        return dict(line.split("=", 1) for line in text.splitlines())

    # --- The network

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link: socket.socket) -> None:
        name = b""
        while not name.endswith(b"\n"):
            name += link.recv(1)
        server, _, capsule = name.decode().strip().removeprefix("collect_").partition(".")
        dataset = capsule.removeprefix("send_deployment_")
        part = self.parts[server, dataset]
        with link:
            if part.down:
                return
            if self.real_senders:
                sender = self._entering(self.root / "bin" / capsule)
                subprocess.run(sender, stdin=link, stdout=link, stderr=subprocess.DEVNULL, check=False)
                return
            self._send(link, part, self.root / "sources" / f"{server}.{dataset}")

    def _send(self, link: socket.socket, part: Part, record: Path) -> None:
        part.served += 1
        record.mkdir(exist_ok=True)
        (record / "listing").write_bytes(part.listing(listing(part.data)))
        (record / "record").write_text(
            f"identifier={part.identifier}\nresult={part.result}\nhealth={part.health()}\n"
        )
        if part.gate is not None and part.served % 3 == 2:
            part.gate.wait(60)
        config = record.with_suffix(".conf")
        config.write_text(SENDER.format(data=part.data, record=record))
        subprocess.run(
            ["rsync", "--server", "--daemon", f"--config={config}", "."],
            stdin=link, stdout=link, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def listing(top: Path) -> bytes:
    """What a sealed sender lists, written independently of the capsules."""
    lines = []
    root = os.fsencode(top)
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = directory + b"/" + name
            lines.append((_escape(path[len(root) + 1 :]), _line(path)))
    return b"".join(line + b"\t" + path + b"\n" for path, line in sorted(lines))


def _escape(name: bytes) -> bytes:
    for raw, written in ((b"\\", b"\\134"), (b"\n", b"\\012"), (b"\r", b"\\015"), (b"\t", b"\\011")):
        name = name.replace(raw, written)
    return name


def _line(path: bytes) -> bytes:
    found = os.lstat(path)
    kinds = {
        stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p",
        stat.S_IFSOCK: "s", stat.S_IFBLK: "b", stat.S_IFCHR: "c",
    }  # fmt: skip
    kind = kinds[stat.S_IFMT(found.st_mode)]
    size = found.st_size if kind in "fl" else 0
    mode = f"{stat.S_IMODE(found.st_mode):o}"
    fields = (kind, mode, found.st_uid, found.st_gid, size, int(found.st_mtime), found.st_ino, "-")
    return "\t".join(str(one) for one in fields).encode()


def odd(directory: Path) -> None:
    """One of everything that a part may hold."""
    (directory / "plain").write_text("plain")
    os.utime(directory / "plain", (1_000_000_000, 1_000_000_000))
    os.chown(directory / "plain", 1234, 77)
    (directory / "plain").chmod(0o4755)
    os.link(directory / "plain", directory / "linked")
    (directory / "symlink").symlink_to("/etc/shadow")
    os.mkfifo(directory / "fifo")
    os.mknod(directory / "device", 0o20600, os.makedev(1, 3))
    (directory / "closed").mkdir(mode=0)
    (directory / "manifest").write_text("the source's own")
    (directory / ".capsule").mkdir()
    (directory / ".capsule" / "backup.info").write_text("result=complete\n")
    for name in (
        b"new\nline",
        b"back\\slash",
        b"\xff\xfe",
        b"t\tab",
        b" space ",
        b"q\"'",
        b"-rf",
        b"$(id)",
        b"x" * 255,
    ):
        Path(os.fsdecode(os.fsencode(directory) + b"/" + name)).touch()
    with (directory / "sparse").open("wb") as sparse:
        sparse.truncate(3_000_000)


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 of a whole process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


__all__ = ["ALPHA", "Part", "StoreWorld", "kill_group", "listing", "odd", "replace"]
