"""Writes a new tree beside the old one and exchanges the two by one rename."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.emit.tree import OutputFile, directory_modes

GITIGNORE = "*\n!.gitignore\n"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_libc = ctypes.CDLL(None, use_errno=True)

Step = Callable[[str], None]


def _ignore(name: str) -> None:
    del name


class EmissionProblem(Exception):
    """The build cannot be written there; nothing was changed. ``advice`` says what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def emit(output: Path, deployment: str, files: Iterable[OutputFile], step: Step = _ignore) -> None:
    """Make ``output/<deployment>`` hold exactly ``files``, or raise `EmissionProblem` and leave everything as it was.

    ``step`` is called with the name of each step before it is taken, for progress and for tests that interrupt.
    """
    target = output / deployment
    staging = output / f".capsule-new-{deployment}"
    try:
        step("prepare")
        _prepare(output, deployment)
        with _only_build(output):
            _recover(output, target, deployment)
            _remove(staging)
            try:
                step("write")
                _write_tree(staging, files)
                step("flush")
                _flush(staging)
                step("exchange")
                _exchange(staging, target, output / f".capsule-old-{deployment}")
                step("clean")
            finally:
                # half a build, or the one before: both hold private keys
                _remove(staging)
    except OSError as trouble:
        raise EmissionProblem(
            f"the output cannot be written: {trouble.filename or target}: {trouble.strerror}",
            "Make the directory writable for yourself, free some space, or choose another one with -o.",
        ) from trouble


def examine(output: Path, deployment: str) -> None:
    """Raise `EmissionProblem` where `emit` would refuse ``output``; changes nothing.

    Refused are what is not ours, because the swap would take its content along, and where this user may not write.
    """
    target = output / deployment
    if output.exists() and not output.is_dir():
        raise EmissionProblem(f"{output} is not a directory", "Choose another one with -o.")
    if target.is_symlink() or (target.exists() and not _is_build(target, deployment)):
        raise EmissionProblem(
            f"{target} is not an earlier build of {deployment}, and would be replaced",
            "Move it away, or choose another directory with -o.",
        )
    nearest = next(place for place in (output, *output.absolute().parents) if place.is_dir())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise EmissionProblem(f"{nearest} may not be written by this user", "Choose another directory with -o.")
    others = output.is_dir() and [entry for entry in output.iterdir() if entry.name != ".gitignore"]
    if others and not target.exists() and not _is_ours(output / ".gitignore"):
        raise EmissionProblem(
            f"{output} holds other files and is not an output of Capsule",
            "Choose an empty or a new directory with -o.",
        )


def _prepare(output: Path, deployment: str) -> None:
    """Create ``output`` if need be."""
    examine(output, deployment)
    output.mkdir(parents=True, exist_ok=True)
    ignore = output / ".gitignore"
    if not ignore.exists():
        ignore.write_text(GITIGNORE)


def _is_ours(ignore: Path) -> bool:
    return ignore.is_file() and ignore.read_text(errors="replace") == GITIGNORE


def _is_build(target: Path, deployment: str) -> bool:
    try:
        manifest = json.loads((target / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return target.is_dir() and not any(target.iterdir())
    return isinstance(manifest, dict) and manifest.get("deployment") == deployment


@contextmanager
def _only_build(output: Path) -> Iterator[None]:
    descriptor = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as held:
        raise EmissionProblem(f"another build is writing to {output}", "Wait until it ends.") from held
    finally:
        os.close(descriptor)


def _recover(output: Path, target: Path, deployment: str) -> None:
    """Bring back what an interrupted build without an atomic exchange had set aside."""
    aside = output / f".capsule-old-{deployment}"
    if aside.exists() and not target.exists():
        aside.rename(target)
    _remove(aside)


def _write_tree(staging: Path, files: Iterable[OutputFile]) -> None:
    every = tuple(files)
    mask = os.umask(0)  # modes are part of the contract, whoever builds
    try:
        root = os.fspath(staging)
        os.mkdir(root, 0o755)  # noqa: PTH102 (a hundred thousand files: pathlib would double the time)
        for path, mode in directory_modes((file.path, file.sensitive) for file in every).items():
            os.mkdir(f"{root}/{path}", mode)  # noqa: PTH102
        for file in every:
            descriptor = os.open(f"{root}/{file.path}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
            try:
                _write_all(descriptor, bytes(file.content))
            finally:
                os.close(descriptor)
    finally:
        os.umask(mask)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _flush(staging: Path) -> None:
    # one syncfs for the whole tree: a hundred thousand fsyncs would take minutes and promise nothing more
    descriptor = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not hasattr(_libc, "syncfs") or _libc.syncfs(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)


def _exchange(staging: Path, target: Path, aside: Path) -> None:
    if not target.exists():
        staging.rename(target)
    elif not _exchanged(staging, target):
        # a filesystem without exchange: the old tree stands aside for an instant, and the next build brings it back
        target.rename(aside)
        staging.rename(target)
        aside.rename(staging)


def _exchanged(one: Path, other: Path) -> bool:
    if not hasattr(_libc, "renameat2"):
        return False
    result = _libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(result == 0)


def _remove(tree: Path) -> None:
    if tree.exists():
        shutil.rmtree(tree)
