"""``nightsieve models``: what is published, and what was before."""

from pathlib import Path

import click

from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.options import layer_options
from nightsieve.nights import webhook
from nightsieve.store import configurations
from nightsieve.store.models import Registry
from nightsieve.store.registry_repair import repair_registry
from nightsieve.store.reports import write_nights_page
from nightsieve.store.version import open_store
from pipeline.config.settings import validate_reason
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.models import ModelEntry

SERIAL = click.IntRange(min=1)


@click.group()
def models() -> None:
    """The published models."""


@models.command("list", epilog="Example: nightsieve models list")
def list_() -> None:
    """List every published model, and which of them are current or pinned.

    A line has the serial, the night and the digest of its configuration.
    """
    registry = Registry(open_store())
    current = registry.current()
    pinned = registry.pinned()
    for serial in registry.serials():
        entry = registry.require(serial)
        notes = []
        if current is not None and current.serial == serial:
            notes.append("current")
        if serial in pinned:
            notes.append("pinned")
        if entry.restores is not None:
            notes.append(f"is model {entry.restores} again: {entry.reason}")
        line = f"{serial:>5}  {entry.date}  {entry.config}  {', '.join(notes)}"
        click.echo(line.rstrip())


@models.command(epilog="Example: nightsieve models fetch --to out")
@click.option("--serial", type=SERIAL, help="Which model; without it the current one.")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder.",
)
def fetch(serial: int | None, to: Path) -> None:
    """Write a published model's files to a folder.

    They are model.json, vectors.json, pipeline.joblib and manifest.json.
    """
    registry = Registry(open_store())
    entry = _entry(registry, serial)
    write_together(to, {name: registry.file(entry, name) for name in entry.files})
    click.echo(
        f"Model {entry.serial} of {entry.date} written to {to}: "
        f"{', '.join(entry.files)}"
    )


def _reason(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return validate_reason(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@models.command(
    epilog="Example: nightsieve models rollback 7 "
    "--reason 'flags bank messages as spam'"
)
@click.argument("serial", type=SERIAL)
@click.option(
    "--reason",
    required=True,
    callback=_reason,
    help="Why; it is kept with the model and shown by models list.",
)
@layer_options(
    config_help="The nights' overlay: who is notified.",
    patch_help="A single key, such as notify.events.",
)
def rollback(
    serial: int, reason: str, overlays: tuple[str, ...], patches: tuple[str, ...]
) -> None:
    """Publish an earlier model again, under a new serial, so that phones take it.

    The next night may replace it. The page of all nights says so. Who is notified is in
    notify.events of the configuration as it is today.
    """
    # First: an error in the configuration must not come up after the rollback.
    notify = configurations.resolve(overlays, patches).settings.notify
    store = open_store()
    restored = Registry(store).roll_back(serial, reason)
    notice = f"Model {serial} is published again, as {restored.serial}: {reason}"
    webhook.send([("rolled back", notice)], notify)
    click.echo(notice)
    write_nights_page(store)


@models.command(epilog="Example: nightsieve models pin 7")
@click.argument("serial", type=SERIAL)
def pin(serial: int) -> None:
    """Keep a model whatever release.keep says."""
    Registry(open_store()).pin(serial)
    click.echo(f"Model {serial} is pinned")


@models.command(epilog="Example: nightsieve models unpin 7")
@click.argument("serial", type=SERIAL)
def unpin(serial: int) -> None:
    """Let release.keep decide about a pinned model again."""
    Registry(open_store()).unpin(serial)
    click.echo(f"Model {serial} is no longer pinned")


@models.command(epilog="Example: nightsieve models repair")
@click.option(
    "--remove", is_flag=True, help="Remove the models that have a damaged file."
)
def repair(remove: bool) -> None:
    """Make models/current.json name the last complete model; check every model's files.

    A damaged model cannot be made again. Publish another one with nightsieve models
    rollback or a night; where the damaged one is in the way, remove it. Exit code 8 if
    damaged models remain.
    """
    registry = Registry(open_store())
    repaired = repair_registry(registry, remove)
    for file in repaired.damaged:
        click.echo(f"Model {file.serial}: {file.name}: {file.problem}")
    for serial in repaired.removed:
        click.echo(f"Model {serial} is removed")
    now = "No model is" if repaired.current is None else f"Model {repaired.current} is"
    change = "now" if repaired.repointed else "as before"
    click.echo(f"{now} current, {change}")
    if repaired.damaged and not remove:
        serials = sorted({file.serial for file in repaired.damaged})
        raise ArtefactError(
            f"models {', '.join(map(str, serials))}: damaged; publish another model: "
            "nightsieve models rollback, or run a night; where they are in the way: "
            "nightsieve models repair --remove"
        )


def _entry(registry: Registry, serial: int | None) -> ModelEntry:
    """Return a model; the current one without a serial."""
    if serial is not None:
        return registry.require(serial)
    entry = registry.champion()
    if entry is None:
        raise ConfigError("nothing is published yet; see nightsieve runs list")
    return entry
