"""YAML in which nothing is lost in silence: a key that stands twice is refused, a date stays text."""

from typing import Any

import yaml

from pipeline.errors import ConfigError


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} stands here twice", problem_mark=mark
                )
        return super().construct_mapping(node, deep)


# A YAML date would not survive the way to JSON and back; 1e-3 without a dot would be text under YAML 1.1.
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag != "tag:yaml.org,2002:timestamp"
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_EXPONENT = yaml.resolver.re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$")
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789")
)


def load(text: str | bytes, name: str) -> Any:
    """The value of a YAML document.

    Raises
    ------
    ConfigError : it does not parse or repeats a key; ``name``, line and column are said.
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
        raise ConfigError(f"{name}: no YAML: {' '.join(str(error).split())}") from None
