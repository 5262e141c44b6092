"""PuppetDB's query API, version 4: the facts of all active nodes, over HTTPS with a client certificate."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from generator.importing.failures import failure
from generator.importing.puppetdb.forms import WANTED, Facts

FACTS = "/pdb/query/v4/facts"
PAGE = 5000
SECONDS = 60
LARGEST = 256 << 20
DEFAULT_PORT = 8081


@dataclass(frozen=True, slots=True, kw_only=True)
class PuppetDb:
    """Where PuppetDB answers, and with what this machine shows who it is; ``ca`` is who may have signed for it."""

    url: str
    ca: Path
    certificate: Path
    key: Path


def read_puppetdb(source: PuppetDb, page: int = PAGE) -> Facts:
    """The facts that an import wants, by certname; raises `ImportFailure` (C0741)."""
    found: dict[str, dict[str, Any]] = {}
    for row in _rows(source, page):
        if not (isinstance(row, Mapping) and isinstance(row.get("certname"), str) and row.get("name") in WANTED):
            raise _unanswered(source, "it answers with something else than facts")
        found.setdefault(row["certname"], {})[row["name"]] = row.get("value")
    if not found:
        raise _unanswered(source, "it knows no facts of any active node")
    return found


def _rows(source: PuppetDb, page: int) -> Iterator[Any]:
    connection = _connection(source)
    try:
        offset = 0
        while True:
            rows = _page(source, connection, offset, page)
            yield from rows
            if len(rows) < page:
                return
            offset += page
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise _unanswered(source, str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _page(source: PuppetDb, connection: http.client.HTTPSConnection, offset: int, page: int) -> list[Any]:
    wanted = {
        "query": json.dumps(["in", "name", ["array", list(WANTED)]]),
        # pages of a set without an order would have gaps
        "order_by": json.dumps([{"field": "certname"}, {"field": "name"}]),
        "limit": str(page),
        "offset": str(offset),
    }
    connection.request("GET", f"{FACTS}?{urlencode(wanted)}", headers={"Accept": "application/json"})
    answer = connection.getresponse()
    content = answer.read(LARGEST + 1)
    if answer.status != 200:
        raise _unanswered(source, f"{answer.status} {answer.reason} {_words(content)}".strip())
    if len(content) > LARGEST:
        raise _unanswered(source, "its answer is too large")
    rows = json.loads(content)
    if not isinstance(rows, list):
        raise _unanswered(source, "it answers with something else than a list")
    return rows


def _words(content: bytes) -> str:
    """What an answer says to people: PuppetDB does so in plain text, other servers send documents."""
    said = content[:400].decode("utf-8", "replace").split("\n")[0]
    return "" if said.startswith(("{", "<")) else said


def _connection(source: PuppetDb) -> http.client.HTTPSConnection:
    """No proxy, no redirection, no other authority than the one that is named."""
    parts = urlsplit(source.url)
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise _unanswered(source, str(error)) from error
    if parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise _unanswered(source, "an address such as https://puppetdb.example.org:8081 is needed")
    try:
        context = ssl.create_default_context(cafile=str(source.ca))
        context.load_cert_chain(str(source.certificate), str(source.key))
    except (OSError, ssl.SSLError) as error:
        raise _unanswered(source, f"the certificates cannot be used: {error}") from error
    return http.client.HTTPSConnection(parts.hostname, port, timeout=SECONDS, context=context)


def _unanswered(source: PuppetDb, reason: str) -> Exception:
    advice = "ask with a certificate that PuppetDB's allowlist has (--cert, --key, --ca), or import saved facts"
    return failure("C0741", f"PuppetDB at {source.url} does not tell: {reason}", advice)
