"""Containers on a host made with ``engines``: Docker and Podman, one tiny image, no registry and no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from generator.lab.services import until

if TYPE_CHECKING:
    from generator.lab.console import Console

IMAGE = "tiny:1"
ARCHIVE = "/usr/local/share/lab/tiny.tar"

# each line is one step of the counter; a reader sees the last complete one
_COUNT = 'trap exit TERM; i=0; while :; do i=$((i+1)); echo "$i" >>/data/counter; sleep 0.05; done'


def start_docker(host: Console) -> None:
    """Start dockerd as the distribution's start script does, and return once it answers and has `IMAGE`."""
    host.run(["service", "docker", "start"])
    until(lambda: host.run(["docker", "version"], check=False).status == 0, f"Docker of {host.name}", 120)
    import_image(host, "docker")


def stop_docker(host: Console) -> None:
    """Stop dockerd and, with it, every container."""
    host.run(["service", "docker", "stop"])
    until(lambda: not host.running("dockerd"), f"end of Docker of {host.name}", 120)


def import_image(host: Console, program: str) -> None:
    """Make `IMAGE` known to ``program`` (``docker`` or ``podman``), unless it is: busybox, with a shell in it."""
    if host.run([program, "image", "inspect", IMAGE], check=False).status:
        host.run([program, "import", ARCHIVE, IMAGE])


def run_counter(host: Console, name: str, directory: str, program: str = "docker") -> None:
    """Run a container ``name`` that appends a number to the file ``counter`` of ``directory`` 20 times a second.

    The host's ``directory`` is made if it does not exist. The numbers begin at 1 and miss none.
    """
    host.run(["install", "-d", directory])
    volume = ["-v", f"{directory}:/data"]
    host.run([program, "run", "-d", "--name", name, "--network", "none", *volume, IMAGE, "/bin/sh", "-c", _COUNT])


def counted(host: Console, directory: str | Path) -> int:
    """How far the counter in ``directory`` has come: its last complete line, 0 before the first."""
    text = host.run(["/bin/sh", "-c", f"cat '{directory}/counter' 2>/dev/null || :"]).out
    lines = text[: text.rfind("\n") + 1].split()
    return int(lines[-1]) if lines else 0


def state(host: Console, name: str, program: str = "docker") -> str:
    """What ``program`` says of the container ``name``: ``running``, ``paused``, ``exited``, …"""
    return host.run([program, "inspect", "--format", "{{.State.Status}}", name]).out.strip()
