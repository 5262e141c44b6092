"""Rendering: plan in, bytes out; nothing is read but templates, nothing is written."""

from generator.render.templates import Rendered, Shape, TemplateLibrary

__all__ = ["Rendered", "Shape", "TemplateLibrary"]
