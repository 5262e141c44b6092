from __future__ import annotations

from pathlib import Path

from generator.source import read_source


def test_line_ends_and_byte_order_mark_are_no_content(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(b"\xef\xbb\xbfa: b\r\nc: d\r\n")
    source, problems = read_source(path)
    assert problems == ()
    assert source is not None
    assert source.text == "a: b\nc: d\n"
    assert source.content == path.read_bytes()


def test_unreadable_files(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        source, problems = read_source(path)
        assert source is None
        assert [one.code for one in problems] == ["C0101"]


def test_the_byte_that_is_not_utf_8_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes("a: b\nä: \xff".encode("latin-1").replace(b"\xe4", "ä".encode()))
    _, problems = read_source(path)
    assert [(one.code, one.span and (one.span.line, one.span.column)) for one in problems] == [("C0102", (2, 4))]
