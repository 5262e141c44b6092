"""The inventory language: every key, its type and what it is for; JSON Schema and reference come from here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from generator.inventory.own_keys import OwnKeys
from generator.inventory.parts import Part, Percent
from generator.inventory.plan_language import AnyPlan
from generator.inventory.values import (
    AbsolutePath,
    Account,
    Address,
    CertName,
    Day,
    Egress,
    HomePath,
    HostName,
    InstalledPath,
    MachineId,
    Mail,
    MountPath,
    Name,
    OwnPath,
    PublicKey,
    SecretText,
    Url,
    Word,
    Zone,
)


class SecretPart(Part):
    """Names a secret without holding it."""

    secret: SecretText = Field(
        description="`env NAME`, `file PATH` (relative to the inventory) or `command …`; read when it is needed",
        examples=["file kaizen.secret", "env CAPSULE_SECRET", "command pass show capsule/kaizen"],
    )


class SealPart(Part):
    """Who may have signed what is installed."""

    signers: tuple[PublicKey, ...] = Field(
        default=(), description="public keys whose seal is accepted; `gen keys show` prints the fleet's own"
    )


class EscrowPart(Part):
    """Where a copy of the fleet secret waits for the day on which everything else is lost."""

    recorded: Day = Field(description="the day on which somebody last saw the copy")
    where: str = Field(min_length=1, description="where it lies, in words for people")


class OperatorPart(Part):
    """The account that forced commands run under. It owns nothing and may do nothing else."""

    name: Account = Field(default="backupoperator", description="its name on every node")
    number: int = Field(default=1901, ge=100, le=0x6FFFFFFF, description="its uid and gid on every node")
    home: HomePath | None = Field(
        default=None, description="its home directory, owned by root. Default: `/var/lib/<name>`"
    )


class AlertsPart(Part):
    """Who hears of trouble, and of silence."""

    mail: Mail | None = Field(default=None, description="where what a run writes to standard error is mailed")
    health_check: Url | None = Field(
        default=None,
        description="called after each run: `URL/<node>-<capsule>`, with `/fail` behind it unless it was complete",
    )


class KeysPart(Part):
    """Counters of key rotations: raising one changes the keys at the next build."""

    epoch: int = Field(default=1, ge=1, le=1_000_000, description="the epoch of every key")
    accept_next: bool = Field(
        default=False, description="servers also take the key after, which nobody has yet: before a rotation"
    )
    accept_previous: bool = Field(
        default=False, description="servers also take the key before: while a rotation rolls out"
    )
    edges: dict[str, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default_factory=dict,
        description="epochs of single keys, by the name of their file: `<server>.<capsule>` for collecting, "
        "`restore_<server>.<capsule>` for restoring, `control_…` for what a director orders, "
        "`replicate_…` for replicas",
    )


class PathsPart(Part):
    """Where Capsule's own files lie on every node; the deployment's name is appended to the first three."""

    programs: InstalledPath = Field(default="/opt/capsule", description="capsules and keys")
    logs: InstalledPath = Field(default="/var/log/capsule", description="log files")
    state: InstalledPath = Field(default="/var/lib/capsule", description="results of runs, locks, acknowledgements")
    metrics: OwnPath | None = Field(default=None, description="directory of Prometheus's textfile collector, if any")


class ReachPart(Part):
    """How other nodes reach this one."""

    address: Address = Field(description="an address or a host name")
    port: int = Field(default=22, ge=1, le=65535, description="the port of its sshd")


class SnapshotPart(Part):
    """How a dataset is frozen for a moment; the other keys are the snapshot engine's own."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    engine: str | None = Field(default=None, description="the name of a snapshot engine")
    mount: MountPath | None = Field(
        default=None,
        description="where the snapshot is mounted. Default: /run/capsule/<deployment>/<plan>/snapshots/<dataset>, "
        "which only root can enter: whoever enters a snapshot can keep it in use",
    )


class QuiescePart(Part):
    """What holds a node's writers still while snapshots are taken; the other keys are the quiescer's own."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    engine: str | None = Field(default=None, description="the name of a quiescer engine")


class DatasetPart(Part):
    """What is protected; the other keys are the producer's own."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    producer: str | None = Field(default=None, description="what makes the data: the name of a producer engine")
    mountpoint: AbsolutePath | None = Field(default=None, description="must be mounted, else the run is partial")
    canary: AbsolutePath | None = Field(default=None, description="a file that must exist, else the run is partial")
    shrink_limit: Percent | None = Field(
        default=None, description="percent of the last complete backup that must be there again; built in: 50"
    )
    snapshot: SnapshotPart | None = Field(
        default=None, description="how plans that direct freeze it for a moment. Default: it is read as it lies"
    )


