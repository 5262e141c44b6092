"""Everything that was backed up comes back: by each node itself, by the director, all of it or one path."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from generator.lab import services

from ..walker import Entry, differences, walk
from .platform import DATA, SOURCES, Sbdi

DATASETS = {"one": ("local",), "two": ("local",), "three": ("local", "settings")}


@pytest.fixture(scope="module")
def kept(sbdi_fleet: Sbdi) -> dict[str, dict[bytes, Entry]]:
    """What each source held when the newest backup was made; its identifier is the first one's name."""
    sbdi_fleet.runs_again(60)
    held = {name: sbdi_fleet.tree(name) for name in SOURCES}
    done = sbdi_fleet.cron("boss", "perform_backup")
    assert done.status == 0, sbdi_fleet.logs()
    return held


def spoil(sbdi: Sbdi, name: str) -> None:
    """What a bad day does to a source."""
    script = f"""
    cd {DATA}; echo broken >>counter; mkdir extra; echo x >extra/x
    for each in */; do test $each = cache/ || test $each = extra/ || rm -rf "$each"; done
    """
    sbdi[name].run(["/bin/sh", "-euc", script])


def whole_seconds(tree: dict[bytes, Entry]) -> dict[bytes, Entry]:
    """ZFS in user space, as a store or as a source, counts seconds."""
    return {name: replace(entry, mtime=entry.mtime // 10**9 * 10**9) for name, entry in tree.items()}


def is_back(sbdi: Sbdi, kept: dict[str, dict[bytes, Entry]], name: str) -> None:
    """Everything is as it was, but for the counter, which is as it was at that moment; what is left out stayed."""
    wanted, got = kept[name], sbdi.tree(name)
    if name != "one":
        wanted, got = whole_seconds(wanted), whole_seconds(got)
    assert differences(wanted, got) == []
    assert walk(sbdi[name].path(f"{DATA}/cache"))


def test_into_running_containers_nothing_is_restored(sbdi: Sbdi, kept: dict[str, dict[bytes, Entry]]) -> None:
    refused = sbdi.capsule("one", "restore_local_from_whole", stdin="latest\n", check=False)
    assert refused.status == 75, refused.describe()
    assert "RESTORE-WRITERS-RUN" in refused.err
    newest = sbdi.names("vault")[-1]
    sbdi.capsule("one", "permit_restore_whole", stdin=f"{newest}\n")
    ordered = sbdi.capsule("boss", "restore_latest_backup", check=False)
    assert ordered.status not in (0, 10), ordered.describe()
    assert sbdi.tree("one") == kept["one"]


def test_every_node_restores_itself(sbdi: Sbdi, kept: dict[str, dict[bytes, Entry]]) -> None:
    stopped = sbdi.capsule("boss", "stop_docker")
    assert len(stopped.out.splitlines()) == len(SOURCES), stopped.describe()
    for name in SOURCES:
        assert not sbdi[name].running("dockerd")
        spoil(sbdi, name)
        preview = sbdi.capsule(name, "preview_restore_local_from_whole", stdin="latest\n")
        assert "extra" in preview.out + preview.err, preview.describe()
        assert (sbdi[name].path(DATA) / "extra/x").exists(), "a preview changes nothing"
        for dataset in DATASETS[name]:
            sbdi.capsule(name, f"restore_{dataset}_from_whole", stdin="latest\n")
        is_back(sbdi, kept, name)
    one, two = sbdi.counted()
    assert one - two in (0, 1)
    sbdi.capsule("boss", "start_docker")
    sbdi.runs_again(60)


def test_the_director_has_all_restored_with_permits(sbdi: Sbdi, kept: dict[str, dict[bytes, Entry]]) -> None:
    newest = sbdi.names("vault")[-1]
    sbdi.capsule("boss", "stop_docker")
    for name in SOURCES:
        spoil(sbdi, name)
    refused = sbdi.capsule("boss", "restore_backup", stdin=f"{newest}\n", check=False)
    assert refused.status not in (0, 10), refused.describe()
    # Each has restored itself from it a minute ago, and is told apart from those that have not.
    assert refused.out.count("restored before, at ") == len(SOURCES)
    for name in SOURCES:
        assert (sbdi[name].path(DATA) / "extra/x").exists()
        sbdi.capsule(name, "permit_restore_whole", stdin=f"{newest}\n")
    done = sbdi.capsule("boss", "restore_backup", stdin=f"{newest}\n")
    assert done.status == 0
    for name in SOURCES:
        is_back(sbdi, kept, name)
    sbdi["one"].run(["touch", f"{DATA}/since"])
    again = sbdi.capsule("boss", "restore_backup", stdin=f"{newest}\n", check=False)
    assert (again.status, again.out.count("restored before, at ")) == (69, len(SOURCES)), again.describe()
    assert (sbdi["one"].path(DATA) / "since").exists(), "a permit serves once"
    sbdi["one"].run(["rm", f"{DATA}/since"])
    was = kept["one"][b"."].mtime
    os.utime(sbdi["one"].path(DATA), ns=(was, was))  # as the next test found it before
    # what a director has stopped is said until it is started again
    held = sbdi["one"].run([f"{sbdi.programs}/check_backups"], user="nobody", check=False)
    assert held.status != 0, held.describe()
    sbdi.capsule("boss", "start_docker")
    sbdi.runs_again(60)


def test_one_path_comes_back_alone_and_a_partial_backup_says_what_it_lacks(
    sbdi: Sbdi, kept: dict[str, dict[bytes, Entry]]
) -> None:
    sbdi["two"].link_down()
    assert sbdi.cron("boss", "perform_backup").status == 10
    sbdi["two"].link_up()
    partial = sbdi.names("vault")[-1]
    assert partial.endswith(".partial")
    for name in SOURCES:
        sbdi.capsule(name, "stop_docker_whole")
    top = sbdi["one"].path(DATA)
    (top / "extra").mkdir()
    sbdi["one"].run(["rm", "-rf", f"{DATA}/odd/bulk", f"{DATA}/odd/names"])
    sbdi.capsule("one", "restore_point_shelf_from_whole", stdin="latest\n")
    assert not (top / "odd/names").exists()
    assert differences(below(kept["one"], b"odd/bulk"), walk(top / "odd/bulk")) == []
    assert (top / "extra").exists()
    sbdi.capsule("one", "restore_local_from_whole", stdin=f"{partial}\n", check=False)
    is_back(sbdi, kept, "one")
    lacking = sbdi.capsule("two", "restore_local_from_whole", stdin=f"{partial}\n", check=False)
    assert lacking.status not in (0, 10), lacking.describe()
    assert sbdi.tree("two").keys() == kept["two"].keys()
    for name in SOURCES:
        sbdi.capsule(name, "start_docker_whole")
    services.until(lambda: all(sbdi[name].running("dockerd") for name in SOURCES), "Docker", 60)
    sbdi.runs_again(60)


def below(tree: dict[bytes, Entry], top: bytes) -> dict[bytes, Entry]:
    """The part of a tree at ``top``, as a walk of it alone would find it."""
    found = {}
    for name, entry in tree.items():
        if name == top or name.startswith(top + b"/"):
            links = tuple(link.removeprefix(top + b"/") for link in entry.links if link.startswith(top + b"/"))
            found[name.removeprefix(top + b"/") if name != top else b"."] = replace(entry, links=links)
    return found
