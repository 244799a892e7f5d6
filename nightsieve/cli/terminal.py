"""Tables without frames, whose lines are as long as they must be: an id that is cut cannot be searched for."""

from rich.table import Table

WIDTH = 250


def table(*columns: str, left: int) -> Table:
    """A table of these columns, the first ``left`` of them words, the others numbers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        made.add_column(
            column, justify="left" if number < left else "right", no_wrap=True
        )
    return made
