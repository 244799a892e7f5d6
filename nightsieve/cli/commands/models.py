"""``nightsieve models``: the models that are published in the S3 store."""

from pathlib import Path

import click

from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.options import help_epilog, layer_options
from nightsieve.nights import webhook
from nightsieve.store import configurations, layout
from nightsieve.store.models import Registry
from nightsieve.store.registry_repair import RegistryRepair, repair_registry
from nightsieve.store.reports import write_nights_page
from nightsieve.store.version import open_store
from pipeline.config.settings import validate_reason
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.export import MODEL_FILES
from pipeline.records.models import ModelEntry

SERIAL = click.IntRange(min=1)


@click.group(epilog=help_epilog("nightsieve models list"))
def models() -> None:
    """List, fetch, roll back, pin and repair the published models."""


@models.command(
    "list",
    epilog=help_epilog(
        "nightsieve models list",
        exit_codes={8: "a model, or the pointer to the current one, is damaged"},
    ),
)
def list_() -> None:
    """List the published models that the store keeps.

    Prints a line for each: the serial, the date of the night, the digest of its
    configuration, and whether the model is current, is pinned or restores an earlier
    one. Writes nothing.
    """
    registry = Registry(open_store())
    damage: list[ArtefactError] = []
    current = None
    try:
        current = registry.current()
    except ArtefactError as error:
        damage.append(error)
    pinned = registry.pinned()
    for serial in registry.serials():
        try:
            entry = registry.require(serial)
        except ArtefactError as error:
            damage.append(error)
            click.echo(f"{serial:>5}  is damaged")
            continue
        notes = []
        if current is not None and current.serial == serial:
            notes.append("current")
        if serial in pinned:
            notes.append("pinned")
        if entry.restores is not None:
            notes.append(f"is model {entry.restores} again: {entry.reason}")
        line = f"{serial:>5}  {entry.date}  {entry.config}  {', '.join(notes)}"
        click.echo(line.rstrip())
    if damage:
        raise damage[0]


@models.command(
    epilog=help_epilog(
        "nightsieve models fetch --serial 7 --to out",
        exit_codes={
            3: "there is no such model",
            7: "the folder cannot be written to",
            8: "a file of the model is damaged",
        },
    )
)
@click.option(
    "--serial",
    type=SERIAL,
    metavar="SERIAL",
    show_default="the current model",
    help="Serial of the model, a number from models list.",
)
@click.option(
    "--to",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write to; it is created if it is missing.",
)
def fetch(serial: int | None, to: Path) -> None:
    """Write a published model's files to a folder.

    Writes model.json, vectors.json, reference.json, pipeline.joblib and manifest.json,
    each checked against the sha256 of its publication: all of them or none. A model of
    an earlier version has no reference.json.
    """
    registry = Registry(open_store())
    entry = published_entry(registry, serial)
    _check_names(registry, entry)
    write_together(to, {name: registry.file(entry, name) for name in entry.files})
    click.echo(
        f"Model {entry.serial} of {entry.date} written to {to}: "
        f"{', '.join(entry.files)}"
    )


def _check_names(registry: Registry, entry: ModelEntry) -> None:
    """Check that the files of a model are those that a night publishes."""
    unknown = sorted(entry.files.keys() - MODEL_FILES)
    if unknown:
        address = registry.store.address(layout.model_entry(entry.serial))
        raise ArtefactError(
            f"{address}: names {unknown[0]!r}, which is not a file of a model; it is "
            "damaged, remove the model with nightsieve models repair --remove, or use "
            "the version that published it"
        )


