"""A tree with everything that backups get wrong, and its changes from day to day, the same for the same seed."""

# names here are bytes, many of them not UTF-8, and Path takes no bytes
# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH112, PTH123, PTH208, PTH211

from __future__ import annotations

import os
import random
import shutil
import stat
import struct
from pathlib import Path

# names that break quoting, splitting, encodings and option parsing
NAMES = (
    b"plain",
    b"with space",
    b" leading and trailing ",
    b"new\nline",
    b"carriage\rreturn",
    b"tab\tstop",
    b"\x01control\x7f",
    b"'single'",
    b'"double"',
    b"back\\slash",
    b"back\\012slash",
    b"\\#012",
    b"-rf",
    b"--delete",
    b"$(touch pwned)",
    b"`touch pwned`",
    b"${HOME}",
    b"%Y%m%d%%",
    b"*?[a-z]",
    b"{a,b}",
    b"~root",
    b"!history",
    b"#comment",
    b";semi|pipe&amp<lt>gt",
    b"=equals",
    b":colon:",
    b"host:path",
    b"...",
    b".hidden",
    b".incomplete.2026-11-20",
    b".deleting.2026-11-20",
    b"backup.info",
    b"manifest",
    b"2026-11-20",
    b"2026-11-20.partial",
    "ünïcödé-日本語-🗄".encode(),
    b"e\xcc\x81 decomposed",
    b"not-utf8-\xff\xfe\x80",
    b"\xc3",
    b"x" * 255,
    b"\xe6\x97\xa5" * 85,
)

_OLD = 86_400 * 365 * 20 * 1_000_000_000 + 123_456_789
_LONG_TARGET = b"t" * 250 + b"/" + b"u" * 250


def plant(top: Path, seed: int) -> None:
    """Fill the existing directory ``top`` (of any host, seen from outside) with one of everything."""
    root, chance = os.fsencode(top), random.Random(seed)
    _plant_names(root + b"/names", chance)
    _plant_kinds(root + b"/kinds")
    _plant_rights(root + b"/rights")
    _plant_hard_links(root + b"/linked")
    _plant_links(root + b"/symbolic")
    _plant_bulk(root + b"/bulk", chance)
    _age(root, chance)


def mutate(top: Path, seed: int, day: int) -> None:
    """What a day changes below a planted ``top``: a few entries of every kind of change, most stay untouched."""
    root, chance = os.fsencode(top), random.Random(f"{seed}/{day}")
    bulk = root + b"/bulk"
    files = sorted(name for name in os.listdir(bulk) if name.startswith(b"f"))
    rewritten, grown, removed, renamed, reowned, remoded, touched = chance.sample(files, 7)
    _write(bulk + b"/" + rewritten, chance.randbytes(os.lstat(bulk + b"/" + rewritten).st_size))
    with open(bulk + b"/" + grown, "ab") as content:
        content.write(chance.randbytes(100))
    os.unlink(bulk + b"/" + removed)
    os.rename(bulk + b"/" + renamed, bulk + b"/fr%d" % day)
    os.chown(bulk + b"/" + reowned, 2000 + day, 3000 + day)
    os.chmod(bulk + b"/" + remoded, chance.choice((0o600, 0o4711, 0o000, 0o2750)))
    os.utime(bulk + b"/" + touched, ns=(_OLD, _OLD + day))
    _write(bulk + b"/fn%d" % day, chance.randbytes(3000))
    _write(root + b"/names/" + chance.choice(NAMES), b"day %d\n" % day)
    _mutate_rest(root, day)


def _mutate_rest(root: bytes, day: int) -> None:
    os.setxattr(root + b"/rights/attributes", "user.day", b"%d\0\n" % day)
    os.setxattr(root + b"/rights/acl", "system.posix_acl_access", _acl(4000 + day))
    os.unlink(root + b"/symbolic/changing")
    os.symlink(b"../day/%d" % day, root + b"/symbolic/changing")
    os.link(root + b"/linked/a/one", root + b"/linked/day%d" % day)
    # a name that is a directory on even days, a file on odd ones
    turncoat = root + b"/kinds/turncoat"
    if os.path.isdir(turncoat):
        shutil.rmtree(turncoat)
        _write(turncoat, b"a file\n")
    else:
        os.unlink(turncoat)
        os.mkdir(turncoat)
        _write(turncoat + b"/inside", b"a directory\n")


def _plant_names(at: bytes, chance: random.Random) -> None:
    os.mkdir(at)
    for name in NAMES:
        _write(at + b"/" + name, chance.randbytes(chance.randrange(200)))
    os.mkdir(at + b"/dir\n\xff")
    for name in NAMES:
        os.mkdir(at + b"/dir\n\xff/" + name)