class RestorePointPart(Part):
    """One path of a dataset that gets a restore capsule of its own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    dataset: Name = Field(description="the dataset that holds it")
    path: AbsolutePath = Field(description="the file or directory on the node")
    source: Name = Field(alias="from", description="the plan that it is pulled from")


class LayerPart(Part):
    """Settings of nodes that can stand in defaults, profiles, groups and nodes, weakest first."""

    site: Name | None = Field(
        default=None, description="where the node stands; copies are counted by site. Built in: main"
    )
    timezone: Zone | None = Field(default=None, description="the zone of its clock and its schedules. Built in: UTC")
    os_family: Literal["debian", "redhat"] | None = Field(
        default=None, description="whose table of tool paths is used; Ubuntu is debian. Built in: debian"
    )
    sudo: Literal["digests", "plain"] | None = Field(
        default=None, description="`plain` for sudo-rs, which knows no digests. Built in: digests"
    )
    scheduler: Literal["cron", "systemd"] | None = Field(
        default=None, description="what starts its capsules: a cron table, or systemd's timers. Built in: cron"
    )
    deliveries: tuple[Literal["debian", "plain"], ...] | None = Field(
        default=None,
        description="what the build makes to install it: `plain` scripts, a `debian` package. Built in: [plain]",
    )
    tools: dict[str, AbsolutePath | None] | None = Field(
        default=None, description="paths of commands that lie elsewhere"
    )
    datasets: dict[Name, DatasetPart | None] | None = Field(
        default=None, description="what is protected, by name; merged over weaker layers, and null removes"
    )
    quiesce: dict[Name, QuiescePart | None] | None = Field(
        default=None,
        description="what stands still while snapshots are taken, by name; merged over weaker layers, null removes",
    )
    restore_points: dict[Name, RestorePointPart | None] | None = Field(
        default=None, description="single paths that get a restore capsule of their own, by name; null removes"
    )


class GroupPart(LayerPart):
    """A named set of nodes, with profiles and settings for them."""

    nodes: tuple[Name, ...] = Field(description="its members")
    profiles: tuple[Name, ...] = Field(default=(), description="profiles of every member; a later one is stronger")


class NodePart(LayerPart):
    """A machine."""

    hostname: HostName | None = Field(
        default=None,
        description="what `hostname` says there: capsules insist on it. "
        "Default: the node's name, `<prefix>-` before it where the fleet has a prefix",
    )
    certname: CertName | None = Field(
        default=None,
        description="the name in its Puppet certificate, in small letters. Default: the host name, in small letters",
    )
    machine_id: MachineId | None = Field(
        default=None,
        description="what /etc/machine-id says there, in quotes: where it is given, capsules and the installer "
        "insist on it too, so that a machine that merely has the same host name is refused",
    )
    reach: ReachPart | None = Field(default=None, description="needed where another node connects to it")
    egress: tuple[Egress, ...] | None = Field(
        default=None, description="where its own connections come from. Default: the address in `reach`"
    )
    host_keys: tuple[PublicKey, ...] = Field(
        default=(), description="its pinned ssh host keys; two of one type while a key changes"
    )
    own_keys: dict[str, OwnKeys] = Field(
        default_factory=dict,
        description="keys that the node makes itself instead of getting them, by the name of their file: the public "
        "half, two of them while it changes, or `unknown` until the node has made the key",
    )
    profiles: tuple[Name, ...] = Field(default=(), description="profiles, after those of its groups")
    data_number: int | None = Field(
        default=None,
        ge=0x70000000,
        le=0x7FFFFFF0,
        description="uid and gid of the account that keeps its data on stores. Default: derived from the name",
    )


class InventoryPart(Part):
    """A whole fleet in one file."""

    capsule: Literal[1] = Field(description="the version of this language: 1")
    fleet: Word = Field(description="the fleet's name")
    deployment_prefix: Word | Literal[""] = Field(
        default="", description="tells deployments of one fleet apart: uat, prod; never part of a backup"
    )
    fleet_secret: SecretPart | None = Field(
        default=None, description="what all keys are derived from. Default: file <fleet>.secret beside this file"
    )
    seal: SealPart = Field(default=SealPart(), description="who may have signed")
    escrow: EscrowPart | None = Field(
        default=None, description="the record of the secret's copy; checks and builds warn without it"
    )
    operator: OperatorPart = Field(default=OperatorPart(), description="the account of forced commands")
    alerts: AlertsPart = Field(default=AlertsPart(), description="who hears of trouble")
    keys: KeysPart = Field(default=KeysPart(), description="key rotation")
    paths: PathsPart = Field(default=PathsPart(), description="where Capsule's own files lie on nodes")
    defaults: LayerPart = Field(default=LayerPart(), description="settings of every node")
    profiles: dict[Name, LayerPart] = Field(default_factory=dict, description="named bundles of settings")
    groups: dict[Name, GroupPart] = Field(default_factory=dict, description="named sets of nodes")
    nodes: dict[Name, NodePart] = Field(description="the machines, by name")
    plans: dict[Name, AnyPlan] = Field(description="who backs up what, when, and for how long")
