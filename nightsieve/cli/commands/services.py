"""`nightsieve up`, `down`, `status` and `env`: the embedded services."""

import os
import shlex
import sys

import click
from rich.console import Console
from rich.text import Text

from nightsieve.cli.services import Stack, Status, home_directory
from nightsieve.cli.services.scheduler import Scheduler
from nightsieve.cli.terminal import table
from pipeline.errors import ServiceError
from pipeline.records.words import DASH

PORT = click.IntRange(1, 65535)


def _stack() -> Stack:
    return Stack(home_directory(), log=_log)


def _log(line: str) -> None:
    click.echo(line, err=True)


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
    """Start PostgreSQL, S3 and luigid, and wait until they are ready.

    Their data, logs and generated credentials are kept in .nightsieve/ of the working
    directory, or in $NIGHTSIEVE_HOME. A service that runs is left alone. They listen on
    the loopback only.

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
    if any(status.state != "running" for status in states):
        sys.exit(ServiceError.exit_code)


@click.command()
def env() -> None:
    """Print exports that point a shell at the services. They hold secrets.

    \b
    Example:
        eval "$(nightsieve env)"
    """
    for name, value in _stack().environment().items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _show(statuses: list[Status]) -> None:
    services = table("service", "state", "address", "pid", "data", left=5)
    # Addresses are copied: a narrow terminal folds the data directory, not them.
    services.columns[-1].no_wrap = False
    services.columns[-1].overflow = "fold"
    for status in statuses:
        services.add_row(
            status.title,
            Text(status.state, "green" if status.state == "running" else "red"),
            status.address or DASH,
            DASH if status.pid is None else str(status.pid),
            os.path.relpath(status.data),
        )
    Console(markup=False).print(services)
    for status in statuses:
        if status.title == Scheduler.title and status.address:
            click.echo(
                f"The scheduler's page: {status.address}/  "
                f"(history: {status.address}/history)"
            )
