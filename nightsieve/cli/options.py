"""Arguments and options that several commands share."""

import datetime
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class DateType(click.ParamType):
    """A date such as 2026-11-20."""

    name = "date"

    def convert(
        self,
        value: str | datetime.date,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime.date:
        """Return the date that the text names."""
        if isinstance(value, datetime.date):
            return value
        try:
            return datetime.datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"{value}: not a date; use YYYY-MM-DD", param, ctx)


DATE = DateType()

date_argument = click.argument("date", metavar="DATE", type=DATE)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Everything as JSON."
)


def layer_options(
    config_help: str = "Overlay: a YAML file or an s3:// address.",
    patch_help: str = "A single key.",
) -> Callable[[Command], Command]:
    """Return what adds ``--config`` and ``--patch``, the layers over the defaults.

    The command gets them as ``overlays`` and ``patches``, tuples of texts.
    """
    config = click.option(
        "--config", "overlays", multiple=True, metavar="URI", help=config_help
    )
    patch = click.option(
        "--patch", "patches", multiple=True, metavar="A.B=VALUE", help=patch_help
    )

    def add(command: Command) -> Command:
        return config(patch(command))

    return add


#: Say which run of a date is meant: that with these layers; without them the last one.
run_options = layer_options(
    config_help="As given to Retrain, or the digest.",
    patch_help="As given to Retrain.",
)
