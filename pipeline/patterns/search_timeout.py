"""End searches of `re` after a timeout.

Without it, a search may backtrack for longer than a night lasts.
"""

import itertools
import re
import signal
import threading
from collections import Counter
from types import FrameType

TICKS = 4  # of the timer within the timeout of one search
SLOW_SEARCHES = 20  # searches of one pattern that may each use up their timeout


# Like subprocess.TimeoutExpired, it is named for the event.
class SearchTimeout(Exception):  # noqa: N818
    """One search, or all searches of one pattern, took too long.

    The message has two lines: what took too long, and how to rewrite the pattern.
    """


class SearchTimer:
    """A context manager whose searches raise `SearchTimeout` instead of going on.

    Parameters
    ----------
    timeout
        CPU seconds of this process for one search; it may take up to a quarter more.
    total_timeout
        CPU seconds for all searches of one pattern, by default 20 times ``timeout``.
        Without it, searches that each end just in time would add up without a bound.

    Notes
    -----
    The virtual timer of the process interrupts `re`, which looks for signals while it
    searches. Python handles signals in the main thread, so the timer must be entered
    there. Like a sampling profiler, it charges each tick to the pattern that is being
    searched for, which costs a search no more than two assignments.

    Examples
    --------
    >>> with SearchTimer(timeout=0.1) as timer:
    ...     timer.search(re.compile("pri[sz]e"), "a free prize")
    <re.Match object; span=(7, 12), match='prize'>
    """

    def __init__(self, timeout: float, total_timeout: float | None = None) -> None:
        if total_timeout is None:
            total_timeout = SLOW_SEARCHES * timeout
        self._timeout = timeout
        self._total_timeout = total_timeout
        self._tick_seconds = timeout / TICKS
        self._current_pattern: re.Pattern[str] | None = None
        self._search_count = 0
        self._search_at_last_tick = 0
        self._ticks_of_search = 0
        self._ticks_of_pattern: Counter[re.Pattern[str]] = Counter()

    def __enter__(self) -> "SearchTimer":
        """Start the timer.

        Raises
        ------
        RuntimeError
            This is not the main thread.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "SearchTimer needs the signal SIGVTALRM, which Python handles in the "
                "main thread only; search in the main thread of a process"
            )
        self._previous_handler = signal.signal(signal.SIGVTALRM, self._on_tick)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._tick_seconds, self._tick_seconds)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, self._previous_handler)

    def search(self, pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
        """Return the first match of the pattern in the text, as `re.search` does.

        Raises
        ------
        SearchTimeout
            The search, or all searches of this pattern, took too long.
        """
        self._search_count += 1
        self._current_pattern = pattern
        try:
            return pattern.search(text)
        finally:
            self._current_pattern = None

    def find_all(
        self, pattern: re.Pattern[str], text: str, limit: int
    ) -> list[re.Match[str]]:
        """Return the first matches of the pattern in the text, at most ``limit``.

        Raises
        ------
        SearchTimeout
            All of these matches together, or all searches, took too long.
        """
        self._search_count += 1
        self._current_pattern = pattern
        try:
            return list(itertools.islice(pattern.finditer(text), limit))
        finally:
            self._current_pattern = None

    def _on_tick(self, _signal: int, _frame: FrameType | None) -> None:
        pattern = self._current_pattern
        if pattern is None:
            return
        if self._search_count == self._search_at_last_tick:
            self._ticks_of_search += 1
        else:
            self._ticks_of_search = 0
        self._search_at_last_tick = self._search_count
        self._ticks_of_pattern[pattern] += 1
        if self._ticks_of_search >= TICKS:
            raise SearchTimeout(
                f"its search in one message did not end in {self._timeout:g} s\n"
                "catastrophic backtracking: rewrite the pattern so that no repeat can "
                "split the same text in two ways"
            )
        if self._ticks_of_pattern[pattern] * self._tick_seconds > self._total_timeout:
            raise SearchTimeout(
                f"its searches took more than {self._total_timeout:g} s in all\n"
                "rewrite the pattern so that it begins with a word and its gaps have "
                "a bound, such as .{0,40}"
            )
