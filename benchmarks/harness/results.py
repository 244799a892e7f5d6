"""What a benchmark measured, and its file ``results/NAME.json``."""

import json
import operator
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from pipeline.records.record import Record

RESULTS = Path(__file__).parents[1] / "results"
LINE_LENGTH = 120  # of a file of figures, which are long

Json = dict[str, "Json"] | list["Json"] | str | float | bool | None


def values(records: Iterable[object], attribute: str) -> list[float]:
    """Return an attribute of each record; ``process.seconds`` is one of an attribute.

    Examples
    --------
    >>> values([Spread.of([1.0, 3.0]), Spread.of([5.0])], "median")
    [2.0, 5.0]
    """
    return list(map(operator.attrgetter(attribute), records))


class Spread(Record):
    """Median and range of several measurements of the same thing."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return the spread of the values, of which there is at least one.

        Examples
        --------
        >>> Spread.of([3.0, 1.0, 2.5])
        Spread(median=2.5, lowest=1.0, highest=3.0)
        """
        return cls(
            median=statistics.median(values), lowest=min(values), highest=max(values)
        )

    def scaled(self, factor: float) -> Self:
        """Return the spread in another unit."""
        return type(self)(
            median=self.median * factor,
            lowest=self.lowest * factor,
            highest=self.highest * factor,
        )


class Run(Record):
    """How, when and where something was measured.

    Attributes
    ----------
    command
        What measures it again.
    commit
        Of this project, with a plus where the working tree had changes.
    versions
        Of Python, of runtimes, and of the libraries that matter.
    """

    command: str
    date: str
    commit: str
    cpu: str
    cores: int
    system: str
    versions: dict[str, str]


class Result(Record):
    """What a benchmark measured. Its class adds the figures."""

    run: Run


ResultType = TypeVar("ResultType", bound=Result)


def write_result(name: str, result: Result, folder: Path = RESULTS) -> None:
    """Write ``NAME.json`` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = _encode(result.model_dump(mode="json"))
    (folder / f"{name}.json").write_text(f"{content}\n", encoding="utf-8")


def read_result(
    name: str, kind: type[ResultType], folder: Path = RESULTS
) -> ResultType:
    """Return the result in ``NAME.json``."""
    return kind.from_json((folder / f"{name}.json").read_bytes())


def _encode(value: Json, indent: int = 0, before: int = 0) -> str:
    """Return the value as JSON: in one line where it fits, else an entry a line.

    Parameters
    ----------
    indent
        Spaces before the line of the value.
    before
        Characters between these and the value.
    """
    line = json.dumps(value, ensure_ascii=False)
    if indent + before + len(line) + len(",") <= LINE_LENGTH:
        return line
    entries = []
    if isinstance(value, dict):
        for key, entry in value.items():
            name = f"{json.dumps(key, ensure_ascii=False)}: "
            entries.append(name + _encode(entry, indent + 1, len(name)))
        opening, closing = "{}"
    elif isinstance(value, list):
        entries = [_encode(entry, indent + 1) for entry in value]
        opening, closing = "[]"
    else:
        return line
    separator = ",\n" + " " * (indent + 1)
    inside = separator[1:] + separator.join(entries)
    return f"{opening}{inside}\n{' ' * indent}{closing}"
