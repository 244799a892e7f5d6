"""Which column of the file holds what."""

from dataclasses import dataclass

from pipeline.errors import ConfigError

SHOWN_COLUMNS = 30
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Columns:
    """Positions, from 0, in a record of `width` fields; None: the file has none."""

    width: int
    body: int
    key: int | None = None
    label: int | None = None
    sender: int | None = None
    received_at: int | None = None


def resolve(wanted: dict[str, str | None], first: list[str], header: bool) -> Columns:
    """Return the positions of the wanted columns.

    Parameters
    ----------
    wanted
        By role, the name of a column in the header or its number from 1.
    first
        The fields of the first record.
    header
        Whether the first record is a header.

    Raises
    ------
    ConfigError
        A column is not there, or the header has its name twice.
    """
    names = first if header else []
    positions = {
        role: _position(role, column, names, len(first))
        for role, column in wanted.items()
        if column is not None
    }
    return Columns(width=len(first), **positions)


def _position(role: str, column: str, names: list[str], width: int) -> int:
    option = f"--{role.replace('_', '-')} {column}"
    if names.count(column) > 1:
        raise ConfigError(
            f"{option}: {names.count(column)} columns have this name; "
            "give the column's number"
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
        f"{option}: no such column; there are {_listed(names)}\n"
        "(no header? then add --no-header)"
    )


def _listed(names: list[str]) -> str:
    shown = [
        f"{number} {_shortened(name)}"
        for number, name in enumerate(names[:SHOWN_COLUMNS], start=1)
    ]
    if len(names) > SHOWN_COLUMNS:
        shown.append("...")
    return ", ".join(shown)


# The first line of a file without a header is a message, which must not be shown.
def _shortened(name: str) -> str:
    return repr(name) if len(name) <= SHOWN_CHARACTERS else "(a long name)"
