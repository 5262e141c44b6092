"""Capsules of model objects as text, and what the verification of a build finds in them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from generator.plan import Capsule, Holes
from generator.quoting import ShellWord
from generator.render.model import Kind, RenderedFile
from generator.render.templates import Rendered, TemplateLibrary
from generator.verify import find_tools
from generator.verify.capsules import ScriptChecks
from generator.verify.report import Fault, merge
from generator.verify.subjects import Subject

TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def library() -> TemplateLibrary:
    """The templates of this repository."""
    return TemplateLibrary(TEMPLATES)


def rendered(capsule: Capsule) -> Rendered:
    """What a build would write, but for the number of the build."""
    extra = {"build_id": "0" * 12, "origin": capsule.origin.path, "summary": capsule.summary}
    values = {**dict(capsule.holes.values), **{name: ShellWord.of(text) for name, text in extra.items()}}
    return library().render(capsule.template, Holes(tuple(sorted(values.items()))))


def write_capsules(capsules: Iterable[Capsule]) -> None:
    """Put every capsule where it belongs, on this machine."""
    for capsule in capsules:
        path = Path(capsule.path)
        path.write_text(rendered(capsule).text)
        path.chmod(0o755)


def faults(capsules: Iterable[Capsule], scratch: Path) -> tuple[Fault, ...]:
    """What is wrong with the text of ``capsules``."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        checks = ScriptChecks(library(), dict(find_tools()), scratch, pool, sealed=True)
        for capsule in capsules:
            made = rendered(capsule)
            file = RenderedFile(
                path=capsule.path, content=made.text.encode(), owner="root", group="root", mode=0o755,
                kind=Kind.CAPSULE, sensitive=False, origin=capsule.origin, shape=made.shape,
                template=capsule.template,
            )  # fmt: skip
            checks.see(Subject("target", file))
        return merge(future.result() for future in checks.finish()).faults
