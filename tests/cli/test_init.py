from __future__ import annotations

import subprocess
from pathlib import Path

from click.testing import CliRunner

from generator.cli.init import FILE, command
from generator.inventory import load


def test_a_starter_is_written_where_nothing_was(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "new" / "fleet")])
    assert result.exit_code == 0
    assert {one.code for one in load(tmp_path / "new" / "fleet" / FILE).diagnostics} == {"C0214"}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("mine")
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 2
    assert (tmp_path / FILE).read_text() == "mine"


def test_a_place_that_cannot_be_written_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert CliRunner().invoke(command, [str(tmp_path / "file" / "below")]).exit_code == 2


def test_the_secret_stays_out_of_git(tmp_path: Path) -> None:
    assert CliRunner().invoke(command, [str(tmp_path)]).exit_code == 0
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    asked = ["git", "-C", str(tmp_path), "check-ignore", "example.secret", "output/example", FILE]
    assert subprocess.run(asked, stdout=subprocess.PIPE, text=True).stdout.split() == [
        "example.secret",
        "output/example",
    ]


def test_a_list_of_what_git_ignores_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    assert CliRunner().invoke(command, [str(tmp_path)]).exit_code == 0
    assert (tmp_path / ".gitignore").read_text() == "mine"
