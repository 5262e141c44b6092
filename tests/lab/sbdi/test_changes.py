"""Changes in flight of a directed run: whatever is installed where and when, a complete backup is of one build."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path

import pytest

from generator.lab import Lab

from ..killing import killed_at_rename
from .flight import SOURCES, Flight

BUSY, PARTIAL = 75, 10
# where a run waits, one place after the other, and who refuses a push meanwhile
PLACES = (
    ("boss", "ssh", "*.pause_whole *", {"boss", *SOURCES}),
    ("one", "rsync", "*--server --daemon*", {"boss", *SOURCES, "vault"}),
    ("boss", "ssh", "*.commit_whole *", {"boss", *SOURCES}),
)
GOES_ON = "a backup by plan whole goes on, or was interrupted: there are snapshots of this node"


@pytest.fixture(scope="module")
def made(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flight]:
    with Lab(lab_directory) as lab:
        flight = Flight(lab, tmp_path_factory.mktemp("flight"))
        flight.make()
        time.sleep(2.2)  # what began less than two seconds before a pause may have begun in it
        yield flight


@pytest.fixture
def flight(made: Flight) -> Iterator[Flight]:
    """Afterwards every node gets the present build; the run after that is complete, as it should be, and clean."""
    yield made
    made.runs_again()
    made.push(*made.hosts)
    time.sleep(1.1)  # to cool down
    done = made.perform()
    assert (done.status, done.err) == (0, ""), made.logs()
    assert made.stored(made.names()[-1], "one") == made.kept()
    assert made.residue() == ""
    made.runs_again()


def test_a_push_everywhere_wherever_a_run_is(flight: Flight) -> None:
    """The store takes a build before it pulls, and another one before it keeps; nobody else takes any."""
    kept = flight.kept()
    with ExitStack() as at_last:
        for place in PLACES:
            at_last.callback(flight.let_go, *place[:2])
        flight.hold(*PLACES[0][:3])
        running = flight.start("boss", "perform_backup")
        for (node, tool, _, refusing), following in zip_longest(PLACES, PLACES[1:]):
            flight.reached(node, tool, running)
            if following is not None:
                flight.change()
            tried = dict(zip(flight.hosts, flight.together(flight.try_install, flight.hosts), strict=True))
            assert {name for name, done in tried.items() if done.status} == refusing, tried
            assert {tried[name].status for name in refusing} == {BUSY}
            assert "perform_backup is running" in tried["boss"].err
            assert all(GOES_ON in tried[name].err for name in SOURCES), tried
            if following is not None:
                flight.hold(*following[:3])
            flight.let_go(node, tool)
    said = running.communicate(timeout=200)
    assert running.returncode == PARTIAL, said
    assert "it was pulled by another build" in flight.log("vault", "commit_whole")
    newest = flight.names()[-1]
    assert newest.endswith(".partial")
    assert flight.stored(newest, "one") == kept != flight.kept()


def test_a_store_that_is_older_than_its_sources_calls_nothing_complete_that_it_does_not_know(flight: Flight) -> None:
    """A dataset is added, another is now somewhere else; everybody has that build but the store."""
    nodes = flight.inventory["nodes"]
    nodes["one"]["datasets"]["more"] = {"producer": "paths", "paths": ["/srv/other"]}
    nodes["two"]["datasets"]["local"]["paths"] = ["/srv/other"]
    flight.build()
    flight.push("boss", *SOURCES)
    done = flight.perform()
    assert done.status == PARTIAL, done.describe()
    assert 'no store knows of this part: install the newest build on the stores from="one" dataset="more"' in done.err
    assert 'expected="/srv/plain"' in flight.log("vault", "pull_whole")
    assert flight.results(flight.names()[-1]) == {"one local": "complete", "two local": "failed"}


def test_a_run_over_a_source_on_which_a_push_stopped_half_way(flight: Flight) -> None:
    """Sudo there refuses what does not fit together, and nobody is paused whom nobody could wake."""
    one, kept = flight["one"], flight.kept()
    flight.change()
    flight.copy_build("one")
    programs = sorted(path.name for path in one.path(flight.programs).iterdir())
    # the first rename is the record's, the second that of sudo's rules
    assert killed_at_rename(one, 3 + programs.index("remove_whole")) != 0
    done = flight.perform()
    assert done.status == PARTIAL, done.describe()
    assert "sudo there does not know this program" in done.err
    newest = flight.names()[-1]
    assert newest.endswith(".partial")
    fared = {(part.split()[0], result) for part, result in flight.results(newest).items()}
    assert fared == {("one", "failed"), ("two", "complete")}
    flight.runs_again()
    # nobody could order it to remove its snapshot, and only its own build can
    again = flight.try_install("one")
    assert (again.status, GOES_ON in again.err) == (BUSY, True), again.describe()
    flight.capsule("one", "remove_whole")
    assert kept != flight.kept()
