"""The metrics of a process.

The values of a label are known before: routes, methods, statuses, reasons, and the
labels of models. Nothing of a message, a client or a token of access is one.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Metrics that begin so are not exposed; `collector` computes others from them.
INTERNAL = "nightsieve_internal_"
SERVED_MODEL = f"{INTERNAL}model"
LABELS_SINCE_LOAD = f"{INTERNAL}labels"
MARGINS_SINCE_LOAD = f"{INTERNAL}margins"
# A histogram counts one value at a time, which takes as long as scoring some words. So
# lengths are counted by bucket, and exposed as a histogram.
CHARACTERS = f"{INTERNAL}characters"
LENGTHS = f"{INTERNAL}lengths"
RECENT_CORRECTIONS = "nightsieve_recent_corrections"

AGREED = "agreed"
DISAGREED = "disagreed"

#: How the values of processes become one: of those that live, or of all.
GaugeMode = Literal["livesum", "livemin", "livemax", "all"]

#: Close together around 20 ms, within which 99 of 100 single messages are answered.
SECONDS = (
    *(0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.05),
    *(0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
#: Bounds of message lengths; 160 is the length of one SMS.
LENGTH_BOUNDS = (10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 10_000, 100_000)


class Metrics:
    """The metrics, in a registry.

    The gauges of a model are made when they are first set: without a published model,
    the service has none, rather than a serial of 0.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.requests = Counter(
            "nightsieve_http_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "nightsieve_http_request_duration_seconds",
            "Time from the headers of a request to its answer.",
            ["method", "route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.requests_in_progress = self._gauge(
            "nightsieve_http_requests_in_progress",
            "Requests that are being answered.",
            "livesum",
        )
        self.predictions = Counter(
            "nightsieve_predictions",
            "Messages by the label with the largest score, without thresholds.",
            ["label"],
            registry=registry,
        )
        self.margins = Counter(
            "nightsieve_predictions_by_margin",
            "Messages by the bin of their margin, in the reference of their model.",
            ["bin"],
            registry=registry,
        )
        self.tokens = Counter(
            "nightsieve_tokens", "Tokens of messages.", registry=registry
        )
        self.unknown_tokens = Counter(
            "nightsieve_unknown_tokens",
            "Tokens of messages that are in none of the model's terms.",
            registry=registry,
        )
        self.characters = Counter(
            CHARACTERS, "Characters of messages.", registry=registry
        )
        self.lengths = Counter(
            LENGTHS, "Messages by bucket of length.", ["bucket"], registry=registry
        )
        self.model_loads = Counter(
            "nightsieve_model_loads",
            "Models that a process has begun to serve.",
            registry=registry,
        )
        self.model_load_failures = Counter(
            "nightsieve_model_load_failures",
            "Polls after which the newest model is not served.",
            ["reason"],
            registry=registry,
        )
        self.corrections = Counter(
            "nightsieve_corrections",
            "Corrections by whether they agree with the model's label.",
            ["outcome"],
            registry=registry,
        )
        self.recent_corrections = self._gauge(
            RECENT_CORRECTIONS,
            "The last corrections of each process, by outcome.",
            "livesum",
            ["outcome"],
        )
        self.served_model = self._gauge(SERVED_MODEL, "The model's sha256.", "all")
        self.labels_since_load = self._gauge(
            LABELS_SINCE_LOAD, "Messages since the model was loaded.", "all", ["label"]
        )
        self.margins_since_load = self._gauge(
            MARGINS_SINCE_LOAD, "Messages since the model was loaded.", "all", ["bin"]
        )

    @cached_property
    def lowest_serial(self) -> Gauge:
        """The lowest serial that a process serves."""
        return self._gauge(
            "nightsieve_model_lowest_serial",
            "The lowest serial that a process serves.",
            "livemin",
        )

    @cached_property
    def highest_serial(self) -> Gauge:
        """The highest serial that a process serves."""
        return self._gauge(
            "nightsieve_model_highest_serial",
            "The highest serial that a process serves.",
            "livemax",
        )

    @cached_property
    def night_timestamp(self) -> Gauge:
        """The date of the model's night."""
        return self._gauge(
            "nightsieve_model_night_timestamp_seconds",
            "Start of the date of the served model's night, in UTC; of the oldest one.",
            "livemin",
        )

    @cached_property
    def loaded_timestamp(self) -> Gauge:
        """When the model was loaded."""
        return self._gauge(
            "nightsieve_model_loaded_timestamp_seconds",
            "When the served model was loaded; in the process that loaded it first.",
            "livemin",
        )

    def _gauge(
        self, name: str, help_text: str, mode: GaugeMode, labels: Sequence[str] = ()
    ) -> Gauge:
        return Gauge(
            name, help_text, labels, registry=self._registry, multiprocess_mode=mode
        )
