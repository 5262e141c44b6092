"""Emission is all or nothing: interrupted anywhere, the previous output is whole."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from generator.emit import EmissionProblem, OutputFile, emit, examine, output_mode
from generator.emit import replace as module

STEPS = ("prepare", "write", "flush", "exchange", "clean")


def build(word: str) -> list[OutputFile]:
    return [
        OutputFile(path="manifest.json", content=b'{"deployment": "kaizen"}', mode=0o644),
        OutputFile(path="nodes/a/root/bin/x", content=word.encode(), mode=0o755),
        OutputFile(path="nodes/a/root/ssh/key", content=b"secret", mode=0o600, sensitive=True),
    ]


def contents(output: Path) -> dict[str, bytes]:
    tree = output / "kaizen"
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


class Interrupted(BaseException):
    """Stands for a signal."""


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_build_leaves_a_whole_output(
    tmp_path: Path, step: str, atomic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not atomic:
        monkeypatch.setattr(module, "_exchanged", lambda *paths: not paths)
    emit(tmp_path / "out", "kaizen", build("old"))

    def interrupt(name: str) -> None:
        if name == step:
            raise Interrupted

    with pytest.raises(Interrupted):
        emit(tmp_path / "out", "kaizen", build("new"), interrupt)
    assert not list((tmp_path / "out").glob(".capsule-new-*")), "private keys left behind"
    expected = b"new" if step == "clean" else b"old"
    assert contents(tmp_path / "out")["nodes/a/root/bin/x"] == expected
    assert len(contents(tmp_path / "out")) == 3
    emit(tmp_path / "out", "kaizen", build("newer"))
    assert contents(tmp_path / "out")["nodes/a/root/bin/x"] == b"newer"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".gitignore", "kaizen"]


def test_content_may_be_made_when_it_is_written(tmp_path: Path) -> None:
    class Made:
        def __bytes__(self) -> bytes:
            return b"made"

    emit(tmp_path / "out", "kaizen", [*build("x"), OutputFile(path="puppet/data", content=Made(), mode=0o644)])
    assert contents(tmp_path / "out")["puppet/data"] == b"made"


def test_a_tree_set_aside_by_a_killed_build_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    emit(out, "kaizen", build("old"))
    (out / "kaizen").rename(out / ".capsule-old-kaizen")

    def interrupt(name: str) -> None:
        if name == "write":
            raise Interrupted

    with pytest.raises(Interrupted):
        emit(out, "kaizen", build("new"), interrupt)
    assert contents(out)["nodes/a/root/bin/x"] == b"old"


def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        emit(tmp_path / "out", "kaizen", build("x"))
    finally:
        os.umask(mask)
    modes = {
        path.relative_to(tmp_path / "out/kaizen").as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "out/kaizen").rglob("*")
    }
    assert modes["nodes/a/root/bin/x"] == 0o755
    assert modes["nodes/a/root/bin"] == 0o755
    assert modes["nodes/a/root/ssh/key"] == 0o600
    assert modes["nodes/a/root/ssh"] == 0o700


def test_only_programs_beside_the_nodes_files_stay_executable() -> None:
    assert output_mode(0o440, sensitive=True, on_node=True) == 0o600
    assert output_mode(0o700, sensitive=True, on_node=True) == 0o600
    assert output_mode(0o755, sensitive=True, on_node=False) == 0o700
    assert output_mode(0o440, sensitive=False, on_node=True) == 0o440


def test_a_directory_of_somebody_else_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear to somebody")
    with pytest.raises(EmissionProblem, match="holds other files"):
        emit(tmp_path, "kaizen", build("x"))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_tree_that_is_no_build_is_not_replaced(tmp_path: Path) -> None:
    emit(tmp_path / "out", "other", build("x"))
    (tmp_path / "out/kaizen").mkdir()
    (tmp_path / "out/kaizen/notes").write_text("mine")
    with pytest.raises(EmissionProblem, match="not an earlier build"):
        emit(tmp_path / "out", "kaizen", build("x"))
    assert (tmp_path / "out/kaizen/notes").read_text() == "mine"


def test_a_link_in_the_place_of_the_build_is_refused(tmp_path: Path) -> None:
    emit(tmp_path / "elsewhere", "kaizen", build("x"))
    emit(tmp_path / "out", "other", build("x"))
    (tmp_path / "out/kaizen").symlink_to(tmp_path / "elsewhere/kaizen")
    with pytest.raises(EmissionProblem, match="not an earlier build"):
        emit(tmp_path / "out", "kaizen", build("y"))


def test_a_second_build_waits_for_nobody(tmp_path: Path) -> None:
    emit(tmp_path / "out", "kaizen", build("x"))

    def build_meanwhile(name: str) -> None:
        if name == "write":
            with pytest.raises(EmissionProblem, match="another build"):
                emit(tmp_path / "out", "kaizen", build("y"))

    emit(tmp_path / "out", "kaizen", build("z"), build_meanwhile)
    assert contents(tmp_path / "out")["nodes/a/root/bin/x"] == b"z"


def test_a_place_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmissionProblem):
        emit(tmp_path / "file", "kaizen", build("x"))
    with pytest.raises(EmissionProblem, match="cannot be written"):
        emit(Path("/proc/nowhere"), "kaizen", build("x"))


def test_a_full_disk_leaves_no_private_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emit(tmp_path / "out", "kaizen", build("old"))

    def full(staging: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(staging))

    monkeypatch.setattr(module, "_flush", full)
    with pytest.raises(EmissionProblem, match="No space"):
        emit(tmp_path / "out", "kaizen", build("new"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".gitignore", "kaizen"]
    assert contents(tmp_path / "out")["nodes/a/root/bin/x"] == b"old"


def test_a_place_is_examined_without_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(EmissionProblem, match="holds other files"):
        examine(tmp_path, "kaizen")
    examine(tmp_path / "new/out", "kaizen")
    monkeypatch.setattr(os, "access", lambda place, _: Path(place) != tmp_path)
    with pytest.raises(EmissionProblem, match="may not be written"):
        examine(tmp_path / "new/out", "kaizen")
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]
