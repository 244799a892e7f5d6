"""The ``nightsieve`` command."""

import importlib
import sys

import click

from pipeline.errors import NightsieveError

# The module and the name of each command. It is imported when it is asked for:
# `nightsieve env` must not wait for scikit-learn.
COMMANDS = {
    "up": "nightsieve.cli.commands.services:up",
    "down": "nightsieve.cli.commands.services:down",
    "status": "nightsieve.cli.commands.services:status",
    "env": "nightsieve.cli.commands.services:env",
    "load": "nightsieve.cli.commands.load:command",
    "demo-data": "nightsieve.cli.commands.demo_data:command",
    "config": "nightsieve.cli.commands.config:config",
    "score": "nightsieve.cli.commands.score:score",
    "runs": "nightsieve.cli.commands.runs:runs",
    "models": "nightsieve.cli.commands.models:models",
    "rules": "nightsieve.cli.commands.rules:rules",
    "reviews": "nightsieve.cli.commands.reviews:reviews",
}


class _LazyGroup(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, command = COMMANDS[name].partition(":")
        return getattr(importlib.import_module(module), command)


@click.command(
    cls=_LazyGroup, epilog='Example: nightsieve up && eval "$(nightsieve env)"'
)
def nightsieve() -> None:
    """Retrain an on-device message classifier every night."""


def main() -> None:
    """Run the command; an error that a user can fix is printed in a line or two."""
    try:
        nightsieve(prog_name="nightsieve")
    except NightsieveError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
