"""One machine whose containers and services are files, so that anybody can see what is paused and by whom."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from fleets import HERE, make_directed, make_fleet, make_node, make_store
from rendered import rendered

from generator.engines.contribution import Contribution
from generator.engines.directed import quiesce
from generator.engines.discovery import quiescers
from generator.inventory.model import Dataset, DirectedPlan, Fleet, Lease, Node, Paths, Quiescer
from generator.inventory.tools import TOOLS
from generator.plan import Capsule

REPOSITORY = Path(__file__).parents[3]

# `containers` has a file for each container that holds its state. Files beside it make a call slow or make it fail.
# It remembers 256 of the events that a test writes down and of its own pauses.
FAKE_DOCKER = """#!/bin/bash
cd {root}
printf '%s\\n' "$*" >>docker.calls
[[ "$1" != --host ]] || shift 2
[[ "$1" != --remote=false ]] || shift
verb=$2
shift 2
status=0
count="$(wc -l <docker.calls)"
hurt() {{
  [[ -e "kill.$1" && "$(<"kill.$1")" == "$count" ]] || return 0
  kill -9 -- "-$(<victim)"
  sleep 0.2
}}
hurt before
if [[ "$verb" == events || "$verb" == --stream=false ]]; then
  [[ ! -e events.fail ]] || exit 125
  for word; do case "$last" in --since) since="$word" ;; esac; last="$word"; done
  sed 's/ /000000000 /' events 2>/dev/null | cat - own.events 2>/dev/null | sort -n -s | tail -n 256 >remembered
  while read -r at words; do
    (( at < since * 1000000000 )) && continue
    [[ "$verb" != events ]] || words="$at $words"
    echo "$words"
  done <remembered
  exit 0
fi
if [[ -e "$verb.slow" ]]; then sleep "$(<"$verb.slow")"; fi
if [[ -e "$verb.late" ]]; then
  late="sleep $(<"$verb.late"); for one in $*; do echo paused >containers/\\$one; done; echo >$verb.came"
  setsid bash -c "$late" &>/dev/null &
  sleep 60
fi
if [[ -e docker.down ]]; then echo 'Cannot connect to the Docker daemon' >&2; exit 1; fi
case "$verb" in
  ls)
    for word; do case "$word" in status=*) wanted="${{word#*=}}" ;; esac; done
    for one in containers/*; do [[ ! -e "$one" || "$(<"$one")" != "$wanted" ]] || echo "${{one##*/}}"; done
    [[ "$wanted" != running || ! -e newcomer ]] || {{ mv newcomer containers/"$(printf 'e%.0s' {{1..64}})"; }}
    [[ "$wanted" != paused || ! -e resumed ]] || {{ echo running >"containers/$(<resumed)"; rm resumed; }}
    ;;
  pause | unpause)
    from=running to=paused
    [[ "$verb" == pause ]] || from=paused to=running
    [[ ! -e "$verb.steal" ]] || {{ echo "$to" >"containers/$(<"$verb.steal")"; rm "$verb.steal"; }}
    for one; do
      if [[ "$(cat "containers/$one" 2>/dev/null)" == "$from" ]]; then
        echo "$to" >"containers/$one"; echo "$one"
        [[ "$verb" != pause ]] || echo "$(date +%s%N) container pause $one" >>own.events
      else echo "Error response from daemon: no $one to $verb" >&2; status=1; fi
      hurt amid
    done ;;
esac
hurt after
exit $status
"""

SYSTEMCTL = """#!/bin/bash
cd {root}
printf '%s\\n' "$*" >>systemctl.calls
[[ "$1" != --no-pager ]] || shift
verb=$1 asked="$*"
shift
units=()
for word; do case "$word" in --*) ;; *) units+=("$word") ;; esac; done
for unit in "${{units[@]}}"; do
  case "$verb" in
    show)
      if [[ -e units/$unit ]]; then load=loaded state="$(<"units/$unit")"; else load=not-found state=inactive; fi
      [[ "$asked" != *LoadState* ]] || echo "LoadState=$load"
      if [[ "$asked" == *Exit* ]]; then echo "InactiveExitTimestamp=$(cat "exited.$unit" 2>/dev/null)"; continue; fi
      echo "ActiveState=$state" ;;
    start) echo active >"units/$unit" ;;
    stop) [[ ! -e stop.fails ]] || exit 1; echo inactive >"units/$unit" ;;
  esac
