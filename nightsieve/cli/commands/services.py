"""``nightsieve up``, ``down``, ``status`` and ``env``: the embedded services."""

import shlex
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from nightsieve.cli.options import help_epilog
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


@click.command(
    epilog=help_epilog(
        "nightsieve up",
        'eval "$(nightsieve env)"',
        exit_codes={6: "a requested port is taken, or a service does not start"},
    )
)
@click.option(
    "--postgres-port",
    type=PORT,
    metavar="PORT",
    show_default="the last one, else 5433, else a free one",
    help="TCP port of PostgreSQL.",
)
@click.option(
    "--s3-port",
    type=PORT,
    metavar="PORT",
    show_default="the last one, else 9000, else a free one",
    help="TCP port of S3.",
)
@click.option(
    "--luigi-port",
    type=PORT,
    metavar="PORT",
    show_default="the last one, else 8082, else a free one",
    help="TCP port of luigid.",
)
def up(postgres_port: int | None, s3_port: int | None, luigi_port: int | None) -> None:
    """Start PostgreSQL, S3 and luigid, and wait until they answer.

    Writes their data, logs and generated credentials to .nightsieve/ in the working
    directory, or to $NIGHTSIEVE_HOME. A service that already runs is left alone. The
    services listen on the loopback interface only.
    """
    stack = _stack()
    stack.up({"postgres": postgres_port, "s3": s3_port, "luigid": luigi_port})
    _show(stack.status())
    click.echo('Point this shell at the services: eval "$(nightsieve env)"')


@click.command(epilog=help_epilog("nightsieve down"))
def down() -> None:
    """Stop PostgreSQL, S3 and luigid.

    Their data stay on the disk; `nightsieve up` starts the services on them again.
    """
    _stack().down()
    click.echo("All services are stopped.")


@click.command(
    epilog=help_epilog(
        "nightsieve status",
        exit_codes={6: "at least one service does not run or does not answer"},
    )
)
def status() -> None:
    """Show whether each service runs, its address, process and data.

    Writes nothing.
    """
    states = _stack().status()
    _show(states)
    if any(status.state != "running" for status in states):
        sys.exit(ServiceError.exit_code)


@click.command(
    epilog=help_epilog(
        'eval "$(nightsieve env)"',
        exit_codes={6: "a service does not run"},
    )
)
def env() -> None:
    """Print shell exports that nights and commands read.

    The output holds passwords: pass it to `eval`, do not store it.
    """
    for name, value in _stack().environment().items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _show(statuses: list[Status]) -> None:
    services = table("service", "state", "address", "pid", "data", left=5)
    # Addresses are copied: a narrow terminal folds the data directory, not them.
    services.columns[-1].no_wrap = False
    services.columns[-1].overflow = "fold"
    for status in statuses:
        colour = "green" if status.state == "running" else "red"
        services.add_row(
            status.title,
            Text(status.state, colour),
            status.address or DASH,
            str(status.pid or DASH),
            _short_path(status.data),
        )
    Console(markup=False).print(services)
    for status in statuses:
        if status.title == Scheduler.title and status.address:
            click.echo(
                f"The scheduler's page: {status.address}/  "
                f"(history: {status.address}/history)"
            )


def _short_path(path: Path) -> str:
    """Return a path below the working directory as a relative one."""
    working_directory = Path.cwd()
    if path.is_relative_to(working_directory):
        return str(path.relative_to(working_directory))
    return str(path)
