"""Each rule for capsules refuses what it is there for, and lets the ordinary pass."""

from __future__ import annotations

import pytest

from generator.verify.bash_rules import violations
from generator.verify.bash_tree import parse

PROLOGUE = r"""#!/bin/bash
set -Eeuo pipefail
shopt -s inherit_errexit nullglob
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
IFS=$' \t\n'
export PATH LC_ALL
umask 077
unset BASH_ENV ENV CDPATH GLOBIGNORE
if (( $# != 0 )); then
  exit 64
fi
readonly rsync='/usr/bin/rsync'
"""


def rules(body: str, prologue: str = PROLOGUE) -> set[str]:
    script = parse((prologue + body).encode())
    assert script.first_error is None
    return {violation.rule for violation in violations(script)}


@pytest.mark.parametrize(
    "body",
    [
        'main() {\n  local x=$1\n  "$rsync" -a "$x"\n}\nmain a\n',
        "trap 'rm -f x' EXIT\n",
        'run() {\n  "$@"\n}\nrun mkdir x\n',
        'while read -r name; do\n  printf "%s" "$name"\ndone\n',
        'program="$(declare -f main; printf \'x\')"\nbash --noprofile --norc -c "$program"\n',
    ],
)
def test_ordinary_code_passes(body: str) -> None:
    found = rules(body)
    assert found <= ({"commands"} if "program" in body else set())


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        ("commands", "eval 'x=1'\n"),
        ("commands", "source /etc/x\n"),
        ("commands", ". /etc/x\n"),
        ("commands", "builtin eval x\n"),
        ("commands", "command -v ls\n"),
        ("commands", "reboot\n"),
        ("commands", 'cmd=$(cat x)\n"$cmd" a\n'),
        ("commands", "$rsync a\n"),
        ("commands", "`cat x`\n"),
        ("commands", "rsync='/bin/false'\n\"$rsync\" a\n"),
        ("parameters", 'printf "%s" "$1"\n'),
        ("parameters", 'main() {\n  :\n}\nmain "$@"\n'),
        ("parameters", 'f() {\n  printf "%s" "$0"\n}\n'),
        ("parameters", 'f() {\n  printf "%s" "${BASH_SOURCE[0]}"\n}\n'),
        ("interpreters", "wget http://example.org\n"),
        ("interpreters", 'f() {\n  "$@"\n}\nf sudo ls\n'),
        ("interpreters", "xargs /bin/sh -c 'x'\n"),
        ("interpreters", 'program=$(cat x)\nbash --noprofile --norc -c "$program"\n'),
        ("variables", 'printf "%s" "$SSH_ORIGINAL_COMMAND"\n'),
        ("variables", 'printf "%s" "${HOME}"\n'),
        ("variables", 'declare -p ambient\nprintf "%s" "$ambient"\n'),
        ("sockets", "cat </dev/tcp/10.0.0.1/80\n"),
        ("traps", 'x=1\ntrap "rm $x" EXIT\n'),
        ("backticks", 'x="`cat y`"\n'),
        ("reading", 'f() {\n  x="$(</run/gone)" || return 0\n}\nf\n'),
        ("reading", 'x="$(</run/gone)" && rm /run/gone\n'),
        ("reading", '{ x="$(</run/gone)"; } 2>/dev/null || x=""\n'),
        ("reading", 'if x="$(</run/gone)"; then\n  :\nfi\n'),
        ("prologue", "PATH=/tmp:$PATH\n"),
    ],
)
def test_what_a_rule_is_there_for(rule: str, body: str) -> None:
    assert rule in rules(body)


@pytest.mark.parametrize("line", PROLOGUE.splitlines()[1:9])
def test_every_line_of_the_prologue_is_needed(line: str) -> None:
    assert "prologue" in rules("", PROLOGUE.replace(line + "\n", "", 1))


def test_arguments_must_be_refused_before_functions() -> None:
    refusal = "if (( $# != 0 )); then\n  exit 64\nfi\n"
    assert "arguments" in rules("", PROLOGUE.replace(refusal, ""))
    assert "arguments" in rules("f() {\n  :\n}\n" + refusal, PROLOGUE.replace(refusal, ""))


def test_what_the_grammar_cannot_place_is_an_error() -> None:
    assert parse(b"set -e\nif then fi (\n").first_error is not None
