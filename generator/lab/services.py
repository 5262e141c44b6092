"""The daemons of a host: started as its distribution would, and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from generator.lab.errors import LabError

if TYPE_CHECKING:
    from generator.lab.console import Console
    from generator.lab.host import Host

MARIADB_SOCKET = "/run/mysqld/mysqld.sock"


def start_service(node: Console, unit: str) -> None:
    """Start the systemd ``unit`` of an emulated machine, which says itself when it is up."""
    node.run(["systemctl", "start", unit])
    until(lambda: node.run(["systemctl", "is-active", unit], check=False).status == 0, f"{unit} of {node.name}", 120)


def start_sshd(host: Host, port: int = 22) -> None:
    """Start sshd on ``port`` with the host keys that lie in /etc/ssh, and return once it listens."""
    host.run(["/usr/sbin/sshd", "-p", str(port)])
    listening = f":{port:04X} "
    until(lambda: listening in (host.proc / "net/tcp").read_text(), f"sshd of {host.name}")


def stop_sshd(host: Host) -> None:
    """Stop sshd and every session of it."""
    host.run(["pkill", "-KILL", "-x", "sshd"], check=False)
    until(lambda: not host.running("sshd"), f"end of sshd of {host.name}")


def start_cron(host: Host, clock: str | None = None) -> None:
    """Start the cron daemon; with ``clock`` (``YYYY-MM-DD HH:MM:SS``, UTC) that is the time it believes it is.

    Only the daemon is deceived: its jobs get an environment of their own and see the true time.
    """
    deceived = "" if clock is None else f"faketime -f '@{clock}' "
    background(host, f"{deceived}/usr/sbin/cron -f", "/dev/null")
    until(lambda: host.running("cron"), f"cron of {host.name}")


def stop_cron(host: Host) -> None:
    """Stop the cron daemon; jobs that run go on."""
    host.run(["pkill", "-KILL", "-x", "cron"], check=False)
    until(lambda: not host.running("cron"), f"end of cron of {host.name}")


def start_mariadb(host: Host) -> None:
    """Start MariaDB on its socket only, and return once it answers."""
    host.run(["install", "-d", "-o", "mysql", "-g", "mysql", "-m", "0755", "/run/mysqld"])
    background(host, "/usr/sbin/mariadbd --user=mysql", "/var/log/mariadb.log")
    ping = ["mariadb-admin", f"--socket={MARIADB_SOCKET}", "--silent", "ping"]
    until(lambda: host.run(ping, check=False).status == 0, f"MariaDB of {host.name}")


def stop_mariadb(host: Host) -> None:
    """Shut MariaDB down in order."""
    host.run(["mariadb-admin", f"--socket={MARIADB_SOCKET}", "shutdown"])
    until(lambda: not host.running("mariadbd"), f"end of MariaDB of {host.name}")


def background(host: Host, command: str, log: str) -> None:
    """Start ``command`` (a piece of shell) as a daemon of the host, with its outputs appended to the file ``log``."""
    # every descriptor of ours is closed: a daemon that held one would keep its starter waiting
    host.run(["/bin/bash", "-c", f"exec setsid {command} </dev/null >>{log} 2>&1 &"])


def until(true: Callable[[], bool], what: str, seconds: float = 20, *, pace: float = 0.5) -> None:
    """Wait until ``true`` becomes so; raises `LabError` after ``seconds``, saying that ``what`` did not come.

    It is asked again after a tenth of the time that was waited, and after ``pace`` seconds at most: a command that is
    run on a host all the time takes a processor from what is waited for.
    """
    begun = time.monotonic()
    while not true():
        waited = time.monotonic() - begun
        if waited > seconds:
            raise LabError(f"waited {seconds:g} s for {what}")
        time.sleep(min(max(waited / 10, 0.01), pace))
