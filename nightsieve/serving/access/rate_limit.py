"""How often a caller may ask: a token bucket for each caller, in memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass

#: Above this number of buckets, those that are full are forgotten.
_MAX_BUCKETS = 1_000


@dataclass
class _Bucket:
    """What a caller may still ask at once, and when that was."""

    level: float
    at: float


class RateLimit:
    """Allows each caller a rate on average, and one second's worth of it at once.

    It counts the requests of one process.

    Parameters
    ----------
    per_second
        Requests per second. Less than 1 is a request every few seconds.
    clock
        Seconds that only grow.

    Examples
    --------
    >>> limit = RateLimit(per_second=2, clock=lambda: 0.0)
    >>> [limit.take("inbox") for _ in range(3)]
    [0.0, 0.0, 0.5]
    """

    def __init__(
        self, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_second
        self._capacity = max(1.0, per_second)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, caller: str) -> float:
        """Count a request of a caller.

        Returns
        -------
        float
            0 if it is allowed; otherwise the seconds until one is.
        """
        now = self._clock()
        bucket = self._buckets.get(caller)
        if bucket is None:
            self._forget_full(now)
            bucket = self._buckets[caller] = _Bucket(self._capacity, now)
        bucket.level = self._level(bucket, now)
        bucket.at = now
        if bucket.level >= 1:
            bucket.level -= 1
            return 0.0
        return (1 - bucket.level) / self._rate

    def _level(self, bucket: _Bucket, now: float) -> float:
        return min(self._capacity, bucket.level + (now - bucket.at) * self._rate)

    def _forget_full(self, now: float) -> None:
        """Forget callers for whom a new bucket would be the same."""
        if len(self._buckets) < _MAX_BUCKETS:
            return
        self._buckets = {
            caller: bucket
            for caller, bucket in self._buckets.items()
            if self._level(bucket, now) < self._capacity
        }
