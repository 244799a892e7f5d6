"""Collect the lines of a file that cannot be used."""

from typing import TextIO

import click

SHOWN = 20


class BadLines:
    """A counter of bad lines, which keeps the first `SHOWN`.

    Parameters
    ----------
    listing
        File to which every bad line is written, if there is one.

    Examples
    --------
    >>> bad = BadLines()
    >>> bad.add(7, "an empty key")
    >>> bad.count, bad.first
    (1, ['line 7: an empty key'])
    """

    def __init__(self, listing: TextIO | None = None) -> None:
        self.count = 0
        self.first: list[str] = []
        self._listing = listing

    def add(self, line: int, reason: str) -> None:
        """Add a record that is left out: the line that it starts on, and the reason."""
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(f"line {line}: {reason}")
        if self._listing:
            self._listing.write(f"{line}\t{reason}\n")

    def print_first(self, more: str) -> None:
        """Print the first bad lines to stderr.

        Parameters
        ----------
        more
            Text after the number of lines that are not printed.
        """
        for text in self.first:
            click.echo(text, err=True)
        not_printed = self.count - len(self.first)
        if not_printed > 0:
            click.echo(f"... and {not_printed:,} {more}", err=True)
