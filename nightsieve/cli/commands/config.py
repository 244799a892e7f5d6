"""``nightsieve config show``."""

import json
from typing import Any

import click

from pipeline.config import (
    Resolved,
    Settings,
    UnsetVariableError,
    canonical,
    digest,
    resolve,
)
from pipeline.rules.files import read_rules
from tasks.retrain import identified, layers


@click.group()
def config() -> None:
    """The configuration of a night."""


@config.command(
    epilog="Example: nightsieve config show --origin --patch training.search.folds=10"
)
@click.option(
    "--config",
    "overlays",
    multiple=True,
    metavar="URI",
    help="Overlay: a YAML file or an s3:// address.",
)
@click.option(
    "--patch", "patches", multiple=True, metavar="A.B=VALUE", help="A single key."
)
@click.option("--origin", is_flag=True, help="Say which layer each key comes from.")
def show(overlays: tuple[str, ...], patches: tuple[str, ...], origin: bool) -> None:
    """Print the configuration that a night would run with, a key a line."""
    resolved = resolve(layers(overlays, patches), read_rules)
    try:
        settings = identified(resolved)
    except UnsetVariableError as error:
        settings, digest_row = resolved.settings, f"digest = -  # {error}"
    else:
        digest_row = f"digest = {digest(canonical(settings))}"
        digest_row += "  # of all the above" if origin else ""
    for key, value, where in _rows(settings, resolved):
        click.echo(f"{key} = {value}" + (f"  # {where}" if origin else ""))
    click.echo(digest_row)


def _rows(settings: Settings, resolved: Resolved) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []

    def visit(value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, dict) and value:
            for key, item in value.items():
                visit(item, (*path, key))
        else:
            key = ".".join(path)
            rows.append((key, _shown(key, value), resolved.origin(key)))

    visit(settings.model_dump(mode="json"), ())
    return rows


def _shown(key: str, value: Any) -> str:
    return (
        f"{len(value)} rules"
        if key == "labelling.rules"
        else json.dumps(value, ensure_ascii=False)
    )
