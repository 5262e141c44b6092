"""Writes the review as Markdown and as one HTML page for each node, and an index of both."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

from generator.emit.tree import OutputFile
from generator.review.summary import NodeSummary, Section

_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1d2733;background:#fff}
h1,h2{line-height:1.2}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d5dbe3;vertical-align:top;overflow-wrap:anywhere}
th{background:#f2f5f8}p.note{color:#55616f;margin:0}a{color:#0b57a4}
@media(prefers-color-scheme:dark){body{background:#12171d;color:#dce3ea}th{background:#1d252e}a{color:#7db7f0}
th,td{border-color:#323c47}p.note{color:#9aa7b4}}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What the whole review says; ``proved`` and ``warnings`` are sentences."""

    deployment: str
    build_id: str
    nodes: tuple[NodeSummary, ...]
    proved: tuple[str, ...]
    warnings: tuple[str, ...]


def review_pages(review: Review) -> tuple[OutputFile, ...]:
    """``review/README.md`` and ``review/index.html``, and a page of each kind for every node."""
    pages = [
        _page("README.md", _markdown_index(review)),
        _page("index.html", _html_index(review)),
    ]
    for node in review.nodes:
        pages.append(_page(f"nodes/{node.name}.md", _markdown_node(node)))
        pages.append(_page(f"nodes/{node.name}.html", _html_node(review, node)))
    return tuple(pages)


def _page(name: str, text: str) -> OutputFile:
    return OutputFile(path=f"review/{name}", content=text.encode(), mode=0o644)


def _overview(review: Review) -> Section:
    rows = []
    for node in review.nodes:
        counts = {section.title: str(len(section.rows)) for section in node.sections}
        columns = ("Programs", "Who may come in", "Where it may go", "What sudo allows", "When it runs")
        rows.append((node.name, *(counts.get(title, "0") for title in columns), node.build_id))
    head = ("node", "programs", "keys let in", "keys held", "sudo rules", "schedules", "build")
    return Section(title="Nodes", note="One page for each.", head=head, rows=tuple(rows))


def _markdown_index(review: Review) -> str:
    overview = _overview(review)
    linked = tuple((f"[{_cell(row[0])}](nodes/{row[0]}.md)", *map(_cell, row[1:])) for row in overview.rows)
    lines = [
        f"# Review of {review.deployment}",
        "",
        f"Build `{review.build_id}`. What every node may do, on one page each; the files are in `../nodes/`.",
        "",
        *_markdown_list("What was proved", review.proved),
        *_markdown_list("Warnings", review.warnings),
        f"## {overview.title}",
        "",
        *_markdown_table(overview.head, linked),
    ]
    return "\n".join(lines) + "\n"


def _markdown_list(title: str, sentences: Iterable[str]) -> list[str]:
    items = [f"- {_cell(sentence)}" for sentence in sentences]
    return [f"## {title}", "", *items, ""] if items else []


def _markdown_node(node: NodeSummary) -> str:
    names = f"Host name `{node.hostname}`, build `{node.build_id}`. [All nodes](../README.md)"
    lines = [f"# {node.name}", "", names, ""]
    for section in node.sections:
        rows = tuple(tuple(map(_cell, row)) for row in section.rows)
        lines += [f"## {section.title}", "", section.note, "", *_markdown_table(section.head, rows), ""]
    return "\n".join(lines)


def _markdown_table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _cell(text: str) -> str:
    # names come from an inventory, and a page must show them as they are
    for special in "\\`*_[]<>|":
        text = text.replace(special, "\\" + special)
    return text


def _html_index(review: Review) -> str:
    overview = _overview(review)
    rows = tuple(
        (f'<a href="nodes/{html.escape(row[0])}.html">{html.escape(row[0])}</a>', *map(html.escape, row[1:]))
        for row in overview.rows
    )
    body = (
        f"<h1>Review of {html.escape(review.deployment)}</h1>\n"
        f"<p>Build <code>{html.escape(review.build_id)}</code>. What every node may do, on one page each.</p>\n"
        + _html_list("What was proved", review.proved)
        + _html_list("Warnings", review.warnings)
        + f"<h2>{overview.title}</h2>\n"
        + _html_table(overview.head, rows)
    )
    return _html_page(f"Review of {review.deployment}", body)


def _html_list(title: str, sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{html.escape(sentence)}</li>\n" for sentence in sentences)
    return f"<h2>{title}</h2>\n<ul>\n{items}</ul>\n" if items else ""


def _html_node(review: Review, node: NodeSummary) -> str:
    body = (
        f'<p><a href="../index.html">All nodes of {html.escape(review.deployment)}</a></p>\n'
        f"<h1>{html.escape(node.name)}</h1>\n"
        f"<p>Host name <code>{html.escape(node.hostname)}</code>, "
        f"build <code>{html.escape(node.build_id)}</code>.</p>\n"
    )
    for section in node.sections:
        rows = tuple(tuple(map(html.escape, row)) for row in section.rows)
        body += f'<h2>{section.title}</h2>\n<p class="note">{html.escape(section.note)}</p>\n'
        body += _html_table(section.head, rows)
    return _html_page(node.name, body)


def _html_table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = ["<table>", "<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join([*lines, "</table>", ""])


def _html_page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
