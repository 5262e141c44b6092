"""What must not run on a node while its data is put back, and how that is found out."""

from __future__ import annotations

from generator.engines.directed.quiesce import Controller
from generator.engines.discovery import quiescers
from generator.inventory.model import Fleet, Node, Quiescer
from generator.plan import Hole, Holes, holes_of
from generator.quoting import ShellWord


def writer_holes(fleet: Fleet, node: Node) -> dict[str, Hole]:
    """The holes of ``restore/stopped.sh.j2``: every quiescer of ``node`` that holds something which runs."""
    engines = quiescers()
    running = [one for one in node.quiescers if not engines[one.engine].frozen(one.settings)]
    functions: list[Hole] = []
    used = sorted({one.engine for one in running})
    for engine in (engines[name] for name in used):
        functions += engine.functions(node)
        if isinstance(engine, Controller):
            functions.append(engine.control(node))
    return {
        "running_functions": tuple(dict.fromkeys(functions)),
        "writer_engines": tuple(ShellWord.of(name) for name in used),
        "writers": tuple(_writer(fleet, one) for one in running),
    }


def _writer(fleet: Fleet, quiescer: Quiescer) -> Holes:
    engine = quiescers()[quiescer.engine]
    # What can be stopped as a whole must be: its daemon would start again what is stopped in it.
    whole = isinstance(engine, Controller)
    return holes_of(
        quiescer.origin,
        name=ShellWord.of(quiescer.name),
        engine=ShellWord.of(quiescer.engine),
        whole=whole,
        arguments=() if whole else engine.arguments(fleet, quiescer),
    )
