"""The resolved inventory: every default applied, every name bound, every value checked. Frozen and sorted by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from generator.engines.settings import EngineSettings
from generator.plan.origin import Origin


class Scheduler(Enum):
    """What starts a node's capsules by itself: a cron table, or systemd's timers."""

    CRON = "cron"
    SYSTEMD = "systemd"


class Ownership(Enum):
    """How a store keeps owners: as extended attributes of a data account, or natively, received by root."""

    FAKE_SUPER = "fake-super"
    NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What pruning keeps; a backup stays if any rule wants it.

    ``days`` by identifier and the store's clock, the rest by count of complete backups (``last``) or of the newest
    complete backup of each period. ``keep_minimum`` complete backups stay whatever happens.
    """

    days: int | None
    last: int | None
    weekly: int | None
    monthly: int | None
    yearly: int | None
    keep_minimum: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Five crontab fields, in the time zone of the node that runs them."""

    cron: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a dataset is frozen for a moment: a snapshot engine's name, its settings, where the snapshot is mounted.

    ``mount`` is empty where the plan's own directory below /run is used.
    """

    engine: str
    settings: EngineSettings
    mount: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiescer:
    """What holds a node's writers still while snapshots are taken: a quiescer engine's name and its settings."""

    name: str
    engine: str
    settings: EngineSettings
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What is protected on a node: a producer engine's name and its own settings.

    ``snapshot`` is used by directed plans; None is read as it lies.
    """

    name: str
    producer: str
    settings: EngineSettings
    mountpoint: str | None  # must be mounted, else the run is partial
    canary: str | None  # absolute path that must exist
    shrink_limit_percent: int  # a run that keeps less than this much of the last complete one is partial
    origin: Origin
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePoint:
    """One path inside a dataset that gets a restore capsule of its own, fed by the plan ``source``."""

    name: str
    dataset: str
    path: str
    source: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A key that a node makes by itself: the public halves that are accepted; none as long as nobody knows it."""

    public: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine; ``tools`` maps a command's name to its absolute path for this node's OS family and overrides."""

    name: str
    hostname: str
    address: str  # where others reach it
    port: int
    egress: tuple[str, ...]  # where its own connections come from
    host_keys: tuple[str, ...]  # "type base64", one or two
    site: str
    os_family: str
    timezone: str
    sudo_digests: bool  # False for sudo-rs
    tools: Mapping[str, str]
    datasets: tuple[Dataset, ...]
    restore_points: tuple[RestorePoint, ...]
    origin: Origin
    quiescers: tuple[Quiescer, ...] = ()
    scheduler: Scheduler = Scheduler.CRON
    certname: str = ""  # what the node is called in Puppet
    deliveries: tuple[str, ...] = ("plain",)  # names of deliveries, sorted
    machine_id: str = ""  # what /etc/machine-id must say, empty where only the host name is asked for
    own_keys: Mapping[str, OwnKey] = field(default_factory=dict)  # by the name of the edge that it is the client of


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Compiled limits of one run; seconds and bytes."""

    duration_seconds: int  # worst-case duration of a whole run: the proof's and the capsule's time limit
    parallel: int
    largest_file_bytes: int
    reserve_bytes: int  # free space that a transfer must leave on the store
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectPlan:
    """A plan that backs up ``nodes`` into a tree on each node itself, at ``path``."""

    name: str
    store: str  # the store engine's name
    nodes: tuple[str, ...]
    datasets: tuple[str, ...]  # empty: every dataset of each node
    path: str
    schedule: Schedule
    scrub: Schedule | None
    retention: Retention
    limits: Limits
    preview: bool
    copies: int  # promised copies, this one included
    sites: int  # promised sites
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectPlan:
    """A plan by which ``node`` pulls every backup of ``sources`` that the plan ``collects`` made, into ``path``.

    Where ``collects`` is itself a collecting plan the pull goes to its node, else to each source. ``sources`` are
    the nodes whose data is meant, sorted. ``maximum_age_seconds`` is counted from the end of the identifier's day.
    """

    name: str
    store: str  # the store engine's name
    collects: str
    node: str
    path: str
    ownership: Ownership
    sources: tuple[str, ...]
    maximum_age_seconds: int
    schedule: Schedule
    scrub: Schedule | None
    retention: Retention
    limits: Limits
    preview: bool
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """How long a pause may last before the node ends it by itself, and how long no other may begin; seconds."""

    deadline_seconds: int
    cool_down_seconds: int
    origin: Origin


