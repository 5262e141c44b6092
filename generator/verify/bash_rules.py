"""The rules for capsules that a syntax tree can prove, one function each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from generator.verify.bash_tree import Script, descendants, line, text
from generator.verify.bash_variables import assigned_names, sealed_names
from generator.verify.bash_words import (
    AMBIENT_VARIABLES,
    BUILTINS,
    HIDDEN_PARAMETERS,
    KNOWN_VARIABLES,
    NEVER_ANYWHERE,
    OWN_PROGRAM,
    PLAIN_TOOLS,
    PROLOGUE,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that the script breaks on ``line``."""

    rule: str
    line: int
    what: str


def violations(script: Script) -> tuple[Violation, ...]:
    """Everything that ``script`` does and a capsule must not, in the order of rules."""
    return tuple(violation for rule in RULES for violation in rule(script))


def fixes_its_world_first(script: Script) -> Iterator[Violation]:
    """The first statements are the prologue: nothing runs in a world that a caller has made."""
    statements = [text(node) for node in script.root.named_children if node.type != "comment"]
    for position, (pattern, meaning) in enumerate(PROLOGUE):
        if position >= len(statements) or not re.fullmatch(pattern, statements[position]):
            yield Violation("prologue", 1, f"statement {position + 1} does not {meaning}")
            return
    paths = [node for node, _ in script.nodes("variable_assignment") if text(node).startswith("PATH=")]
    for node in paths[1:]:
        yield Violation("prologue", line(node), "PATH is set a second time")


def refuses_arguments(script: Script) -> Iterator[Violation]:
    """The first thing decided, before a function is defined, is that arguments end the script."""
    for node in script.root.named_children:
        if node.type == "function_definition":
            break
        if node.type == "if_statement" and "$#" in text(node.named_children[0]) and "exit" in text(node):
            return
    yield Violation("arguments", 1, "arguments are not refused before everything else")


def uses_no_parameters(script: Script) -> Iterator[Violation]:
    """The script's own parameters and its own name are never read: a function's are its caller's words."""
    for kind in ("simple_expansion", "expansion"):
        for node, inside in script.nodes(kind):
            name = _expanded(node)
            if name in HIDDEN_PARAMETERS or name == "0":
                yield Violation("parameters", line(node), f"${name} depends on how the script was called")
            elif not inside and (name in ("@", "*") or name.isdigit()):
                yield Violation("parameters", line(node), f"${name} is a parameter of the script")


def knows_every_command(script: Script) -> Iterator[Violation]:
    """A command is a builtin, a function of the script, a plain tool of the fixed PATH, or a sealed path."""
    sealed = sealed_names(script)
    for node, inside in script.nodes("command_name"):
        child = node.named_children[0] if node.named_children else node
        word = text(node)
        if word in ("{", "}"):
            what = "the syntax tree takes `! {` for a command: give the block a function of its own"
            yield Violation("commands", line(node), what)
        elif child.type == "word":
            if word not in BUILTINS and word not in PLAIN_TOOLS and word not in script.functions:
                yield Violation("commands", line(node), f"{word!r} is not sealed: it should be a tool's hole")
        elif word == '"$@"' and inside:
            continue
        else:
            name = re.fullmatch(r'"\$\{?(\w+)\}?"', word)
            if name is None or name[1] not in sealed:
                yield Violation("commands", line(node), f"{word} is a command that is only known when it runs")


def starts_no_interpreter(script: Script) -> Iterator[Violation]:
    """No word of any command is a shell, an interpreter, a download tool or a way to other rights."""
    for kind in ("command", "declaration_command"):
        for node, _ in script.nodes(kind):
            for child in node.named_children:
                word = text(child)
                if word == "bash" and text(node).endswith(OWN_PROGRAM) and _runs_own_functions(script):
                    continue
                if child.type in ("word", "command_name") and word.rpartition("/")[2] in NEVER_ANYWHERE:
                    yield Violation("interpreters", line(child), f"{word!r} has no place in a capsule")


