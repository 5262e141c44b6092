"""Finds the templates that came with this program."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from generator.render.templates import TemplateLibrary


def open_library() -> TemplateLibrary:
    """The installed templates, or those of the source tree that this package is run from."""
    packaged = Path(str(resources.files("generator"))) / "templates"
    if packaged.is_dir():
        return TemplateLibrary(packaged)
    return TemplateLibrary(packaged.parent.parent / "templates")
