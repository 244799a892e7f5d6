"""Repeat a request to the store while the store is away.

The first request of a process that gets no answer at all most likely has a wrong
address. So it is repeated for a shorter time than those of a process that the store has
answered before.
"""

import contextlib
import contextvars
import itertools
import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pipeline.errors import ConfigError

#: The environment variable with the seconds that a request is repeated for.
VARIABLE = "NIGHTSIEVE_STORAGE_TIMEOUT"
DEFAULT_TIMEOUT = 300.0
#: The default for a process that the store has never answered.
DEFAULT_FIRST_TIMEOUT = 30.0
_MAXIMUM_TIMEOUT = 86_400.0
# Pauses between two attempts: the first one, and the longest. Each is shortened at
# random, so that workers do not come back all at the same time.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
# A longer wait, in seconds, is reported; most faults are over before.
_SILENCE = 2.0

_Result = TypeVar("_Result")
# What `at_most` allows this thread; None is no limit of its own.
_limit: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "_limit", default=None
)
logger = logging.getLogger(__name__)


class TransientError(Exception):
    """A request failed, and the same request may succeed later.

    Attributes
    ----------
    problem
        What went wrong, such as ``ReadTimeoutError`` or ``SlowDown``.
    answered
        Whether the store has answered.

    Examples
    --------
    >>> TransientError("SlowDown", answered=True).problem
    'SlowDown'
    """

    def __init__(self, problem: str, *, answered: bool):
        super().__init__(problem)
        self.problem = problem
        self.answered = answered


class TimeoutExceededError(Exception):
    """A request was repeated until its time was over.

    Attributes
    ----------
    seconds
        The time since it first failed.
    last
        Why it failed the last time.

    Examples
    --------
    >>> last = TransientError("SlowDown", answered=True)
    >>> TimeoutExceededError(300.0, last).seconds
    300.0
    """

    def __init__(self, seconds: float, last: TransientError):
        super().__init__(last.problem)
        self.seconds = seconds
        self.last = last


@dataclass
class _Contact:
    """What this process and its forks know of the store.

    Attributes
    ----------
    answered
        Whether the store has ever answered.
    reported
        Whether it was reported that the store is away, and not that it is back.
    away_since
        When that began, by the monotonic clock.
    """

    answered: bool = False
    reported: bool = False
    away_since: float = 0.0


_contact = _Contact()
_reporting = threading.Lock()


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Repeat the requests of this thread for at most these seconds.

    A service has an answer to give meanwhile, while a night can wait. A client that is
    made here also waits half of that time for an answer, and no longer.

    Examples
    --------
    >>> with at_most(5.0):
    ...     storage_timeout()
    5.0
    """
    token = _limit.set(seconds)
    try:
        yield
    finally:
        _limit.reset(token)


def storage_timeout() -> float:
    """Return the seconds that a request of this process is repeated for now.

    They are those of ``NIGHTSIEVE_STORAGE_TIMEOUT``. Without the variable, a store that
    has never answered this process has less time than one that has. `at_most` limits
    them.

    Raises
    ------
    ConfigError
        The variable does not hold a number of seconds.

    Examples
    --------
    >>> forget_contact()
    >>> os.environ["NIGHTSIEVE_STORAGE_TIMEOUT"] = ""
    >>> storage_timeout()
    30.0
    >>> os.environ["NIGHTSIEVE_STORAGE_TIMEOUT"] = "600"
    >>> storage_timeout()
    600.0
    """
    limit = _limit.get()
    seconds = _timeout_of_process()
    return seconds if limit is None else min(seconds, limit)


def _timeout_of_process() -> float:
    text = os.environ.get(VARIABLE, "")
    if not text:
        return DEFAULT_TIMEOUT if _contact.answered else DEFAULT_FIRST_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _MAXIMUM_TIMEOUT:
        raise ConfigError(
            f"{VARIABLE}={text}: not a number of seconds from 0 to "
            f"{_MAXIMUM_TIMEOUT:.0f}; use one such as {DEFAULT_TIMEOUT:.0f}"
        )
    return seconds


def forget_contact() -> None:
    """Begin as a process does that has sent no request.

    Examples
    --------
    >>> forget_contact()
    """
    global _contact  # noqa: PLW0603 - a process has one store
    _contact = _Contact()


def persist(send: Callable[[], _Result], endpoint: str) -> _Result:
    """Return what a request returns; repeat it while its failure is transient.

    A wait of more than two seconds is reported once, and so is its end.

    Parameters
    ----------
    send
        Sends the request and reads the whole answer. It raises a `TransientError` for
        a failure that can pass; any other error is raised at once.
    endpoint
        The address of the store, for the reports.

    Raises
    ------
    TimeoutExceededError
        The request failed until the time was over.

    Examples
    --------
    >>> answers = iter([TransientError("SlowDown", answered=True), b"content"])
    >>> def send():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> persist(send, "http://127.0.0.1:9000")
    b'content'
    """
    # A wrong setting is an error also while all is well.
    storage_timeout()
    with _sign_of_life(endpoint):
        return _repeat(send, endpoint)


def _repeat(send: Callable[[], _Result], endpoint: str) -> _Result:
    began = time.monotonic()
    first_failure: float | None = None
    for pause in _pauses():
        try:
            result = send()
        except TransientError as error:
            if error.answered:
                _contact.answered = True
            now = time.monotonic()
            if first_failure is None:
                first_failure = now
            timeout = storage_timeout()
            remaining = first_failure + timeout - now
            if remaining <= 0:
                raise TimeoutExceededError(now - began, error) from None
            seconds = min(pause, remaining)
            if now + seconds - began > _SILENCE:
                _report_away(
                    began,
                    f"{endpoint}: the store does not answer ({error.problem}); trying "
                    f"again for up to {timeout:.0f} s ({VARIABLE})",
                )
            time.sleep(seconds)
        else:
            _report_back(endpoint)
            return result
    raise AssertionError("the pauses never end")


def _pauses() -> Iterator[float]:
    """Yield the pause after each attempt, which grows up to a maximum."""
    for attempt in itertools.count():
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt, 16))
        yield longest * random.uniform(0.5, 1)


@contextlib.contextmanager
def _sign_of_life(endpoint: str) -> Iterator[None]:
    """Report a first request that hangs while it still does.

    A store with a wrong address may accept a connection and never answer. Later
    requests may well take some seconds.
    """
    if _contact.answered or _contact.reported:
        yield
        return
    line = f"{endpoint}: the store has not answered yet; waiting"
    timer = threading.Timer(_SILENCE, _report_away, [time.monotonic(), line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _report_away(since: float, line: str) -> None:
    with _reporting:
        if not _contact.reported:
            _contact.reported = True
            _contact.away_since = since
            logger.warning("%s", line)


def _report_back(endpoint: str) -> None:
    _contact.answered = True
    if not _contact.reported:
        return
    with _reporting:
        if _contact.reported:
            _contact.reported = False
            seconds = time.monotonic() - _contact.away_since
            logger.warning("%s: the store answers, after %.0f s", endpoint, seconds)
