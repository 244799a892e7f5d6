"""Arguments, options and help texts that several commands share."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


# Click does not wrap a paragraph that begins with it.
_UNWRAPPED = "\b\n"


def help_epilog(*commands: str, exit_codes: Mapping[int, str] | None = None) -> str:
    """Return the end of a help text: special exit codes, then commands to copy.

    Every command has the exit codes of `pipeline.errors` too; those whose meaning the
    user of a command has to know are named here.
    """
    example = "\n".join(f"  {command}" for command in commands)
    epilog = f"{_UNWRAPPED}Example:\n{example}"
    if exit_codes is None:
        return epilog
    lines = "\n".join(f"  {code}  {meaning}" for code, meaning in exit_codes.items())
    return f"{_UNWRAPPED}Exit codes:\n{lines}\n\n{epilog}"


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
            self.fail(f"{value!r}: not a date; use YYYY-MM-DD", param, ctx)


DATE = DateType()

date_argument = click.argument("date", metavar="DATE", type=DATE)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON."
)


def layer_options(
    config_help: str = (
        "Overlay on the configuration: a YAML file or an s3:// address. Repeatable; "
        "a later one wins."
    ),
    patch_help: str = (
        "One configuration key, such as text.min_token=2. Repeatable; applied after "
        "the overlays."
    ),
    default: str = "the project's config/pipeline.yaml alone",
) -> Callable[[Command], Command]:
    """Return a decorator that adds ``--config`` and ``--patch`` to a command.

    The command receives them as ``overlays`` and ``patches``, tuples of strings.

    Parameters
    ----------
    default
        What happens without these options, for the help text of ``--config``.
    """
    config = click.option(
        "--config",
        "overlays",
        multiple=True,
        metavar="FILE",
        show_default=default,
        help=config_help,
    )
    patch = click.option(
        "--patch",
        "patches",
        multiple=True,
        metavar="KEY=VALUE",
        help=patch_help,
    )

    def add(command: Command) -> Command:
        return config(patch(command))

    return add


#: Choose between the runs of a date. Without these options the last one is taken.
run_options = layer_options(
    config_help=(
        "Choose the run made with this overlay, or the run whose configuration has "
        "this digest. Repeatable."
    ),
    patch_help="Choose the run made with this --patch. Repeatable.",
    default="the last run of the date",
)
