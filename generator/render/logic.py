"""The rule that templates hold holes, not decisions, checked on the template's syntax tree."""

from __future__ import annotations

from jinja2 import nodes

ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.If,
    nodes.Not,
    nodes.Include,
    nodes.Const,
)


class TemplateLogic(ValueError):
    """A template does more than hold holes."""


def refuse_logic(tree: nodes.Template, template: str) -> None:
    """Raise `TemplateLogic` if ``tree`` holds anything but holes, ``for``, ``if`` and ``include`` of a fixed name."""
    for node in _walk(tree):
        if not isinstance(node, ALLOWED):
            raise TemplateLogic(f"{template}:{node.lineno}: {type(node).__name__} is not allowed in a template")
        if isinstance(node, nodes.Include) and not isinstance(node.template, nodes.Const):
            raise TemplateLogic(f"{template}:{node.lineno}: an include names its template literally")
        if isinstance(node, nodes.Output) and any(isinstance(part, nodes.Const) for part in node.nodes):
            raise TemplateLogic(f"{template}:{node.lineno}: a constant in a hole would escape quoting")


def _walk(node: nodes.Node) -> list[nodes.Node]:
    found = [node]
    for child in node.iter_child_nodes():
        found.extend(_walk(child))
    return found
