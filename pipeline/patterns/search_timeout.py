"""An end to searches of `re` that would go on for longer than a night: catastrophic backtracking."""

import itertools
import re
import signal
from collections import Counter
from types import FrameType

TURNS = 4  # looks at the clock within the time that one search may take
SEARCHES = 20  # the searches of one pattern may take as long as so many that take all the time that one may


class Endless(Exception):
    """A search took too long, or the searches of one pattern did; says so, and what would be right, in two lines."""


class Watch:
    """Searches, each of which is ended after ``seconds`` (up to a quarter more); a context manager.

    All searches of one pattern together end after ``in_all`` seconds, by default 20 times as many: what takes a little
    less than it may, for every message, has no end either. Seconds are those that the process computes for, so a busy
    machine ends nothing.

    It uses the process's virtual timer, as `re` looks for signals while it searches, so it must be entered in the main
    thread: there Luigi runs its tasks. Each time that the timer runs out, the pattern under way has taken that long, as
    in a sampling profiler: a search itself costs two assignments more.

    Raises
    ------
    Endless : from `found` and `places`.
    """

    def __init__(self, seconds: float, in_all: float | None = None):
        self._seconds, self._in_all = (
            seconds,
            SEARCHES * seconds if in_all is None else in_all,
        )
        self._turn = seconds / TURNS
        self._under_way: re.Pattern[str] | None = None
        self._searches = 0
        self._seen, self._turns = (
            0,
            0,
        )  # the search that was under way at the last turn, and for how many it has been
        self._of_pattern: Counter[re.Pattern[str]] = Counter()

    def __enter__(self) -> "Watch":
        self._before = signal.signal(signal.SIGVTALRM, self._alarm)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._turn, self._turn)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, self._before)

    def found(self, pattern: re.Pattern[str], text: str) -> bool:
        """Whether the pattern is found in the text."""
        self._searches += 1
        self._under_way = pattern
        try:
            return pattern.search(text) is not None
        finally:
            self._under_way = None

    def places(
        self, pattern: re.Pattern[str], text: str, most: int
    ) -> list[re.Match[str]]:
        """Where the pattern is found in the text, one after another, ``most`` of them; all of it counts as a search."""
        self._searches += 1
        self._under_way = pattern
        try:
            return list(itertools.islice(pattern.finditer(text), most))
        finally:
            self._under_way = None

    def _alarm(self, _number: int, _frame: FrameType | None) -> None:
        pattern = self._under_way
        if pattern is None:
            return
        self._turns = self._turns + 1 if self._searches == self._seen else 0
        self._seen = self._searches
        self._of_pattern[pattern] += 1
        if self._turns >= TURNS:
            raise Endless(
                f"its search in one message did not end in {self._seconds:g} s\n"
                "catastrophic backtracking: rewrite the pattern so that no repeat can split the same text in two ways"
            )
        if self._of_pattern[pattern] * self._turn > self._in_all:
            raise Endless(
                f"its searches took more than {self._in_all:g} s in all\n"
                "rewrite the pattern so that it begins with a word and its gaps have a bound, such as .{0,40}"
            )
