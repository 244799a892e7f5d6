"""``nightsieve load``: a file of messages, and human labels, into the database."""

from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.csv_records import Dialect
from nightsieve.cli.loading.load import Loaded, load
from pipeline.errors import ConfigError

COLUMN = {"metavar": "COL"}


@click.command(
    "load",
    epilog="Example: nightsieve load inbox.csv.gz --body text --key id --received-at date",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--body", required=True, help="Column of the message's text.", **COLUMN)
@click.option(
    "--key",
    help="Column that names each message. Default: a hash of the line's content.",
    **COLUMN,
)
@click.option(
    "--label", help="Column of a human's label; goes into the review table.", **COLUMN
)
@click.option("--sender", help="Column of the sender.", **COLUMN)
@click.option(
    "--received-at",
    help="Column of the time: ISO 8601, 2026.11.20 16:49, 11/20/2026 4:49:00 PM, seconds or milliseconds since 1970; "
    "UTC unless it says otherwise. What cannot be read is loaded without a time.",
    **COLUMN,
)
@click.option(
    "--no-header",
    is_flag=True,
    help="The first line is a message; columns are numbers.",
)
@click.option(
    "--delimiter",
    help=r"One character, or tab. Default: comma; tab for *.tsv and *.tsv.gz.",
)
@click.option(
    "--no-quoting",
    is_flag=True,
    help="Quotes are text like any other; a line is a message.",
)
@click.option(
    "--bad-lines",
    type=click.Path(path_type=Path),
    help="List every bad line, by number, in this file.",
)
def command(
    file,
    body,
    key,
    label,
    sender,
    received_at,
    no_header,
    delimiter,
    no_quoting,
    bad_lines,
) -> None:
    """Load the messages of FILE: CSV or TSV, UTF-8, plain or gzipped.

    COL is a name of the header or a number from 1. Loading the same file again changes nothing. Bad lines are
    counted, listed by number and left out.
    """
    wanted = {
        "body": body,
        "key": key,
        "label": label,
        "sender": sender,
        "received_at": received_at,
    }
    dialect = Dialect(_delimiter(delimiter, file), quoting=not no_quoting)
    with ExitStack() as stack:
        bad = BadLines(_listing(bad_lines, file, stack))
        stack.callback(_show_bad, bad, bad_lines)
        advance = _bar(stack)
        loaded = load(file, wanted, dialect, not no_header, bad, advance)
    _show(loaded, header=not no_header, dated=received_at is not None)


def _delimiter(given: str | None, file: Path) -> str:
    if given is None:
        return "\t" if file.name.lower().endswith((".tsv", ".tsv.gz")) else ","
    delimiter = "\t" if given in ("tab", r"\t") else given
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ConfigError(f"--delimiter {given!r}: one character is expected, or tab")
    return delimiter


def _listing(path: Path | None, file: Path, stack: ExitStack):
    if path is None:
        return None
    if path.exists() and file.exists() and path.samefile(file):
        raise ConfigError(f"--bad-lines {path}: this is the file to load")
    try:
        return stack.enter_context(path.open("w", encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--bad-lines {path}: {error.strerror}") from error


def _bar(stack: ExitStack):
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    progress = Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    )
    stack.enter_context(progress)
    task = progress.add_task("reading", total=None)

    def advance(done: int, size: int | None) -> None:
        ended = size is not None and done >= size
        progress.update(
            task,
            completed=done,
            total=size,
            description="storing" if ended else "reading",
        )

    return advance


def _show_bad(bad: BadLines, listing: Path | None) -> None:
    for text in bad.first:
        click.echo(text, err=True)
    if bad.count > len(bad.first):
        rest = (
            f"all of them in {listing}"
            if listing
            else "list them all with --bad-lines FILE"
        )
        click.echo(
            f"... and {bad.count - len(bad.first):,} bad lines more; {rest}", err=True
        )


def _show(loaded: Loaded, header: bool, dated: bool) -> None:
    lines = [
        (loaded.read, "read" + (" (line 1 is the header)" if header else "")),
        (loaded.new, "new messages"),
        (loaded.known, "already there"),
        (loaded.reviews, "new reviews"),
        (loaded.bad, "bad lines, left out"),
    ]
    if loaded.repeated_keys:
        lines.append(
            (loaded.repeated_keys, "with the key of an earlier line, left out")
        )
    if dated:
        lines.append(
            (loaded.undated, "undated: no time that can be read; part of every night")
        )
    for count, what in lines:
        click.echo(f"{count:>12,}  {what}")
