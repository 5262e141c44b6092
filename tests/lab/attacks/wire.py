"""A scripted rsync daemon that lies: what a patched rsync on a hostile node would put on the wire."""

from __future__ import annotations

import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from generator.lab import Host

from .stage import OPERATOR

SOCKET = "/run/hostile.socket"
# sshd's forced command on the hostile node: everything goes to the test
RELAY = r"""#!/usr/bin/perl
use IO::Socket::UNIX; $| = 1; print STDERR "\e[2J\xc2\x9b2J\n";
my $s = IO::Socket::UNIX->new(Peer => "%s") or die; $s->autoflush(1);
if (my $p = fork) { while (sysread($s, my $b, 65536)) { syswrite(STDOUT, $b) or last } kill 9, $p }
else { while (sysread(STDIN, my $b, 65536)) { syswrite($s, $b) or last } }
"""
Behaviour = Callable[[socket.socket], None]


@contextmanager
def hostile(host: Host, behaviour: Behaviour) -> Iterator[None]:
    """For a while whoever connects to ``host`` with a key it knows meets ``behaviour``, not the sealed sender."""
    keys = host.path("/var/lib/backupoperator/.ssh/authorized_keys")
    honest = keys.read_text(encoding="utf-8")
    host.run(["install", "-m", "0755", "/dev/stdin", "/usr/local/bin/relay"], stdin=RELAY % SOCKET)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(host.path(SOCKET)))
    host.path(SOCKET).chmod(0o666)
    listener.listen(16)
    lines = [
        line.split('command="')[0] + 'command="/usr/local/bin/relay"' + line.split('"', 4)[4]
        for line in honest.splitlines()
        if line.startswith("restrict")
    ]
    keys.write_text("\n".join(lines) + "\n", encoding="utf-8")
    accepting = threading.Thread(target=_accept, args=(listener, behaviour), daemon=True)
    accepting.start()
    try:
        yield
    finally:
        keys.write_text(honest, encoding="utf-8")
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listener.close()
        host.run(["rm", "-f", SOCKET, "/usr/local/bin/relay"])
        host.run(["pkill", "-KILL", "-u", OPERATOR], check=False)


def _accept(listener: socket.socket, behaviour: Behaviour) -> None:
    with suppress(OSError):
        while True:
            link, _ = listener.accept()
            threading.Thread(target=_serve, args=(link, behaviour), daemon=True).start()


def _serve(link: socket.socket, behaviour: Behaviour) -> None:
    with link, suppress(OSError, EOFError):
        behaviour(link)


# -- rsync's protocol 30, as far as a liar needs it


def greet(link: socket.socket) -> list[bytes]:
    """Speak as a daemon with the module that is asked for; returns the client's arguments."""
    link.sendall(b"@RSYNCD: 30.0\n")
    stream = link.makefile("rb", buffering=0)
    stream.readline()
    stream.readline()
    link.sendall(b"@RSYNCD: OK\n")
    arguments: list[bytes] = []
    word = b""
    while True:
        byte = stream.read(1)
        if not byte:
            raise EOFError
        if byte != b"\0":
            word += byte
        elif not word:
            return arguments
        else:
            arguments.append(word)
            word = b""


def packet(data: bytes) -> bytes:
    """Data in the multiplexed stream."""
    return b"".join(
        struct.pack("<I", len(part) | 7 << 24) + part
        for part in (data[at : at + 60000] for at in range(0, len(data), 60000))
    )


def entry(name: bytes, mode: int, size: int = 0, target: bytes = b"", *, listed: bool = False) -> bytes:
    """One entry of a file list, as with -aHAXS --numeric-ids, or with no option if it is only ``listed``:
    a whole name, no owner but root, no ACL, no attribute."""
    kind = stat.S_IFMT(mode)
    flags = 1 << 6 | 1 << 2
    data = struct.pack("<H", flags) + _varint(len(name)) + name
    data += _varlong(size, 3) + _varlong(1_700_000_000, 4) + struct.pack("<i", mode)
    if listed:
        return data
    data += b"\0\0"
    if kind in (stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK):
        data += _varint(8) + _varint(0)
    if kind == stat.S_IFLNK:
        data += _varint(len(target)) + target
    if kind != stat.S_IFLNK:
        data += b"\0\0" + (b"\0\0" if kind == stat.S_IFDIR else b"")
    return data + b"\0\0"


def lies(*entries: bytes, then: bytes = b"", repeat: bytes = b"") -> Behaviour:
    """A daemon that answers every request for files with these entries, then with bytes, the last ones for ever."""

    def behave(link: socket.socket) -> None:
        arguments = greet(link)
        # compatibility flags, the checksum's seed, then the multiplexed stream
        link.sendall(b"\0" + struct.pack("<i", 1))
        listing = not any(word.startswith(b"data/2") for word in arguments)
        if listing:
            offered = (entry(name, 0o40755, listed=True) for name in (b".", b"2026-11-21"))
            # the end of the list, of three phases, and five statistics
            link.sendall(packet(b"".join(offered) + bytes(1 + 3 + 15)))
        else:
            link.sendall(
                packet(entry(b".", 0o40755) + b"".join(entries) + (b"" if repeat and not then else b"\0") + then)
            )
            while repeat:
                link.sendall(packet(repeat))
        # the client waits for more, and so would a liar
        link.settimeout(3)
        with suppress(TimeoutError):
            while link.recv(65536):
                pass

    return behave


def _varint(number: int) -> bytes:
    assert 0 <= number < 1 << 14
    return bytes([number]) if number < 0x80 else bytes([0x80 | number >> 8, number & 0xFF])


def _varlong(number: int, least: int) -> bytes:
    """At least ``least`` bytes, which is all that a liar's numbers need."""
    data = number.to_bytes(8, "little")
    for count in range(least, 9):
        extra = count - least
        top = data[count - 1]
        if not any(data[count:]) and top < 1 << (7 - extra):
            lead = (~(0xFF >> extra) & 0xFF) | top
            return bytes([lead]) + data[: count - 1]
    raise ValueError(number)


def endless_file() -> bytes:
    """The beginning of a transfer of the list's second file, without the data."""
    return b"\x02" + struct.pack("<H", 0x8000) + struct.pack("<iiii", 0, 0, 0, 0)


def token(size: int) -> bytes:
    """A piece of a file's data; no zeros, which would be a hole and take no room."""
    return struct.pack("<i", size) + b"x" * size


def drip(link: socket.socket) -> None:
    """A daemon that keeps the line busy and says nothing."""
    link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n")
    while True:
        link.sendall(b"x")
        time.sleep(0.2)


def garbage(link: socket.socket) -> None:
    """A daemon that agrees to everything and then sends noise."""
    link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n@RSYNCD: OK\n" + os.urandom(200_000))


def flood(link: socket.socket) -> None:
    """A daemon that greets and then talks for ever."""
    link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n")
    while True:
        link.sendall(b"\x1b[2Jdrwxr-xr-x 4,096 2026/11/20 00:00:00 2026-11-21\n" * 1000)
