"""``nightsieve package``: a model with what answers for it, ready to deploy."""

import base64
import hashlib
from pathlib import Path

import click

from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.options import help_epilog
from nightsieve.serving.contract.preparation import prepare_model
from nightsieve.serving.models.model_file import ModelFile, read_model_file
from pipeline.errors import ArtefactError

SERIAL = click.IntRange(min=1)


@click.group(epilog=help_epilog("nightsieve package lambda --to lambda.zip"))
def package() -> None:
    """Package a model for a place without this project."""


@package.command(
    "lambda",
    epilog=help_epilog(
        "nightsieve package lambda --serial 7 --to lambda.zip",
        exit_codes={
            3: "there is no such model",
            7: "the file of --model cannot be read, or the zip file cannot be written",
            8: "the model is damaged, or the scorer does not read it",
        },
    ),
)
@click.option(
    "--serial",
    type=SERIAL,
    metavar="SERIAL",
    show_default="the current model",
    help="Serial of the published model, a number from models list.",
)
@click.option(
    "--model",
    "model_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    show_default="a model of the store",
    help="Package this model file; no store is needed.",
)
@click.option(
    "--to",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Zip file to write.",
)
def lambda_(serial: int | None, model_file: Path | None, to: Path) -> None:
    """Write a zip file that AWS Lambda runs.

    It holds the model and what answers requests for predictions as nightsieve serve
    does, and needs no package but Python's own. The same model gives the same bytes.
    The file is written whole or not at all.
    """
    # Imported here: nightsieve package --help needs none of it.
    from nightsieve.serving.aws_lambda.package import (  # noqa: PLC0415
        HANDLER,
        package_function,
    )

    if model_file is None:
        model, content = _published_model(serial)
    elif serial is not None:
        raise click.UsageError("--serial and --model: two models; name one of them")
    else:
        model, content = read_model_file(model_file)
    packed = package_function(model, content)
    write_together(to.parent, {to.name: packed})
    name = "the model" if model.serial is None else f"model {model.serial}"
    digest = hashlib.sha256(packed)
    click.echo(
        f"{to}: {name}, {len(packed):,} bytes\n"
        f"handler     {HANDLER}, on Python 3.11 or later\n"
        f"sha256      {digest.hexdigest()}\n"
        f"CodeSha256  {base64.b64encode(digest.digest()).decode()}\n"
        "Deploy it: aws lambda update-function-code --function-name NAME "
        f"--zip-file fileb://{to}"
    )


def _published_model(serial: int | None) -> ModelFile:
    from nightsieve.cli.commands.models import published_entry  # noqa: PLC0415
    from nightsieve.store.models import Registry  # noqa: PLC0415
    from nightsieve.store.version import open_store  # noqa: PLC0415
    from pipeline.records.export import MODEL_FILE  # noqa: PLC0415

    registry = Registry(open_store())
    entry = published_entry(registry, serial)
    content = registry.file(entry, MODEL_FILE)
    try:
        model = prepare_model(content, entry.serial)
    except ValueError as error:
        raise ArtefactError(
            f"model {entry.serial}: not a model of this version: {error}; run a night "
            "with this version, which publishes another model"
        ) from None
    return ModelFile(model, content)
