"""Hosts as nodes: names, addresses, ports, host keys and OS families, where Ansible knows them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from generator.diagnostics.model import Diagnostic
from generator.importing.ansible.inventory import AnsibleHost, is_template
from generator.importing.proposal import Gap, error
from generator.inventory.values import NAME, Address, HostName, PublicKey

ADDRESS: TypeAdapter[str] = TypeAdapter(Address)
HOST_NAME: TypeAdapter[str] = TypeAdapter(HostName)
PUBLIC_KEY: TypeAdapter[str] = TypeAdapter(PublicKey)

# The first of these that a machine has is pinned.
KEY_TYPES = ("ed25519", "ecdsa", "rsa")
DEFAULT_TYPES = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa"}
FAMILIES = {"Debian": "debian", "RedHat": "redhat"}
ONE_MACHINE = ("localhost", "localhost.localdomain")
DEFAULT_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Nodes by name, in the inventory's form; ``names`` are those of the hosts that became one."""

    nodes: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, str]
    gaps: tuple[Gap, ...]
    diagnostics: tuple[Diagnostic, ...]


def machines(hosts: Iterable[AnsibleHost], facts: Mapping[str, Mapping[str, Any]], prefix: str) -> Machines:
    """The ``hosts`` as nodes of a deployment with ``prefix``, which is no part of their names."""
    nodes: dict[str, Mapping[str, Any]] = {}
    names: dict[str, str] = {}
    gaps: list[Gap] = []
    diagnostics: list[Diagnostic] = []
    for host in hosts:
        name = node_name(host.name, prefix)
        problem = _unusable(host.name, name, names)
        if problem:
            diagnostics.append(error("C0714", problem, "rename the host in Ansible, or add the node by hand"))
            continue
        names[host.name] = name
        node = _Machine(host, name, prefix, facts.get(host.name, {}))
        nodes[name] = node.made()
        gaps += node.gaps
        diagnostics += node.diagnostics
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
    def __init__(self, host: AnsibleHost, name: str, prefix: str, facts: Mapping[str, Any]) -> None:
        self.host = host
        self.name = name
        self.prefix = prefix
        # variables may hold facts too: those of a listing that was made with a cache
        self.facts = {**host.variables, **facts}
        self.gaps: list[Gap] = []
        self.diagnostics: list[Diagnostic] = []

    def made(self) -> dict[str, Any]:
        node: dict[str, Any] = {}
        if hostname := self._hostname():
            node["hostname"] = hostname
        if address := self._address():
            port = self._port()
            node["reach"] = {"address": address} | ({"port": port} if port not in (None, DEFAULT_PORT) else {})
        if key := self._host_key():
            node["host_keys"] = [key]
        if family := self._family():
            node["os_family"] = family
        return node

    def _gap(self, key: str, hint: str, code: str, problem: str, advice: str) -> None:
        place = ("nodes", self.name)
        self.gaps.append(
            Gap(place=place, keys=(key,), hint=hint, code=code, subject=self.name, problem=problem, advice=advice)
        )

    def _hostname(self) -> str | None:
        """Only where it is not what the node is called anyway."""
        expected = f"{self.prefix}-{self.name}" if self.prefix else self.name
        known = self.facts.get("ansible_nodename") or self.facts.get("ansible_hostname")
        if isinstance(known, str) and _valid(HOST_NAME, known):
            return None if known == expected else known
        if "." in self.name or self.host.name not in (expected, self.name):
            # an address, a full name, or one that was changed: `hostname` says something else there
            hint = "hostname, what `hostname` says there"
            advice = "import with --facts, or write what `hostname` prints there: capsules insist on it"
            self._gap("hostname", hint, "C0712", "nobody says what these machines call themselves", advice)
        return None

    def _address(self) -> str | None:
        given = self.host.variables.get("ansible_host", self.host.variables.get("ansible_ssh_host"))
        default = self.facts.get("ansible_default_ipv4") or self.facts.get("ansible_default_ipv6")
        known = default.get("address") if isinstance(default, Mapping) else None
        for address in (given, known):
            if isinstance(address, str) and not is_template(address) and _elsewhere(address):
                return str(ADDRESS.validate_python(address))
        hint = "reach, such as {address: 192.0.2.1}: where other machines reach this one"
        problem = "nobody says where these machines are reached"
        if is_template(given):
            problem = "Ansible computes where these machines are reached, and nothing is computed here"
        advice = "set `ansible_host` in Ansible, import with --facts, or write `reach: {address: …}`"
        self._gap("reach", hint, "C0710", problem, advice)
        return None

    def _port(self) -> int | None:
        given = self.host.variables.get("ansible_port", self.host.variables.get("ansible_ssh_port"))
        text = str(given) if isinstance(given, (int, str)) and not isinstance(given, bool) else ""
        if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
            return int(text)
        if given is not None:
            said = f"the ssh port of `{self.host.name}` is not a number: `{given}`"
            self.diagnostics.append(error("C0717", said, "write `port` beside the node's address"))
        return None

    def _host_key(self) -> str | None:
        for kind in KEY_TYPES:
            blob = self.facts.get(f"ansible_ssh_host_key_{kind}_public")
            if not isinstance(blob, str) or is_template(blob):
                continue
            keytype = self.facts.get(f"ansible_ssh_host_key_{kind}_public_keytype", DEFAULT_TYPES.get(kind))
            line = f"{keytype} {blob.split()[-1]}" if blob.split() else ""
            if keytype and _valid(PUBLIC_KEY, line):
                return line
        hint = "host_keys, the line of /etc/ssh/ssh_host_ed25519_key.pub on the machine itself"
        advice = "import with --facts (Ansible gathers host keys), or copy each from the machine's own console"
        self._gap("host_keys", hint, "C0711", "nobody knows the ssh host keys of these machines", advice)
        return None

    def _family(self) -> str | None:
        known = self.facts.get("ansible_os_family")
        if not isinstance(known, str) or is_template(known):
            return None
        if known not in FAMILIES:
            said = f"`{self.host.name}` runs an operating system of the family {known}, whose tools nobody listed"
            advice = "set the paths of all its `tools`, or leave the node out"
            self.diagnostics.append(error("C0716", said, advice))
        return FAMILIES.get(known)


def _elsewhere(address: str) -> bool:
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
