"""``nightsieve config show``."""

import json
from collections.abc import Iterator, Mapping

import click
from pydantic import JsonValue

from nightsieve.cli.options import help_epilog, layer_options
from nightsieve.store import configurations
from pipeline.config import UnsetVariableError, canonical, digest
from pipeline.records.words import DASH, plural

_RULES = "labelling.rules"


@click.group(epilog=help_epilog("nightsieve config show --origin"))
def config() -> None:
    """Show the configuration of a night."""


@config.command(
    epilog=help_epilog(
        "nightsieve config show --origin --patch training.search.folds=10"
    )
)
@layer_options()
@click.option(
    "--origin", is_flag=True, help="Also print which layer each key comes from."
)
def show(overlays: tuple[str, ...], patches: tuple[str, ...], origin: bool) -> None:
    """Print the configuration that a night would run with.

    Prints a line for each key, as key = JSON value, then the digest that names the
    configuration everywhere. Writes nothing, and needs no service. The digest is a
    dash where $NIGHTSIEVE_DATABASE_URL is not set, since it covers the database too.
    """
    resolved = configurations.resolve(overlays, patches)
    comment = "  # of all keys above" if origin else ""
    try:
        settings = configurations.identify(resolved)
        digest_line = f"digest = {digest(canonical(settings))}{comment}"
    except UnsetVariableError as error:
        settings = resolved.settings
        digest_line = f"digest = {DASH}  # {error}"
    for key, value in _leaves(settings.model_dump(mode="json")):
        layer = f"  # {resolved.origin(key)}" if origin else ""
        click.echo(f"{key} = {_format_value(key, value)}{layer}")
    click.echo(digest_line)


def _leaves(
    values: Mapping[str, JsonValue], prefix: str = ""
) -> Iterator[tuple[str, JsonValue]]:
    """Yield each dotted key and its value, which is not a dictionary with entries."""
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{key}.")
        else:
            yield key, value


def _format_value(key: str, value: JsonValue) -> str:
    if key == _RULES and isinstance(value, list):
        return plural(len(value), "rule")
    return json.dumps(value, ensure_ascii=False)
