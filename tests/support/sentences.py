"""Collects the sentences that a user can meet, from the source that holds them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import click

from pipeline import errors
from tests.support import ROOT

PACKAGES = ("pipeline", "tasks", "nightsieve")
OPERATOR_ERRORS = frozenset(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.NightsieveError)
)
CLICK_ERRORS = frozenset({"BadParameter", "ClickException", "UsageError"})
VALIDATION_ERRORS = frozenset({"ValueError"})
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception"})
HELP_ARGUMENTS = frozenset({"help", "short_help", "epilog", "description"})


@dataclass(frozen=True)
class Sentence:
    """A sentence of the source.

    Attributes
    ----------
    kind
        The error's class, ``log`` or ``help``.
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


def source_sentences() -> Iterator[Sentence]:
    """Yield the sentences of errors, logs and helps of everything that is shipped."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield from _sentences_of(node, where)


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


def _sentences_of(call: ast.Call, where: str) -> Iterator[Sentence]:
    function = _name(call.func)
    text = _template(call.args[0]) if call.args else None
    if text is not None:
        if function in OPERATOR_ERRORS | CLICK_ERRORS | VALIDATION_ERRORS:
            yield Sentence(function, text, where)
        elif function in LOG_METHODS and isinstance(call.func, ast.Attribute):
            yield Sentence("log", text, where)
    for argument in call.keywords:
        if argument.arg in HELP_ARGUMENTS:
            help_text = _template(argument.value)
            if help_text is not None:
                yield Sentence("help", help_text, where)


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
