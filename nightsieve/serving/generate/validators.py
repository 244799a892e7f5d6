"""Python code that validates the bodies of requests."""

import ast
import re
from collections.abc import Iterable

import fastjsonschema

from nightsieve.serving.generate.schemas import SCHEMAS, whole_schema
from nightsieve.serving.generate.sentences import detail

MODULE = SCHEMAS.parent / "validators.py"
#: What clients send. A `correction-request` is one of the two others.
_VALIDATED = ("correction", "corrections", "prediction-request")

_HEADER = '''"""Generated from ``schemas/``: python -m nightsieve.serving.generate."""

from nightsieve.serving.contract.validation import Misfit, missing_field, unknown_field
'''
# A part of a name such as ``'.messages[{data__messages_x}].text'.format(...)``.
_KEY = re.compile(r"\.(?P<field>\w+)\b(?!\()|\[\{(?P<variable>\w+)\}\]")


def generate_validators() -> str:
    """Return a module with a function ``validate_<schema>`` for each request."""
    functions = map(_validator, _VALIDATED)
    return "\n\n".join([_HEADER, *functions]) + "\n"


def _validator(schema_name: str) -> str:
    code = fastjsonschema.compile_to_code(whole_schema(schema_name), use_default=False)
    (function,) = (
        node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)
    )
    function.name = "validate_" + schema_name.replace("-", "_")
    function.args.args = function.args.args[:1]
    function.args.defaults = []
    return ast.unparse(ast.fix_missing_locations(_OwnErrors().visit(function)))


class _OwnErrors(ast.NodeTransformer):
    """Let the library's code raise our errors, with sentences made at build time.

    The library's own errors quote values and names that the client chose, and carry
    the schema along.
    """

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Replace the making of an error."""
        if not (isinstance(node.func, ast.Name) and "Exception" in node.func.id):
            return self.generic_visit(node)
        arguments = {keyword.arg: keyword.value for keyword in node.keywords}
        rule = ast.literal_eval(arguments["rule"])
        definition = ast.literal_eval(arguments["definition"])
        keys = _keys(arguments["name"])
        match rule:
            case "required":
                fields = _strings(definition["required"])
                return _call("missing_field", keys, arguments["value"], fields)
            case "additionalProperties":
                fields = _strings(definition["properties"])
                return _call("unknown_field", keys, arguments["value"], fields)
        return _call("Misfit", keys, ast.Constant(detail(rule, definition)))

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        """Leave out what `json.loads` never returns."""
        node.elts = [
            item
            for item in node.elts
            if not (isinstance(item, ast.Name) and item.id in ("Decimal", "tuple"))
        ]
        return node.elts[0] if len(node.elts) == 1 else node


def _call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function), list(arguments), [])


def _strings(strings: Iterable[str]) -> ast.Tuple:
    return ast.Tuple([ast.Constant(string) for string in strings])


def _keys(name: ast.expr) -> ast.Tuple:
    """Return the keys of a value as an expression, from what the library names it."""
    keys: list[ast.expr] = []
    for match in _KEY.finditer(ast.unparse(name)):
        if match["field"]:
            keys.append(ast.Constant(match["field"]))
        else:
            keys.append(ast.Name(match["variable"]))
    return ast.Tuple(keys)
