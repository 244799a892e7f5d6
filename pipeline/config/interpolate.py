"""``${NAME}`` in a configuration: the values of environment variables."""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.config.layers import Origins
from pipeline.errors import ConfigError

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Kept as references: each worker looks them up for itself.
SECRET_KEYS = frozenset({"source.url"})
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_KEY|DATABASE_URL|WEBHOOK", re.IGNORECASE
)


class UnsetVariableError(ConfigError):
    """An environment variable that the configuration refers to is not set."""


def interpolate(
    tree: dict[str, Any], origins: Origins, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the tree with every reference replaced, but for those in `SECRET_KEYS`.

    Raises
    ------
    UnsetVariableError
        A variable is not set.
    ConfigError
        A variable with the name of a secret is referred to by another key.
    """

    def replace(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {
                name: replace(item, f"{key}.{name}" if key else str(name))
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [replace(item, f"{key}.{i}") for i, item in enumerate(value)]
        is_text = isinstance(value, str) and key not in SECRET_KEYS
        if is_text and REFERENCE.search(value):
            _refuse_secrets(value, key, origins)
            return substitute(value, key, origins.name(key), environment)
        return value

    return replace(tree, "")


def substitute(
    value: str, key: str, origin: str, environment: Mapping[str, str]
) -> str:
    """Return the value with every reference replaced.

    Parameters
    ----------
    key, origin
        The value's key and the name of its layer, for the message.

    Raises
    ------
    UnsetVariableError
        A variable is not set.
    """

    def look_up(reference: re.Match[str]) -> str:
        name = reference[1]
        if name not in environment:
            raise UnsetVariableError(
                f"{origin}: {key}: the environment variable {name} is not set; "
                'export it, or for the embedded services: eval "$(nightsieve env)"'
            )
        return environment[name]

    return REFERENCE.sub(look_up, value)


def _refuse_secrets(value: str, key: str, origins: Origins) -> None:
    for name in REFERENCE.findall(value):
        if _SECRET_NAME.search(name):
            allowed = ", ".join(sorted(SECRET_KEYS))
            raise ConfigError(
                f"{origins.name(key)}: {key}: ${{{name}}} names a secret; "
                f"secrets may stand in {allowed} only"
            )
