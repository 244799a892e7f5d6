"""Counts of the messages that a model has labelled."""

import bisect
from collections import Counter
from collections.abc import Iterable, Sequence

import prometheus_client

from nightsieve.serving.contract.prediction import Prediction
from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.monitoring.metrics import Metrics
from pipeline.records.reference import Reference

#: Of a sha256; a float holds a number of 12 digits exactly.
_HEX_DIGITS = 12


def model_number(model: ServedModel) -> float:
    """Return a number that stands for the model file in a gauge."""
    return float(int(model.sha256[:_HEX_DIGITS], 16))


class SinceLoad:
    """Counts of a process that begin at 0 with each model.

    They are gauges of the same few names for all models: a metric of several processes
    cannot be removed.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._gauges: dict[tuple[str, str], prometheus_client.Gauge] = {}

    def begin(self, model: ServedModel) -> None:
        """Set all counts to 0, for another model."""
        for gauge in self._gauges.values():
            gauge.set(0)
        self._metrics.served_model.set(model_number(model))

    def labels(self, names: Iterable[str]) -> list[prometheus_client.Gauge]:
        """Return the gauge of each label."""
        gauges = self._metrics.labels_since_load
        return [
            self._gauges.setdefault(("label", name), gauges.labels(name))
            for name in names
        ]

    def bins(self, n_bins: int) -> list[prometheus_client.Gauge]:
        """Return the gauge of each bin of margins."""
        gauges = self._metrics.margins_since_load
        return [
            self._gauges.setdefault(("bin", str(index)), gauges.labels(index))
            for index in range(n_bins)
        ]


class ModelCounts:
    """Counts the messages that one model has labelled.

    Parameters
    ----------
    reference
        None counts labels alone.

    Attributes
    ----------
    number
        What `model_number` returns.
    """

    def __init__(
        self,
        model: ServedModel,
        reference: Reference | None,
        metrics: Metrics,
        since_load: SinceLoad,
    ) -> None:
        self.sha256 = model.sha256
        self.number = model_number(model)
        self.reference = reference
        names = model.scorer.labels
        margins = () if reference is None else reference.margins
        self._lows = [margin_bin.low for margin_bin in margins]
        # Made here, so that each series is there, with 0, before its first message.
        self._labels = [metrics.predictions.labels(name) for name in names]
        self._bins = [metrics.margins.labels(index) for index in range(len(margins))]
        self._labels_since_load = since_load.labels(names) if margins else []
        self._bins_since_load = since_load.bins(len(margins))

    def count(self, predictions: Sequence[Prediction]) -> None:
        """Count the predictions of a request."""
        labels = Counter(
            prediction.scores.index(max(prediction.scores))
            for prediction in predictions
        )
        _add(labels, self._labels)
        if self.reference is None:
            return
        lows = self._lows
        bins = Counter(
            bisect.bisect_right(lows, prediction.margin) - 1
            for prediction in predictions
        )
        _add(labels, self._labels_since_load)
        _add(bins, self._bins)
        _add(bins, self._bins_since_load)


def _add(
    counts: Counter[int],
    metrics: Sequence[prometheus_client.Counter] | Sequence[prometheus_client.Gauge],
) -> None:
    for index, count in counts.items():
        metrics[index].inc(count)
