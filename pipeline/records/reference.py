"""What a model predicts on the hold-out of its night, to compare live traffic with."""

import bisect
import itertools
from typing import Literal, Self

from pydantic import model_validator

from pipeline.records.record import Record


class MarginBin(Record):
    """A range of margins, and the share of the messages whose margin is in it.

    Attributes
    ----------
    low
        Where the bin begins. It ends before the ``low`` of the next one; the last bin
        has no end.
    share
        Above 0: every bin holds a message.
    """

    low: float
    share: float


class Reference(Record):
    """``reference.json``: label shares and margins on the messages of a hold-out.

    Every message counts, also one whose text occurs several times.

    Attributes
    ----------
    messages
        The number of messages. It is 0 if nothing was held out; then ``labels`` and
        ``margins`` are empty.
    labels
        The share of the messages that get each label without thresholds, in the order
        of the model's labels. A label that no message gets has the share 0.
    margins
        Bins in ascending order. The first begins at 0, so every margin is in a bin. A
        margin is the largest score less the second largest one, as a device computes
        scores.

    Examples
    --------
    >>> reference = Reference(
    ...     messages=10,
    ...     labels={"personal": 0.75, "spam": 0.25},
    ...     margins=(MarginBin(low=0.0, share=0.5), MarginBin(low=1.5, share=0.5)),
    ... )
    >>> [reference.bin_of(margin) for margin in (0.0, 1.25, 1.5, 99.0)]
    [0, 0, 1, 1]
    """

    format: Literal["nightsieve-reference"] = "nightsieve-reference"
    version: Literal["1.0"] = "1.0"
    messages: int
    labels: dict[str, float]
    margins: tuple[MarginBin, ...]

    def bin_of(self, margin: float) -> int:
        """Return the index of the bin that a margin is in.

        Raises
        ------
        ValueError
            There are no bins.
        """
        if not self.margins:
            raise ValueError("a reference without messages has no bins")
        return bisect.bisect_right(self.margins, margin, key=_low) - 1

    @model_validator(mode="after")
    def _has_bins_for_every_margin(self) -> Self:
        if self.messages == 0:
            if self.margins or self.labels:
                raise ValueError("without messages there are neither labels nor bins")
            return self
        lows = [margin_bin.low for margin_bin in self.margins]
        if not lows or lows[0] != 0:
            raise ValueError("the first bin must begin at 0")
        if any(low >= following for low, following in itertools.pairwise(lows)):
            raise ValueError("the bins must be in ascending order")
        return self


def _low(margin_bin: MarginBin) -> float:
    return margin_bin.low
