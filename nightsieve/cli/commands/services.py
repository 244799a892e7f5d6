"""`nightsieve up`, `down`, `status` and `env`: the embedded PostgreSQL, S3 and luigid."""

import os
import shlex
import sys

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightsieve.cli.services import Stack, Status, home_directory
from pipeline.errors import ServiceError

PORT = click.IntRange(1, 65535)


def _stack() -> Stack:
    return Stack(home_directory(), say=lambda line: click.echo(line, err=True))


@click.command()
@click.option(
    "--postgres-port",
    type=PORT,
    help="Default: the last one, else 5433, else a free one.",
)
@click.option(
    "--s3-port", type=PORT, help="Default: the last one, else 9000, else a free one."
)
@click.option(
    "--luigi-port", type=PORT, help="Default: the last one, else 8082, else a free one."
)
def up(postgres_port: int | None, s3_port: int | None, luigi_port: int | None) -> None:
    """Start PostgreSQL, S3 and luigid, and wait until they answer.

    Their data, logs and generated credentials are kept in .nightsieve/ of the working directory, or in
    $NIGHTSIEVE_HOME. What already runs is left alone. They listen on the loopback only.

    \b
    Example:
        nightsieve up
        eval "$(nightsieve env)"
    """
    stack = _stack()
    stack.up({"postgres": postgres_port, "s3": s3_port, "luigid": luigi_port})
    _show(stack.status())
    click.echo('Point this shell at them: eval "$(nightsieve env)"')


@click.command()
def down() -> None:
    """Stop PostgreSQL, S3 and luigid. Their data stay for the next `nightsieve up`.

    \b
    Example:
        nightsieve down
    """
    _stack().down()
    click.echo("All services are down.")


@click.command()
def status() -> None:
    """Show whether the services run, and where. Exit code 6 unless all do.

    \b
    Example:
        nightsieve status
    """
    states = _stack().status()
    _show(states)
    if any(each.state != "running" for each in states):
        sys.exit(ServiceError.exit_code)


@click.command()
def env() -> None:
    """Print exports that point a shell's tasks, boto3 and luigi at the services. They hold secrets.

    \b
    Example:
        eval "$(nightsieve env)"
    """
    for name, value in _stack().environment().items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _show(states: list[Status]) -> None:
    table = Table("service", "state", "address", "pid", "data")
    for each in states:
        colour = "green" if each.state == "running" else "red"
        pid = str(each.pid or "")
        # Addresses are there to be copied: a narrow terminal folds the data directory, not them.
        table.add_row(
            each.title,
            Text(each.state, colour),
            each.address,
            pid,
            Text(os.path.relpath(each.data)),
        )
    for column in table.columns[:4]:
        column.no_wrap = True
    table.columns[4].overflow = "fold"
    Console().print(table)
    page = next(
        (each.address for each in states if each.title == "luigid" and each.address),
        None,
    )
    if page:
        click.echo(f"The scheduler's page: {page}/  (history: {page}/history)")
