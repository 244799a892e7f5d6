"""``nightsieve load``: a file of messages, and human labels, into the database."""

from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import click

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.csv_records import Dialect
from nightsieve.cli.loading.labels import (
    Labels,
    known_labels,
    label_map_option,
    label_warnings,
    parse_label_maps,
)
from nightsieve.cli.loading.load import Loaded, load
from nightsieve.cli.options import help_epilog, layer_options
from nightsieve.cli.terminal import ProgressBar, print_counts, progress_bar
from nightsieve.store import configurations
from pipeline.errors import ConfigError

_LIST_THEM = "list them all with --bad-lines FILE"


@click.command(
    "load",
    epilog=help_epilog(
        "nightsieve load inbox.csv.gz --body text --key id --received-at date",
        exit_codes={
            3: "a column or an option is wrong",
            7: "FILE cannot be read, or has no good line",
        },
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--body",
    metavar="COL",
    required=True,
    help="Column with the text of the message.",
)
@click.option(
    "--key",
    metavar="COL",
    show_default="a hash of the line's content",
    help="Column that names each message.",
)
@click.option(
    "--label",
    metavar="COL",
    show_default="no reviews",
    help="Column with a human's label, which is written to the table reviews.",
)
@label_map_option
@click.option(
    "--sender",
    metavar="COL",
    show_default="no senders",
    help="Column with the sender.",
)
@click.option(
    "--received-at",
    metavar="COL",
    show_default="no times",
    help="Column with the time of receipt: ISO 8601, 2026.11.20 16:49, 11/20/2026 "
    "4:49:00 PM, seconds or milliseconds since 1970; UTC unless the text names a zone. "
    "A message whose time cannot be read is loaded without a time.",
)
@click.option(
    "--no-header",
    is_flag=True,
    help="Read the first line as a message; columns are then numbers.",
)
@click.option(
    "--delimiter",
    metavar="CHAR",
    show_default="comma; tab for *.tsv and *.tsv.gz",
    help="Character between two columns, or the word tab.",
)
@click.option(
    "--no-quoting",
    is_flag=True,
    help="Read quotes as any other character; each line is then a message.",
)
@click.option(
    "--bad-lines",
    metavar="FILE",
    type=click.Path(path_type=Path),
    show_default="the first 20 on stderr",
    help="File to write every bad line's number and reason to.",
)
@layer_options()
def command(
    *,
    file: Path,
    body: str,
    key: str | None,
    label: str | None,
    label_maps: tuple[str, ...],
    sender: str | None,
    received_at: str | None,
    no_header: bool,
    delimiter: str | None,
    no_quoting: bool,
    bad_lines: Path | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
) -> None:
    """Load the messages of FILE into the database.

    FILE is CSV or TSV, UTF-8, plain or gzipped. COL is a name in the header, or the
    number of a column, from 1. Writes to the tables messages and reviews of
    $NIGHTSIEVE_DATABASE_WRITER_URL, or of $NIGHTSIEVE_DATABASE_URL if that is not set:
    all of the file or nothing. Loading the same file again changes nothing. Bad lines
    are counted, listed by number and left out.

    A label that no rule of --config votes for, and that evaluation.merge does not name,
    is loaded with a warning, since nights leave it out. Load the file again with
    --label-map, and the labels are replaced.
    """
    labels = Labels(parse_label_maps(label_maps))
    known = _known_labels(label, label_maps, overlays, patches)
    wanted = {
        "body": body,
        "key": key,
        "label": label,
        "sender": sender,
        "received_at": received_at,
    }
    dialect = Dialect(_delimiter(delimiter, file), quoting=not no_quoting)
    more = f"all of them are in {bad_lines}" if bad_lines else _LIST_THEM
    with ExitStack() as stack:
        bad = BadLines(_listing(bad_lines, file, stack))
        stack.callback(bad.print_first, f"more bad lines; {more}")
        bar = stack.enter_context(progress_bar("reading", in_bytes=True))
        progress = _ReadingProgress(bar)
        loaded = load(
            file,
            wanted,
            dialect,
            header=not no_header,
            bad=bad,
            labels=labels,
            progress=progress,
        )
    _print(loaded, header=not no_header, dated=received_at is not None)
    for warning in label_warnings(str(file), labels, known, f"--label {label}"):
        click.echo(f"Warning: {warning}", err=True)


class _ReadingProgress:
    """A callback that shows how much of the file is read, then that it is stored."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar

    def __call__(self, done: int, size: int | None) -> None:
        at_end = size is not None and done >= size
        if at_end:
            self._bar.update(done, size, "storing")
        else:
            self._bar.update(done, size)


def _known_labels(
    label: str | None,
    label_maps: tuple[str, ...],
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
) -> set[str]:
    """Return the labels that a night with these layers counts."""
    if label is not None:
        return known_labels(configurations.resolve(overlays, patches).settings)
    if label_maps:
        raise ConfigError(
            "--label-map: there are no labels to rename; name their column with --label"
        )
    return set()


def _delimiter(option: str | None, file: Path) -> str:
    if option is None and file.name.lower().endswith((".tsv", ".tsv.gz")):
        return "\t"
    if option in ("tab", r"\t"):
        return "\t"
    delimiter = "," if option is None else option
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ConfigError(
            f"--delimiter {option!r}: not a delimiter; use one character, or tab"
        )
    return delimiter


def _listing(path: Path | None, file: Path, stack: ExitStack) -> TextIO | None:
    """Return the file for all bad lines, which the stack closes."""
    if path is None:
        return None
    if path.exists() and file.exists() and path.samefile(file):
        raise ConfigError(
            f"--bad-lines {path}: this is the file to load; name another file"
        )
    try:
        return stack.enter_context(path.open("w", encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"--bad-lines {path}: cannot be written: {error.strerror}; name another "
            "file"
        ) from error


def _print(loaded: Loaded, header: bool, dated: bool) -> None:
    read = "records read, after the header" if header else "records read"
    counts = [
        (loaded.read, read),
        (loaded.new, "new messages"),
        (loaded.known, "already there"),
        (loaded.reviews, "new reviews"),
        (loaded.bad, "bad lines, left out"),
    ]
    if loaded.relabelled:
        counts.append((loaded.relabelled, "reviews with a changed label"))
    if loaded.repeated_keys:
        counts.append(
            (loaded.repeated_keys, "with the key of an earlier line, left out")
        )
    if dated:
        counts.append(
            (loaded.undated, "without a readable time, so part of every night")
        )
    print_counts(counts)
