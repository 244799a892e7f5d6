"""The lines of a file that could not be used."""

from typing import TextIO

import click

SHOWN = 20


class BadLines:
    """Counts bad lines and keeps the first `SHOWN`.

    Parameters
    ----------
    listing
        Gets every bad line; None: there is no such file.
    """

    def __init__(self, listing: TextIO | None = None) -> None:
        self.count = 0
        self.first: list[str] = []
        self._listing = listing

    def add(self, line: int, reason: str) -> None:
        """Note that the record that starts on this line is left out, and why."""
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
            Comes after the number of those that are not printed.
        """
        for text in self.first:
            click.echo(text, err=True)
        left = self.count - len(self.first)
        if left > 0:
            click.echo(f"... and {left:,} {more}", err=True)
