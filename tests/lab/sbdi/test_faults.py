"""Whatever dies in whatever phase: containers run again in time, nothing stays behind, no backup is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from generator.lab import containers, services

from ..killing import family
from .platform import SOURCES, Sbdi, part

DEADLINE, KEPT = 20, 3
# which call says that a phase is under way: on which host, of which tool, with which words
PHASES = {
    "pause": ("one", "docker", "*container pause*"),
    "prepare": ("one", "btrfs", "*subvolume snapshot -r*"),
    "unpause": ("one", "docker", "*container unpause*"),
    "pull": ("one", "rsync", "*--server --daemon*"),
    "commit": ("vault", "btrfs", "*subvolume snapshot -r*"),
    "remove": ("one", "btrfs", "*subvolume delete*"),
}
# what is lost from here on is in the stores already
AFTERWARDS = ("commit", "remove")


@pytest.fixture(scope="module", autouse=True)
def history(sbdi_fleet: Sbdi) -> None:
    """A backup that no fault may take away."""
    sbdi_fleet.runs_again(60)
    assert sbdi_fleet.cron("boss", "perform_backup").status == 0, sbdi_fleet.logs()


@pytest.fixture(autouse=True)
def whole_again(sbdi: Sbdi) -> Iterator[None]:
    """The run after each fault is complete, and of the fault nothing is left."""
    yield
    for name in ("boss", *SOURCES):
        if sbdi.is_off(name):
            sbdi[name].start()
            sbdi.start_node(name)
    sbdi["one"].link_up()
    sbdi.runs_again(60)
    time.sleep(3)  # to cool down
    done = sbdi.cron("boss", "perform_backup")
    assert (done.status, done.err) == (0, ""), sbdi.logs()
    assert sbdi.residue() == ""
    newest = {store: sbdi.names(store)[-1] for store in ("vault", "pool")}
    assert len(set(newest.values())) == 1
    assert not newest["vault"].endswith(".partial")


@pytest.mark.parametrize("phase", PHASES)
def test_the_director_loses_its_power(sbdi: Sbdi, phase: str) -> None:
    before = sbdi.names("vault")
    node, tool, words = PHASES[phase]
    with sbdi.held(node, tool, words):
        running = sbdi.start("boss", "perform_backup")
        sbdi.reached(node, tool, running)
        sbdi["boss"].kill()
        running.wait()
    sbdi.runs_again(DEADLINE + 15)
    assert_nothing_is_lost(before, sbdi.names("vault"))


@pytest.mark.parametrize("phase", PHASES)
def test_sources_are_lost(sbdi: Sbdi, phase: str) -> None:
    """One is cut off, another loses its power; of the third there is a backup."""
    before = sbdi.names("vault")
    node, tool, words = PHASES[phase]
    with sbdi.held(node, tool, words):
        running = sbdi.start("boss", "perform_backup")
        sbdi.reached(node, tool, running)
        sbdi["one"].link_down()
        sbdi["two"].kill()
    services.until(lambda: not paused(sbdi, "one", "three"), "containers that go on", DEADLINE + 15)
    output = running.communicate(timeout=240)
    assert_nothing_is_lost(before, sbdi.names("vault"))
    (new,) = set(sbdi.names("vault")) - set(before)
    if phase in AFTERWARDS:
        assert running.returncode == 0, output
        assert not new.endswith(".partial")
    else:
        assert running.returncode == 10, output
        assert new.endswith(".partial")
        assert results(sbdi, new) == {"one": "failed", "three": "complete"}


def test_a_pause_that_ends_while_snapshots_are_taken_makes_no_complete_backup(sbdi: Sbdi) -> None:
    """The containers went on before the last snapshot was taken, while the director heard nothing."""
    node, tool, words = PHASES["prepare"]
    earlier = sbdi.log("boss", "perform_backup")
    with sbdi.held(node, tool, words):
        running = sbdi.start("boss", "perform_backup")
        sbdi.reached(node, tool, running)
        running_there = family(sbdi["boss"], "perform_backup")
        stopped = [process.pid for process in running_there if process.name == "perform_backup"]
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        services.until(lambda: not paused(sbdi, *SOURCES), "end of the lease", DEADLINE + 15)
    # what had entered the host for the run has stopped with it
    for pid in (*stopped, running.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    output = running.communicate(timeout=240)
    assert running.returncode == 10, output
    assert sbdi.names("vault")[-1].endswith(".partial")
    assert sbdi.names("pool")[-1].endswith(".partial")
    said = sbdi.log("boss", "perform_backup").removeprefix(earlier)
    assert said.count("a pause did not last") == len(SOURCES)


def test_what_a_source_doubts_is_kept_and_not_called_complete(sbdi: Sbdi) -> None:
    sbdi["three"].run(["mv", "/etc/app/app.conf", "/etc/app/other.conf"])
    done = sbdi.cron("boss", "perform_backup")
    sbdi["three"].run(["mv", "/etc/app/other.conf", "/etc/app/app.conf"])
    assert done.status == 10, done.describe()
    new = sbdi.names("vault")[-1]
    assert new.endswith(".partial")
    assert info(sbdi, new)["part.three@+etc+app.result"] == "partial"


def assert_nothing_is_lost(before: list[str], after: list[str]) -> None:
    """Retention keeps the newest; it takes something only when there is a new complete backup."""
    lost = set(before) - set(after)
    if lost:
        assert not after[-1].endswith(".partial")
        assert after[-1] not in before
        assert not lost & set([name for name in before if not name.endswith(".partial")][-KEPT + 1 :])


def paused(sbdi: Sbdi, *names: str) -> bool:
    """Whether the container of any of ``names`` stands still."""
    return any(containers.state(sbdi[name], "counter") == "paused" for name in names)


def info(sbdi: Sbdi, name: str) -> dict[str, str]:
    """What a backup of the first store says about itself."""
    text = sbdi["vault"].run(["cat", f"/backup/{name}/.capsule/backup.info"]).out
    return dict(line.split("=", 1) for line in text.splitlines())


def results(sbdi: Sbdi, name: str) -> dict[str, str]:
    """How the data of each source of the first store fared."""
    said = info(sbdi, name)
    return {source: said[f"part.{part(source)}.result"] for source in ("one", "three")}