done
"""


def container(letter: str) -> str:
    """An identifier."""
    return letter * 64


class Machine:
    """Capsules that pause it are run as they would be, with everything of theirs below one directory."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="capsule-quiet-"))
        self.call_seconds, self.calm_seconds = 30, 4
        for name in ("tools", "containers", "units", "run", "logs", "state/locks", "state/runs", "bin"):
            (self.root / name).mkdir(parents=True)
        for name, text in (
            ("docker", FAKE_DOCKER),
            ("podman", FAKE_DOCKER),
            ("systemctl", SYSTEMCTL),
            ("logger", "#!/bin/sh\n"),
        ):
            self.tool(name, text.format(root=self.root))
        self._processes: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        """End everything and remove it."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream is not None
                with suppress(BrokenPipeError):  # what was never read or written
                    stream.close()
        # a watchdog ends by itself when its lease is gone
        for lease in self.root.glob("run/*/lease_*"):
            # at once, because the watchdog may just be writing there
            shutil.rmtree(lease.rename(self.root / f"over-{lease.name}"))
        shutil.rmtree(self.root)

    def tool(self, name: str, text: str) -> None:
        path = self.root / "tools" / name
        path.write_text(text)
        path.chmod(0o755)

    # --- What is built

    def node(self, *wanted: Quiescer, datasets: tuple[Dataset, ...] = ()) -> Node:
        own = {path.name: str(path) for path in (self.root / "tools").iterdir()}
        tools = {**TOOLS["debian"], **own}
        return make_node("alpha", hostname=socket.gethostname(), tools=tools, quiescers=wanted, datasets=datasets)

    def install(
        self,
        *wanted: Quiescer,
        deadline: int = 30,
        cool_down: int = 0,
        plan: str = "deployment",
        control: bool = False,
        datasets: tuple[Dataset, ...] = (),
    ) -> None:
        """The capsules of one plan; those of another one stay."""
        settings: dict[str, Any] = {"deadline": deadline, "cool_down": cool_down, "plan": plan, "control": control}
        fleet, directed = self.plan(*wanted, datasets=datasets, **settings)
        for contribution in quiesce.contributions(fleet, directed):
            self.place(contribution)

    def plan(
        self,
        *wanted: Quiescer,
        deadline: int = 30,
        cool_down: int = 0,
        plan: str = "deployment",
        control: bool = False,
        datasets: tuple[Dataset, ...] = (),
    ) -> tuple[Fleet, DirectedPlan]:
        lease = Lease(deadline_seconds=deadline, cool_down_seconds=cool_down, origin=HERE)
        store = make_store("store", ("alpha",))
        directed = make_directed(plan, "director", (store,), lease=lease, docker_control=control)
        paths = Paths(
            programs=f"{self.root}/programs", logs=f"{self.root}/logs", state=f"{self.root}/state", metrics=""
        )
        nodes = [self.node(*wanted, datasets=datasets), make_node("store"), make_node("director")]
        return make_fleet(nodes, paths=paths, directed_plans=(directed,)), directed

    def place(self, contribution: Contribution) -> None:
        for capsule in contribution.capsules:
            path = self.root / "bin" / capsule.name
            path.write_text(self.render(capsule))
            path.chmod(0o755)

    def render(self, capsule: Capsule) -> str:
        return (
            rendered(capsule)
            .text.replace("/run/capsule", f"{self.root}/run")
            .replace("/run/docker.pid", f"{self.root}/docker.pid")
            .replace("/run/systemd/system", "/nonexistent")
            .replace("call_seconds=30", f"call_seconds={self.call_seconds}")
            .replace("""printf '%d' "$call_seconds\"""", f"printf {self.calm_seconds}")
        )

    # --- What is done

    def run(self, name: str, stdin: str = "now\n") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "bin" / name],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            input=stdin,
        )

    def start(self, name: str, stdin: str = "now\n") -> subprocess.Popen[str]:
        """The capsule with its standard input open, after ``stdin``."""
        process = subprocess.Popen(
            [self.root / "bin" / name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        (self.root / "victim").write_text(str(process.pid))
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.flush()
        self._processes.append(process)
        return process

    # --- What is so

    def containers(self, **states: str) -> None:
        for letter, state in states.items():
            (self.root / "containers" / container(letter)).write_text(f"{state}\n")

    def state(self) -> dict[str, str]:
        return {path.name[0]: path.read_text().strip() for path in (self.root / "containers").iterdir()}

    def unit(self, name: str, state: str | None = None) -> str:
        if state is not None:
            (self.root / "units" / name).write_text(f"{state}\n")
        return (self.root / "units" / name).read_text().strip()

    def docker_calls(self) -> list[str]:
        path = self.root / "docker.calls"
        return path.read_text().splitlines() if path.exists() else []

    def lease(self, plan: str = "deployment") -> set[str]:
        directory = self.root / "run" / "test" / f"lease_{plan}"
        return {path.name for path in directory.iterdir()} if directory.is_dir() else set()

    def log(self, name: str) -> str:
        return (self.root / "logs" / f"{name}.log").read_text()

    def running(self) -> str:
        return "".join(sorted(letter for letter, state in self.state().items() if state == "running"))

    def set(self, name: str, text: str = "") -> None:
        (self.root / name).write_text(text)

    def unset(self, name: str) -> None:
        (self.root / name).unlink()

    def until(self, condition: object, seconds: float = 30) -> None:
        """Wait until ``condition()``; fails after ``seconds``."""
        assert callable(condition)
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it never came to that"
            time.sleep(0.05)

    def watchdogs(self) -> list[int]:
        """Processes that watch a lease of this machine."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if words.startswith(b"bash\0--noprofile") and os.fsencode(self.root) in words:
                    found.append(int(entry.name))
        return found


def quiescer(engine: str, name: str = "", **settings: object) -> Quiescer:
    return Quiescer(
        name=name or engine, engine=engine, settings=quiescers()[engine].settings(**settings), origin=HERE
    )


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 of a whole process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


DOCKER = quiescer("docker")
WAIT = "wait 20261120T233000Z\n"
