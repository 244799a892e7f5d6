"""``${NAME}`` in a configuration: the value of an environment variable."""

import re
from collections.abc import Mapping

from pipeline.config.layers import Origins, Tree, join_key
from pipeline.errors import ConfigError

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Kept as references: each worker looks them up for itself.
SECRET_KEYS = frozenset({"source.url"})
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_KEY|DATABASE_URL|WEBHOOK", re.IGNORECASE
)


class UnsetVariableError(ConfigError):
    """An environment variable that the configuration refers to is not set.

    For example: ``overlay.yaml: source.messages.where: the environment variable COUNTRY
    is not set; export it``
    """


def interpolate(tree: Tree, origins: Origins, environment: Mapping[str, str]) -> Tree:
    """Return the tree with references replaced, except those in `SECRET_KEYS`.

    Raises
    ------
    UnsetVariableError
        A variable is not set.
    ConfigError
        A key outside `SECRET_KEYS` refers to a variable with the name of a secret.

    Examples
    --------
    >>> tree = {"source": {"url": "${URL}", "messages": {"table": "sms_${YEAR}"}}}
    >>> interpolate(tree, Origins(), {"YEAR": "2026"})
    {'source': {'url': '${URL}', 'messages': {'table': 'sms_2026'}}}
    """
    return {
        name: _replace(value, str(name), origins, environment)
        for name, value in tree.items()
    }


def _replace(
    value: object, key: str, origins: Origins, environment: Mapping[str, str]
) -> object:
    if isinstance(value, dict):
        return {
            name: _replace(item, join_key(key, name), origins, environment)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            _replace(item, join_key(key, index), origins, environment)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, str) or key in SECRET_KEYS:
        return value
    if not REFERENCE.search(value):
        return value
    _refuse_secrets(value, key, origins)
    return substitute(value, key, origins.name(key), environment)


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

    Examples
    --------
    >>> environment = {"COUNTRY": "IN"}
    >>> key = "source.messages.where"
    >>> substitute("country = '${COUNTRY}'", key, "overlay.yaml", environment)
    "country = 'IN'"
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
                f"use secrets in {allowed} only"
            )
