"""What bash keeps of a ``read`` that a signal has ended, and that a trap gets rid of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from generator.plan import holes
from generator.render import TemplateLibrary

FUNCTION = TemplateLibrary(Path(__file__).parents[2] / "templates").render("lib/signals.sh.j2", holes()).text

# The signal comes in a `read`; what the trap does takes longer than that had left of its time.
PROGRAM = """
set -Eeuo pipefail
end() {
  FORGET
  trap - EXIT
  sleep 0.3
  words="$(printf 'one two')"
  printf '%d' "$(set -- $words; printf '%d' "$#")"
}
trap end EXIT
trap 'exit 143' TERM
exec 5<> <(sleep 5)
{ sleep 0.2; kill -TERM $$; } &
while true; do
  IFS= read -r -t 0.1 -u 5 _ || true
done
"""


def run(directory: Path, program: str) -> tuple[int, str]:
    """The exit status of ``program``, and what it prints; as a file, for `bash -c` unwinds what a file does not."""
    script = directory / "program"
    script.write_text(program)
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout


def test_a_trap_works_as_ever_where_a_signal_has_ended_a_read(tmp_path: Path) -> None:
    assert run(tmp_path, FUNCTION + PROGRAM.replace("FORGET", "forget_read")) == (143, "2")


@pytest.mark.parametrize("instead", ["true", "IFS=$' \\t\\n'"])
def test_without_that_bash_crashes(tmp_path: Path, instead: str) -> None:
    """If this ever fails, bash has learned better, and traps may do without it."""
    assert any(run(tmp_path, PROGRAM.replace("FORGET", instead))[0] < 0 for _ in range(8))


def test_without_that_bash_splits_no_words(tmp_path: Path) -> None:
    untimed = PROGRAM.replace("FORGET", "true").replace(" -t 0.1", "")
    assert run(tmp_path, untimed) == (143, "1")
