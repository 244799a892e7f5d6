"""The ``nightsieve`` command."""

import importlib
import sys

import click

from pipeline.errors import NightsieveError

# Where each command stands. Loaded when it is asked for: `nightsieve env` must not wait for scikit-learn.
COMMANDS = {
    "up": "ops.commands.services:up",
    "down": "ops.commands.services:down",
    "status": "ops.commands.services:status",
    "env": "ops.commands.services:env",
    "load": "ops.commands.load:command",
    "sample": "ops.commands.sample:command",
    "config": "ops.commands.config:config",
    "score": "ops.commands.score:score",
    "runs": "ops.commands.runs:runs",
    "models": "ops.commands.models:models",
    "rules": "ops.commands.rules:rules",
    "reviews": "ops.commands.reviews:reviews",
}


class _Commands(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, command = COMMANDS[name].partition(":")
        return getattr(importlib.import_module(module), command)


@click.command(cls=_Commands, epilog='Example: nightsieve up && eval "$(nightsieve env)"')
def nightsieve() -> None:
    """Retrain an on-device message classifier every night."""


def main() -> None:
    """Run the command; an error that a person can mend is said in a line or two, and is the exit code."""
    try:
        nightsieve(prog_name="nightsieve")
    except NightsieveError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
