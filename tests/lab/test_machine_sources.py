"""The emulated machine's packages come from this machine's own sources, with contrib where they are Debian's."""

from __future__ import annotations

from pathlib import Path

from generator.lab.machine.sources import with_contrib

STANZAS = """Types: deb
URIs: http://mirror.example.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://other.example.org
Suites: stable
Components: main
"""

LINES = """# a comment about bookworm main
deb http://mirror.example.org/debian bookworm main
deb [signed-by=/k.gpg] http://mirror.example.org/security bookworm-security main
deb http://mirror.example.org/debian bookworm contrib non-free
deb http://other.example.org stable main
"""


def test_contrib_is_added_to_the_suite_s_own_sources_and_to_no_other(tmp_path: Path) -> None:
    stanzas, lines = tmp_path / "debian.sources", tmp_path / "sources.list"
    stanzas.write_text(STANZAS, encoding="utf-8")
    lines.write_text(LINES, encoding="utf-8")
    copies = tmp_path / "copies"
    copies.mkdir()
    first, second = with_contrib((stanzas, lines), "bookworm", copies)
    assert (first.suffix, second.suffix) == (".sources", ".list")
    assert first.read_text(encoding="utf-8") == STANZAS.replace(
        "Components: main\nSigned", "Components: main contrib\nSigned"
    )
    assert second.read_text(encoding="utf-8").splitlines() == [
        "# a comment about bookworm main",
        "deb http://mirror.example.org/debian bookworm main contrib",
        "deb [signed-by=/k.gpg] http://mirror.example.org/security bookworm-security main contrib",
        "deb http://mirror.example.org/debian bookworm contrib non-free",
        "deb http://other.example.org stable main",
    ]
    assert stanzas.read_text(encoding="utf-8") == STANZAS
