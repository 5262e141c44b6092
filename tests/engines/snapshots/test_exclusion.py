"""What a listing leaves out is exactly what rsync leaves out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from generator.engines.directed.exclusion import left_out_expression
from generator.engines.producers.paths import PathsSettings, inner_patterns

NAMES = (
    "cache/deep/file",
    "cache/file",
    "cached/file",
    "a/cache/file",
    "a.tmp",
    "ab.tmp",
    "a/b.tmp",
    "a/b/c.tmp",
    "+x",
    "a+b(c)",
    "sp ace/file",
    "back\\slash/file",
    "back\\other",
    "star*/file",
    "starry/file",
    "x1",
    "x2",
    "xy",
    "x/y",
    "tab\there",
    "tabX",
    "dollar$",
    "[bracket]",
    "{1}",
    "^caret",
    "q?e",
    "qXe",
    "a|b",
    "ünï",
    "dot.d/x",
    "dotXd/x",
    "-dash",
)
EXCLUDES = (
    ("cache/",),
    ("cache",),
    ("*.tmp",),
    ("a/**.tmp",),
    ("**/file",),
    ("x[12]",),
    ("x[!1]",),
    ("x?",),
    ("sp ace/",),
    ("a+b(c)", "+x"),
    ("back\\slash/",),
    ("star\\*/",),
    ("star*/",),
    ("tab?here",),
    ("dollar$", "{1}", "^caret"),
    ("a|b",),
    ("dot.d",),
    ("cache/***",),
    ("cache/*",),
    ("cache/**",),
    ("a/**/c.tmp",),
    ("x[^1]",),
    ("a/*/c.tmp",),
    ("[[]bracket]",),
    ("-dash",),
    ("ünï",),
    ("q?e",),
    ("back\\\\*",),
    ("/data/cache/", "/data/x1"),
)


@pytest.mark.parametrize("excludes", EXCLUDES, ids=str)
def test_the_expression_is_what_rsync_does(tmp_path: Path, excludes: tuple[str, ...]) -> None:
    data = tmp_path / "data"
    for name in NAMES:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("")
    settings = PathsSettings(paths=("/data",), exclude=excludes)
    patterns = inner_patterns(settings)
    (tmp_path / "patterns").write_text("".join(f"{pattern}\n" for pattern in patterns))
    subprocess.run(
        ["rsync", "-a", f"--exclude-from={tmp_path}/patterns", f"{data}/", f"{tmp_path}/copy/"], check=True
    )
    copied = sorted(str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*"))
    kept = []
    for path in sorted(data.rglob("*")):
        name = str(path.relative_to(data)).replace("\\", r"\134").replace("\t", r"\011")
        kept.append((str(path.relative_to(data)), f"{name}{'/' if path.is_dir() else ''}"))
    for awk in ("mawk", "gawk"):
        listed = subprocess.run(
            [awk, 'BEGIN { e = ENVIRON["left_out"] } $0 !~ e { print NR }'],
            input="".join(f"{written}\n" for _, written in kept),
            env={"left_out": left_out_expression(patterns), "LC_ALL": "C", "PATH": "/usr/bin"},
            capture_output=True, text=True, check=True,
        ).stdout.split() if Path(f"/usr/bin/{awk}").exists() else None  # fmt: skip
        assert listed is None or sorted(kept[int(number) - 1][0] for number in listed) == copied


def test_nothing_is_left_out_by_nothing() -> None:
    assert left_out_expression(()) == ""
