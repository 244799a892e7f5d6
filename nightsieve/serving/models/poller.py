"""Watches which model is current in the store, and changes to it."""

import datetime
import logging
import random
import threading
import time
from concurrent.futures import Future
from typing import Protocol

from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.models.failures import Failure, Reason
from nightsieve.serving.models.holder import ModelHolder
from nightsieve.serving.models.published import PublishedModel
from nightsieve.store.models import Registry
from nightsieve.store.retries import at_most
from nightsieve.store.version import open_store
from pipeline.errors import ArtefactError, NightsieveError, describe_error
from pipeline.records.models import CurrentModel
from pipeline.records.reference import Reference

logger = logging.getLogger(__name__)

# How long one request to the store is repeated, so that the service can say that the
# store is away.
_STORE_SECONDS = 10.0
# The longest pause after a store that was away, unless polls are farther apart.
_LONGEST_PAUSE = 30.0
# A damaged model may be restored under the same pointer: `nightsieve models repair`
# does so, and a replicated bucket may show the pointer before the files.
_FIRST_RETRY = 30.0
_LONGEST_RETRY = 600.0
_TRANSIENT = (Reason.UNREACHABLE, Reason.DEFECT)
# How long the end of the service waits for a poll that has begun.
_STOP_SECONDS = 1.0


class ModelObserver(Protocol):
    """Measures which model is served."""

    def model_changed(
        self,
        model: ServedModel,
        reference: Reference | None = None,
        night: datetime.date | None = None,
    ) -> None:
        """Note that this model, of this night, is served from now on."""

    def model_failed(self, reason: Reason) -> None:
        """Note a poll after which the newest model is not served."""


