"""Find the columns of a file that are to be loaded."""

from dataclasses import dataclass

from pipeline.errors import ConfigError

SHOWN_COLUMNS = 30
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Columns:
    """The index of each column in a record of `width` fields.

    A column that is not loaded is None.
    """

    width: int
    body: int
    key: int | None = None
    label: int | None = None
    sender: int | None = None
    received_at: int | None = None


def resolve(wanted: dict[str, str | None], first: list[str], header: bool) -> Columns:
    """Return the indices of the wanted columns.

    Parameters
    ----------
    wanted
        The column for each role: its name in the header, or its number from 1.
    first
        The fields of the first record.
    header
        Whether the first record is a header.

    Examples
    --------
    >>> resolve({"body": "text", "key": "1"}, ["id", "text"], header=True)
    Columns(width=2, body=1, key=0, label=None, sender=None, received_at=None)

    Raises
    ------
    ConfigError
        A column does not exist, or the header has its name twice.
    """
    names = first if header else []
    indices = {
        role: _index(role, column, names, len(first))
        for role, column in wanted.items()
        if column is not None
    }
    return Columns(width=len(first), **indices)


def _index(role: str, column: str, names: list[str], width: int) -> int:
    option = f"--{role.replace('_', '-')} {column}"
    if names.count(column) > 1:
        raise ConfigError(
            f"{option}: {names.count(column)} columns have this name; "
            "use the column's number"
        )
    if column in names:
        return names.index(column)
    if column.isdecimal() and 1 <= int(column) <= width:
        return int(column) - 1
    if not names:
        raise ConfigError(
            f"{option}: not a column of a file without a header; "
            f"use a number from 1 to {width}"
        )
    raise ConfigError(
        f"{option}: not a column; use one of {_listed(names)}\n"
        "If the first line is a message and not a header, add --no-header"
    )


def _listed(names: list[str]) -> str:
    shown = [
        f"{column} {_shortened(name)}"
        for column, name in enumerate(names[:SHOWN_COLUMNS], start=1)
    ]
    if len(names) > SHOWN_COLUMNS:
        shown.append("...")
    return ", ".join(shown)


# The first line of a file without a header is a message, which is never printed.
def _shortened(name: str) -> str:
    if len(name) > SHOWN_CHARACTERS:
        return "(a long name)"
    return repr(name)
