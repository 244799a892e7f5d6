"""``nightsieve models``: what is published, and what was before."""

from pathlib import Path

import click

from nightsieve.cli.atomic_files import write_together
from nightsieve.nights import find, webhook
from nightsieve.store import reports
from nightsieve.store.models import Registry
from nightsieve.store.objects import store
from pipeline.config.settings import validate_reason
from pipeline.errors import ConfigError

SERIAL = click.IntRange(min=1)


@click.group()
def models() -> None:
    """The published models."""


@models.command("list", epilog="Example: nightsieve models list")
def list_() -> None:
    """List every published model: serial, night, its configuration's digest, and whether it is current or pinned."""
    registry = Registry(store())
    current, pinned = registry.current(), registry.pinned()
    for serial in registry.serials():
        entry = registry.entry(serial)
        notes = ["current"] if current and current["serial"] == serial else []
        notes += ["pinned"] if serial in pinned else []
        notes += (
            [f"is model {entry['restores']} again: {entry['reason']}"]
            if "restores" in entry
            else []
        )
        click.echo(
            "  ".join(
                [f"{serial:>5}", entry["date"], entry["config"], ", ".join(notes)]
            ).rstrip()
        )


@models.command(epilog="Example: nightsieve models fetch --to out")
@click.option("--serial", type=SERIAL, help="Which model; without it the current one.")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder.",
)
def fetch(serial: int | None, to: Path) -> None:
    """Write a published model's files to a folder: model.json, vectors.json, manifest.json and pipeline.joblib."""
    registry = Registry(store())
    entry = registry.entry(serial) if serial else registry.champion()
    if entry is None:
        raise ConfigError("nothing is published yet; see nightsieve runs list")
    write_together(to, {name: registry.file(entry, name) for name in entry["files"]})
    click.echo(
        f"Model {entry['serial']} of {entry['date']} written to {to}: {', '.join(entry['files'])}"
    )


def _reason(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return validate_reason(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@models.command(
    epilog="Example: nightsieve models rollback 7 --reason 'flags bank messages as spam'"
)
@click.argument("serial", type=SERIAL)
@click.option(
    "--reason",
    required=True,
    callback=_reason,
    help="Why; it is kept with the model and shown by models list.",
)
@click.option(
    "--config",
    "overlays",
    multiple=True,
    metavar="URI",
    help="The nights' overlay: who is told.",
)
@click.option(
    "--patch",
    "patches",
    multiple=True,
    metavar="A.B=VALUE",
    help="A single key, such as notify.events.",
)
def rollback(
    serial: int, reason: str, overlays: tuple[str, ...], patches: tuple[str, ...]
) -> None:
    """Publish an earlier model again, under a new serial, so that phones take it; the next night may replace it.

    The page of all nights says so. Who is told of it stands in notify.events, of the configuration as it is today.
    """
    notify = find.settings_today(
        overlays, patches
    ).notify  # what is wrong with it must not come up afterwards
    restored = Registry(store()).roll_back(serial, reason)
    words = f"Model {serial} is published again, as {restored['serial']}: {reason}"
    webhook.send([("rolled back", words)], notify)
    click.echo(words)
    reports.write_index(store())


@models.command(epilog="Example: nightsieve models pin 7")
@click.argument("serial", type=SERIAL)
@click.option("--off", is_flag=True, help="Let it go again.")
def pin(serial: int, off: bool) -> None:
    """Keep a model whatever release.keep says."""
    Registry(store()).pin(serial, not off)
    click.echo(f"Model {serial} is {'no longer ' if off else ''}pinned")
