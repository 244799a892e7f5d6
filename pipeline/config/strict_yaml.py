"""YAML that loses nothing in silence: a repeated key is refused, a date stays text."""

import re
from typing import Any

import yaml

from pipeline.errors import ConfigError

_FLOAT_TAG = "tag:yaml.org,2002:float"
_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
_EXPONENT = re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$")


class _Loader(yaml.SafeLoader):
    # A date that YAML parses would not survive the way to JSON and back.
    yaml_implicit_resolvers = {
        first_character: [pair for pair in resolvers if pair[0] != _TIMESTAMP_TAG]
        for first_character, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        seen: list[Any] = []  # a key need not be hashable here
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} stands here twice",
                    problem_mark=key_node.start_mark,
                )
            seen.append(key)
        return super().construct_mapping(node, deep)


# Under YAML 1.1, 1e-3 would be text for want of a dot.
_Loader.add_implicit_resolver(_FLOAT_TAG, _EXPONENT, list("-+0123456789"))


def load(text: str | bytes, name: str) -> Any:
    """Return the value of a YAML document.

    Parameters
    ----------
    name
        What messages call the document.

    Raises
    ------
    ConfigError
        The document does not parse or repeats a key; the message has line and column.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(
            f"{name}, line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
        ) from None
    except RecursionError:
        raise ConfigError(f"{name}: is nested too deeply") from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{name}: not YAML: {reason}") from None
