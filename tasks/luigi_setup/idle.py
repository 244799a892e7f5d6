"""How long a worker waits while no worker runs a task of its night."""

import datetime

# Rounds of about a second each. Rounds are counted, not time: a worker that was stopped
# for an hour and continued has not waited.
_ASK_EVERY = 10
_ASK_IN_VAIN = 3


class IdleTime:
    """When a worker without work asks again what is complete, and when it gives up.

    Parameters
    ----------
    limit
        The longest wait.
    round_seconds
        Seconds between two looks for work.
    """

    def __init__(self, limit: datetime.timedelta, round_seconds: float) -> None:
        self.limit = limit
        self._last_round = self.limit.total_seconds() / round_seconds
        self._rounds = 0

    def reset(self) -> None:
        """Begin again: a worker runs a task."""
        self._rounds = 0

    def next_round(self) -> None:
        """Wait for another round."""
        self._rounds += 1

    def asks(self, has_pending: bool) -> bool:
        """Return whether to ask again in this round.

        Parameters
        ----------
        has_pending
            Whether the scheduler has tasks for this worker. Some are retried after a
            delay, or are with a killed worker, so the first question waits. If there
            are none, the scheduler has lost them.
        """
        is_due = self._rounds % _ASK_EVERY == 0
        return is_due and (self._rounds > 0 or not has_pending)

    def is_exhausted(self, has_pending: bool) -> bool:
        """Return whether to give up."""
        if has_pending:
            return self._rounds >= self._last_round
        return self._rounds >= _ASK_EVERY * _ASK_IN_VAIN
