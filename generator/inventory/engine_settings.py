"""Has an engine judge the keys that are its own, beside those that the inventory language knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from generator.engines.settings import EngineSettings
from generator.inventory.refusal import meant
from generator.inventory.report import Report, translate
from generator.plan.origin import Span
from generator.source import Mapping, Scalar, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """One kind of engine: ``word`` is the key that names it and what people call it; ``models`` are by name.

    ``common`` are the keys beside the engine's own; ``advice`` says what a name there means.
    """

    word: str
    title: str
    models: Callable[[], dict[str, type[EngineSettings]]]
    common: tuple[str, ...]
    advice: str


def judge(kind: EngineKind, tree: Mapping, key: Span, report: Report) -> tuple[str, EngineSettings] | None:
    """The engine that ``tree`` names and its settings, or None with its problems reported at ``key`` or below it."""
    models = kind.models()
    name = tree.get(kind.word)
    if not (isinstance(name, Scalar) and isinstance(name.value, str)):
        advice = f"add `{kind.word}: …`; there is: {', '.join(models)}"
        report.error("C0202", f"the {kind.title} has no {kind.word}", key, advice)
        return None
    model = models.get(name.value)
    if model is None:
        said = f"there is no {_engine_word(kind)} `{name.value}`"
        report.error("C0217", said, name.span, meant(name.value, models, kind.advice))
        return None
    own = Mapping({key: entry for key, entry in tree.entries.items() if key not in kind.common}, key)
    try:
        return name.value, model.model_validate(plain(own))
    except ValidationError as error:
        report.add(translate(error, own, model, beside=kind.common))
        return None


def _engine_word(kind: EngineKind) -> str:
    return kind.word if kind.word != "engine" else f"{kind.title} engine"


def common_part(tree: Mapping, keys: Iterable[str], place: Span) -> dict[str, object]:
    """The values of ``keys`` in ``tree``."""
    found = plain(Mapping({key: entry for key, entry in tree.entries.items() if key in keys}, place))
    return found if isinstance(found, dict) else {}
