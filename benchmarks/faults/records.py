"""What the fault matrix and the flips found."""

from benchmarks.harness.results import Result
from pipeline.records.record import Record


class Cell(Record):
    """One fault at one stage of a night, and the same command again.

    Attributes
    ----------
    code
        The exit code of the run with the fault, negative for a signal; None if it hung.
    message
        The last line of its log that is a warning or an error; empty if there is none.
    again
        Whether the same command was run again, because the first run did not finish.
    problem
        Why the cell is not as promised; empty if it is.
    """

    fault: str
    stage: str
    code: int | None
    message: str
    again: bool
    seconds: float
    problem: str


class MatrixResult(Result):
    """The fault matrix.

    Attributes
    ----------
    messages
        Messages of the night.
    seconds
        How long all cells took.
    """

    messages: int
    seconds: float
    cells: tuple[Cell, ...]


class KindFlips(Record):
    """Flipped bits of one kind of object, each read by what reads this kind.

    Attributes
    ----------
    bytes
        The size of all objects of the kind.
    refused
        Reads that ended in an error of one or two lines that names the object.
    unchanged
        Reads that gave the value that was written: the bit means nothing.
    used, hung, tracebacks
        Reads that gave another value, that did not end, or that failed otherwise.
    """

    kind: str
    bytes: int
    flips: int
    refused: int
    unchanged: int
    used: int
    hung: int
    tracebacks: int


class FlippedNight(Record):
    """A night that found one flipped bit in an object.

    Attributes
    ----------
    problem
        Why the night is not as promised; empty if it is.
    """

    kind: str
    key: str
    code: int | None
    warned: bool
    problem: str


class FlipsResult(Result):
    """All flipped bits.

    Attributes
    ----------
    messages
        Messages of the night whose objects were damaged.
    """

    messages: int
    kinds: tuple[KindFlips, ...]
    nights: tuple[FlippedNight, ...]
