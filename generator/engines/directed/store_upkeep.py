"""What keeps a store in order besides its runs: scrubs, and what root does there by hand."""

from __future__ import annotations

from generator.engines.capsules import capsule_path, make_capsule
from generator.engines.contribution import ExpectedRun
from generator.engines.directed import names
from generator.engines.directed.store_holes import number, store_capsule
from generator.engines.discovery import keepers
from generator.engines.schedules import expected_run, longest_interval_seconds
from generator.engines.stores.keepers import Uses
from generator.inventory.model import DirectedPlan, DirectedStore, Fleet, ReplicaPlan
from generator.plan import Capsule, CronEntry, Holes
from generator.quoting import ShellWord

SHORT_SECONDS = 300
DESCRIBE_SECONDS = 3600  # each backup is opened, one after the other


def by_hand(fleet: Fleet, plan: DirectedPlan, store: DirectedStore) -> tuple[Capsule, ...]:
    """What root runs on the store itself."""
    return (
        *showing(fleet, plan, store),
        make_capsule(
            fleet,
            fleet.node(store.node),
            name=f"acknowledge_{plan.name}",
            template="acknowledge.sh.j2",
            summary=f"Accepts the size of parts that the last run of {names.pull(plan.name)} found shrunken.",
            origin=plan.origin,
            plan=ShellWord.of(plan.name),
            backup=ShellWord.of(f"{names.PERFORM} on {plan.director}"),
        ),
    )


def listing(fleet: Fleet, plan: DirectedPlan | ReplicaPlan, store: DirectedStore) -> Capsule:
    """What directors, replicas and restoring sources ask."""
    return store_capsule(
        fleet,
        plan,
        store,
        uses=Uses.LIST,
        name=names.list_stored(plan.name),
        template="list_stored.sh.j2",
        summary=f"Says which backups of plan {plan.name} this node keeps.",
        duration_seconds=number(SHORT_SECONDS),
    )


def showing(fleet: Fleet, plan: DirectedPlan | ReplicaPlan, store: DirectedStore) -> tuple[Capsule, ...]:
    """What root looks into the store with: what each backup has and lacks, and one of them mounted."""
    places = ShellWord.of(f"{store.path}/activated")
    return (
        store_capsule(
            fleet,
            plan,
            store,
            uses=Uses.READ,
            name=f"describe_{plan.name}",
            template="describe.sh.j2",
            summary=f"Says what each backup of plan {plan.name} has, and what it lacks.",
            duration_seconds=number(DESCRIBE_SECONDS),
        ),
        store_capsule(
            fleet,
            plan,
            store,
            uses=Uses.SHOW,
            name=f"activate_{plan.name}",
            template="activate.sh.j2",
            summary=f"Mounts one backup of plan {plan.name} read-only, for people to read.",
            places=places,
            duration_seconds=number(SHORT_SECONDS),
        ),
        store_capsule(
            fleet,
            plan,
            store,
            uses=Uses.SHOW,
            name=f"deactivate_{plan.name}",
            template="deactivate.sh.j2",
            summary=f"Unmounts what activate_{plan.name} has mounted.",
            places=places,
            duration_seconds=number(SHORT_SECONDS),
        ),
    )


def scrub_capsules(
    fleet: Fleet, plan: DirectedPlan | ReplicaPlan, store: DirectedStore, sources: tuple[Holes, ...]
) -> tuple[Capsule, ...]:
    """The capsule that reads everything of ``sources`` again, where the plan has a schedule for it."""
    if plan.scrub is None:
        return ()
    platform = keepers()[store.engine].scrubs
    interval = longest_interval_seconds(plan.scrub.cron)
    return (
        store_capsule(
            fleet,
            plan,
            store,
            uses=(Uses.SCRUB if platform else Uses.LIST) | Uses.HEALTH,
            name=_scrub_name(plan),
            template="scrub_store.sh.j2",
            summary=f"Reads everything that the store of plan {plan.name} keeps again.",
            platform=platform,
            interval_seconds=number(interval),
            duration_seconds=number(_scrub_seconds(interval)),
            sources=sources,
        ),
    )


def _scrub_name(plan: DirectedPlan | ReplicaPlan) -> str:
    return f"scrub_{plan.name}"


def _scrub_seconds(interval: int) -> int:
    """A scrub reads everything there is: it gets the time until its next turn, less an hour."""
    return interval - 3600


def scrub_schedule(fleet: Fleet, plan: DirectedPlan | ReplicaPlan) -> tuple[CronEntry, ...]:
    """When that happens."""
    if plan.scrub is None:
        return ()
    path = capsule_path(fleet, _scrub_name(plan))
    return (CronEntry(schedule=plan.scrub.cron, capsule_path=path, origin=plan.scrub.origin),)


def expected_scrub(plan: DirectedPlan | ReplicaPlan) -> tuple[ExpectedRun, ...]:
    """How old its last success may be."""
    if plan.scrub is None:
        return ()
    interval = longest_interval_seconds(plan.scrub.cron)
    return (expected_run(_scrub_name(plan), plan.scrub, _scrub_seconds(interval)),)