def _reason(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return validate_reason(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@models.command(
    epilog=help_epilog(
        "nightsieve models rollback 7 --reason 'flags bank messages as spam'",
        exit_codes={
            3: "there is no such model, or a configuration layer is wrong",
            8: "a file of the model is damaged",
        },
    )
)
@click.argument("serial", type=SERIAL)
@click.option(
    "--reason",
    metavar="TEXT",
    required=True,
    callback=_reason,
    help="Why; the text is kept with the model and shown by models list.",
)
@layer_options(
    config_help=(
        "Overlay with notify.events, which says who is notified: a YAML file or an "
        "s3:// address. Repeatable."
    ),
    patch_help="One configuration key, such as notify.events. Repeatable.",
)
def rollback(
    serial: int, reason: str, overlays: tuple[str, ...], patches: tuple[str, ...]
) -> None:
    """Publish the model SERIAL again, under a new serial.

    Phones take the model, since they refuse only lower serials. Writes the new model
    and models/current.json to the store, rewrites the page of all nights, and sends a
    notice where notify.events asks for it. The next night may replace the model.
    """
    # Read first: an error in the configuration must not come up after the rollback.
    notify = configurations.resolve(overlays, patches).settings.notify
    store = open_store()
    restored = Registry(store).roll_back(serial, reason)
    notice = f"Model {serial} is published again, as {restored.serial}: {reason}"
    webhook.send([("rolled back", notice)], notify)
    click.echo(notice)
    write_nights_page(store)


@models.command(epilog=help_epilog("nightsieve models pin 7"))
@click.argument("serial", type=SERIAL)
def pin(serial: int) -> None:
    """Keep the model SERIAL, whatever release.keep says.

    Writes a mark to the store; nightsieve models unpin removes it.
    """
    Registry(open_store()).pin(serial)
    click.echo(f"Model {serial} is pinned")


@models.command(epilog=help_epilog("nightsieve models unpin 7"))
@click.argument("serial", type=SERIAL)
def unpin(serial: int) -> None:
    """Let release.keep decide about the model SERIAL again.

    Removes the mark that nightsieve models pin wrote.
    """
    Registry(open_store()).unpin(serial)
    click.echo(f"Model {serial} is no longer pinned")


@models.command(
    epilog=help_epilog(
        "nightsieve models repair",
        exit_codes={8: "damaged models remain"},
    )
)
@click.option(
    "--remove", is_flag=True, help="Also remove the models that have a damaged file."
)
def repair(remove: bool) -> None:
    """Check the published models, and set which one is current.

    Reads every file of every model. Makes the last whole model the current one, by
    writing models/current.json where it names another model. A damaged model cannot be
    made again: publish another one with nightsieve models rollback or with a night, and
    remove the damaged one with --remove. If no model is whole, nothing is changed.
    """
    registry = Registry(open_store())
    repaired = repair_registry(registry, remove)
    for file in repaired.damaged:
        click.echo(f"Model {file.serial}: {file.name}: {file.problem}")
    for serial in repaired.removed:
        click.echo(f"Model {serial} is removed")
    if repaired.none_is_whole:
        raise ArtefactError(
            f"{_named_models(repaired)}: damaged, and there is no whole model; nothing "
            "was changed or removed;\nrun a night, which publishes another model, then "
            "try again"
        )
    click.echo(_current_line(repaired))
    if repaired.damaged and not remove:
        raise ArtefactError(
            f"{_named_models(repaired)}: damaged; publish another model: "
            "nightsieve models rollback, or run a night;\n"
            "remove what is damaged: nightsieve models repair --remove"
        )


def _named_models(repaired: RegistryRepair) -> str:
    serials = sorted({file.serial for file in repaired.damaged})
    models = "model" if len(serials) == 1 else "models"
    return f"{models} {', '.join(map(str, serials))}"


def _current_line(repaired: RegistryRepair) -> str:
    """Say which model is current, and whether the repair changed that."""
    model = "No model"
    if repaired.current is not None:
        model = f"Model {repaired.current}"
    change = "now" if repaired.repointed else "as before"
    return f"{model} is current, {change}"


def published_entry(registry: Registry, serial: int | None) -> ModelEntry:
    """Return a model; the current one without a serial."""
    if serial is not None:
        return registry.require(serial)
    entry = registry.champion()
    if entry is None:
        raise ConfigError(
            f"{layout.CURRENT_MODEL}: not there, since nothing is published yet; run a "
            "night, or see with nightsieve runs show why one published nothing"
        )
    return entry
