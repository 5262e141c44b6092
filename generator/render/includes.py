"""Replaces every include of a template by what it includes, once for all renderings."""

from __future__ import annotations

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

from generator.render.logic import refuse_logic


def inline_includes(environment: Environment, template: str) -> nodes.Template:
    """The syntax tree of ``template`` without includes, and without logic in it or in what it included.

    Raises `TemplateLogic` where there is logic, and Jinja's own errors for a template that is missing or malformed.
    """
    assert environment.loader is not None
    source, filename, _ = environment.loader.get_source(environment, template)
    tree = environment.parse(source, template, filename)
    refuse_logic(tree, template)
    _Inliner(environment).visit(tree)
    return tree


class _Inliner(NodeTransformer):
    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_Include(self, node: nodes.Include) -> list[nodes.Node]:
        assert isinstance(node.template, nodes.Const)  # refuse_logic has seen to it
        return inline_includes(self._environment, node.template.value).body
