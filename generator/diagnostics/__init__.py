"""Diagnostics: what is wrong, where, and what to do about it."""

from generator.diagnostics.catalog import Page, catalog, reference
from generator.diagnostics.json_form import render_json
from generator.diagnostics.model import Diagnostic, Label, Severity
from generator.diagnostics.text_form import Excerpted, render_text, wants_colour

__all__ = [
    "Diagnostic",
    "Excerpted",
    "Label",
    "Page",
    "Severity",
    "catalog",
    "reference",
    "render_json",
    "render_text",
    "wants_colour",
]
