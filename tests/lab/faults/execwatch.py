"""Stops a host at each program that it is about to run: the steps of a capsule, without touching the capsule.

The kernel asks before every execve on the host's root file system (fanotify, FAN_OPEN_EXEC_PERM), and the program
does not start before it is answered. A step is the moment before a program runs; what a shell does by itself, between
two programs, belongs to the step after it.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from generator.lab import Host, LabError

_CLASS_CONTENT, _CLOEXEC = 0x4, 0x1
_MARK_ADD, _MARK_MOUNT = 0x1, 0x10
_OPEN_EXEC_PERM = 0x40000
_ALLOW = 0x1
_EVENT = struct.Struct("=IBBHQii")
_ANSWER = struct.Struct("=iI")

_libc = ctypes.CDLL(None, use_errno=True)


class ExecWatch:
    """Calls ``asked`` with the path of each program that a process of ``host`` is about to run, and with that
    process's number; the program starts when ``asked`` returns. A context manager; ``asked`` runs in its own thread.
    """

    def __init__(self, host: Host, asked: Callable[[str, int], None]) -> None:
        self._asked = asked
        self._events = _libc.fanotify_init(_CLASS_CONTENT | _CLOEXEC, os.O_RDONLY | os.O_CLOEXEC)
        if self._events < 0:
            raise LabError(f"fanotify: {os.strerror(ctypes.get_errno())}")
        root = os.fsencode(f"{host.proc}/root/.")
        flags, mask = _MARK_ADD | _MARK_MOUNT, ctypes.c_uint64(_OPEN_EXEC_PERM)
        if _libc.fanotify_mark(self._events, flags, mask, -100, root):
            os.close(self._events)
            raise LabError(f"fanotify: {os.strerror(ctypes.get_errno())}")
        self._wake, self._ended = os.pipe()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._answer, name=f"execwatch-{host.name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._ended)
        self._thread.join()
        # whoever still waits for an answer is let go by this
        os.close(self._events)
        os.close(self._wake)
        if self.error is not None and error is None:
            raise self.error

    def _answer(self) -> None:
        while True:
            ready, _, _ = select.select([self._events, self._wake], [], [])
            if self._wake in ready:
                return
            for descriptor, pid in _events(os.read(self._events, 65536)):
                try:
                    self._asked(str(Path(f"/proc/self/fd/{descriptor}").readlink()), pid)
                except Exception as error:
                    self.error = error
                os.write(self._events, _ANSWER.pack(descriptor, _ALLOW))
                os.close(descriptor)


def _events(data: bytes) -> list[tuple[int, int]]:
    found = []
    offset = 0
    while offset < len(data):
        length, _, _, _, _, descriptor, pid = _EVENT.unpack_from(data, offset)
        found.append((descriptor, pid))
        offset += length
    return found
