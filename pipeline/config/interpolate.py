"""``${NAME}`` in a configuration: the value of an environment variable.

The environment of a worker holds secrets, and a configuration can come from somebody
who may not know them. So a configuration can name two kinds of variables only: those
that are made for it, ``NIGHTSIEVE_VAR_*``, and, in ``source.url`` alone, those that
hold the URL of a database.
"""

import re
from collections.abc import Mapping

from pipeline.config.layers import Origins, Tree, join_key, quotable_path
from pipeline.errors import ConfigError

# Kept as references: each worker looks them up for itself.
SECRET_KEYS = frozenset({"source.url"})
DATABASE_URL = "NIGHTSIEVE_DATABASE_URL"
#: Lists further variables that ``source.url`` may name, separated by commas or spaces.
URL_NAMES = "NIGHTSIEVE_URL_NAMES"
#: What the names of variables begin with that every other key may use.
VARIABLE_PREFIX = "NIGHTSIEVE_VAR_"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$\{{({_NAME})\}}")
_SHELL_LINE = 'export it, or for the embedded services: eval "$(nightsieve env)"'


class UnsetVariableError(ConfigError):
    """An environment variable that the configuration refers to is not set.

    For example: ``overlay.yaml: source.messages.where: the environment variable
    NIGHTSIEVE_VAR_COUNTRY is not set; export it``
    """


def interpolate(tree: Tree, origins: Origins, environment: Mapping[str, str]) -> Tree:
    """Return the tree with references replaced, except those in `SECRET_KEYS`.

    Raises
    ------
    UnsetVariableError
        A variable is not set.
    ConfigError
        A key outside `SECRET_KEYS` refers to a variable that is not made for
        configurations.

    Examples
    --------
    >>> where = "year = ${NIGHTSIEVE_VAR_YEAR}"
    >>> tree = {"source": {"url": "${URL}", "messages": {"where": where}}}
    >>> interpolate(tree, Origins(), {"NIGHTSIEVE_VAR_YEAR": "2026"})
    {'source': {'url': '${URL}', 'messages': {'where': 'year = 2026'}}}
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
    # Most values have no reference, and the name of a layer takes long to look up.
    if not _REFERENCE.search(value):
        return value
    return _substitute(value, key, origins.name(key), environment)


def _substitute(
    value: str, key: str, origin: str, environment: Mapping[str, str]
) -> str:
    where = f"{origin}: {quotable_path(key)}"

    def look_up(reference: re.Match[str]) -> str:
        name = reference[1]
        if not name.startswith(VARIABLE_PREFIX):
            raise ConfigError(
                f"{where}: ${{{name}}} is not made for configurations; use "
                f"${{{VARIABLE_PREFIX}...}}, and secrets in source.url only"
            )
        return _value(name, where, environment)

    return _REFERENCE.sub(look_up, value)


def url_variable(reference: str, origin: str, environment: Mapping[str, str]) -> str:
    """Return the name of the variable that ``source.url`` refers to.

    Parameters
    ----------
    reference
        The value of ``source.url``.
    origin
        The name of the layer that set it, for the message.

    Raises
    ------
    ConfigError
        The value is not one whole ``${NAME}``, or the environment does not say that the
        variable holds the URL of a database.

    Examples
    --------
    >>> url_variable("${NIGHTSIEVE_DATABASE_URL}", "overlay.yaml", {})
    'NIGHTSIEVE_DATABASE_URL'
    >>> environment = {"NIGHTSIEVE_URL_NAMES": "INBOX_URL, ARCHIVE_URL"}
    >>> url_variable("${ARCHIVE_URL}", "overlay.yaml", environment)
    'ARCHIVE_URL'
    """
    where = f"{origin}: source.url"
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ConfigError(
            f"{where}: not one reference to a variable; write ${{{DATABASE_URL}}}, and "
            "put the URL into that variable"
        )
    name = match[1]
    allowed = environment.get(URL_NAMES, "").replace(",", " ").split()
    if name != DATABASE_URL and name not in allowed:
        raise ConfigError(
            f"{where}: ${{{name}}} may not be used here; use ${{{DATABASE_URL}}}, or "
            f"list the variable in {URL_NAMES}"
        )
    return name


def look_up_url(reference: str, origin: str, environment: Mapping[str, str]) -> str:
    """Return the value of the variable that ``source.url`` refers to.

    Raises
    ------
    UnsetVariableError
        The variable is not set.
    ConfigError
        As `url_variable`.

    Examples
    --------
    >>> environment = {"NIGHTSIEVE_DATABASE_URL": "postgresql://db.example/messages"}
    >>> look_up_url("${NIGHTSIEVE_DATABASE_URL}", "overlay.yaml", environment)
    'postgresql://db.example/messages'
    """
    name = url_variable(reference, origin, environment)
    return _value(name, f"{origin}: source.url", environment)


def _value(name: str, where: str, environment: Mapping[str, str]) -> str:
    if name not in environment:
        raise UnsetVariableError(
            f"{where}: the environment variable {name} is not set; {_SHELL_LINE}"
        )
    return environment[name]
