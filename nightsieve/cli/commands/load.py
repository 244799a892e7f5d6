"""``nightsieve load``: a file of messages, and human labels, into the database."""

from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import click

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.csv_records import Dialect
from nightsieve.cli.loading.load import Loaded, load
from nightsieve.cli.terminal import ProgressBar, print_counts, progress_bar
from pipeline.errors import ConfigError

COLUMN = {"metavar": "COL"}
_LIST_THEM = "list them all with --bad-lines FILE"


@click.command(
    "load",
    epilog="Example: nightsieve load inbox.csv.gz --body text --key id "
    "--received-at date",
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
    help="Column of the time: ISO 8601, 2026.11.20 16:49, 11/20/2026 4:49:00 PM, "
    "seconds or milliseconds since 1970; UTC unless it says otherwise. A message "
    "whose time cannot be read is loaded without a time.",
    **COLUMN,
)
@click.option(
    "--no-header",
    is_flag=True,
    help="The first line is a message; columns are numbers.",
)
@click.option(
    "--delimiter",
    help="One character, or tab. Default: comma; tab for *.tsv and *.tsv.gz.",
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
    file: Path,
    body: str,
    key: str | None,
    label: str | None,
    sender: str | None,
    received_at: str | None,
    no_header: bool,
    delimiter: str | None,
    no_quoting: bool,
    bad_lines: Path | None,
) -> None:
    """Load the messages of FILE: CSV or TSV, UTF-8, plain or gzipped.

    COL is a name of the header or a number from 1. Loading the same file again changes
    nothing. Bad lines are counted, listed by number and left out.
    """
    wanted = {
        "body": body,
        "key": key,
        "label": label,
        "sender": sender,
        "received_at": received_at,
    }
    dialect = Dialect(_delimiter(delimiter, file), quoting=not no_quoting)
    more = f"all of them in {bad_lines}" if bad_lines else _LIST_THEM
    with ExitStack() as stack:
        bad = BadLines(_listing(bad_lines, file, stack))
        stack.callback(bad.print_first, f"bad lines more; {more}")
        bar = stack.enter_context(progress_bar("reading", in_bytes=True))
        progress = _ReadingProgress(bar)
        loaded = load(file, wanted, dialect, not no_header, bad, progress)
    _print(loaded, header=not no_header, dated=received_at is not None)


class _ReadingProgress:
    """Shows how far the file is read, and when its end is reached, what comes next."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar

    def __call__(self, done: int, size: int | None) -> None:
        at_end = size is not None and done >= size
        self._bar.update(done, size, "storing" if at_end else "reading")


def _delimiter(given: str | None, file: Path) -> str:
    if given is None:
        return "\t" if file.name.lower().endswith((".tsv", ".tsv.gz")) else ","
    delimiter = "\t" if given in ("tab", r"\t") else given
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ConfigError(f"--delimiter {given!r}: one character is expected, or tab")
    return delimiter


def _listing(path: Path | None, file: Path, stack: ExitStack) -> TextIO | None:
    """Return the file for all bad lines, which the stack closes."""
    if path is None:
        return None
    if path.exists() and file.exists() and path.samefile(file):
        raise ConfigError(f"--bad-lines {path}: this is the file to load")
    try:
        return stack.enter_context(path.open("w", encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--bad-lines {path}: {error.strerror}") from error


def _print(loaded: Loaded, header: bool, dated: bool) -> None:
    counts = [
        (loaded.read, "read (line 1 is the header)" if header else "read"),
        (loaded.new, "new messages"),
        (loaded.known, "already there"),
        (loaded.reviews, "new reviews"),
        (loaded.bad, "bad lines, left out"),
    ]
    if loaded.repeated_keys:
        counts.append(
            (loaded.repeated_keys, "with the key of an earlier line, left out")
        )
    if dated:
        counts.append(
            (loaded.undated, "undated: no time that can be read; part of every night")
        )
    print_counts(counts)