class Poller:
    """Keeps the newest whole model of the store in a holder.

    Parameters
    ----------
    poll_seconds
        The pause between two polls.
    first_retry, longest_retry
        Seconds after which a damaged model is read again although the pointer is the
        same. Each further retry waits twice as long as the last one.

    Attributes
    ----------
    first_poll
        Done when the first poll is.
    """

    def __init__(
        self,
        holder: ModelHolder,
        poll_seconds: float,
        observer: ModelObserver,
        first_retry: float = _FIRST_RETRY,
        longest_retry: float = _LONGEST_RETRY,
    ) -> None:
        self.first_poll: Future[None] = Future()
        self._holder = holder
        self._poll_seconds = poll_seconds
        self._observer = observer
        self._registry: Registry | None = None
        self._etag: str | None = None
        # Why the model of the pointer with this ETag is not served.
        self._verdict: Failure | None = None
        self._first_retry = first_retry
        self._longest_retry = longest_retry
        self._retry_pause = first_retry
        self._retry_time = 0.0
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)

    def start(self) -> None:
        """Poll in a thread until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a request that hangs is left behind."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def poll(self) -> None:
        """Serve the model that is current in the store, if it is whole.

        What fails leaves the served model in place: see `ModelHolder.failure`.
        """
        try:
            with at_most(_STORE_SECONDS):
                failure = self._look()
        except NightsieveError as error:
            is_damage = isinstance(error, ArtefactError)
            reason = Reason.DAMAGED if is_damage else Reason.UNREACHABLE
            failure = self._failed(reason, None, str(error))
        except Exception as error:
            failure = self._failed(Reason.DEFECT, None, describe_error(error))
        if failure is None and self._holder.failure is not None:
            _log(logging.WARNING, self._holder.current, "the newest model is served")
        self._holder.failure = failure
        self._count(failure)
        if failure is not None:
            self._observer.model_failed(failure.reason)

    @property
    def pause(self) -> float:
        """The seconds until the next poll, longer after each failure of the store."""
        if not self._failures:
            return self._poll_seconds
        longest = max(self._poll_seconds, _LONGEST_PAUSE)
        doubled = self._poll_seconds * 2.0 ** min(self._failures - 1, 10)
        # At random, so that not all processes come back at the same time.
        return min(longest, doubled) * random.uniform(0.5, 1)

    def _count(self, failure: Failure | None) -> None:
        """Count the failures in a row that may pass by themselves."""
        if failure is not None and failure.reason in _TRANSIENT:
            self._failures += 1
        else:
            self._failures = 0

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.poll()
            if not self.first_poll.done():
                self.first_poll.set_result(None)
            self._stopping.wait(self.pause)

    def _look(self) -> Failure | None:
        """Return why the newest model is not served; None if it is."""
        if self._registry is None:
            self._registry = Registry(open_store())
        known_etag = None if self._is_retry_due else self._etag
        reading = self._registry.read_pointer(known_etag)
        if reading.content is None and reading.etag is None:
            return self._without_pointer()
        if reading.content is not None:
            self._verdict = self._change(self._registry, reading.content)
            # A store that fails raises an error, and the same pointer is read again.
            self._plan_retry(is_first=reading.etag != self._etag)
            self._etag = reading.etag
        return self._verdict

    @property
    def _is_retry_due(self) -> bool:
        """Whether a damaged model is read again though its pointer is the same."""
        if self._verdict is None or self._verdict.reason is not Reason.DAMAGED:
            return False
        return time.monotonic() >= self._retry_time

    def _plan_retry(self, is_first: bool) -> None:
        """Choose when the model that was just read is read again if it is damaged."""
        if is_first:
            self._retry_pause = self._first_retry
        else:
            self._retry_pause = min(2 * self._retry_pause, self._longest_retry)
        self._retry_time = time.monotonic() + self._retry_pause

    def _without_pointer(self) -> Failure:
        self._etag = None
        self._verdict = None
        problem = "no model is published yet; run a night, or: nightsieve models repair"
        return self._failed(Reason.UNPUBLISHED, None, problem)

    def _change(self, registry: Registry, content: bytes) -> Failure | None:
        """Serve the model that a pointer names."""
        serial = None
        try:
            pointer = registry.open_pointer(content)
            serial = pointer.serial
            if not self._is_served(pointer):
                entry = registry.named_entry(pointer)
                published = PublishedModel.read(registry, entry)
                self._serve(published)
        except ArtefactError as error:
            return self._failed(Reason.DAMAGED, serial, str(error))
        except ValueError as error:
            problem = (
                f"model {serial}: refused: {error}; upgrade the service, or: "
                "nightsieve models rollback"
            )
            return self._failed(Reason.UNSUPPORTED, serial, problem)
        return None

    def _is_served(self, pointer: CurrentModel) -> bool:
        served = self._holder.published
        if served is None or served.serial != pointer.serial:
            return False
        return served.digests == pointer.files

    def _serve(self, published: PublishedModel) -> None:
        former = self._holder.published
        model = published.model
        self._holder.serve_published(published)
        self._observer.model_changed(model, published.reference, published.night)
        if former is None:
            _log(logging.INFO, model, "is served")
        elif former.serial < published.serial:
            _log(logging.INFO, model, f"replaces model {former.serial}")
        else:
            _log(
                logging.WARNING,
                model,
                f"replaces model {former.serial}: the store names an older model "
                "than before, as after nightsieve models repair",
            )

    def _failed(self, reason: Reason, serial: int | None, problem: str) -> Failure:
        """Return the failure; log it unless the last poll failed in the same way."""
        now = datetime.datetime.now(datetime.UTC)
        failure = Failure(reason, serial, now)
        former = self._holder.failure
        if former is not None and failure.is_like(former):
            return former
        held = "no model is served"
        if self._holder.is_loaded:
            held = f"model {self._holder.current.serial} stays"
        logger.error(
            "%s: %s", held, problem, extra={"reason": reason.value, "serial": serial}
        )
        return failure


def _log(level: int, model: ServedModel, event: str) -> None:
    extra = {"serial": model.serial, "sha256": model.sha256}
    logger.log(level, "model %s: %s", model.serial, event, extra=extra)
