"""A program holds what it uses: every other function and constant is left out, with what is said about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.plan import Fragment, Origin, holes, holes_of
from generator.quoting import ShellWord
from generator.render import TemplateLibrary
from generator.render.templates import BLANK
from generator.render.unused import unused_lines
from generator.verify.bash_tree import parse, text

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*/*/root/opt/capsule/*/bin/*"))

PROGRAM = """\
#!/bin/bash
set -e

# --- Tools: none of them is used. ---
#
# Nor is this.

readonly date='/bin/date'

# tell: the time.
tell() {
  "$date"
}

# --- Words: some of them are used. ---

# Both are long.
readonly long='a'
readonly longer='b'
# This one is short.
readonly short='c'

# A list, with an end of its own.
readonly -a list=(
  one
)

# say <word>
say() {
  # not whisper, nor $list
  printf '%s' "$1$long"
}

# whisper: calls the one above, which does not make it used.
whisper() (
  say "$short" "${list[@]}"
)

called="$(date)"
trap 'say bye' EXIT
"""

WITHOUT = """\
#!/bin/bash
set -e

# --- Words: some of them are used. ---

# Both are long.
readonly long='a'

# say <word>
say() {
  # not whisper, nor $list
  printf '%s' "$1$long"
}

called="$(date)"
trap 'say bye' EXIT
"""

ENGINES = """\
#!/bin/bash
docker_call() {
  true
}
docker_pause() {
  docker_call
}
docker_stop() {
  containers_ask docker
}
podman_call() {
  true
}
containers_ask() {
  set -- "$1_call"
  "$@"
}
with_engine() {
  set -- "$1_$2" "${@:3}"
  "$@"
}
"""


def without_unused(program: str) -> str:
    unused = unused_lines(program)
    return "\n".join(line for number, line in enumerate(program.split("\n")) if number not in unused)


def functions(program: str) -> list[str]:
    return re.findall(r"^(\w+)\(\)", without_unused(program), re.MULTILINE)


def test_what_nothing_uses_is_left_out_with_its_comments_and_headings() -> None:
    # `date` is a word of the last but one line, as a tool of that name: too much is kept rather than too little
    assert without_unused(PROGRAM.replace("$(date)", "$(now)")) == WITHOUT.replace("$(date)", "$(now)")
    assert "readonly date=" in without_unused(PROGRAM)


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("with_engine docker pause", ["docker_call", "docker_pause", "with_engine"]),
        ("with_engine 'docker' 'pause'", ["docker_call", "docker_pause", "with_engine"]),
        (
            'with_engine "$one" stop "$two"',
            ["docker_call", "docker_stop", "podman_call", "containers_ask", "with_engine"],
        ),
        ("containers_ask podman", ["docker_call", "podman_call", "containers_ask"]),
        ("true", []),
    ],
)
def test_functions_of_engines_are_called_by_names_that_are_put_together(end: str, kept: list[str]) -> None:
    assert functions(ENGINES + end + "\n") == kept


def test_a_program_is_rendered_without_it_and_a_part_of_one_with_all(tmp_path: Path) -> None:
    library = TemplateLibrary(tmp_path)
    (tmp_path / "part.sh.j2").write_text("used() {\n  printf {{ x }}\n}\nidle() {\n  printf {{ x }}\n}\n")
    origin = Origin(path="nodes.one")
    part = Fragment(template="part.sh.j2", holes=holes(x=ShellWord.of("inner value")))
    given = holes(part=part, x=ShellWord.of("gone"), y=holes_of(origin, value=ShellWord.of("a b")))
    (tmp_path / "program.sh.j2").write_text("#!/bin/bash\nunused={{ x }}\n{{ part }}\nused {{ y.value }}\n")
    rendered = library.render("program.sh.j2", given)
    assert rendered.text == "#!/bin/bash\nused() {\n  printf 'inner value'\n}\nused 'a b'\n"
    assert library.outline(rendered.shape) == f"#!/bin/bash\nused() {{\n  printf {BLANK}\n}}\nused {BLANK}\n"
    assert [place.line for place in library.trace("program.sh.j2", given)] == [5]
    assert "idle" in library.render("part.sh.j2", part.holes).text


@pytest.mark.parametrize("names", [("idle", "other"), ("other", "idle")])
def test_a_value_that_is_also_the_name_of_a_function_uses_nothing(tmp_path: Path, names: tuple[str, str]) -> None:
    """Else what is rendered would depend on what was rendered before."""
    library = TemplateLibrary(tmp_path)
    (tmp_path / "program.sh.j2").write_text("#!/bin/bash\nidle() {\n  :\n}\nprintf {{ x }}\n")
    for name in names:
        assert library.render("program.sh.j2", holes(x=ShellWord.of(name))).text == f"#!/bin/bash\nprintf '{name}'\n"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: "/".join((path.parts[-7], path.name)))
def test_every_function_of_a_capsule_is_called_in_it(path: Path) -> None:
    """By a grammar of bash, not by the manner of templates."""
    program = path.read_text(encoding="utf-8")
    script = parse(program.encode())
    names = [node.child_by_field_name("name") for node, _ in script.nodes("function_definition")]
    code = _without_comments(program)
    put_together = _verbs(code) | set(re.findall(r'"\$1_(\w+)"', code))
    assert names
    for name in (text(name) for name in names if name is not None):
        assert re.search(rf"\b{name}\b(?!\(\))", code) or any(name.endswith(f"_{verb}") for verb in put_together), (
            name
        )


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: "/".join((path.parts[-7], path.name)))
def test_every_function_that_a_capsule_puts_a_name_together_for_is_there(path: Path) -> None:
    code = _without_comments(path.read_text(encoding="utf-8"))
    defined = set(re.findall(r"^(\w+)\(\)", code, re.MULTILINE))
    for _, body in _dispatchers(code):
        words = re.findall(r"^    ('.*)\) ;;", body, re.MULTILINE)
        engines = {word.strip("'") for row in words for word in row.split(" | ")}
        assert engines
        assert {f"{engine}_{verb}" for engine in engines for verb in _verbs(code)} <= defined


def _without_comments(program: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", program)


def _dispatchers(code: str) -> list[tuple[str, str]]:
    """Name and body of each function that calls another by an engine and a verb."""
    return re.findall(r'^(\w+)\(\) \{\n((?:  .*\n)*?  set -- "\$1_\$2".*\n)', code, re.MULTILINE)


def _verbs(code: str) -> set[str]:
    return {verb for name, _ in _dispatchers(code) for verb in re.findall(rf"\b{name} \S+ '?(\w+)", code)}
