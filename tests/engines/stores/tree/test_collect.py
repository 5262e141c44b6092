"""Collectors with real rsync and real data accounts, against honest, broken and hostile sources."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from generator.engines.stores.tree import ENGINE
from generator.inventory.model import Fleet

from .network_world import SOURCES, TODAY, World, day, kill_group, manifest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")

ALPHA = 0x70000001
BETA = 0x70000002


def install(world: World, **settings: object) -> Fleet:
    fleet = world.fleet(**settings)  # type: ignore[arg-type]
    world.install(fleet, [part for plan in fleet.collect_plans for part in ENGINE.collect(fleet, plan)])
    return fleet


def store(world: World, source: str, node: str = "collector") -> Path:
    return world.root / node / "store" / source


def held(world: World, source: str, node: str = "collector") -> list[str]:
    return sorted(entry.name for entry in store(world, source, node).iterdir() if entry.name != ".verified")


def odd(directory: Path) -> None:
    """One of everything that a backup may hold."""
    (directory / "plain").write_text("plain")
    os.utime(directory / "plain", (1_000_000_000, 1_000_000_000))
    os.chown(directory / "plain", 1234, 77)
    (directory / "plain").chmod(0o4755)
    os.link(directory / "plain", directory / "linked")
    (directory / "symlink").symlink_to("/etc/shadow")
    os.mkfifo(directory / "fifo")
    os.mknod(directory / "device", 0o20600, os.makedev(1, 3))
    (directory / "closed").mkdir(mode=0)
    for name in (
        b"new\nline",
        b"back\\slash",
        b"\xff\xfe",
        b"t\tab",
        b" space ",
        b"q\"'",
        b"-rf",
        b"$(id)",
        b"x" * 255,
    ):
        Path(os.fsdecode(os.fsencode(directory) + b"/" + name)).touch()
    with (directory / "sparse").open("wb") as sparse:
        sparse.truncate(3_000_000)


def plain(directory: Path) -> None:
    (directory / "file").write_text("content")


def everywhere(world: World, *names: str) -> None:
    for source in SOURCES:
        for name in names:
            world.make_backup(source, name, plain)


def test_everything_arrives_owned_by_its_account_alone(world: World) -> None:
    install(world)
    for source in SOURCES:
        for name in (day(-1), day(0)):
            world.make_backup(source, name, odd)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(world, "alpha") == held(world, "beta") == [day(-1), day(0)]
    assert {path.lstat().st_uid for path in store(world, "alpha").rglob("*")} == {ALPHA}
    assert {path.lstat().st_uid for path in store(world, "beta").rglob("*")} == {BETA}
    assert not any(path.is_symlink() or path.is_block_device() for path in store(world, "alpha").rglob("*"))
    assert (store(world, "alpha").stat().st_uid, store(world, "alpha").stat().st_gid) == (0, ALPHA)
    assert store(world, "alpha").stat().st_mode & 0o7777 == 0o750
    second = world.run("second", "collect_offsite")
    assert (second.returncode, second.stderr) == (0, "")
    assert held(world, "beta", "second") == [day(-1), day(0)]


def test_unchanged_files_cost_nothing(world: World) -> None:
    install(world)
    for source in SOURCES:
        world.make_backup(source, day(-1), odd)
        (world.local_tree(source) / day(-1) / "etc" / "plain").write_text("changed since")
        before = world.local_tree(source) / day(-1)
        subprocess.run(["cp", "-a", "--link", before, before.with_name(day(0))], check=True)
        for name in ("etc/plain", "manifest", "backup.info"):
            (before.with_name(day(0)) / name).unlink()
        (before.with_name(day(0)) / "etc" / "plain").write_text("new")
        for backup in (before, before.with_name(day(0))):
            (backup / "backup.info").write_text("made by a test\n")
            (backup / "manifest").write_bytes(manifest(backup))
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    old, new = (store(world, "alpha") / name / "etc" for name in (day(-1), day(0)))
    assert (old / "sparse").stat().st_ino == (new / "sparse").stat().st_ino
    assert (old / "plain").stat().st_ino != (new / "plain").stat().st_ino
    assert (new / "plain").read_text() == "new"
    assert (new / "sparse").stat().st_blocks < 100


def test_a_source_that_is_down_is_named_and_keeps_its_history(world: World) -> None:
    install(world)
    everywhere(world, *(day(offset) for offset in range(-9, 0)))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    history = held(world, "alpha")
    world.set_today(TODAY)
    world.make_backup("beta", day(0), plain)
    world.down.add("alpha")
    done = world.run("collector", "collect_collection")
    assert done.returncode == 10
    assert "SOURCE-UNREACHABLE" in done.stderr
    assert 'sources="alpha (failed)"' in done.stderr
    assert held(world, "alpha") == history
    assert held(world, "beta") == [day(offset) for offset in range(-7, 1)]
    assert world.run_state("collector", "collect_collection.alpha")["result"] == "failed"
    assert world.run_state("collector", "collect_collection.beta")["result"] == "complete"
    assert world.run_state("collector", "collect_collection")["result"] == "partial"
    world.down.add("beta")
    assert world.run("collector", "collect_collection").returncode == 10  # beta has today's already
    world.set_today(TODAY + timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 69


def test_yesterdays_copy_again_is_no_success(world: World) -> None:
    install(world)
    everywhere(world, day(-1))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    assert world.run("collector", "collect_collection").returncode == 0  # a second run of the same day
    world.set_today(TODAY)
    world.make_backup("beta", day(0), plain)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "SOURCE-STALE" in done.stderr) == (10, True)
    assert 'sources="alpha (partial)"' in done.stderr


def test_partial_backups_stay_partial_until_the_complete_one_comes(world: World) -> None:
    install(world)
    everywhere(world, day(-1))
    world.make_backup("alpha", f"{day(0)}.partial", plain)
    world.make_backup("beta", day(0), plain)
    assert world.run("collector", "collect_collection").returncode == 0  # the first time, yesterday's is new
    assert held(world, "alpha") == [day(-1), f"{day(0)}.partial"]
    world.make_backup("alpha", day(0), plain)
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(-1), day(0)]


def test_backups_from_the_future_are_neither_pulled_nor_trusted(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    world.make_backup("alpha", day(3), plain)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "FUTURE-BACKUP" in done.stderr) == (10, True)
    assert held(world, "alpha") == [day(0)]


@pytest.mark.parametrize("lie", ["changed", "missing", "unexpected", "none", "garbage"])
def test_what_differs_from_the_manifest_is_not_published(world: World, lie: str) -> None:
    install(world)
    everywhere(world, day(-1), day(0))
    backup = world.local_tree("alpha") / day(0)
    match lie:
        case "changed":
            (backup / "etc" / "file").write_text("CONTENT")
        case "missing":
            (backup / "etc" / "file").unlink()
        case "unexpected":
            (backup / "etc" / "more").write_text("more")
        case "none":
            (backup / "manifest").unlink()
        case _:
            (backup / "manifest").write_bytes(os.urandom(5000))
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "VERIFICATION-FAILED" in done.stderr) == (10, True)
    assert held(world, "alpha") == [day(-1)]
    assert held(world, "beta") == [day(-1), day(0)]


def test_a_manifest_that_is_a_link_is_none(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    (world.local_tree("alpha") / day(0) / "manifest").unlink()
    (world.local_tree("alpha") / day(0) / "manifest").symlink_to("/etc/passwd")
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == []


def test_a_file_without_end_and_a_full_store(world: World) -> None:
    install(world, limits={"largest_file_bytes": 1_000_000})
    everywhere(world, day(0))
    (world.local_tree("alpha") / day(0) / "etc" / "endless").write_bytes(os.urandom(1_500_000))
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "TRANSFER-FAILED" in done.stderr) == (10, True)
    assert (held(world, "alpha"), held(world, "beta")) == ([], [day(0)])
    install(world, limits={"reserve_bytes": 10**17})
    (world.local_tree("alpha") / day(0) / "etc" / "endless").unlink()
    world.make_backup("alpha", day(-1), plain)
    world.make_backup("beta", day(-1), lambda directory: (directory / "big").write_bytes(os.urandom(20_000_000)))
    full = world.run("collector", "collect_collection")
    assert full.returncode in (10, 69)
    assert "the store is full up to its reserve" in full.stderr


def flood(link: socket.socket) -> None:
    """A daemon that greets and then talks for ever."""
    try:
        link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n")
        while True:
            link.sendall(b"drwxr-xr-x 4,096 2026/11/20 00:00:00 2026-11-20\n" * 1000)
    except OSError:
        return


def drip(link: socket.socket) -> None:
    """A daemon that keeps the line busy and says nothing."""
    try:
        link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n")
        while True:
            link.sendall(b"x")
            time.sleep(0.2)
    except OSError:
        return


def garbage(link: socket.socket) -> None:
    """A daemon that agrees to everything and then sends noise."""
    try:
        link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n@RSYNCD: OK\n" + os.urandom(200_000))
    except OSError:
        return


@pytest.mark.parametrize("behaviour", [flood, drip, garbage])
def test_a_hostile_daemon_costs_nobody_else_anything(world: World, behaviour: object) -> None:
    install(world, limits={"duration_seconds": 8})
    everywhere(world, day(-1))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    world.set_today(TODAY)
    world.make_backup("beta", day(0), plain)
    assert callable(behaviour)
    world.serve["alpha"] = behaviour
    begun = time.monotonic()
    done = world.run("collector", "collect_collection")
    assert time.monotonic() - begun < 60
    assert done.returncode == 10
    assert (held(world, "alpha"), held(world, "beta")) == ([day(-1)], [day(-1), day(0)])


def test_thousands_of_names_and_odd_ones(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    tree = world.local_tree("alpha")
    for number in range(3000):
        (tree / f"{1000 + number}-01-01").mkdir()
    for name in ("2026-13-01", "2026-11-19 ", "2026-11-18.partial.partial", "etc", "2026-11-17;id", "-rf"):
        (tree / name).mkdir()
    (tree / "2026-11-16").write_text("a file")
    (tree / "2026-11-15").symlink_to("/etc")
    done = world.run("collector", "collect_collection")
    assert done.returncode == 10
    assert "it says more than it may" in done.stderr
    for number in range(3000):
        (tree / f"{1000 + number}-01-01").rmdir()
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(0)]


def test_an_account_reaches_no_other_tree_and_no_other_key(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    assert world.run("collector", "collect_collection").returncode == 0
    identity = ["setpriv", f"--reuid={ALPHA}", f"--regid={ALPHA}", "--clear-groups", "--no-new-privs"]

    def alpha_may(*command: object) -> bool:
        return subprocess.run([*identity, *map(str, command)], capture_output=True, check=False).returncode == 0

    assert alpha_may("cat", store(world, "alpha") / day(0) / "etc" / "file")
    assert not alpha_may("ls", store(world, "beta"))
    assert not alpha_may("ls", store(world, "beta").parent)
    assert not alpha_may("touch", store(world, "alpha") / "new")
    assert not alpha_may("mv", store(world, "alpha") / day(0), store(world, "alpha") / "gone")
    assert alpha_may("cat", world.root / "programs/ssh/alpha.send_nightly")
    assert not alpha_may("cat", world.root / "programs/ssh/beta.send_nightly")
    assert not alpha_may("tee", world.root / "programs/ssh/alpha.send_nightly")


def trickle(world: World, source: str, pace: int, amount: int | None = None) -> Callable[[socket.socket], None]:
    """The real sender of ``source`` behind a line of ``pace`` bytes a second, which breaks after ``amount`` bytes."""

    def answer(link: socket.socket) -> None:
        own, other = socket.socketpair()
        with own, other:
            command = [world.capsule(source, "send_nightly")]
            with subprocess.Popen(command, stdin=link, stdout=other, stderr=subprocess.DEVNULL) as sender:
                other.close()
                sent = 0
                while (amount is None or sent < amount) and (data := own.recv(pace // 20)):
                    try:
                        link.sendall(data)
                    except OSError:
                        break
                    sent += len(data)
                    time.sleep(len(data) / pace)
                link.shutdown(socket.SHUT_RDWR)
                sender.kill()

    return answer


def large_files(directory: Path) -> None:
    for number in range(3):
        (directory / f"large-{number}").write_bytes(random.Random(number).randbytes(2_000_000))
        os.utime(directory / f"large-{number}", (1_000_000_000, 1_000_000_000))


def huge_file(directory: Path) -> None:
    (directory / "huge").write_bytes(random.Random(1).randbytes(6_000_000))


def content(backup: Path) -> list[tuple[str, bytes]]:
    files = sorted(path for path in backup.rglob("*") if path.is_file())
    return [(str(path.relative_to(backup)), path.read_bytes()) for path in files]


@pytest.mark.parametrize("fill", [large_files, huge_file])
def test_a_transfer_that_never_fits_into_a_run_still_arrives(world: World, fill: Callable[[Path], None]) -> None:
    install(world, limits={"duration_seconds": 10})
    backup = world.make_backup("alpha", day(0), fill)
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 400_000)  # 15 seconds
    attempts = 0
    while world.run("collector", "collect_collection").returncode != 0:
        assert not [name for name in held(world, "alpha") if not name.startswith(".")]
        attempts += 1
        assert attempts < 5
    assert attempts >= 1
    assert held(world, "alpha") == [day(0)]
    assert content(store(world, "alpha") / day(0)) == content(backup)


def test_progress_survives_a_broken_line_and_kill_9_and_a_new_day(world: World) -> None:
    install(world)
    world.make_backup("alpha", day(-1), large_files)
    world.make_backup("beta", day(-1), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == [".interrupted"]
    world.serve["alpha"] = trickle(world, "alpha", 700_000)
    process = world.start("collector", "collect_collection")
    time.sleep(5)
    kill_group(process)
    shutil.rmtree(world.local_tree("alpha") / day(-1))  # the source no longer has what was begun
    backup = world.make_backup("alpha", day(0), large_files)
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)  # too little for all of it
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(world, "alpha") == [day(0)]
    assert content(store(world, "alpha") / day(0)) == content(backup)


def test_an_interrupted_transfer_cannot_change_what_is_published(world: World) -> None:
    install(world)
    everywhere(world, day(-1))
    assert world.run("collector", "collect_collection").returncode == 0
    file = store(world, "alpha") / day(-1) / "etc" / "file"
    before = (file.read_bytes(), os.getxattr(file, "user.rsync.%stat"), file.stat().st_mtime_ns)
    backup = world.make_backup("alpha", day(0), large_files)
    shutil.copy2(world.local_tree("alpha") / day(-1) / "etc" / "file", backup / "etc" / "file")
    (backup / "manifest").write_bytes(manifest(backup))
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    assert (store(world, "alpha") / ".interrupted" / "etc" / "file").samefile(file)
    os.chown(backup / "etc" / "file", 4242, 4242)
    (backup / "etc" / "file").chmod(0o4777)
    (backup / "manifest").write_bytes(manifest(backup))
    del world.serve["alpha"]
    assert world.run("collector", "collect_collection").returncode == 0
    assert (file.read_bytes(), os.getxattr(file, "user.rsync.%stat"), file.stat().st_mtime_ns) == before
    assert held(world, "alpha") == [day(-1), day(0)]


def test_a_damaged_interrupted_transfer_costs_one_run(world: World) -> None:
    install(world)
    world.make_backup("alpha", day(0), large_files)
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    damaged = store(world, "alpha") / ".interrupted" / "etc" / "large-0"
    damaged.write_bytes(b"x" * 2_000_000)
    os.utime(damaged, (1_000_000_000, 1_000_000_000))
    del world.serve["alpha"]
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "VERIFICATION-FAILED" in done.stderr) == (10, True)
    assert held(world, "alpha") == []
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(0)]


def test_what_is_not_wanted_or_has_no_room_is_not_kept(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    assert world.run("collector", "collect_collection").returncode == 0
    world.make_backup("alpha", day(-1), large_files)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == [".interrupted", day(0)]
    shutil.rmtree(world.local_tree("alpha") / day(-1))
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(0)]
    world.make_backup("alpha", day(-1), large_files)
    assert world.run("collector", "collect_collection").returncode == 10
    install(world, limits={"reserve_bytes": 10**17})
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == [day(0)]


def test_a_second_run_is_refused_and_a_preview_tells_the_truth(world: World) -> None:
    install(world)
    everywhere(world, *(day(offset) for offset in range(-8, 0)))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    world.set_today(TODAY)
    world.make_backup("alpha", day(0), plain)
    preview = world.run("collector", "preview_collection")
    assert f"would pull    {day(0)}" in preview.stdout
    assert f"would delete  {day(-8)}" in preview.stdout
    assert held(world, "alpha")[0] == day(-8)
    lock = world.own_path("collector") / "state" / "locks" / "collect_collection"
    with lock.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert world.run("collector", "collect_collection").returncode == 75
    world.make_backup("beta", day(0), plain)
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(offset) for offset in range(-7, 1)]


def writers(world: World) -> list[str]:
    """Processes that run as a data account."""
    found = subprocess.run(["ps", "-eo", "uid=,args="], capture_output=True, text=True, check=True).stdout
    mine = [line for line in found.splitlines() if line.split()[0] in (str(ALPHA), str(BETA))]
    return [line for line in mine if str(world.root) in line]


# Every poll falls into the middle of something that is said, and each poll asks everything that there is to ask.
LISTEN = """
{functions}
log_event() {{ printf '%s\\n' "$*" >&2; }}
exit_unavailable=69 timeout=/usr/bin/timeout setpriv=/usr/bin/setpriv
(
  source_process=$BASHPID source_deadline=60 account_command=(env --)
  watched 10000000 bash -c 'for i in {{1..400}}; do printf "%04000d\\n" $i; sleep 0.00$((RANDOM % 9)); done'
  printf '%s' "$heard"
)
"""


def test_polls_while_a_command_speaks_lose_nothing_of_what_it_says(world: World) -> None:
    install(world)
    text = world.capsule("collector", "collect_collection").read_text()
    functions = text[text.index("# --- The data account") : text.index("# The last lines of what was heard")]
    assert "-t 2 " in functions
    script = LISTEN.format(functions=functions.replace("-t 2 ", "-t 0.002 "))
    (world.root / "collector" / "store").mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{number:04000}" for number in range(1, 401)]


def left_of(world: World) -> list[str]:
    """Processes of this world, whoever runs them: collectors, senders, what they started."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,uid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if str(world.root) in line]


