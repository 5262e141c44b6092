"""How several children ended, where numbers of processes come round."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
COLLECTORS = {
    "collect_source": GOLDEN / "kaizen/services-1/root/opt/capsule/kaizen/bin/collect_collection",
    "pull_source": GOLDEN / "sbdi/backup-target/root/opt/capsule/uat-sbdi/bin/pull_whole",
}
OWN = ("note_end", "note_ended", "make_room", "is_running", "begin", "settle")

# Each source is given the number of the first one, as happens by itself after some thousands of processes.
WORLD = """
set -Eeuo pipefail
declare -A process_of=() ended_with=()
names=() exit_partial=10 exit_unavailable=69 exit_io=74 parallel=2
workspace="$(mktemp -d)"; mkdir "$workspace/.capsule"
identifier=x build_id=y
limited() { "$@"; }
answer() { :; }
finish() { printf '%s' "$1: ${*:6}"; rm -rf "$workspace"; exit 0; }
exec 5<> <(sleep 60)

ended() {
  while kill -0 "$1" 2>/dev/null; do read -r -t 0.01 -u 5 _ || true; done
}

number_again() {
  printf '%d' "$(( $1 - 1 ))" >/proc/sys/kernel/ns_last_pid
}
"""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs a namespace of processes"
)


def run(program: str) -> str:
    """What ``program`` prints, in a namespace of processes where it is the first."""
    own = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run(
        [*own, "bash", "-c", WORLD + program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def functions(capsule: Path) -> str:
    """The functions of a capsule that begin sources and judge how they ended."""
    found = re.findall(rf"^(?:{'|'.join(OWN)})\(\) \{{\n(?:.*\n)*?\}}\n", capsule.read_text(), re.MULTILINE)
    assert len(found) == len(OWN)
    return "".join(found)


def test_bash_takes_the_end_of_one_for_that_of_another_with_its_number() -> None:
    """If this ever fails, bash has learned better, and the functions below are not needed any more."""
    lost = """
    (exit 3) & first=$!
    ended "$first"
    number_again "$first"
    (exit 0) & [[ $! == "$first" ]]
    status=0; wait "$first" || status=$?
    printf '%d' "$status"
    """
    assert run(lost) == "0"


@pytest.mark.parametrize("source", COLLECTORS)
def test_a_source_that_failed_stays_one_that_failed(source: str) -> None:
    world = functions(COLLECTORS[source]) + f"{source}() {{ return $2; }}\n"
    program = """
    begin failing 69 >/dev/null
    first="${process_of[failing]}"
    ended "$first"
    number_again "$first"
    begin good 0
    [[ "${process_of[good]}" == "$first" ]]
    begin partial 10
    begin also-good 0
    settle
    """
    assert run(world + program) == "partial: sources failing (failed) partial (partial)"


def test_a_signal_ends_the_waiting_for_a_child_and_not_the_child() -> None:
    program = """
    trap : TERM
    (read -r -t 1 -u 5 _ || exit 5) & process_of[one]=$!
    (read -r -t 0.2 -u 5 _ || kill -TERM $$) &
    note_end one
    printf '%d' "${ended_with[one]}"
    """
    assert run(functions(COLLECTORS["pull_source"]) + program) == "5"


def test_the_question_whether_a_child_still_runs_takes_no_status_away() -> None:
    program = """
    (exit 255) & process_of[one]=$!
    ended "$!"
    number_again "$!"
    note_end one
    printf '%d' "${ended_with[one]}"
    """
    assert run(functions(COLLECTORS["pull_source"]) + program) == "255"
