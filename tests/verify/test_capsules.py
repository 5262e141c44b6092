"""What is checked of scripts does not depend on their order, and nothing that could not be checked is silent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from generator.plan import Origin, holes
from generator.quoting import ShellWord
from generator.render.model import Kind, RenderedFile
from generator.render.templates import TemplateLibrary
from generator.verify import VerificationReport, find_tools
from generator.verify.capsules import ScriptChecks
from generator.verify.report import merge
from generator.verify.subjects import Subject

# the last line is a mistake that shellcheck alone sees; the list may repeat
TEMPLATE = "#!/bin/bash\nlist=(\n{% for one in many %}\n  {{ one }}\n{% endfor %}\n)\necho $list\n"


def check(folder: Path, lengths: tuple[int, ...], tools: dict[str, Path]) -> VerificationReport:
    folder.mkdir()
    (folder / "one.sh.j2").write_text(TEMPLATE)
    library = TemplateLibrary(folder)
    with ThreadPoolExecutor(max_workers=2) as pool:
        checks = ScriptChecks(library, tools, folder / "scratch", pool, sealed=False)
        for length in lengths:
            rendered = library.render("one.sh.j2", holes(many=(ShellWord.of("a b"),) * length))
            file = RenderedFile(
                path=f"/opt/{length}",
                content=rendered.text.encode(),
                owner="root",
                group="root",
                mode=0o755,
                kind=Kind.CAPSULE,
                sensitive=False,
                origin=Origin(path="nodes.web"),
                shape=rendered.shape,
                template="one.sh.j2",
            )
            checks.see(Subject("web", file))
        return merge(future.result() for future in checks.finish())


@pytest.mark.parametrize("lengths", [(1, 2, 3), (3, 1, 2), (2, 2, 1, 3)])
def test_one_fault_for_all_that_differ_in_repetition_only(tmp_path: Path, lengths: tuple[int, ...]) -> None:
    tools = dict(find_tools())
    report = check(tmp_path / "scripts", lengths, tools)
    assert {fault.rule for fault in report.faults} == {"SC2128", "SC2086"}
    assert len({fault.where for fault in report.faults}) == 1
    assert report.shapes == len(set(lengths))


def test_a_line_number_is_that_of_the_whole_script(tmp_path: Path) -> None:
    report = check(tmp_path / "scripts", (9,), dict(find_tools()))
    assert {fault.where for fault in report.faults} == {"web:/opt/9:13"}


def test_missing_parsers_are_said_with_the_number_of_scripts(tmp_path: Path) -> None:
    report = check(tmp_path / "scripts", (1, 2), {})
    assert [(one.tool, one.count) for one in report.unverified] == [("shellcheck", 2), ("bash", 2)]
