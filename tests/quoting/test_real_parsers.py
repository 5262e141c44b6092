"""Hostile strings through the parsers that will read them: back come the same strings, or they were refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generator.quoting import Quoted, RsyncdValue, ShellWord, SudoersWord, Unquotable

_PIECES = [
    "$(id)",
    "`id`",
    "%",
    "%h",
    "\\",
    "'",
    '"',
    "#",
    ";",
    "&",
    "|",
    "*",
    "?",
    "[a]",
    "~",
    "!",
    "-",
    "--x",
    " ",
    "  ",
]
_MORE = [
    "\n",
    "\t",
    "\r",
    "\0",
    "ALL",
    "=",
    ":",
    ",",
    "(",
    ")",
    "@",
    "+",
    "^",
    "{",
    "}",
    "<",
    ">",
    "ü",
    "日",
    "/",
    "a",
    "B0",
]
HOSTILE = st.one_of(st.text(max_size=40), st.lists(st.sampled_from([*_PIECES, *_MORE]), max_size=8).map("".join))
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def quoted(language: type[Quoted], values: list[str]) -> list[tuple[str, str]]:
    """The values that the language takes, each with its quoted text."""
    taken = []
    for value in values:
        try:
            taken.append((value, language.of(value).text))
        except Unquotable:
            continue
    return taken


@FEW
@given(st.lists(HOSTILE, min_size=10, max_size=30))
@example(["x" * 4096, "'" * 4096, "", "-n", "if", "{a,b}", "~root"])
def test_bash_reads_the_same_words(values: list[str]) -> None:
    taken = quoted(ShellWord, values)
    script = "printf '%s\\0' begin " + " ".join(text for _, text in taken)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[1:-1] == [value for value, _ in taken]


@pytest.mark.skipif(shutil.which("cvtsudoers") is None, reason="needs sudo's cvtsudoers")
@FEW
@given(HOSTILE)
@example("ALL")
@example("OPERATOR_1")
@example("a(b")
@example("a>b")
@example("~root")
@example("colon:and,more=x")
@example("back\\slash")
@example("x" * 512)
@example("/")
@example("/0")
def test_sudo_reads_the_same_user_and_path(value: str) -> None:
    for user, text in quoted(SudoersWord, [value]):
        (path,) = quoted(SudoersWord, [f"/opt/{value}"])
        rule = f'{text} ALL=(root:root) NOPASSWD: {path[1]} ""\n'
        done = subprocess.run(
            ["cvtsudoers", "-f", "json", "-e"], input=rule, capture_output=True, text=True, check=False
        )
        # no account has such a name, and sudo takes none for one
        assert (done.returncode != 0) == user.startswith("/"), done.stderr
        if user.startswith("/"):
            continue
        (spec,) = json.loads(done.stdout)["User_Specs"]
        assert spec["User_List"] == [{"username": user}]
        assert [found["command"] for found in spec["Cmnd_Specs"][0]["Commands"]] == [f'{path[0]} ""']


@pytest.mark.skipif(shutil.which("rsync") is None, reason="needs rsync")
@FEW
@given(value=HOSTILE)
@example(value="two  blanks # and ; inside")
@example(value="back\\slash")
@example(value="ends\\")
@example(value="x" * 900)
def test_rsync_reads_the_same_value(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    directory: Path = tmp_path_factory.getbasetemp()
    for expected, text in quoted(RsyncdValue, [value]):
        configuration = directory / "rsyncd.conf"
        configuration.write_text(f"use chroot = no\nreverse lookup = no\n[m]\npath = /\ncomment = {text}\n")
        shell = directory / "rsh"
        shell.write_text(f"#!/bin/sh\nexec rsync --server --daemon --config='{configuration}' .\n")
        shell.chmod(0o755)
        done = subprocess.run(["rsync", "-8", "-e", str(shell), "host::"], capture_output=True, timeout=20)
        assert done.stdout.decode() == f"{'m':<15}\t{expected}\n", done.stderr
