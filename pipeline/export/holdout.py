"""What the exported model predicts on the hold-out, to compare live traffic with."""

import numpy as np
import pandas as pd

from pipeline.export.exporters.nightsieve_linear.format import decode
from pipeline.model.counts import count_terms
from pipeline.records.reference import MarginBin, Reference

N_BINS = 10


def describe_predictions(model_bytes: bytes, evaluation_set: pd.DataFrame) -> Reference:
    """Return the label shares and the margins of a model on held-out messages.

    Live traffic is compared with them. The held-out messages are like it: the model was
    trained on none of them, they have labels of rules or not, and a text that many
    people receive counts as many messages. On messages that trained the model the
    margins would be larger.

    Parameters
    ----------
    model_bytes
        The exported model, in the default format.
    evaluation_set
        An ``evaluation_set`` table.

    Examples
    --------
    >>> from pathlib import Path
    >>> held_out = pd.DataFrame({"text": ["code 0000", "hi"], "weight": [3, 1]})
    >>> reference = describe_predictions(Path("model.json").read_bytes(), held_out)
    >>> reference.messages, reference.labels
    (4, {'chat': 0.25, 'code': 0.75})
    """
    model = decode(model_bytes)
    weight = evaluation_set["weight"].to_numpy(dtype=np.int64)
    messages = int(weight.sum())
    if messages == 0:
        return Reference(messages=0, labels={}, margins=())
    counts = count_terms(model, evaluation_set["text"], cleaned=True)
    scores = model.scores(counts)
    of_label = np.bincount(
        scores.argmax(axis=1), weights=weight, minlength=len(model.labels)
    )
    shares = (of_label / messages).tolist()
    return Reference(
        messages=messages,
        labels=dict(zip(model.labels, shares, strict=True)),
        margins=margin_bins(_margins(scores), weight),
    )


def margin_bins(margins: np.ndarray, weight: np.ndarray) -> tuple[MarginBin, ...]:
    """Return bins that hold equal numbers of messages, unless margins are equal.

    A bin begins at a margin of a message. Equal margins are never parted, so there may
    be fewer than `N_BINS`, and each bin holds a message.

    Parameters
    ----------
    margins
        float64 [n_texts]; there is at least one.
    weight
        int64 [n_texts], how many messages each text stands for.

    Examples
    --------
    >>> margin_bins(np.array([0.5, 2.0]), np.array([1, 3]))
    (MarginBin(low=0.0, share=0.25), MarginBin(low=2.0, share=0.75))
    """
    distinct, index = np.unique(margins, return_inverse=True)
    of_margin = np.bincount(index, weights=weight).astype(np.int64)
    cumulative = of_margin.cumsum()
    total = int(cumulative[-1])
    # The messages are numbered from 0 by their margins. The margin of each of these
    # begins a bin.
    first_messages = [total * number // N_BINS for number in range(1, N_BINS)]
    starts = np.unique(np.searchsorted(cumulative, first_messages, side="right"))
    starts = np.concatenate([[0], starts[starts > 0]])
    lows = distinct[starts]
    lows[0] = 0.0
    in_bins = np.add.reduceat(of_margin, starts)
    bins = zip(lows.tolist(), (in_bins / total).tolist(), strict=True)
    return tuple(MarginBin(low=low, share=share) for low, share in bins)


def _margins(scores: np.ndarray) -> np.ndarray:
    """Return the largest score of each text less the second largest."""
    ascending = np.sort(scores, axis=1)
    margins: np.ndarray = ascending[:, -1] - ascending[:, -2]
    return margins
