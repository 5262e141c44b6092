"""What a node gets besides files, and the plan of a node and of a fleet."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.plan.artifacts import Artifact
from generator.plan.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Account:
    """A local account with a locked password; user and group share name and number.

    ``purpose`` tells a reviewer in plain words what the account is for.
    """

    name: str
    number: int
    home: str
    shell: str
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Directory:
    """A directory that must exist before the first run.

    ``keep`` marks those that hold data or state: removal never touches them.
    """

    path: str
    owner: str
    group: str
    mode: int
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How the build host reaches a node, and what the node is for; nothing on any node is made from it.

    ``host_keys`` are ``type base64``; ``roles`` are names of groups, sorted.
    """

    address: str
    port: int
    host_keys: tuple[str, ...]
    roles: tuple[str, ...]


NOBODY = Contact(address="", port=22, host_keys=(), roles=())


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """Everything that lies on one node; tuples are sorted by path or name.

    ``hostname`` is the identity that installer and capsules insist on, and so is ``machine_id``, unless it is empty.
    ``clock_offsets`` are pairs of a Unix time and the UTC offset in seconds that the node's time zone must have then:
    the installer refuses a node whose clock runs in another zone than its schedules were proved for. ``packages``
    name what the capsules need, as ``os_family`` (a key of `generator.inventory.tools.TOOLS`) calls it.
    ``certname`` is the name that Puppet's certificate has, and ``deliveries`` name what the build makes to put all of
    this on the node: they change none of it.
    """

    name: str
    hostname: str
    prefix: str
    accounts: tuple[Account, ...]
    directories: tuple[Directory, ...]
    packages: tuple[str, ...]
    tools: tuple[tuple[str, str], ...]
    clock_offsets: tuple[tuple[int, int], ...]
    artifacts: tuple[Artifact, ...]
    origin: Origin
    os_family: str = "debian"
    certname: str = field(default="", repr=False)  # no file of the node is made from it
    deliveries: tuple[str, ...] = field(default=("plain",), repr=False)  # neither does this
    contact: Contact = field(default=NOBODY, repr=False)  # nor from it
    machine_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """The plan of every node of one deployment, sorted by node name."""

    fleet: str
    deployment: str
    nodes: tuple[NodePlan, ...]
