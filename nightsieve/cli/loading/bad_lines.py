"""The lines that could not be loaded: every one in a file if asked for, the first few on the terminal."""

from typing import TextIO

SHOWN = 20


class BadLines:
    """Counts bad lines, keeps the first `SHOWN` and writes all of them to `listing`, if there is one."""

    def __init__(self, listing: TextIO | None = None):
        self.count = 0
        self.first: list[str] = []
        self._listing = listing

    def add(self, line: int, reason: str) -> None:
        """Note that the record that starts on `line` is left out, and why."""
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(f"line {line}: {reason}")
        if self._listing:
            self._listing.write(f"{line}\t{reason}\n")
