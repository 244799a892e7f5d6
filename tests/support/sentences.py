"""Collects the sentences that a user can meet, from the source that holds them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from pipeline import errors
from tests.support import ROOT

PACKAGES = ("pipeline", "tasks", "nightsieve")
SCORER = ROOT / "scorers" / "python" / "nightsieve_scorer.py"
TEMPLATES = ROOT / "pipeline" / "report" / "html" / "templates"
TAGS = re.compile(r"<[^>]*>|\{%.*?%\}|\{\{.*?\}\}")
# Words that readers who learnt English at school stumble over, and what to write.
BANNED_WORDS = {
    r"anew": "again",
    r"once more": "again",
    r"mend(?:s|ed|ing)?": "fix",
    r"knobs?": "setting",
    r"(?:is|are|was|were|be|been|being) told": "receives",
    r"such an?": "a",
    r"so (?:many|often)": "n",
    r"as far as": "up to",
    r"none that": "none",
    r"who(?:m|so)?ever": "people who",
    r"of (?:nights|those|these|them) that": "the subject first",
    r"blanks?": "space",
}
MIN_WORDS = 3  # of a literal that may be a sentence or a part of one
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


@dataclass(frozen=True)
class Sentence:
    """A sentence of the source.

    Attributes
    ----------
    kind
        The error's class, ``literal``, ``template``, ``help`` or ``option``.
    text
        What the source says, with ``{expression}`` where a value is put in.
    where
        File and line.
    """

    kind: str
    text: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def error_sentences() -> Iterator[Sentence]:
    """Yield what the errors say that the ``nightsieve`` command or a night shows."""
    error_names = _names_of_errors()
    for path, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in error_names:
                text = _joined(node.args)
                if text:
                    yield Sentence(_name(node.func), text, _where(path, node))


def literals() -> Iterator[Sentence]:
    """Yield every text of the source that may be a sentence, or a part of one."""
    for path, tree in _modules():
        docstrings = set(_docstrings(tree))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant | ast.JoinedStr)
                and node not in docstrings
            ):
                text = _template(node)
                if text is not None and len(text.split()) >= MIN_WORDS:
                    yield Sentence("literal", text, _where(path, node))
    for path in sorted(TEMPLATES.glob("*.html")):
        for line_number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.relative_to(ROOT)}:{line_number}"
            yield Sentence("template", TAGS.sub(" ", line), where)


def command_helps(
    command: click.Command, name: str = "nightsieve"
) -> Iterator[Sentence]:
    """Yield the helps of a command, of its options and of the commands below it."""
    yield Sentence("help", command.help or "", name)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            option = f"{name} {parameter.opts[0]}"
            yield Sentence("option", parameter.help or "", option)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            subcommand = command.get_command(context, word)
            assert subcommand is not None
            yield from command_helps(subcommand, f"{name} {word}")


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))
    yield SCORER, ast.parse(SCORER.read_text(encoding="utf-8"))


def _names_of_errors() -> set[str]:
    """Return the names of `NightsieveError` and of all classes that derive from it."""
    names = {errors.NightsieveError.__name__}
    classes = [
        node
        for _, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    n_known = 0
    while len(names) > n_known:
        n_known = len(names)
        for node in classes:
            if not names.isdisjoint(map(_name, node.bases)):
                names.add(node.name)
    return names


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            yield first.value


def _where(path: Path, node: ast.expr) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def _joined(arguments: list[ast.expr]) -> str | None:
    """Return the message: ``where, problem, remedy`` is joined as the error does it."""
    if len(arguments) < 2:
        return _template(arguments[0]) if arguments else None
    parts = [_template(part) or f"{{{ast.unparse(part)}}}" for part in arguments]
    return ": ".join(parts[:2]) + "".join(f"; {part}" for part in parts[2:])


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _template(expression: ast.expr) -> str | None:
    """Return a string as the source writes it; None if it is made elsewhere."""
    if isinstance(expression, ast.Constant):
        return expression.value if isinstance(expression.value, str) else None
    if isinstance(expression, ast.JoinedStr):
        return "".join(_part(part) for part in expression.values)
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        left = _template(expression.left)
        right = _template(expression.right)
        if left is None and right is None:
            return None
        return (left or "{}") + (right or "{}")
    return None


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        return "{" + ast.unparse(part.value) + "}"
    assert isinstance(part, ast.Constant)
    return str(part.value)
