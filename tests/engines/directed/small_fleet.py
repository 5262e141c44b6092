"""A director with stand-ins for every node that it calls: a script for each, whatever it answers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fleets import HERE, make_dataset, make_directed, make_fleet, make_node, make_store
from rendered import rendered

from generator.engines.contribution import Contribution
from generator.engines.directed import director
from generator.engines.discovery import quiescers
from generator.engines.node_capsules import node_capsules
from generator.inventory.model import FanOut, FanOutEngine, Lease, Limits, Paths, Quiescer
from generator.inventory.tools import TOOLS

STORES = ("store-a", "store-b")

# Stands in for ssh and what is behind it: the key's name says what is called where. What a call says and does is a
# script of that name, if there is one.
SSH = """#!/bin/bash
key='' name=''
while (( $# > 0 )); do
  case "$1" in
    -i) key="${{2##*/}}"; shift ;;
    -F) hosts="$2"; shift ;;
    --) name="$2" ;;
  esac
  shift
done
if [[ -z "$key" ]]; then
  key="$(sed -n "/^Host $name\\$/,/IdentityFile/ s/.*IdentityFile \\"\\(.*\\)\\"/\\1/p" "$hosts" | head -n 1)"
  key="${{key##*/}}"
fi
call="${{key#control_}}"
told=''
case "${{call#*.}}" in
  pause_* | unpause_* | prepare_*) IFS= read -r told ;;
  *) told="$(cat)" ;;
esac
if [[ "$told" == *wait* ]]; then
  read -r up _ </proc/uptime
  printf '%s %s open \n' "$up" "$call" >>{root}/calls
  [[ ! -e {root}/openings/$call ]] || . {root}/openings/$call || exit
  echo ready
  IFS= read -r now
  if [[ "$now" != now ]]; then printf '%s %s gone \n' "$up" "$call" >>{root}/calls; exit 69; fi
  case "$told" in wait*) told=now ;; *) told="${{told% wait}}" ;; esac
fi
read -r up _ </proc/uptime
printf '%s %s begin %s\\n' "$up" "$call" "$told" >>{root}/calls
if [[ -e {root}/answers/$call ]]; then . {root}/answers/$call; status=$?
else
  status=0
  case "${{call#*.}}" in
    pause_*) echo paused 2 ;;
    unpause_*) echo held 1.25 ;;
    prepare_*) echo frozen; echo snapshot data taken ;;
    pull_*) cat "{root}/parts/${{call%%.*}}"; echo result complete ;;
    list_*) echo 20261118T010000Z.partial; echo 20261119T010000Z ;;
  esac