def test_a_run_that_is_told_to_stop_says_so_and_takes_its_children_along(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    world.serve["alpha"] = drip
    process = world.start("collector", "collect_collection")
    time.sleep(1.5)
    process.terminate()
    assert process.wait(timeout=20) == 143
    time.sleep(0.5)
    assert writers(world) == []
    assert "COLLECTION-INTERRUPTED" in world.log("collector", "collect_collection")
    assert world.run_state("collector", "collect_collection")["result"] == "failed"
    del world.serve["alpha"]
    assert world.run("collector", "collect_collection").returncode == 0


def doomed_date(world: World, number: int) -> Path:
    """From now on the call of ``date`` with this number is killed; the file that counts the calls."""
    real, calls = world.root / "bin" / "date.real", world.root / "calls"
    if not real.exists():
        (world.root / "bin" / "date").rename(real)
    calls.write_text("")
    calls.chmod(0o666)
    check = f'printf x >>{calls}; [[ "$(wc -c <{calls})" != {number} ]] || kill -9 $$'
    world._write_tool("date", f'#!/bin/bash\n{check}\nexec {real} "$@"\n')
    return calls


def test_whichever_call_of_date_is_killed_a_collection_never_ends_in_silence(world: World) -> None:
    install(world)
    for number in (1, 2, 3, 4, 6, 9, 12):  # the run's own first, then each source's
        for source in SOURCES:
            shutil.rmtree(world.local_tree(source), ignore_errors=True)
            world.local_tree(source).mkdir(mode=0o700)
            shutil.rmtree(store(world, source), ignore_errors=True)
        everywhere(world, day(0))
        calls = doomed_date(world, number)
        done = world.run("collector", "collect_collection")
        assert len(calls.read_text()) >= number
        assert done.returncode in (0, 10, 69, 74), f"call {number}: {done}"
        assert (done.returncode == 0) is (done.stderr == ""), f"call {number}: {done}"
        state = world.run_state("collector", "collect_collection")
        assert (state["result"] == "complete") is (done.returncode == 0), f"call {number}: {state}"
        assert state["finished"].isdigit()
        doomed_date(world, 0)
        assert world.run("collector", "collect_collection").returncode == 0


@pytest.mark.parametrize("whole_group", [True, False])
def test_killed_at_any_moment_only_whole_backups_are_visible(world: World, whole_group: bool) -> None:
    seed = 20261120 + whole_group
    chance = random.Random(seed)
    install(world)
    for source in SOURCES:
        for offset in range(-5, 1):
            world.make_backup(source, day(offset), odd)
    for _ in range(8):
        process = world.start("collector", "collect_collection")
        time.sleep(chance.uniform(0.05, 1.5))
        if whole_group:
            kill_group(process)
        else:
            process.kill()
            process.wait()
        # each child dies with the one that started it, and each source with its run: how soon depends on the machine
        deadline = time.monotonic() + 30
        while left_of(world) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left_of(world) == [], f"seed {seed}"
        for source in SOURCES:
            for name in held(world, source) if store(world, source).exists() else []:
                if not name.startswith("."):
                    expected = (world.local_tree(source) / name / "manifest").read_bytes().splitlines()
                    kept = [
                        path
                        for path in (store(world, source) / name).rglob("*")
                        if path.name not in ("manifest", "backup.info")
                    ]
                    assert len(kept) == len(expected), f"seed {seed}: {source} {name}"
    done = world.run("collector", "collect_collection")
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert held(world, "alpha") == held(world, "beta") == [day(offset) for offset in range(-5, 1)]


@pytest.mark.parametrize("place", [".interrupted", ".incomplete.2026-11-01"])
def test_a_closed_directory_in_what_was_interrupted_does_not_keep_the_source_out(world: World, place: str) -> None:
    install(world)
    everywhere(world, day(0))
    assert world.run("collector", "collect_collection").returncode == 0
    tree = store(world, "alpha")
    owner = (tree / day(0)).stat()
    for name in {".incomplete.2026-11-01", place}:
        (tree / name / "closed").mkdir(parents=True)
        (tree / name / "closed" / "file").write_text("x")
        for path in (tree / name, tree / name / "closed", tree / name / "closed" / "file"):
            os.chown(path, owner.st_uid, owner.st_gid)
    (tree / place / "closed").chmod(0)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(world, "alpha") == [day(0)]
