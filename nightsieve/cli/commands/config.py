"""``nightsieve config show``."""

import json
from collections.abc import Iterator
from typing import Any

import click

from nightsieve.cli.options import layer_options
from nightsieve.store import configurations
from pipeline.config import UnsetVariableError, canonical, digest
from pipeline.records.words import DASH

_RULES = "labelling.rules"


@click.group()
def config() -> None:
    """The configuration of a night."""


@config.command(
    epilog="Example: nightsieve config show --origin --patch training.search.folds=10"
)
@layer_options()
@click.option("--origin", is_flag=True, help="Say which layer each key comes from.")
def show(overlays: tuple[str, ...], patches: tuple[str, ...], origin: bool) -> None:
    """Print the configuration that a night would run with, a key a line."""
    resolved = configurations.resolve(overlays, patches)
    comment = "  # of all the above" if origin else ""
    try:
        settings = configurations.identify(resolved)
        digest_line = f"digest = {digest(canonical(settings))}{comment}"
    except UnsetVariableError as error:
        settings = resolved.settings
        digest_line = f"digest = {DASH}  # {error}"
    for key, value in _leaves(settings.model_dump(mode="json")):
        layer = f"  # {resolved.origin(key)}" if origin else ""
        click.echo(f"{key} = {_shown(key, value)}{layer}")
    click.echo(digest_line)


def _leaves(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each dotted key and its value, which is not a dictionary with entries."""
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{key}.")
        else:
            yield key, value


def _shown(key: str, value: Any) -> str:
    if key == _RULES:
        return f"{len(value)} rules"
    return json.dumps(value, ensure_ascii=False)
