"""The ``nightsieve`` command."""

import importlib
import sys

import click

from nightsieve.cli.options import help_epilog
from pipeline.errors import NightsieveError

# The module and the name of each command. A module is imported when its command runs:
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
    "serve": "nightsieve.cli.commands.serve:serve",
    "package": "nightsieve.cli.commands.package:package",
    "runs": "nightsieve.cli.commands.runs:runs",
    "models": "nightsieve.cli.commands.models:models",
    "rules": "nightsieve.cli.commands.rules:rules",
    "reviews": "nightsieve.cli.commands.reviews:reviews",
    "forget": "nightsieve.cli.commands.forget:forget",
}


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, command = COMMANDS[cmd_name].partition(":")
        loaded: click.Command = getattr(importlib.import_module(module), command)
        return loaded


@click.command(
    cls=_LazyGroup,
    context_settings={"max_content_width": 100},
    epilog=help_epilog(
        "nightsieve up",
        'eval "$(nightsieve env)"',
        "nightsieve demo-data --rows 20000 --until 2026-11-20",
        "luigi --module tasks Retrain --date 2026-11-20 --workers 2",
        "nightsieve runs show 2026-11-20",
        exit_codes={
            0: "done",
            1: "a defect, with a traceback, or interrupted",
            2: "wrong usage of the command line",
            3: "a configuration, a rule file or an argument is wrong",
            4: "the database cannot be used",
            5: "the S3 store cannot be used",
            6: "a service does not run",
            7: "the data or a file cannot be worked with",
            8: "a stored object is damaged or not what it must be",
        },
    ),
)
def nightsieve() -> None:
    """Retrain a message classifier every night and export it to phones.

    The night itself is a Luigi task. These commands start the services that it needs,
    fill the database, and read or repair what nights have stored.
    """


def main() -> None:
    """Run the command; print an error that a user can fix in a line or two."""
    try:
        nightsieve(prog_name="nightsieve")
    except NightsieveError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
