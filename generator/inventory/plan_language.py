"""The inventory language of plans; `generator.inventory.language` has the rest."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag

from generator.inventory.parts import Count, Part
from generator.inventory.values import Cron, Duration, Name, PauseLength, Size, StorePath


class RetentionPart(Part):
    """What is kept: a backup stays if any rule wants it."""

    days: Count | None = Field(default=None, description="everything this many days old or younger")
    last: Count | None = Field(default=None, description="this many of the newest complete backups")
    weekly: Count | None = Field(default=None, description="the newest of each of this many weeks")
    monthly: Count | None = Field(default=None, description="the newest of each of this many months")
    yearly: Count | None = Field(default=None, description="the newest of each of this many years")
    keep_minimum: Count | None = Field(
        default=None, description="complete backups that stay whatever happens. Default: `days` or `last`, else 1"
    )


class StorePart(Part):
    """Where and how backups are kept."""

    engine: str = Field(description="the name of a store engine")
    path: StorePath = Field(description="the store's own directory")
    ownership: Literal["fake-super", "native"] | None = Field(
        default=None, description="how a collecting store keeps owners. Default: fake-super"
    )


class PromisePart(Part):
    """What the compiler proves of every protected dataset."""

    copies: int = Field(default=1, ge=1, le=100, description="copies; what a plan that protects keeps locally is one")
    sites: int = Field(default=1, ge=1, le=100, description="sites that hold a copy")


class PlanPart(Part):
    """What all kinds of plans have."""

    schedule: Cron = Field(
        description="five crontab fields, in the time zone of the node that runs it", examples=["15 1 * * *"]
    )
    expected_duration: Duration = Field(description="the worst case of a whole run; a run is stopped after it")
    retention: RetentionPart = Field(description="what is kept")
    scrub: Cron | None = Field(default=None, description="when old backups are read again and compared")
    parallel: int = Field(default=4, ge=1, le=256, description="how many sources are pulled at once")
    largest_file: Size = Field(default=1 << 40, description="a larger file is refused. Default: 1T")
    reserve: Size = Field(default=1 << 30, description="space that a run leaves free on the store. Default: 1G")


class ProtectPart(PlanPart):
    """A plan that backs nodes up onto themselves."""

    protects: tuple[Name, ...] = Field(description="groups and nodes")
    store: StorePart = Field(description="where the backups are kept")
    datasets: tuple[Name, ...] = Field(default=(), description="only these datasets. Default: all")
    promise: PromisePart = Field(default=PromisePart(), description="copies and sites to prove")
    preview: bool = Field(default=False, description="also make a capsule that says what a run would do")


class CollectPart(PlanPart):
    """A plan by which one node pulls what another plan made."""

    collects: Name = Field(description="the plan whose backups are pulled")
    node: Name = Field(description="the node that pulls and keeps them")
    store: StorePart = Field(description="where the backups are kept")
    maximum_age: Duration = Field(
        default=26 * 3600, description="a source without a newer backup than this is stale. Default: 26h"
    )
    preview: bool = Field(default=False, description="also make a capsule that says what a run would do")


class DirectedStorePart(StorePart):
    """One node that pulls and keeps what a plan directs; the other keys are the store engine's own."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    node: Name = Field(description="the node that pulls and keeps the backups")
    sources: tuple[Name, ...] = Field(
        default=(), description="only these sources. Default: all that no other store names, spread evenly"
    )


class ReplicaStorePart(StorePart):
    """Where a replica is kept; the other keys are the store engine's own."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class PausePart(Part):
    """How long a pause may last."""

    deadline: PauseLength = Field(default=60, description="after this, a node resumes by itself. Default: 60s")
    cool_down: Duration = Field(default=600, description="for this long no other pause may begin. Default: 10m")


class FanOutPart(Part):
    """How the director reaches many nodes at once."""

    engine: Literal["ssh", "clustershell"] = Field(
        default="ssh", description="the capsule's own loop around ssh, or ClusterShell for hundreds of nodes"
    )
    width: int = Field(default=32, ge=1, le=1024, description="how many nodes are called at once")


class DirectedRestorePart(Part):
    """Lets the director restore nodes whose root has opened a permit."""

    permit: Duration = Field(default=1800, description="how long a permit stays open. Default: 30m")


class DirectPart(PlanPart):
    """A plan by which a director has one moment of many nodes frozen, pulled and kept."""

    directs: tuple[Name, ...] = Field(description="groups and nodes; sources are those that have datasets")
    director: Name = Field(description="the node that starts and orders everything")
    quiesces: tuple[Name, ...] | None = Field(
        default=None, description="groups and nodes that stand still while snapshots are taken. Default: `directs`"
    )
    datasets: tuple[Name, ...] = Field(default=(), description="only these datasets. Default: all")
    stores: Annotated[tuple[DirectedStorePart, ...], Field(min_length=1)] = Field(
        description="who pulls and keeps the backups"
    )
    pause: PausePart = Field(default=PausePart(), description="how long a pause may last")
    fan_out: FanOutPart = Field(default=FanOutPart(), description="how the director reaches many nodes at once")
    docker_control: bool = Field(default=False, description="the director may stop and start Docker on the nodes")
    directed_restore: DirectedRestorePart | None = Field(
        default=None, description="the director may restore nodes that permit it. Default: it may not"
    )
    promise: PromisePart = Field(default=PromisePart(), description="copies and sites to prove")


class ReplicatePart(PlanPart):
    """A plan by which one node pulls all that a store of a directed plan keeps."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    replicates: Name = Field(description="the plan that directs, or another replica")
    node: Name = Field(description="the node that pulls and keeps the replica")
    upstream: Name | None = Field(
        default=None,
        alias="from",
        description="the node it is pulled from; needed where several keep the plan",
    )
    store: ReplicaStorePart = Field(description="where the replica is kept")
    maximum_age: Duration = Field(
        default=26 * 3600, description="a replica without a newer backup than this is stale. Default: 26h"
    )


KINDS = ("collects", "directs", "replicates")


def _kind(value: Any) -> str:
    named = [kind for kind in KINDS if isinstance(value, dict) and kind in value]
    return f"<{(named or ['protects'])[0]}>"


AnyPlan: TypeAlias = Annotated[
    Annotated[ProtectPart, Tag("<protects>")]
    | Annotated[CollectPart, Tag("<collects>")]
    | Annotated[DirectPart, Tag("<directs>")]
    | Annotated[ReplicatePart, Tag("<replicates>")],
    Discriminator(_kind),
]
