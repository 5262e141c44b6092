"""A machine from which Ansible is run: this one's programs, in the network of a lab host, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from docs.place import Place

from generator.lab import Host

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Controller:
    """Runs commands beside ``wire``, whose network it shares, as somebody whose home is ``home``."""

    home: Path
    wire: Host

    def prepare(self) -> None:
        """An ssh key, and what an installation of Capsule would put there."""
        Place(self.home).install_gen()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.home / "key"], check=True)

    def welcome(self, host: Host) -> None:
        """Have ``host`` let the controller in as an administrator who may become root."""
        public = (self.home / "key.pub").read_text("utf-8")
        host.run(["useradd", "--create-home", "--shell", "/bin/bash", "--password", "*", ADMIN])
        host.run(["install", "-d", "-o", ADMIN, "-m", "0700", f"/home/{ADMIN}/.ssh"])
        keys = f"/home/{ADMIN}/.ssh/authorized_keys"
        host.run(["install", "-o", ADMIN, "-m", "0600", "/dev/stdin", keys], stdin=public)
        rule = f"{ADMIN} ALL=(ALL:ALL) NOPASSWD: ALL\n"
        host.run(["install", "-m", "0440", "/dev/stdin", f"/etc/sudoers.d/{ADMIN}"], stdin=rule)

    def shell(self, script: str, **variables: str) -> tuple[int, str]:
        """The status of a bash script that begins at home, and all that it said, both outputs together."""
        programs = f"{self.home}/.local/bin:{Path(sys.executable).parent}"
        own = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_REMOTE_USER": ADMIN,
            "ANSIBLE_PRIVATE_KEY_FILE": str(self.home / "key"),
            "ANSIBLE_SSH_ARGS": "-F /dev/null -o ControlMaster=auto -o ControlPersist=5s",
        }
        entering = ("nsenter", "-t", str(self.wire.first), "-n")
        return Place(self.home).shell(script, entering, **{**own, **variables})

    def path(self, written: str) -> Path:
        """Where this machine finds what a page calls ``written``."""
        return Place(self.home).path(written)