def _plant_kinds(at: bytes) -> None:
    os.mkdir(at)
    os.mkdir(at + b"/empty directory")
    _write(at + b"/empty", b"")
    _write(at + b"/turncoat", b"a file\n")
    with open(at + b"/sparse", "wb") as content:
        content.seek(5_000_000)
        content.write(b"in the middle")
        content.truncate(16_000_000)
    _write(at + b"/zeroes", bytes(50_000))
    os.mkfifo(at + b"/fifo", 0o640)
    os.mknod(at + b"/socket", stat.S_IFSOCK | 0o600)
    os.mknod(at + b"/character", stat.S_IFCHR | 0o620, os.makedev(1, 3))
    os.mknod(at + b"/block", stat.S_IFBLK | 0o660, os.makedev(259, 70_000))
    deep = at
    for _ in range(12):
        deep += b"/" + b"d" * 100
        os.mkdir(deep)
    _write(deep + b"/bottom", b"deep\n")


def _plant_rights(at: bytes) -> None:
    os.mkdir(at)
    for mode in (0o000, 0o400, 0o444, 0o4755, 0o2755, 0o6711, 0o1777):
        _write(at + b"/mode%o" % mode, b"%o\n" % mode)
        os.chown(at + b"/mode%o" % mode, 54_321, 65_533)
        os.chmod(at + b"/mode%o" % mode, mode)
        os.mkdir(at + b"/dir%o" % mode)
        _write(at + b"/dir%o/inside" % mode, b"inside\n")
        os.chown(at + b"/dir%o" % mode, 70_000, 4_000_000)
        os.chmod(at + b"/dir%o" % mode, mode)
    _write(at + b"/acl", b"acl\n")
    os.setxattr(at + b"/acl", "system.posix_acl_access", _acl(4000))
    os.mkdir(at + b"/default acl")
    os.setxattr(at + b"/default acl", "system.posix_acl_default", _acl(4001))
    os.setxattr(at + b"/default acl", "system.posix_acl_access", _acl(4002))
    _write(at + b"/attributes", b"attributes\n")
    os.setxattr(at + b"/attributes", "user.comment", b"binary \x00\xff\n")
    os.setxattr(at + b"/attributes", "user.long", b"v" * 1000)
    os.setxattr(at + b"/attributes", "trusted.secret", b"only root")
    os.mkdir(at + b"/attributed directory")
    os.setxattr(at + b"/attributed directory", "user.comment", b"")
    _write(at + b"/capable", b"capable\n")
    # cap_net_raw, effective and permitted, version 2 of the kernel's format
    os.setxattr(at + b"/capable", "security.capability", struct.pack("<5I", 0x0200_0001, 1 << 13, 0, 0, 0))
    os.chmod(at + b"/capable", 0o755)


def _plant_hard_links(at: bytes) -> None:
    for name in (b"", b"/a", b"/b"):
        os.mkdir(at + name)
    _write(at + b"/a/one", b"linked " * 100)
    os.link(at + b"/a/one", at + b"/b/two")
    os.link(at + b"/a/one", at + b"/-three\n")
    os.mkfifo(at + b"/fifo")
    os.link(at + b"/fifo", at + b"/b/fifo")


def _plant_links(at: bytes) -> None:
    os.mkdir(at)
    targets = {
        b"absolute": b"/etc/passwd",
        b"changing": b"nowhere",
        b"dangling": b"does/not/exist",
        b"escaping": b"../../../../../../etc/shadow",
        b"itself": b"itself",
        b"long": _LONG_TARGET,
        b"odd": b"new\nline \xff $(x)",
        b"directory": b"../names",
        b"munged": b"/rsyncd-munged/etc",
    }
    for name, target in targets.items():
        os.symlink(target, at + b"/" + name)
    os.chown(at + b"/absolute", 12_345, 12_346, follow_symlinks=False)


def _plant_bulk(at: bytes, chance: random.Random) -> None:
    os.mkdir(at)
    for number in range(120):
        _write(at + b"/f%03d" % number, chance.randbytes(chance.choice((10, 700, 5000, 40_000))))


def _age(root: bytes, chance: random.Random) -> None:
    """Give everything a time of its own, with nanoseconds, some of it long ago or in the future."""
    for directory, directories, files in os.walk(root, topdown=False):
        for name in files + directories:
            moment = chance.choice((_OLD, 1_500_000_000 * 10**9, 4_000_000_000 * 10**9)) + chance.randrange(10**9)
            os.utime(directory + b"/" + name, ns=(moment, moment), follow_symlinks=False)


def _acl(user: int) -> bytes:
    """An access list in the kernel's format: owner rw, ``user`` r, group r, mask rw, others nothing."""
    anyone = 0xFFFF_FFFF
    entries = ((0x01, 6, anyone), (0x02, 4, user), (0x04, 4, anyone), (0x10, 6, anyone), (0x20, 0, anyone))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def _write(path: bytes, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