class FanOutEngine(Enum):
    """What calls many nodes at once: the capsule's own loop around ssh, or ClusterShell."""

    SSH = "ssh"
    CLUSTERSHELL = "clustershell"


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """How the director reaches many nodes: ``width`` at once."""

    engine: FanOutEngine
    width: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectedStore:
    """Where a directed or a replica plan keeps backups: an engine with its own settings, on one node.

    ``sources`` are the nodes that it pulls, sorted.
    """

    node: str
    engine: str
    path: str
    ownership: Ownership
    settings: EngineSettings
    sources: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectedPlan:
    """A plan by which ``director`` has one moment of all ``sources`` frozen, pulled to ``stores`` and kept.

    ``quiesced`` are the nodes whose quiescers are held while snapshots are taken. ``permit_seconds`` is how long a
    permit to restore stays open, None where the director may not restore.
    """

    name: str
    director: str
    sources: tuple[str, ...]
    datasets: tuple[str, ...]  # empty: every dataset of each source
    quiesced: tuple[str, ...]
    stores: tuple[DirectedStore, ...]
    schedule: Schedule
    scrub: Schedule | None
    retention: Retention
    limits: Limits
    lease: Lease
    fan_out: FanOut
    docker_control: bool
    permit_seconds: int | None
    copies: int
    sites: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaPlan:
    """A plan by which ``store.node`` pulls what the store on ``upstream`` keeps of the plan ``replicates``.

    ``replicates`` is a directed plan or another replica; ``directed`` is the directed plan that the chain begins at.
    """

    name: str
    replicates: str
    directed: str
    upstream: str
    store: DirectedStore
    maximum_age_seconds: int
    schedule: Schedule
    scrub: Schedule | None
    retention: Retention
    limits: Limits
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The account that forced commands run under; it owns nothing and may do nothing else."""

    name: str
    number: int
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEpochs:
    """Key epochs: ``current`` for every edge but those in ``edges`` (by edge name); ``accept_next`` and
    ``accept_previous`` make servers take the key after and the key before as well, for the time of a rotation."""

    current: int
    accept_previous: bool
    edges: Mapping[str, int]
    accept_next: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where Capsule's own files lie on every node."""

    programs: str  # /opt/capsule/<deployment>
    logs: str  # /var/log/capsule/<deployment>
    state: str  # /var/lib/capsule/<deployment>
    metrics: str  # directory of the Prometheus textfile collector, or empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """One deployment, resolved; every tuple is sorted by name."""

    name: str
    prefix: str
    deployment: str  # <fleet> or <prefix>-<fleet>
    operator: Operator
    paths: Paths
    mail_to: str
    health_check_url: str
    signers: tuple[str, ...]  # accepted public keys of the seal
    epochs: KeyEpochs
    escrow_recorded: bool
    nodes: tuple[Node, ...]
    protect_plans: tuple[ProtectPlan, ...]
    collect_plans: tuple[CollectPlan, ...]
    data_numbers: Mapping[str, int]  # uid and gid of each source's data account, by source
    origin: Origin
    directed_plans: tuple[DirectedPlan, ...] = ()
    replica_plans: tuple[ReplicaPlan, ...] = ()

    nodes_by_name: Mapping[str, Node] = field(init=False, repr=False, compare=False)
    plans_by_name: Mapping[str, ProtectPlan | CollectPlan] = field(init=False, repr=False, compare=False)
    pullers_by_plan: Mapping[str, tuple[CollectPlan, ...]] = field(init=False, repr=False, compare=False)
    stores_by_node: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index nodes and plans once: engines look them up for every dataset of every node."""
        plans: dict[str, ProtectPlan | CollectPlan] = {plan.name: plan for plan in self.collect_plans}
        plans.update((plan.name, plan) for plan in self.protect_plans)
        pullers: dict[str, tuple[CollectPlan, ...]] = {}
        stores: dict[str, set[str]] = {}
        for collecting in self.collect_plans:
            pullers[collecting.collects] = (*pullers.get(collecting.collects, ()), collecting)
            stores.setdefault(collecting.node, set()).add(collecting.path)
        for protecting in self.protect_plans:
            for name in protecting.nodes:
                stores.setdefault(name, set()).add(protecting.path)
        for kept in self._directed_stores():
            stores.setdefault(kept.node, set()).add(kept.path)
        object.__setattr__(self, "nodes_by_name", {node.name: node for node in self.nodes})
        object.__setattr__(self, "plans_by_name", plans)
        object.__setattr__(self, "pullers_by_plan", pullers)
        object.__setattr__(self, "stores_by_node", {name: tuple(sorted(paths)) for name, paths in stores.items()})

    def _directed_stores(self) -> Iterator[DirectedStore]:
        for directed in self.directed_plans:
            yield from directed.stores
        for replica in self.replica_plans:
            yield replica.store

    def directed_plan(self, name: str) -> DirectedPlan:
        """The directed plan called ``name``; raises `KeyError`."""
        return {plan.name: plan for plan in self.directed_plans}[name]

    def replica_plan(self, name: str) -> ReplicaPlan:
        """The replica plan called ``name``; raises `KeyError`."""
        return {plan.name: plan for plan in self.replica_plans}[name]

    def replicas_of(self, plan: str, node: str) -> tuple[ReplicaPlan, ...]:
        """The plans that replicate what the store of ``plan`` on ``node`` keeps, sorted by name."""
        return tuple(one for one in self.replica_plans if (one.replicates, one.upstream) == (plan, node))

    def node(self, name: str) -> Node:
        """The node called ``name``; raises `KeyError`."""
        return self.nodes_by_name[name]

    def plan(self, name: str) -> ProtectPlan | CollectPlan:
        """The plan called ``name``; raises `KeyError`."""
        return self.plans_by_name[name]

    def pullers(self, plan: str) -> tuple[CollectPlan, ...]:
        """The plans that pull what the plan called ``plan`` made, sorted by name."""
        return self.pullers_by_plan.get(plan, ())

    def store_paths(self, node: str) -> tuple[str, ...]:
        """Where plans keep backups on the node called ``node``, sorted."""
        return self.stores_by_node.get(node, ())
