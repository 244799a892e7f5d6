"""The problems that the source of the service makes, read from its syntax."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

#: Stands for what is only known when the service runs.
_ANYTHING = ".+"


class RaisedProblem(NamedTuple):
    """A problem that some line of the source makes.

    Attributes
    ----------
    details
        Regular expressions of its details: a value that is not in the source, such as
        a number of bytes, may be anything.
    headers
        The names of the headers that only this problem has.
    """

    status: int
    name: str
    details: list[str]
    headers: list[str]

    def has_detail(self, detail: str) -> bool:
        """Return whether the line can give a detail."""
        return any(re.fullmatch(pattern, detail) for pattern in self.details)


@dataclass
class _Scope:
    """What the names of a function stand for, and where to look for others."""

    values: dict[str, list[ast.expr]]
    outer: "_Scope | None" = None
    #: What the function is called with, which has the names of its caller.
    arguments: dict[str, ast.expr] = field(default_factory=dict)
    caller: "_Scope | None" = None

    def patterns(self, expression: ast.expr) -> list[str]:
        """Return regular expressions of the texts that an expression can have."""
        match expression:
            case ast.Constant(str(text)):
                return [re.escape(text)]
            case ast.JoinedStr(parts):
                patterns = [""]
                for part in parts:
                    ends = self.patterns(part)
                    patterns = [start + end for start in patterns for end in ends]
                return patterns
            case ast.FormattedValue(value):
                return self.patterns(value)
            case ast.IfExp(body=body, orelse=orelse):
                return self.patterns(body) + self.patterns(orelse)
            case ast.Name(name):
                return self._patterns_of_name(name)
        return [_ANYTHING]

    def _patterns_of_name(self, name: str) -> list[str]:
        if name in self.arguments and self.caller is not None:
            return self.caller.patterns(self.arguments[name])
        if name in self.values:
            patterns = []
            for value in self.values[name]:
                patterns.extend(self.patterns(value))
            return patterns
        return (
            [_ANYTHING] if self.outer is None else self.outer.patterns(ast.Name(name))
        )


def raised_problems(path: Path) -> list[RaisedProblem]:
    """Return the problems that a module makes.

    A function may receive a part of its problem: each of its calls is then a problem.
    """
    tree = ast.parse(path.read_text())
    module = _Scope(_assigned(tree.body))
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    problems: list[RaisedProblem] = []
    for function in functions:
        for call in _calls(function, "Problem"):
            for scope in _scopes(function, functions, module):
                problems.extend(_problems(call, scope))
    return problems


def _problems(call: ast.Call, scope: _Scope) -> Iterator[RaisedProblem]:
    status, name, detail, *_ = call.args
    assert isinstance(status, ast.Constant)
    assert isinstance(status.value, int)
    details = scope.patterns(detail)
    for name_pattern in scope.patterns(name):
        assert name_pattern != _ANYTHING, f"line {call.lineno}: a kind without a name"
        problem_name = name_pattern.replace("\\", "")
        yield RaisedProblem(status.value, problem_name, details, _headers(call, scope))


def _headers(call: ast.Call, scope: _Scope) -> list[str]:
    """Return the names of headers, which are given in place or as a local variable."""
    headers: list[str] = []
    for keyword in call.keywords:
        values = [keyword.value]
        if isinstance(keyword.value, ast.Name):
            values = scope.values.get(keyword.value.id, [])
        for value in values:
            if keyword.arg == "headers" and isinstance(value, ast.Dict):
                headers.extend(ast.literal_eval(key) for key in value.keys if key)
    return headers


def _scopes(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef],
    module: _Scope,
) -> list[_Scope]:
    """Return the scope of a function for each of its calls in the module."""
    values = _assigned(function.body)
    names = [argument.arg for argument in function.args.args]
    scopes = []
    for caller in functions:
        caller_scope = _Scope(_assigned(caller.body), module)
        for call in _calls(caller, function.name):
            arguments = dict(zip(names, call.args, strict=False))
            scopes.append(_Scope(values, module, arguments, caller_scope))
    return scopes or [_Scope(values, module)]


def _calls(
    function: ast.FunctionDef | ast.AsyncFunctionDef, name: str
) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(called)) if called == name:
                yield node


def _assigned(statements: list[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Return what is assigned to each name, in statements and below them."""
    values: dict[str, list[ast.expr]] = {}
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for node in ast.walk(statement):
            match node:
                case ast.Assign(targets=[ast.Name(name)], value=value):
                    values.setdefault(name, []).append(value)
    return values
