"""The wire between hosts: a bridge in a network namespace of its own, which this machine's network never sees."""

from __future__ import annotations

from ipaddress import IPv4Interface

from generator.lab.execution import outside


class Network:
    """A bridge in the network namespace of the process ``keeper``; it ends with that process."""

    def __init__(self, keeper: int) -> None:
        self.keeper = keeper
        self._ports: dict[str, str] = {}
        self._ip(keeper, "link add name wire type bridge stp_state 0 forward_delay 0", "link set wire up")

    def connect(self, name: str, pid: int, interface: IPv4Interface) -> None:
        """Give the host ``name``, whose first process is ``pid``, an ``eth0`` with the address of ``interface``."""
        # a name of at most 15 bytes; the one before may live until the kernel has buried a killed host
        port = f"p{pid}"
        self._ports[name] = port
        # a restarted host answers with the hardware address that its neighbours still have in their tables
        hardware = "02:00:" + ":".join(f"{byte:02x}" for byte in interface.ip.packed)
        self._ip(
            self.keeper,
            f"link add name {port} type veth peer name eth0 address {hardware} netns {pid}",
            f"link set {port} master wire",
            f"link set {port} up",
        )
        # a second address on lo: with 127.0.0.1 alone some look-ups count the host as having no network
        lo = ("address add 10.255.255.1/32 dev lo", "link set lo up")
        self._ip(pid, *lo, f"address add {interface} dev eth0", "link set eth0 up")

    def tap(self, name: str, port: str) -> None:
        """Make the socket ``port`` on the wire, for the cable of the emulated machine ``name``."""
        self._ports[name] = port
        self._ip(
            self.keeper,
            "link set lo up",
            f"tuntap add dev {port} mode tap",
            f"link set {port} master wire",
            f"link set {port} up",
        )

    def set_link(self, name: str, *, up: bool) -> None:
        """Plug in or pull the cable of the host ``name``."""
        self._ip(self.keeper, f"link set {self._ports[name]} {'up' if up else 'down'}")

    def _ip(self, pid: int, *commands: str) -> None:
        outside(["nsenter", "-t", str(pid), "-n", "ip", "-batch", "-"], stdin="\n".join(commands) + "\n")
