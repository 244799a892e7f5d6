"""An end to searches of `re` that would go on for longer than a night: catastrophic backtracking."""

import re
import signal
from types import FrameType


class Endless(Exception):
    """A search took too long."""


class Watch:
    """Searches, each of which is ended after ``seconds`` (up to twice as many); a context manager.

    It uses the process's alarm, as `re` looks for signals while it searches, so it must be entered in the main thread:
    there Luigi runs its tasks.

    Raises
    ------
    Endless : from `found`.
    """

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._searches = 0
        self._at_last_alarm = -1

    def __enter__(self) -> "Watch":
        self._before = signal.signal(signal.SIGALRM, self._alarm)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, self._seconds)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def found(self, pattern: re.Pattern[str], text: str) -> bool:
        """Whether the pattern is found in the text."""
        self._searches += 1
        found = pattern.search(text) is not None
        self._searches += 1
        return found

    def _alarm(self, _number: int, _frame: FrameType | None) -> None:
        # Odd: a search is under way. The same as at the last alarm: it has been for all that time.
        if self._searches % 2 and self._searches == self._at_last_alarm:
            raise Endless
        self._at_last_alarm = self._searches