def reads_known_variables(script: Script) -> Iterator[Violation]:
    """Every variable is one that the script set itself, or one of bash's own: nothing comes from the environment."""
    known = assigned_names(script) | KNOWN_VARIABLES
    for kind in ("simple_expansion", "expansion"):
        for node, _ in script.nodes(kind):
            name = _expanded(node)
            if name in AMBIENT_VARIABLES or (re.fullmatch(r"[A-Za-z_]\w*", name) and name not in known):
                yield Violation("variables", line(node), f"${name} is set by nobody in this script")


def opens_no_connection(script: Script) -> Iterator[Violation]:
    """Bash itself opens no socket."""
    for node, _ in script.nodes("file_redirect"):
        if re.search(r"/dev/(tcp|udp)/", text(node)):
            yield Violation("sockets", line(node), "bash would open a network connection")


def has_literal_traps(script: Script) -> Iterator[Violation]:
    """What a trap runs is written in the script: nothing is expanded when it is set."""
    for node, _ in script.nodes("command"):
        parts = [child for child in node.named_children if child.type not in ("command_name", "file_redirect")]
        name = node.child_by_field_name("name")
        if name is not None and text(name) == "trap" and parts and parts[0].type not in ("word", "raw_string"):
            yield Violation("traps", line(node), "the trap's action is put together when it is set")


def has_no_backticks(script: Script) -> Iterator[Violation]:
    """Substitutions are written ``$(…)``, which nests and quotes as it looks."""
    for node, _ in script.nodes("command_substitution"):
        if text(node).startswith("`"):
            yield Violation("backticks", line(node), "backticks")


def reads_no_missing_file(script: Script) -> Iterator[Violation]:
    """``$(<file)`` stands alone: bash 5.2 ends the whole script where there is no file, whatever would handle it."""
    for node, _ in script.nodes("command_substitution"):
        if re.match(r"\$\(\s*<[^<(]", text(node)) and _is_handled(node):
            yield Violation("reading", line(node), "where the file is missing the script ends here: use `read`")


def _is_handled(node: Node) -> bool:
    """Whether something else is to be done if ``node`` fails; in one ``[[ … ]]`` it may be asked for before."""
    below, above = node, node.parent
    while above is not None and above.type not in ("test_command", "command_substitution", "function_definition"):
        if above.type == "list" and above.named_children[-1] != below:
            return True
        if above.child_by_field_name("condition") == below:
            return True
        below, above = above, above.parent
    return False


def _runs_own_functions(script: Script) -> bool:
    """Whether ``$program`` is only ever put together by ``printf`` and ``declare``, from the script's own text."""
    makers = [
        maker
        for node, _ in script.nodes("variable_assignment")
        if text(node).startswith("program=") and (maker := _maker(script, node)) is not None
    ]
    return bool(makers) and all(
        text(part).split()[0] in ("printf", "declare")
        for maker in makers
        for part in descendants(maker, ("command", "declaration_command"))
    )


def _maker(script: Script, assignment: Node) -> Node | None:
    """What makes the value of ``assignment``: a substitution, or the function that it calls."""
    value = assignment.child_by_field_name("value")
    called = "" if value is None else text(value)[3:-2]
    for function, _ in script.nodes("function_definition"):
        if text(function).startswith(f"{called}()"):
            return function.child_by_field_name("body")
    return value


RULES = (
    fixes_its_world_first,
    refuses_arguments,
    uses_no_parameters,
    knows_every_command,
    starts_no_interpreter,
    reads_known_variables,
    opens_no_connection,
    has_literal_traps,
    has_no_backticks,
    reads_no_missing_file,
)


def _expanded(node: Node) -> str:
    """The name of the variable or parameter that ``node`` expands."""
    for child in node.named_children:
        if child.type in ("variable_name", "special_variable_name"):
            return text(child)
        if child.type == "subscript":
            return text(child.named_children[0])
    return ""
