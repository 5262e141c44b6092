"""How a value says no inside pydantic: with a diagnostic's code and advice."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic_core import PydanticCustomError


def refuse(code: str, problem: str, advice: str) -> PydanticCustomError:
    """An error that becomes a `Diagnostic` with this code, message and advice, at the value's place."""
    return PydanticCustomError(code, "{problem}", {"problem": problem, "advice": advice})


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that ``word`` was probably meant to be, or nothing."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.6)), "")


def meant(word: str, known: Iterable[str], otherwise: str) -> str:
    """Advice for an unknown word: the nearest known one, else ``otherwise`` and what there is."""
    names = sorted(known)
    near = nearest(word, names)
    if near:
        return f"did you mean `{near}`?"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"{otherwise}; there is: {shown}" if names else otherwise
