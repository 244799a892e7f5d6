"""What Prometheus reads: sums over processes, and what is computed from the sums."""

import contextlib
import itertools
import math
import operator
import os
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Sample
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from nightsieve.serving.monitoring import metrics
from nightsieve.serving.monitoring.drift import measure_drift
from pipeline.records.reference import Reference


class Comparison(NamedTuple):
    """What live traffic is compared with.

    Attributes
    ----------
    model_number
        Of the model that the answering process serves.
    """

    reference: Reference
    model_number: float


class ServiceCollector(Collector):
    """Collects the metrics of all processes of a service.

    Parameters
    ----------
    registry
        The metrics of this process.
    folder
        Where the processes share their metrics; without it, those of this process
        are collected.
    find_comparison
        Returns what to compare with at the moment, or None.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        folder: Path | None,
        find_comparison: Callable[[], Comparison | None],
    ) -> None:
        self._registry = registry
        self._folder = folder
        self._find_comparison = find_comparison

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; drift only where there is something to compare with."""
        internal = {}
        for metric in self._sum():
            if metric.name.startswith(metrics.INTERNAL):
                internal[metric.name] = metric
            else:
                yield metric
            if metric.name == metrics.RECENT_CORRECTIONS:
                yield from _agreement(metric)
        yield _lengths(internal)
        comparison = self._find_comparison()
        if comparison is not None:
            yield from _reference_shares(comparison.reference)
            yield from _drift(comparison, internal)

    def _sum(self) -> Iterable[Metric]:
        if self._folder is None:
            return self._registry.collect()
        remove_dead_processes(self._folder)
        files = _written_files(self._folder)
        summed = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return sorted(summed, key=operator.attrgetter("name"))


def remove_dead_processes(folder: Path) -> None:
    """Remove the gauges of processes that have ended; their counters stay."""
    pids = {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*.db")}
    for pid in map(int, pids):
        if not _is_alive(pid):
            # Another process may do the same.
            with contextlib.suppress(FileNotFoundError):
                mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        # Without permission it is the process of somebody else, with the same pid.
        return False
    return True


def _written_files(folder: Path) -> list[str]:
    """Return the files that hold something; a process that starts makes empty ones."""
    paths = []
    for path in folder.glob("*.db"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size:
                paths.append(str(path))
    return paths


def _lengths(internal: dict[str, Metric]) -> Metric:
    """Return the lengths of messages as a histogram."""
    counts = _sum_by("bucket", internal[metrics.LENGTHS])
    bounds = [*map(float, metrics.LENGTH_BOUNDS), math.inf]
    cumulative = itertools.accumulate(
        counts.get(str(bucket), 0.0) for bucket in range(len(bounds))
    )
    [characters] = _values(internal[metrics.CHARACTERS])
    return HistogramMetricFamily(
        "nightsieve_message_characters",
        "Length of messages in code points.",
        buckets=list(zip(map(floatToGoString, bounds), cumulative, strict=True)),
        sum_value=characters.value,
    )


def _agreement(recent: Metric) -> Iterator[Metric]:
    counts = {sample.labels["outcome"]: sample.value for sample in recent.samples}
    total = sum(counts.values())
    if total:
        yield GaugeMetricFamily(
            "nightsieve_corrections_agreement_ratio",
            "Share of the recent corrections that agree with the model's label.",
            value=counts.get(metrics.AGREED, 0.0) / total,
        )


def _reference_shares(reference: Reference) -> Iterator[Metric]:
    labels = GaugeMetricFamily(
        "nightsieve_reference_label_share",
        "Share of the hold-out's messages that get the label.",
        labels=["label"],
    )
    for name, share in reference.labels.items():
        labels.add_metric([name], share)
    yield labels
    margins = GaugeMetricFamily(
        "nightsieve_reference_margin_share",
        "Share of the hold-out's messages whose margin is in the bin.",
        labels=["bin"],
    )
    for index, margin_bin in enumerate(reference.margins):
        margins.add_metric([str(index)], margin_bin.share)
    yield margins


def _drift(comparison: Comparison, internal: dict[str, Metric]) -> Iterator[Metric]:
    pids = {
        sample.labels.get("pid")
        for sample in internal[metrics.SERVED_MODEL].samples
        if sample.value == comparison.model_number
    }
    labels = _sum_by("label", internal[metrics.LABELS_SINCE_LOAD], pids)
    bins = _sum_by("bin", internal[metrics.MARGINS_SINCE_LOAD], pids)
    yield GaugeMetricFamily(
        "nightsieve_drift_messages",
        "Messages that the served model has labelled since it was loaded.",
        value=sum(labels.values()),
    )
    n_bins = len(comparison.reference.margins)
    margins = [bins.get(str(index), 0.0) for index in range(n_bins)]
    drift = measure_drift(comparison.reference, labels, margins)
    if drift is None:
        return
    yield GaugeMetricFamily(
        "nightsieve_label_drift_psi",
        "Population stability index of the labels since the model was loaded.",
        value=drift.labels,
    )
    yield GaugeMetricFamily(
        "nightsieve_margin_drift_psi",
        "Population stability index of the margins since the model was loaded.",
        value=drift.margins,
    )


def _sum_by(
    label: str, metric: Metric, pids: Container[str | None] = (None,)
) -> dict[str, float]:
    """Return the sums over some processes, by the value of a label.

    Counters are summed already; their samples have no process.
    """
    sums: dict[str, float] = {}
    for sample in _values(metric):
        if sample.labels.get("pid") in pids:
            value = sample.labels[label]
            sums[value] = sums.get(value, 0.0) + sample.value
    return sums


def _values(metric: Metric) -> list[Sample]:
    """Return the samples without the times at which counters were made."""
    return [sample for sample in metric.samples if not sample.name.endswith("_created")]