fi
read -r up _ </proc/uptime
printf '%s %s end %s\\n' "$up" "$call" "$status" >>{root}/calls
exit $status
"""


class SmallFleet:
    """The director's capsules with everything of theirs below one directory."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="capsule-director-"))
        for name in ("tools", "answers", "openings", "parts", "run", "logs", "metrics", "state/locks", "state/runs"):
            (self.root / name).mkdir(parents=True)
        (self.root / "bin").mkdir()
        for name, text in (("ssh", SSH), ("logger", "#!/bin/sh\n")):
            path = self.root / "tools" / name
            path.write_text(text.format(root=self.root))
            path.chmod(0o755)
        self._processes: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        """End everything and remove it."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        shutil.rmtree(self.root)

    def install(self, sources: int = 3, *, engine: FanOutEngine = FanOutEngine.SSH, **changes: Any) -> None:
        """The director of ``sources`` nodes, each with Docker, and of two stores."""
        names = tuple(f"node-{number}" for number in range(1, sources + 1))
        tools = {**TOOLS["debian"], **{path.name: str(path) for path in (self.root / "tools").iterdir()}}
        docker = Quiescer(name="docker", engine="docker", settings=quiescers()["docker"].settings(), origin=HERE)
        nodes = [
            make_node("director", hostname=socket.gethostname(), tools=tools),
            *(make_node(name, quiescers=(docker,), datasets=(make_dataset("data"),)) for name in names),
            *(make_node(name) for name in STORES),
        ]
        stores = (make_store(STORES[0], names[:1]), make_store(STORES[1], names[1:]))
        for store in stores:
            said = "".join(
                f"part {name} data complete {10 // len(store.sources)} {2000 // len(store.sources)}\n"
                for name in store.sources
            )
            (self.root / "parts" / store.node).write_text(said)
        settings = {
            "lease": Lease(deadline_seconds=20, cool_down_seconds=0, origin=HERE),
            "limits": Limits(duration_seconds=400, parallel=1, largest_file_bytes=1, reserve_bytes=0, origin=HERE),
            "fan_out": FanOut(engine=engine, width=8, origin=HERE),
            "docker_control": True,
            "permit_seconds": 60,
            **changes,
        }
        plan = make_directed("deployment", "director", stores, **settings)
        paths = Paths(
            programs=f"{self.root}/programs",
            logs=f"{self.root}/logs",
            state=f"{self.root}/state",
            metrics=f"{self.root}/metrics",
        )
        fleet = make_fleet(nodes, paths=paths, directed_plans=(plan,))
        parts = director.contributions(fleet, plan)
        node = fleet.node("director")
        own = Contribution(node="director", capsules=node_capsules(fleet, node, parts))
        for capsule in (capsule for part in (*parts, own) for capsule in part.capsules):
            path = self.root / "bin" / capsule.name
            path.write_text(rendered(capsule).text.replace("/run/capsule", f"{self.root}/run"))
            path.chmod(0o755)

    def answer(self, call: str, script: str) -> None:
        """What happens at ``<node>.<capsule>`` from now on."""
        (self.root / "answers" / call).write_text(script)

    def opens(self, call: str, script: str) -> None:
        """What happens at ``<node>.<capsule>`` before it says that it is ready."""
        (self.root / "openings" / call).write_text(script)

    def run(self, name: str = "perform_backup", stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "bin" / name], capture_output=True, text=True, timeout=200, check=False, input=stdin
        )

    def start(self, name: str = "perform_backup") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self.root / "bin" / name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def calls(self) -> list[tuple[float, str, str, str, str]]:
        """Each beginning and end of a call: when, node, capsule, which of both, what it was told or its status."""
        found = []
        for line in (self.root / "calls").read_text().splitlines():
            when, call, what, *told = line.split(" ", 3)
            server, _, capsule = call.partition(".")
            found.append((float(when), server, capsule.removesuffix("_deployment"), what, " ".join(told)))
        return found

    def called(self, verb: str, what: str = "begin") -> list[str]:
        return sorted(server for _, server, capsule, found, _ in self.calls() if (capsule, found) == (verb, what))

    def told(self, verb: str) -> set[str]:
        return {told for _, _, capsule, what, told in self.calls() if (capsule, what) == (verb, "begin")}

    def log(self, name: str = "perform_backup") -> str:
        return (self.root / "logs" / f"{name}.log").read_text()

    def state(self, name: str = "perform_backup") -> dict[str, str]:
        lines = (self.root / "state" / "runs" / name).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def until_called(self, verb: str, count: int = 1, what: str = "begin") -> None:
        end = time.monotonic() + 30
        while not (self.root / "calls").exists() or len(self.called(verb, what)) < count:
            assert time.monotonic() < end, "it never came to that"
            time.sleep(0.05)

    def until_all_are_gone(self) -> None:
        """No process of a call is left."""
        ssh, end = os.fsencode(self.root / "tools" / "ssh"), time.monotonic() + 30
        while any(ssh in words for words in _command_lines()):
            assert time.monotonic() < end, "somebody still waits"
            time.sleep(0.05)


def _command_lines() -> Iterator[bytes]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield (entry / "cmdline").read_bytes()


def terminate(process: subprocess.Popen[str]) -> tuple[int, str]:
    """What a signal to the run itself leads to."""
    os.kill(process.pid, signal.SIGTERM)
    _, words = process.communicate(timeout=60)
    return process.returncode, words
