"""The emulator's control socket."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.lab.errors import LabError


class Control:
    """A connection to the QMP socket ``path`` of an emulator that is starting; commands are answered in order."""

    def __init__(self, path: Path, seconds: float = 30) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(path, time.monotonic() + seconds)
        except OSError as error:
            self._socket.close()
            raise LabError(f"the emulator did not open {path}: {error}") from error
        self._socket.settimeout(60)
        self._answers = self._socket.makefile("r", encoding="utf-8")
        self._answers.readline()
        self.execute("qmp_capabilities")

    def _connect(self, path: Path, deadline: float) -> None:
        # the path of a socket is short, that of its directory need not be
        directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            while True:
                try:
                    return self._socket.connect(f"/proc/self/fd/{directory}/{path.name}")
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
        finally:
            os.close(directory)

    def execute(self, command: str, **arguments: object) -> Mapping[str, Any]:
        """Execute ``command`` and return its answer; raises `LabError` with what the emulator said against it."""
        try:
            self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
            for line in self._answers:
                answer = json.loads(line)
                if "error" in answer:
                    raise LabError(f"the emulator refused {command}: {answer['error']['desc']}")
                if "return" in answer:
                    returned: Mapping[str, Any] = answer["return"]
                    return returned
        except OSError as error:
            raise LabError(f"the emulator did not answer {command}: {error}") from error
        raise LabError(f"the emulator ended at {command}")

    def wait_for(self, command: str, states: tuple[str, ...], seconds: float) -> None:
        """Ask ``command`` until its ``status`` is one of ``states``; raises `LabError` if it fails or never is."""
        deadline = time.monotonic() + seconds
        while (status := self.execute(command).get("status")) not in states:
            if status in ("failed", "internal-error", "io-error") or time.monotonic() > deadline:
                raise LabError(f"the emulator's {command} stayed at {status}")
            time.sleep(0.02)

    def close(self) -> None:
        """Let go of the emulator."""
        self._answers.close()
        self._socket.close()
