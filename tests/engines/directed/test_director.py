"""A director's run: its phases, its limits, what it believes, and that it lets everything go again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from fleets import HERE
from small_fleet import STORES, SmallFleet, terminate

from generator.inventory.model import FanOut, FanOutEngine
from generator.verify.bash_rules import violations
from generator.verify.bash_tree import parse
from generator.verify.shellcheck import EXCLUDED

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")
SHELLCHECK = Path(sys.executable).parent / "shellcheck"
SOURCES = ["node-1", "node-2", "node-3"]
PHASES = ["pause", "prepare", "unpause", "pull", "commit", "remove"]
ENGINES = [
    FanOutEngine.SSH,
    pytest.param(
        FanOutEngine.CLUSTERSHELL,
        marks=pytest.mark.skipif(shutil.which("clush") is None, reason="clustershell is not installed"),
    ),
]


@pytest.mark.parametrize(("engine", "sources"), [*((engine, 3) for engine in FanOutEngine), (FanOutEngine.SSH, 1)])
def test_capsules_obey_every_rule(fleet: SmallFleet, engine: FanOutEngine, sources: int) -> None:
    fleet.install(sources, engine=engine)
    capsules = sorted((fleet.root / "bin").iterdir())
    assert {one.name: violations(parse(one.read_bytes())) for one in capsules} == {one.name: () for one in capsules}
    excluded = f"--exclude={','.join(EXCLUDED)}"
    command: list[str | Path] = [SHELLCHECK, "--norc", "--enable=all", "--severity=style", excluded, "--format=gcc"]
    done = subprocess.run([*command, *capsules], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("engine", ENGINES)
def test_six_phases_each_for_all_before_the_next(fleet: SmallFleet, engine: FanOutEngine) -> None:
    fleet.install(engine=engine)
    fleet.answer("node-2.prepare_deployment", "sleep 0.1; echo frozen; echo snapshot data taken")
    done = fleet.run()
    assert (done.returncode, done.stderr) == (0, "")
    begun = [capsule for _, _, capsule, what, _ in fleet.calls() if what == "begin"]
    assert list(dict.fromkeys(begun)) == PHASES
    for earlier, later in pairwise(PHASES):
        ends = [when for when, _, capsule, what, _ in fleet.calls() if (capsule, what) == (earlier, "end")]
        begins = [when for when, _, capsule, what, _ in fleet.calls() if (capsule, what) == (later, "begin")]
        assert max(ends) <= min(begins)
    for verb in ("pause", "prepare", "unpause", "remove"):
        assert fleet.called(verb) == SOURCES
    assert fleet.called("pull") == fleet.called("commit") == list(STORES)
    (identifier,) = fleet.told("pull")
    assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", identifier)
    assert fleet.told("prepare") == {identifier}
    assert fleet.told("commit") == {f"{identifier} complete"}
    state = fleet.state()
    assert (state["result"], state["identifier"], state["bytes"], state["files"]) == (
        "complete",
        identifier,
        "4000",
        "20",
    )
    window = fleet.state("perform_backup.pause")
    assert (window["whole"], window["longest_pause"]) == ("yes", "1.25")
    assert 0.1 <= float(window["window"]) < 15
    assert (
        "capsule_pause_window_seconds"
        in (fleet.root / "metrics" / "capsule_test_perform_backup_pause.prom").read_text()
    )
    assert list((fleet.root / "run").rglob("*")) == [fleet.root / "run/test", fleet.root / "run/test/perform_backup"]


def opened(fleet: SmallFleet) -> list[str]:
    return sorted(f"{server}.{capsule}" for _, server, capsule, what, _ in fleet.calls() if what == "open")


def test_every_call_of_the_pause_is_open_before_anybody_is_told_to_stand_still(fleet: SmallFleet) -> None:
    fleet.install()
    fleet.opens("node-3.unpause_deployment", "sleep 1")
    assert fleet.run().returncode == 0
    assert opened(fleet) == sorted(f"{name}.{verb}" for name in SOURCES for verb in ("pause", "prepare", "unpause"))
    opened_at = {(name, verb): when for when, name, verb, what, _ in fleet.calls() if what == "open"}
    first = min(when for when, _, capsule, what, _ in fleet.calls() if (capsule, what) == ("pause", "begin"))
    assert max(opened_at.values()) <= first
    assert opened_at["node-3", "unpause"] + 1 <= first
    assert float(fleet.state("perform_backup.pause")["window"]) < 5


@pytest.mark.parametrize("verb", ["pause", "prepare", "unpause"])
def test_a_call_that_ends_before_its_time_is_a_node_that_failed(fleet: SmallFleet, verb: str) -> None:
    fleet.install()
    fleet.opens(f"node-2.{verb}_deployment", "echo 'not today' >&2; exit 75")
    done = fleet.run()
    assert (done.returncode, fleet.state()["result"]) == (10, "partial")
    assert verb == "unpause" or "not today" in done.stderr
    others = ["node-1", "node-3"]
    assert fleet.called("pause") == (SOURCES if verb == "prepare" else others)
    assert fleet.called("prepare") == (others if verb == "prepare" else SOURCES)
    assert set(fleet.called("unpause")) == set(SOURCES)


def test_a_director_that_is_killed_before_the_pause_pauses_nobody(fleet: SmallFleet) -> None:
    fleet.install()
    fleet.opens("node-3.pause_deployment", "sleep 30")
    running = fleet.start()
    fleet.until_called("pause", 3, what="open")
    running.kill()
    running.wait()
    fleet.until_all_are_gone()
    assert fleet.called("pause") == fleet.called("prepare") == []


def test_more_nodes_than_may_be_called_at_once_are_called_phase_by_phase(fleet: SmallFleet) -> None:
    fleet.install(fan_out=FanOut(engine=FanOutEngine.SSH, width=2, origin=HERE))
    assert fleet.run().returncode == 0
    assert opened(fleet) == []
    assert list(dict.fromkeys(capsule for _, _, capsule, _, _ in fleet.calls())) == PHASES
    assert fleet.told("pause") == {"now"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("call", "script"),
    [
        ("node-2.pause_deployment", "echo refused >&2; return 75"),
        ("node-2.pause_deployment", "echo paused many"),
        ("node-2.unpause_deployment", "echo lapsed; return 10"),
        ("node-2.unpause_deployment", "echo nothing"),
        ("node-2.prepare_deployment", "echo snapshot data failed; return 69"),
        ("node-2.prepare_deployment", "echo snapshot data failed; return 10"),
        ("store-a.pull_deployment", "echo result partial; return 10"),
        ("store-a.pull_deployment", "return 255"),
    ],
)
def test_what_is_not_one_moment_of_everything_is_partial(
    fleet: SmallFleet, engine: FanOutEngine, call: str, script: str
) -> None:
    fleet.install(engine=engine)
    fleet.answer(call, script)
    done = fleet.run()
    assert done.returncode == 10
    assert call.partition(".")[0] in done.stderr
    (told,) = fleet.told("commit")
    assert told.endswith(" partial")
    assert fleet.called("commit") == list(STORES)
    assert set(fleet.called("unpause")) == set(fleet.called("remove")) == set(SOURCES)
    assert fleet.state()["result"] == "partial"
    assert fleet.state("perform_backup.pause")["whole"] == ("yes" if "pull" in call else "no")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("return 124", "it did not answer within 10 seconds"),
        ("echo stuck >&2; return 124", "it did not answer within 10 seconds: stuck "),
        ("return 75", "it gave no reason; its own log may"),
    ],
)
def test_a_node_that_fails_without_a_word_is_not_said_to_have_no_reason(
    fleet: SmallFleet, script: str, why: str
) -> None:
    fleet.install()
    fleet.answer("node-2.pause_deployment", script)
    assert f'why="{why}"' in fleet.run().stderr
    assert 'why="' in fleet.run("pause_containers").stderr


def test_a_run_that_can_write_nothing_down_says_so(fleet: SmallFleet) -> None:
    fleet.install()
    scratch = fleet.root / "run" / "test"
    scratch.write_text("")
    for name in ("perform_backup", "pause_containers", "restore_latest_backup"):
        done = fleet.run(name)
        assert done.returncode == 73
        assert "SCRATCH-UNWRITABLE" in done.stderr
    assert fleet.state()["result"] == "failed"
    scratch.unlink()
    fleet.answer("node-3.pause_deployment", f"mv {scratch}/perform_backup {fleet.root}/gone; echo paused 1")
    done = fleet.run()
    assert done.returncode == 73
    assert "nobody is called" in done.stderr and "SCRATCH-UNWRITABLE" in done.stderr
    assert (fleet.called("pause"), fleet.called("prepare")) == (SOURCES, [])


def test_a_store_that_says_more_than_can_be_counted(fleet: SmallFleet) -> None:
    fleet.install()
    part = f"part node-1 data complete {'9' * 15} {'9' * 17}"
    fleet.answer("store-a.pull_deployment", f"for i in {{1..200}}; do echo {part}; done; echo result complete")
    assert (fleet.run().returncode, fleet.state()["bytes"]) == (0, "1000000000000000000")


def test_a_part_that_no_store_knows_makes_it_partial(fleet: SmallFleet) -> None:
    """The stores have an older build: what was added since is frozen, and nobody pulls it."""
    fleet.install()
    pull = "store-b.pull_deployment"
    fleet.answer(pull, "echo part node-2 data complete 1 1; echo part node-9 data complete 1 1; echo result complete")
    done = fleet.run()
    assert (done.returncode, fleet.told("commit").pop().split()[1]) == (10, "partial")
    assert re.findall("PART-UNPULLED.* from=(.*) dataset=(.*)", done.stderr) == [('"node-3"', '"data"')]
    fleet.answer(
        pull, "echo part node-2 data complete 1 1; echo part node-3 data failed 0 0; echo result partial; return 10"
    )
    assert "PART-UNPULLED" not in fleet.run().stderr


def test_a_store_that_keeps_nothing_makes_it_partial_and_two_make_it_failed(fleet: SmallFleet) -> None:
    fleet.install()
    fleet.answer("store-a.commit_deployment", "return 75")
    assert (fleet.run().returncode, fleet.state()["result"]) == (10, "partial")
    fleet.answer("store-b.commit_deployment", "return 75")
    assert (fleet.run().returncode, fleet.state()["result"]) == (69, "failed")


def test_no_snapshot_at_all_is_a_failure_and_nobody_pulls(fleet: SmallFleet) -> None:
    fleet.install()
    for name in SOURCES:
        fleet.answer(f"{name}.prepare_deployment", "return 69")
    assert (fleet.run().returncode, fleet.state()["result"]) == (69, "failed")
    assert fleet.called("pull") == []
    assert fleet.called("unpause") == fleet.called("remove") == SOURCES


def test_snapshots_that_take_too_long_are_not_waited_for(fleet: SmallFleet) -> None:
    fleet.install()
    fleet.answer("node-3.prepare_deployment", "sleep 60")
    done = fleet.run()
    assert done.returncode == 10
    assert float(fleet.state("perform_backup.pause")["window"]) < 20
    assert fleet.called("unpause") == SOURCES


@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_in_any_phase_lets_everything_go(fleet: SmallFleet, phase: str) -> None:
    fleet.install()
    server = "store-b" if phase in ("pull", "commit") else "node-2"
    # whoever is being told to go on is waited for, nobody else is
    seconds = 5 if phase == "unpause" else 30
    answer = f"{server}.{phase}_deployment"
    fleet.answer(answer, f"rm {fleet.root}/answers/{answer}; sleep {seconds}")
    running = fleet.start()
    fleet.until_called(phase, 2 if phase in ("pull", "commit") else 3)
    told = time.monotonic()
    code, words = terminate(running)
    assert (code, fleet.state()["result"]) == (143, "failed")
    assert "BACKUP-INTERRUPTED" in words
    assert time.monotonic() - told < 20  # nobody who has ended is waited for
    order = [capsule for _, _, capsule, what, _ in fleet.calls() if what == "begin"]
    assert set(fleet.called("unpause")) == set(SOURCES)
    assert "prepare" not in order or set(fleet.called("remove")) == set(SOURCES)
    assert list((fleet.root / "run" / "test" / "perform_backup").iterdir()) == []


# Of two calls one ended long ago, and its number is a stranger's by now.
NUMBER_USED_AGAIN = """
for _ in 1 2 3 4 5 6 7 8 9; do /bin/true; done
declare -A process_of=() ended_with=() status_of=()
phase=pull called=(early late)
(exit 3) & early=$!
sleep 2 & late=$!
sleep 0.5
( ( echo $(( early - 1 )) >/proc/sys/kernel/ns_last_pid; sleep 30 & ) )
process_of=(["pull early"]=$early ["pull late"]=$late)
await_calls
printf '%s ' "${status_of[early]}" "${status_of[late]}"
process_of=(["pull early"]=$early)
stop_calls
tr '\\0' ' ' <"/proc/$early/cmdline"
"""


def test_a_number_that_a_stranger_has_by_now_is_neither_waited_for_nor_ended(fleet: SmallFleet) -> None:
    fleet.install()
    text = (fleet.root / "bin" / "perform_backup").read_text()
    functions = [
        re.search(rf"^{name}\(\) {{$.*?^}}$", text, re.M | re.S)
        for name in ("note_end", "is_running", "await_calls", "stop_calls")
    ]
    program = "\n".join(found[0] for found in functions if found) + NUMBER_USED_AGAIN
    command = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", program)
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == "3 0 sleep 30 ", done.stderr


def test_what_cannot_be_told_to_go_on_is_told_again(fleet: SmallFleet) -> None:
    fleet.install()
    fleet.answer("node-2.unpause_deployment", f"rm {fleet.root}/answers/node-2.unpause_deployment; return 255")
    done = fleet.run()
    assert (done.returncode, "UNPAUSE-UNKNOWN" in done.stderr) == (10, False)
    assert [fleet.called("unpause").count(node) for node in SOURCES] == [2, 2, 2]
    fleet.answer("node-2.unpause_deployment", "return 255")
    done = fleet.run()
    assert (done.returncode, "UNPAUSE-UNKNOWN" in done.stderr) == (10, True)
    assert fleet.called("unpause").count("node-2") == 2 + 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hostile_node_misleads_nobody(fleet: SmallFleet, engine: FanOutEngine) -> None:
    fleet.install(engine=engine)
    fleet.answer("node-1.pause_deployment", "exec head -c 50000000 /dev/zero")
    fleet.answer("node-2.pause_deployment", "printf 'paused 1\\npaused 2\\n'")
    fleet.answer("node-3.pause_deployment", "printf 'paused 1\\n'; printf '\\e]0;owned\\a\\e[2J' >&2; return 1")
    fleet.answer("store-a.pull_deployment", "printf 'part x y complete 99999999999999999999 1\\npart $(id) a 1 1\\n'")
    done = fleet.run()
    assert done.returncode == 10
    assert not re.search(r"[^\n -~]", done.stderr + fleet.log())
    assert fleet.state()["bytes"] == "2000"
    assert {
        line.split("from=")[1].split()[0] for line in done.stderr.splitlines() if "could not be paused" in line
    } == {
        '"node-1"',
        '"node-2"',
        '"node-3"',
    }


def test_orders_by_hand(fleet: SmallFleet) -> None:
    fleet.install()
    paused = fleet.run("pause_containers")
    assert (paused.returncode, paused.stderr) == (0, "")
    assert [line.split() for line in paused.stdout.splitlines()] == [[name, "paused", "2"] for name in SOURCES]
    fleet.answer("node-1.unpause_deployment", "echo nothing")
    fleet.answer("node-2.unpause_deployment", "printf '\\e[2Jheld 1'")
    ended = fleet.run("unpause_containers")
    assert ended.returncode == 10
    assert [line.split()[0] for line in ended.stdout.splitlines()] == ["node-1", "node-3"]
    for name in SOURCES:
        fleet.answer(f"{name}.stop_docker_deployment", "echo result stopped 2")
        fleet.answer(f"{name}.start_docker_deployment", "return 69")
    assert fleet.run("stop_docker").returncode == 0
    assert fleet.run("start_docker").returncode == 69


DESCRIBED = "list_backups: what a partial backup lacks says describe_deployment, run by root on its store\n"


def test_a_list_of_what_every_store_keeps(fleet: SmallFleet) -> None:
    fleet.install()
    fleet.answer("store-b.list_deployment", "printf '20261117T010000Z\\n20261118T010000Z\\n\\e[2J\\n../../etc\\n'")
    listed = fleet.run("list_backups")
    assert (listed.returncode, listed.stderr) == (0, DESCRIBED)
    rows = [line.split(maxsplit=5) for line in listed.stdout.splitlines()[1:]]
    assert [(row[3], row[4]) for row in rows] == [
        ("20261117T010000Z", "partial"),
        ("20261118T010000Z", "partial"),
        ("20261119T010000Z", "partial"),
    ]
    fleet.answer("store-b.list_deployment", "echo 20261119T010000Z")
    assert re.search(r"20261119T010000Z +complete ", fleet.run("list_backups").stdout)
    fleet.answer("store-b.list_deployment", "return 255")
    missing = fleet.run("list_backups")
    assert "what a partial backup lacks says describe_deployment" in missing.stderr
    assert (missing.returncode, "store-b" in missing.stderr) == (69, True)


def test_restoring_every_source_from_one_backup(fleet: SmallFleet) -> None:
    fleet.install()
    restored = fleet.run("restore_latest_backup")
    assert (restored.returncode, fleet.told("restore")) == (0, {"20261119T010000Z"})
    assert fleet.called("restore") == SOURCES
    fleet.answer("node-2.restore_deployment", "echo 'no permit' >&2; return 77")
    partly = fleet.run("restore_backup", "20261118T010000Z.partial\n")
    assert (partly.returncode, "node-2" in partly.stderr) == (10, True)
    assert [line.split(maxsplit=1)[1] for line in partly.stdout.splitlines()] == [
        "restored",
        "needs a permit",
        "restored",
    ]
    assert "as root on each of: node-2\n  echo 20261118T010000Z.partial | " in partly.stderr
    assert "/bin/permit_restore_deployment\n" in partly.stderr
    # Once more, with a permit there: what is done is told, and counts.
    for name in ("node-1", "node-3"):
        fleet.answer(f"{name}.restore_deployment", "echo result restored 20261120T030201Z; return 77")
    again = fleet.run("restore_backup", "20261118T010000Z.partial\n")
    assert (again.returncode, "as root on each of: node-2\n" in again.stderr) == (69, True)
    fleet.answer("node-2.restore_deployment", "echo result complete")
    again = fleet.run("restore_backup", "20261118T010000Z.partial\n")
    assert again.returncode == 0
    assert (
        "Restored already, within a day; to restore one of them once more it needs a permit, too: node-1 node-3"
        in again.stderr
    )
    assert [line.split(maxsplit=1)[1] for line in again.stdout.splitlines()] == [
        "restored before, at 20261120T030201Z: it stays as it is", "restored",
        "restored before, at 20261120T030201Z: it stays as it is",
    ]  # fmt: skip
    # Where nothing is restored now, nobody is told that it was.
    fleet.answer("node-2.restore_deployment", "echo result restored 20261120T030201Z; return 77")
    idle = fleet.run("restore_backup", "20261118T010000Z.partial\n")
    assert (idle.returncode, "RESTORE-FAILED: no source has restored itself" in idle.stderr) == (69, True)
    # Whoever says so and did not refuse is not believed.
    fleet.answer("node-2.restore_deployment", "echo result complete")
    fleet.answer("node-3.restore_deployment", "echo result restored 20261120T030201Z; return 69")
    assert fleet.run("restore_backup", "20261118T010000Z.partial\n").returncode == 10
    for wrong in ("20261117T010000Z", "20261118T010000Z", "latest", "20261119T010000Z; id", ""):
        count = len(fleet.called("restore"))
        assert fleet.run("restore_backup", f"{wrong}\n").returncode == 64
        assert len(fleet.called("restore")) == count
    fleet.answer("store-a.list_deployment", "return 255")
    assert fleet.run("restore_latest_backup").returncode == 69


def test_on_a_terminal_only_names_are_offered_that_can_be_given(fleet: SmallFleet) -> None:
    fleet.install()
    # as after a store was added: it has nothing of what is older than itself
    fleet.answer("store-b.list_deployment", "echo 20261118T010000Z")
    terminal, keyboard = os.openpty()
    os.write(terminal, b"20261119T010000Z\n")
    program = fleet.root / "bin" / "restore_backup"
    asked = subprocess.run([program], stdin=keyboard, capture_output=True, text=True, timeout=200, check=False)
    os.close(terminal)
    os.close(keyboard)
    assert asked.returncode == 0, asked.stderr
    lacking = "   (not complete on every store)"
    offered = f"20261118T010000Z.partial{lacking}\n20261119T010000Z{lacking}\nWhich one? "
    assert offered in asked.stderr
    assert fleet.told("restore") == {"20261119T010000Z"}
