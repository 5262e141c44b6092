"""A directory that is sent as it lies, through prepare, send and remove."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from source_world import RUN, Source, identifier, make_part

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root")


def make_data(source: Source) -> Path:
    data = source.root / "data"
    (data / "cache" / "deep").mkdir(parents=True)
    (data / "cache" / "file").write_text("left out")
    (data / "sub").mkdir()
    (data / "sub" / "a b\tc\\d").write_text("content")
    (data / "link").symlink_to("sub/nowhere")
    os.mkfifo(data / "fifo")
    os.mknod(data / "device", 0o600 | 0o020000, os.makedev(5, 6))
    return data


def test_capsules_are_as_a_build_demands(source: Source) -> None:
    source.install(
        make_part("live", f"{source.root}/data", exclude=("cache/", "*.t[m]p")), make_part("other", "/srv")
    )
    assert [str(fault) for fault in source.faults()] == []


def test_what_is_sent_is_what_is_listed(source: Source) -> None:
    data = make_data(source)
    source.install(make_part("live", str(data), exclude=("cache/",)))
    moment = identifier()
    prepared = source.prepare(moment)
    assert (prepared.returncode, prepared.stdout) == (0, "snapshot live taken\nresult complete\n"), prepared.stderr
    record = source.record("live")
    assert record["identifier"] == moment
    assert (record["result"], record["health"], record["live"], record["entries"]) == (
        "complete",
        "intact",
        "yes",
        "5",
    )
    fetched = source.fetch("live", "data")
    assert fetched is not None
    assert sorted(path.name for path in fetched.rglob("*")) == ["a b\tc\\d", "device", "fifo", "link", "sub"]
    listing = (source.root / "fetched" / "live.record" / "listing").read_text().splitlines()
    by_path = {line.split("\t")[8]: line.split("\t") for line in listing}
    assert sorted(by_path) == ["device", "fifo", "link", "sub", r"sub/a b\011c\134d"]
    assert by_path["device"][7] == "5,6"
    assert len(by_path["link"][7]) == 64
    assert by_path[r"sub/a b\011c\134d"][4:8:3] == ["7", "-"]
    removed = source.remove()
    assert (removed.returncode, removed.stdout) == (0, "snapshot live removed\nresult complete\n"), removed.stderr
    assert source.fetch("live", "record") is None
    assert source.command("find", str(RUN), "-type", "f").stdout == ""
