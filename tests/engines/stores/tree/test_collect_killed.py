"""Collectors that are killed, told to stop, or started twice."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from odd_trees import odd

from .collecting import ALPHA, BETA, drip, everywhere, held, install, plain, store
from .network_world import SOURCES, TODAY, World, day, kill_group

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")


def test_a_second_run_is_refused_and_a_preview_tells_the_truth(world: World) -> None:
    install(world)
    everywhere(world, *(day(offset) for offset in range(-8, 0)))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    world.set_today(TODAY)
    world.make_backup("alpha", day(0), plain)
    preview = world.run("collector", "preview_collection")
    assert f"would pull    {day(0)}" in preview.stdout
    assert f"would delete  {day(-8)}" in preview.stdout
    assert held(world, "alpha")[0] == day(-8)
    lock = world.own_path("collector") / "state" / "locks" / "collect_collection"
    with lock.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert world.run("collector", "collect_collection").returncode == 75
    world.make_backup("beta", day(0), plain)
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(offset) for offset in range(-7, 1)]


def writers(world: World) -> list[str]:
    """Processes that run as a data account."""
    found = subprocess.run(["ps", "-eo", "uid=,args="], capture_output=True, text=True, check=True).stdout
    mine = [line for line in found.splitlines() if line.split()[0] in (str(ALPHA), str(BETA))]
    return [line for line in mine if str(world.root) in line]


# Every poll falls into the middle of something that is said, and each poll asks everything that there is to ask.
LISTEN = """
{functions}
log_event() {{ printf '%s\\n' "$*" >&2; }}
exit_unavailable=69 timeout=/usr/bin/timeout setpriv=/usr/bin/setpriv
(
  source_process=$BASHPID source_deadline=60 account_command=(env --)
  watched 10000000 bash -c 'for i in {{1..400}}; do printf "%04000d\\n" $i; sleep 0.00$((RANDOM % 9)); done'
  printf '%s' "$heard"
)
"""


def test_polls_while_a_command_speaks_lose_nothing_of_what_it_says(world: World) -> None:
    install(world)
    text = world.capsule("collector", "collect_collection").read_text()
    functions = text[text.index("# --- The data account") : text.index("# The last lines of what was heard")]
    assert "-t 2 " in functions
    script = LISTEN.format(functions=functions.replace("-t 2 ", "-t 0.002 "))
    (world.root / "collector" / "store").mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{number:04000}" for number in range(1, 401)]


def left_of(world: World) -> list[str]:
    """Processes of this world, whoever runs them: collectors, senders, what they started."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,uid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if str(world.root) in line]


def test_a_run_that_is_told_to_stop_says_so_and_takes_its_children_along(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    world.serve["alpha"] = drip
    process = world.start("collector", "collect_collection")
    time.sleep(1.5)
    process.terminate()
    assert process.wait(timeout=20) == 143
    time.sleep(0.5)
    assert writers(world) == []
    assert "COLLECTION-INTERRUPTED" in world.log("collector", "collect_collection")
    assert world.run_state("collector", "collect_collection")["result"] == "failed"
    del world.serve["alpha"]
    assert world.run("collector", "collect_collection").returncode == 0


def doomed_date(world: World, number: int) -> Path:
    """From now on the call of ``date`` with this number is killed; the file that counts the calls."""
    real, calls = world.root / "bin" / "date.real", world.root / "calls"
    if not real.exists():
        (world.root / "bin" / "date").rename(real)
    calls.write_text("")
    calls.chmod(0o666)
    check = f'printf x >>{calls}; [[ "$(wc -c <{calls})" != {number} ]] || kill -9 $$'
    world._write_tool("date", f'#!/bin/bash\n{check}\nexec {real} "$@"\n')
    return calls


def test_whichever_call_of_date_is_killed_a_collection_never_ends_in_silence(world: World) -> None:
    install(world)
    for number in (1, 2, 3, 4, 6, 9, 12):  # the run's own first, then each source's
        for source in SOURCES:
            shutil.rmtree(world.local_tree(source), ignore_errors=True)
            world.local_tree(source).mkdir(mode=0o700)
            shutil.rmtree(store(world, source), ignore_errors=True)
        everywhere(world, day(0))
        calls = doomed_date(world, number)
        done = world.run("collector", "collect_collection")
        assert len(calls.read_text()) >= number
        assert done.returncode in (0, 10, 69, 74), f"call {number}: {done}"
        assert (done.returncode == 0) is (done.stderr == ""), f"call {number}: {done}"
        state = world.run_state("collector", "collect_collection")
        assert (state["result"] == "complete") is (done.returncode == 0), f"call {number}: {state}"
        assert state["finished"].isdigit()
        doomed_date(world, 0)
        assert world.run("collector", "collect_collection").returncode == 0


@pytest.mark.parametrize("whole_group", [True, False])
def test_killed_at_any_moment_only_whole_backups_are_visible(world: World, whole_group: bool) -> None:
    seed = 20261120 + whole_group
    chance = random.Random(seed)
    install(world)
    for source in SOURCES:
        for offset in range(-5, 1):
            world.make_backup(source, day(offset), odd)
    for _ in range(8):
        process = world.start("collector", "collect_collection")
        time.sleep(chance.uniform(0.05, 1.5))
        if whole_group:
            kill_group(process)
        else:
            process.kill()
            process.wait()
        # each child dies with the one that started it, and each source with its run: how soon depends on the machine
        deadline = time.monotonic() + 30
        while left_of(world) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left_of(world) == [], f"seed {seed}"
        for source in SOURCES:
            for name in held(world, source) if store(world, source).exists() else []:
                if not name.startswith("."):
                    expected = (world.local_tree(source) / name / "manifest").read_bytes().splitlines()
                    top = store(world, source) / name
                    kept = [path for path in top.rglob("*") if path not in (top / "manifest", top / "backup.info")]
                    assert len(kept) == len(expected), f"seed {seed}: {source} {name}"
    done = world.run("collector", "collect_collection")
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert held(world, "alpha") == held(world, "beta") == [day(offset) for offset in range(-5, 1)]
