"""Rendering: plan in, bytes out; nothing is read but templates, nothing is written."""

from generator.render.library import open_library
from generator.render.model import DeliveryFile, Kind, RenderedFile, RenderedNode
from generator.render.node import Keys, render_node
from generator.render.templates import Rendered, Shape, TemplateLibrary

__all__ = [
    "DeliveryFile",
    "Keys",
    "Kind",
    "Rendered",
    "RenderedFile",
    "RenderedNode",
    "Shape",
    "TemplateLibrary",
    "open_library",
    "render_node",
]
