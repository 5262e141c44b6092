"""Machines of a platform as nodes: names, addresses, ports, host keys and OS families, where it knows them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from generator.diagnostics.model import Diagnostic
from generator.importing.proposal import Gap, error, warning
from generator.inventory.values import NAME, Address, HostName, PublicKey
from generator.inventory.zones import zone_names

ADDRESS: TypeAdapter[str] = TypeAdapter(Address)
HOST_NAME: TypeAdapter[str] = TypeAdapter(HostName)
PUBLIC_KEY: TypeAdapter[str] = TypeAdapter(PublicKey)

# The first of these that a machine has is pinned.
KEY_TYPES = ("ed25519", "ecdsa", "rsa")
FAMILIES = {"Debian": "debian", "RedHat": "redhat"}
ONE_MACHINE = ("localhost", "localhost.localdomain")
DEFAULT_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a platform says of the machine that it calls ``name``; nothing is checked yet.

    ``node`` is what it is to be called here. ``addresses`` come the best first; ``unreached`` says what the matter is
    if none will do. ``host_keys`` are ``type base64`` by the kind in `KEY_TYPES`.
    """

    name: str
    node: str
    hostname: object = None
    addresses: tuple[object, ...] = ()
    unreached: str = "nobody says where these machines are reached"
    port: object = None
    host_keys: Mapping[str, str]
    family: object = None
    zone: object = None
    certname: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about what a platform does not say, in its own words."""

    name: str
    hostname: str
    address: str
    host_keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Nodes by name, in the inventory's form; ``names`` are those of the hosts that became one."""

    nodes: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, str]
    gaps: tuple[Gap, ...]
    diagnostics: tuple[Diagnostic, ...]


def nodes_of(known: Iterable[Known], prefix: str, advice: Advice) -> Machines:
    """What is ``known`` as nodes of a deployment with ``prefix``, which is no part of their names."""
    nodes: dict[str, Mapping[str, Any]] = {}
    names: dict[str, str] = {}
    gaps: list[Gap] = []
    diagnostics: list[Diagnostic] = []
    for one in known:
        problem = _unusable(one.name, one.node, names)
        if problem:
            diagnostics.append(error("C0714", problem, advice.name))
            continue
        names[one.name] = one.node
        machine = _Machine(one, prefix, advice)
        nodes[one.node] = machine.made()
        gaps += machine.gaps
        diagnostics += machine.diagnostics
    # those of one kind are reported together
    gaps.sort(key=lambda gap: (gap.code, gap.problem))
    return Machines(nodes=nodes, names=names, gaps=tuple(gaps), diagnostics=tuple(diagnostics))


def node_name(host: str, prefix: str) -> str:
    """What a host is called here: without the deployment's prefix, in small letters, `-` instead of `_`."""
    name = host.lower().replace("_", "-")
    return name.removeprefix(f"{prefix}-") if prefix else name


def _unusable(host: str, name: str, taken: Mapping[str, str]) -> str:
    if not NAME.match(name) or ".." in name:
        return f"the host `{host}` cannot be a node: its name has other characters than letters, digits, . and -"
    other = next((known for known, node in taken.items() if node == name), None)
    return f"the hosts `{other}` and `{host}` would both be the node `{name}`" if other else ""


class _Machine:
    def __init__(self, known: Known, prefix: str, advice: Advice) -> None:
        self.known = known
        self.name = known.node
        self.prefix = prefix
        self.advice = advice
        self.gaps: list[Gap] = []
        self.diagnostics: list[Diagnostic] = []

    def made(self) -> dict[str, Any]:
        node: dict[str, Any] = {}
        if hostname := self._hostname():
            node["hostname"] = hostname
        if self.known.certname and self.known.certname != (hostname or self._expected()):
            node["certname"] = self.known.certname
        if address := self._address():
            port = self._port()
            node["reach"] = {"address": address} | ({"port": port} if port not in (None, DEFAULT_PORT) else {})
        if key := self._host_key():
            node["host_keys"] = [key]
        if family := self._family():
            node["os_family"] = family
        if zone := self._zone():
            node["timezone"] = zone
        return node

    def _gap(self, key: str, hint: str, code: str, problem: str, advice: str) -> None:
        place = ("nodes", self.name)
        self.gaps.append(
            Gap(place=place, keys=(key,), hint=hint, code=code, subject=self.name, problem=problem, advice=advice)
        )

    def _expected(self) -> str:
        return f"{self.prefix}-{self.name}" if self.prefix else self.name

    def _hostname(self) -> str | None:
        """Only where it is not what the node is called anyway."""
        expected, known = self._expected(), self.known.hostname
        if isinstance(known, str) and _valid(HOST_NAME, known):
            return None if known == expected else known
        if "." in self.name or self.known.name not in (expected, self.name):
            # an address, a full name, or one that was changed: `hostname` says something else there
            hint = "hostname, what `hostname` says there"
            self._gap(
                "hostname", hint, "C0712", "nobody says what these machines call themselves", self.advice.hostname
            )
        return None

    def _address(self) -> str | None:
        for address in self.known.addresses:
            if isinstance(address, str) and elsewhere(address):
                return str(ADDRESS.validate_python(address))
        hint = "reach, such as {address: 192.0.2.1}: where other machines reach this one"
        self._gap("reach", hint, "C0710", self.known.unreached, self.advice.address)
        return None

    def _port(self) -> int | None:
        given = self.known.port
        text = str(given) if isinstance(given, (int, str)) and not isinstance(given, bool) else ""
        if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
            return int(text)
        if given is not None:
            said = f"the ssh port of `{self.known.name}` is not a number: `{given}`"
            self.diagnostics.append(error("C0717", said, "write `port` beside the node's address"))
        return None

    def _host_key(self) -> str | None:
        for kind in KEY_TYPES:
            line = self.known.host_keys.get(kind, "")
            if line and _valid(PUBLIC_KEY, line):
                return line
        hint = "host_keys, the line of /etc/ssh/ssh_host_ed25519_key.pub on the machine itself"
        problem = "nobody knows the ssh host keys of these machines"
        self._gap("host_keys", hint, "C0711", problem, self.advice.host_keys)
        return None

    def _family(self) -> str | None:
        known = self.known.family
        if not isinstance(known, str):
            return None
        if known not in FAMILIES:
            said = f"`{self.known.name}` runs an operating system of the family {known}, whose tools nobody listed"
            advice = "set the paths of all its `tools`, or leave the node out"
            self.diagnostics.append(error("C0716", said, advice))
        return FAMILIES.get(known)

    def _zone(self) -> str | None:
        known = self.known.zone
        if not isinstance(known, str):
            return None
        if known == "UTC" or ("/" in known and known in zone_names()):
            return known
        said = f"the clock of `{self.known.name}` runs in {known}, which several time zones call themselves"
        self.diagnostics.append(
            warning("C0718", said, "write `timezone`, such as Europe/Stockholm, where it is not UTC")
        )
        return None


def elsewhere(address: str) -> bool:
    """Whether ``address`` means the same machine from everywhere."""
    if address in ONE_MACHINE or not _valid(ADDRESS, address):
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return True
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_link_local or parsed.is_multicast)


def _valid(kind: TypeAdapter[str], value: str) -> bool:
    try:
        kind.validate_python(value)
    except ValidationError:
        return False
    return True
