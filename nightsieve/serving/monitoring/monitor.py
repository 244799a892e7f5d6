"""What the service reports of its work; each process has one `Monitor`."""

import bisect
import datetime
import time
from collections import Counter, deque
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from nightsieve.serving.contract.prediction import Prediction
from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.contract.preprocessing import PreprocessedText
from nightsieve.serving.models.failures import Reason
from nightsieve.serving.monitoring import metrics
from nightsieve.serving.monitoring.collector import Comparison, ServiceCollector
from nightsieve.serving.monitoring.folder import shared_folder
from nightsieve.serving.monitoring.model_counts import ModelCounts, SinceLoad
from pipeline.records.reference import Reference

#: The route of a request for which there is no resource.
UNMATCHED = "unmatched"
#: Stands for a method that is not known: no client can add a time series.
OTHER = "other"
METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)
#: The corrections that each process keeps to compute the agreement.
RECENT = 500


class Exposition(NamedTuple):
    """The metrics as Prometheus reads them."""

    content_type: str
    body: bytes


class Monitor:
    """Counts what a process does.

    Its methods take some microseconds and may be called from any thread.
    """

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._metrics = metrics.Metrics(registry)
        # So that each series is there, with 0, before its first event.
        for reason in Reason:
            self._metrics.model_load_failures.labels(reason)
        for outcome in (metrics.AGREED, metrics.DISAGREED):
            self._metrics.corrections.labels(outcome)
        self._lengths = [
            self._metrics.lengths.labels(bucket)
            for bucket in range(len(metrics.LENGTH_BOUNDS) + 1)
        ]
        self._since_load = SinceLoad(self._metrics)
        self._served: ModelCounts | None = None
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._page = CollectorRegistry()
        self._page.register(
            ServiceCollector(registry, shared_folder(), self._comparison)
        )

    def request_started(self) -> None:
        """Count a request that is being answered; `request_done` must follow."""
        self._metrics.requests_in_progress.inc()

    def request_done(
        self, route: str, method: str, status: int, seconds: float
    ) -> None:
        """Count a request that was answered.

        Parameters
        ----------
        route
            The path of the resource, with parameters in braces; empty if there is no
            resource.
        """
        route = route or UNMATCHED
        method = _known(method)
        self._metrics.requests_in_progress.dec()
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.request_seconds.labels(method, route).observe(seconds)

    def request_refused(self, method: str, status: int) -> None:
        """Count a request that was refused before its path was looked at.

        Parameters
        ----------
        method
            Empty if the request has not said it.
        """
        self._metrics.requests.labels(_known(method), UNMATCHED, status).inc()

    def predicted(
        self,
        model: ServedModel,
        texts: list[PreprocessedText],
        predictions: list[Prediction],
    ) -> None:
        """Count the messages of a request: an `Observe` of the contract."""
        self._count_texts(texts)
        served = self._served
        if served is None or served.sha256 != model.sha256:
            # The request began before the model was changed.
            served = self._counts(model, None)
        served.count(predictions)

    def model_changed(
        self,
        model: ServedModel,
        reference: Reference | None = None,
        night: datetime.date | None = None,
    ) -> None:
        """Count for another model from now on.

        Parameters
        ----------
        reference
            What the night of this model has measured; None if it has not.
        night
            The date of the model's night; None if it is not known.
        """
        self._metrics.model_loads.inc()
        self._metrics.loaded_timestamp.set(time.time())
        if model.serial is not None:
            self._metrics.lowest_serial.set(model.serial)
            self._metrics.highest_serial.set(model.serial)
        if night is not None:
            midnight = datetime.datetime.combine(night, datetime.time(), datetime.UTC)
            self._metrics.night_timestamp.set(midnight.timestamp())
        if reference is not None and reference.messages == 0:
            reference = None
        self._since_load.begin(model)
        self._served = self._counts(model, reference)

    def model_failed(self, reason: Reason) -> None:
        """Count a poll after which the newest model is not served."""
        self._metrics.model_load_failures.labels(reason).inc()

    def corrected(self, agrees: bool) -> None:
        """Count a correction that was stored.

        Parameters
        ----------
        agrees
            Whether its label is the one that the model gives the message.
        """
        self._recent.append(agrees)
        agreed = sum(self._recent)
        recent = self._metrics.recent_corrections
        recent.labels(metrics.AGREED).set(agreed)
        recent.labels(metrics.DISAGREED).set(len(self._recent) - agreed)
        outcome = metrics.AGREED if agrees else metrics.DISAGREED
        self._metrics.corrections.labels(outcome).inc()

    def exposition(self, accept: str = "") -> Exposition:
        """Return the metrics of all processes; this takes some milliseconds.

        Parameters
        ----------
        accept
            The header ``Accept``: OpenMetrics is returned if it is asked for.
        """
        encode, content_type = choose_encoder(accept)
        return Exposition(content_type, encode(self._page))

    def _count_texts(self, texts: list[PreprocessedText]) -> None:
        tokens = 0
        unknown = 0
        characters = 0
        lengths: Counter[int] = Counter()
        for text in texts:
            tokens += len(text.tokens)
            unknown += text.unknown
            characters += text.characters
            lengths[bisect.bisect_left(metrics.LENGTH_BOUNDS, text.characters)] += 1
        self._metrics.tokens.inc(tokens)
        self._metrics.unknown_tokens.inc(unknown)
        self._metrics.characters.inc(characters)
        for bucket, count in lengths.items():
            self._lengths[bucket].inc(count)

    def _counts(self, model: ServedModel, reference: Reference | None) -> ModelCounts:
        return ModelCounts(model, reference, self._metrics, self._since_load)

    def _comparison(self) -> Comparison | None:
        served = self._served
        if served is None or served.reference is None:
            return None
        return Comparison(served.reference, served.number)


def _known(method: str) -> str:
    return method if method in METHODS else OTHER
