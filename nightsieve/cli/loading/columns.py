"""Which column of the file holds what."""

from dataclasses import dataclass

from pipeline.errors import ConfigError

SHOWN_COLUMNS = 30
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Columns:
    """Positions, from 0, in a record of `width` fields; None for what the file does not hold."""

    width: int
    body: int
    key: int | None = None
    label: int | None = None
    sender: int | None = None
    received_at: int | None = None


def resolve(wanted: dict[str, str | None], first: list[str], header: bool) -> Columns:
    """The positions of the columns wanted, each given as a name of the header or a number from 1.

    Raises
    ------
    ConfigError
        A column is not there, or its name stands in the header twice.
    """
    names = first if header else []
    found = {
        role: _position(role, column, names, len(first))
        for role, column in wanted.items()
        if column is not None
    }
    return Columns(width=len(first), **found)


def _position(role: str, column: str, names: list[str], width: int) -> int:
    option = f"--{role.replace('_', '-')} {column}"
    if names.count(column) > 1:
        raise ConfigError(
            f"{option}: {names.count(column)} columns have this name; give the column's number"
        )
    if column in names:
        return names.index(column)
    if column.isdecimal() and 1 <= int(column) <= width:
        return int(column) - 1
    if not names:
        raise ConfigError(
            f"{option}: without a header a column is a number from 1 to {width}"
        )
    raise ConfigError(
        f"{option}: no such column; there are {_shown(names)}\n(no header? then add --no-header)"
    )


def _shown(names: list[str]) -> str:
    # Cut: the first line of a file without a header is a message.
    shown = [
        f"{i} {_cut(name)}" for i, name in enumerate(names[:SHOWN_COLUMNS], start=1)
    ]
    return ", ".join(shown) + (", ..." if len(names) > SHOWN_COLUMNS else "")


def _cut(name: str) -> str:
    return repr(name) if len(name) <= SHOWN_CHARACTERS else "(a long name)"
