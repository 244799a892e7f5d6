"""``nightsieve forget``: erase messages from the database and from every night."""

import os
import sys
from pathlib import Path

import click

from nightsieve.cli.options import help_epilog
from nightsieve.cli.services import Stack, home_directory
from nightsieve.cli.terminal import print_counts, progress_bar
from nightsieve.database.connection import writer_variable
from nightsieve.database.erasure import rewrite_tables
from nightsieve.nights.forget import Forgotten, forget_messages
from nightsieve.store.version import open_store
from pipeline.errors import ArtefactError, ConfigError, DataError
from pipeline.records.words import plural

_SHOWN = 10  # objects, and unknown keys, that are listed


@click.command(
    epilog=help_epilog(
        "nightsieve forget 41 1207",
        "nightsieve forget --from keys.txt --dry-run",
        exit_codes={
            0: "every key was found, and what it names is erased",
            3: "a key is nowhere; the messages of the others are erased",
            7: "FILE cannot be read",
            8: "a run manifest or a report is damaged",
        },
    )
)
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option(
    "--from",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File with a key on each line; - reads standard input.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print what would be erased, and erase nothing.",
)
@click.option(
    "--yes", is_flag=True, help="Do not ask; without a terminal, nothing is asked."
)
def forget(keys: tuple[str, ...], file: Path | None, dry_run: bool, yes: bool) -> None:
    """Erase messages everywhere, by their keys.

    Deletes the messages and their reviews from the tables messages and reviews. In
    every night of the store, erases their bodies, cleaned texts, senders, times and
    keys: from the sample and from everything that is made of it. The receipts, run
    manifests and reports of these nights say how many messages were erased. Stop nights
    that run before you use it.

    Models hold words, not messages, and stay. Sheets, fetched files and backups are
    yours to delete. If the command is stopped, run it again.
    """
    wanted = _all_keys(keys, file)
    store = open_store()
    if not (dry_run or yes) and sys.stdin.isatty():
        question = f"Erase {plural(len(wanted), 'message')} for good?"
        click.confirm(question, abort=True, err=True)
    with progress_bar("reading") as bar:

        def show(what: str, done: int, total: int) -> None:
            bar.update(done, total, what)

        forgotten = forget_messages(store, wanted, dry_run=dry_run, progress=show)
    if not dry_run:
        _clear_files_of_database()
    _print(forgotten, dry_run)
    if forgotten.damaged:
        raise ArtefactError(
            f"{store}: {plural(len(forgotten.damaged), 'damaged object')}, see above; "
            "remove them with nightsieve runs repair, then use nightsieve forget again"
        )
    if forgotten.unknown:
        raise ConfigError(
            f"{plural(len(forgotten.unknown), 'key')} of {len(wanted):,} "
            "in no table and in no night, see above; check the spelling, or whether "
            "it was forgotten before"
        )


def _all_keys(keys: tuple[str, ...], file: Path | None) -> list[str]:
    """Return the keys of the arguments and of the file, each once.

    Raises
    ------
    ConfigError
        There is no key.
    """
    lines: list[str] = []
    if file is not None:
        try:
            content = (
                sys.stdin.read() if str(file) == "-" else file.read_text("utf-8-sig")
            )
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            raise DataError(
                f"--from {file}: cannot be read: {reason}; give a text file with a key "
                "on each line"
            ) from None
        lines = content.splitlines()
    wanted = [key for key in dict.fromkeys([*keys, *lines]) if key]
    if not wanted:
        raise ConfigError("KEY: missing; name the keys of messages, or use --from FILE")
    return wanted


def _clear_files_of_database() -> None:
    """Let no file of the database hold what was deleted, if the account may."""
    stack = Stack(home_directory())
    if stack.discard_erased_rows(os.environ.get(writer_variable(), "")):
        return
    if not rewrite_tables():
        click.echo(
            "The account does not own the tables, so their files still hold the "
            "deleted rows; let the owner run: VACUUM (FULL, ANALYZE) messages, reviews",
            err=True,
        )


def _print(forgotten: Forgotten, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    counts = [
        (table.rows, f"rows of the table {table.table} {would}deleted")
        for table in forgotten.tables
    ]
    rows = sum(object_.rows for object_ in forgotten.objects)
    n_objects = plural(len(forgotten.objects), "object")
    counts.append((rows, f"rows {would}erased in {n_objects} of the store"))
    print_counts(counts)
    for object_ in forgotten.objects[:_SHOWN]:
        click.echo(f"{object_.rows:>12,}  {object_.address}")
    _print_more(len(forgotten.objects))
    for run in forgotten.nights:
        click.echo(f"The run manifest and the report say so: {run.date}  {run.config}")
    for address in forgotten.removed:
        click.echo(f"Damaged, and {would}removed: {address}", err=True)
    for problem in forgotten.damaged:
        click.echo(f"Damaged: {problem}", err=True)
    for table in forgotten.sources:
        click.echo(
            f"Nights read the table {table}, which Nightsieve does not write: delete "
            "the messages there too, or a night reads them again",
            err=True,
        )
    for key in forgotten.unknown[:_SHOWN]:
        click.echo(f"Nowhere: {key}", err=True)
    _print_more(len(forgotten.unknown), err=True)


def _print_more(count: int, err: bool = False) -> None:
    if count > _SHOWN:
        click.echo(f"and {count - _SHOWN:,} more", err=err)
