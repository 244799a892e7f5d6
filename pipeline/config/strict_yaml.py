"""YAML that loses nothing silently.

A repeated key is refused, a date stays text, and so does every key: a label may be 0.
"""

import re
from typing import Any, TypeAlias

import yaml

from pipeline.errors import ConfigError

_FLOAT_TAG = "tag:yaml.org,2002:float"
_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
_TEXT_TAG = "tag:yaml.org,2002:str"
#: A key that would be a value of these types stays as it is written: ``0``, ``no``.
_TAGS_OF_TEXT_KEYS = frozenset(
    {
        "tag:yaml.org,2002:int",
        "tag:yaml.org,2002:bool",
        "tag:yaml.org,2002:null",
        _FLOAT_TAG,
    }
)
_EXPONENT = re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$")


#: By the first character of a plain value, the tags that it may have.
_Resolvers: TypeAlias = dict[str, list[tuple[str, re.Pattern[str]]]]


class _RepeatedKeyError(yaml.MarkedYAMLError):
    """A mapping has a key twice."""


def _without_timestamps(resolvers: _Resolvers) -> _Resolvers:
    """Leave out timestamps: a date would not survive the way to JSON and back."""
    kept = {}
    for first_character, pairs in resolvers.items():
        kept[first_character] = [pair for pair in pairs if pair[0] != _TIMESTAMP_TAG]
    return kept


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = _without_timestamps(
        yaml.SafeLoader.yaml_implicit_resolvers
    )

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        seen: list[object] = []  # not a set: a key need not be hashable here
        for key_node, _ in node.value:
            if key_node.tag in _TAGS_OF_TEXT_KEYS:
                key_node.tag = _TEXT_TAG
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _RepeatedKeyError(
                    problem=f"the key {key!r} is repeated",
                    problem_mark=key_node.start_mark,
                )
            seen.append(key)
        return super().construct_mapping(node, deep)


# Under YAML 1.1, 1e-3 would be text, since it has no dot.
_Loader.add_implicit_resolver(_FLOAT_TAG, _EXPONENT, list("-+0123456789"))


def load(text: str | bytes, name: str) -> object:
    """Return the value of a YAML document.

    Parameters
    ----------
    name
        What messages call the document.

    Raises
    ------
    ConfigError
        The document does not parse or repeats a key; the message has line and column.

    Examples
    --------
    >>> load("{night: 2026-11-20, alpha: 1e-3}", "overlay.yaml")
    {'night': '2026-11-20', 'alpha': 0.001}
    >>> load("{0: spam, no: ham}", "overlay.yaml")
    {'0': 'spam', 'no': 'ham'}
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except _RepeatedKeyError as error:
        raise ConfigError(
            f"{name}{_position(error)}: {error.problem}; keep one of the two"
        ) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError(
            f"{name}{_position(error)}: not YAML: {error.problem}; correct the syntax"
        ) from None
    except RecursionError:
        raise ConfigError(f"{name}: nested too deeply; use fewer levels") from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"{name}: not YAML: {reason}; correct the syntax or the encoding"
        ) from None


def _position(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return ""
    return f", line {mark.line + 1}, column {mark.column + 1}"
