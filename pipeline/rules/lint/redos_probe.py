"""What a rule does to texts, found out in a process that can be killed: a search of `re` may never end."""

import math
import multiprocessing
import re
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from pipeline.rules.lint.redos_inputs import Attack, attacks

LONGEST = (
    100_000  # characters that a message may have: source.max_body_bytes, as it comes
)
ENDLESS = 1.0  # seconds that no search in the longest message may take, where time grows faster than the length
TEDIOUS = 5.0  # the same, where it does not
SLOW = 0.002  # seconds for 1,000 characters of ordinary text: most rules take a fiftieth of it
SCREENED = 200  # characters of every attack; the worst ones then grow
WORST = 3
QUADRUPLED_TO = 6400
LONG_ENOUGH = 0.03  # seconds after which growth has shown enough
FASTER_THAN_LINEAR = (
    1.5  # exponent of the growth: 1 is linear, 2 quadratic; measurements are not exact
)


@dataclass(frozen=True)
class Question:
    """A pattern that compiles, and the texts to try it on."""

    pattern: str
    matches: tuple[str, ...]
    near_misses: tuple[str, ...]
    ordinary: str


class Prober:
    """The process; a context manager. It is started when it is needed, and anew after it was killed."""

    def __init__(self) -> None:
        self._process: multiprocessing.Process | None = None
        self._end: Connection | None = None

    def __enter__(self) -> "Prober":
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def problems(self, question: Question, budget: float) -> list[str]:
        """What is wrong with the pattern and what would be right, a problem a line.

        The process may compute for ``budget`` seconds: however busy the machine is, that ends nothing.
        """
        if self._process is None:
            self._start()
        self._end.send((question, budget))
        problems, step = [], ""
        while True:
            try:
                kind, text = self._end.recv()
            except EOFError:
                self._process.join()
                code = self._process.exitcode
                self._kill()
                if code == -signal.SIGPROF:
                    return [
                        *problems,
                        f"catastrophic: no answer in {budget:g} s on {step}; {_REMEDY}",
                    ]
                return [
                    *problems,
                    f"the process that tried it on {step} crashed; simplify the pattern",
                ]
            if kind == "done":
                return problems
            if kind == "step":
                step = text
            else:
                problems.append(text)

    def _start(self) -> None:
        # Not forked: whoever asks may have threads, a progress bar for one.
        context = multiprocessing.get_context("spawn")
        self._end, theirs = context.Pipe()
        self._process = context.Process(target=_answer, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._end.recv()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._end.close()
            self._process = None


_REMEDY = "let no two repeats take the same text, bound the gaps such as .{0,40}"


def _answer(end: Connection) -> None:
    """What the process does: it says that it is there, then answers questions for as long as there are any."""
    end.send(("done", ""))
    while True:
        try:
            question, budget = end.recv()
        except EOFError:
            return
        # Nobody handles the signal: it ends the process, in the midst of a search.
        signal.setitimer(signal.ITIMER_PROF, budget)
        try:
            for answer in _examine(question):
                end.send(answer)
        except (RecursionError, MemoryError):
            end.send(
                (
                    "problem",
                    "is nested too deeply to be examined; write it with fewer groups inside groups",
                )
            )
        signal.setitimer(signal.ITIMER_PROF, 0)
        end.send(("done", ""))


def _examine(question: Question) -> Iterator[tuple[str, str]]:
    """Steps, each told before it is taken, and problems."""
    pattern = re.compile(question.pattern, re.IGNORECASE)
    yield "step", "the empty string"
    if pattern.search(""):
        yield (
            "problem",
            "matches the empty string, so every message; make a part of it obligatory",
        )
    yield "step", "its examples"
    for name, texts, wanted, remedy in (
        ("matches", question.matches, True, "must be matched"),
        ("near_misses", question.near_misses, False, "must not be matched"),
    ):
        for number, text in enumerate(texts, 1):
            if bool(pattern.search(text)) != wanted:
                yield (
                    "problem",
                    f"example {number} of {name} {remedy}; mend the pattern or the example",
                )
    yield "step", "ordinary text"
    seconds = (
        min(_seconds(pattern, question.ordinary) for _ in range(3))
        * 1_000
        / max(1, len(question.ordinary))
    )
    if seconds > SLOW:
        yield (
            "problem",
            f"slow: {1_000 * seconds:.1f} ms for 1,000 characters of ordinary text, {1_000 * SLOW:g} ms are enough; "
            "begin with a word, bound the gaps",
        )
    yield from _attacked(pattern, attacks(question.pattern))


def _attacked(
    pattern: re.Pattern[str], texts: Sequence[Attack]
) -> Iterator[tuple[str, str]]:
    """At most one problem, of the first attack that shows one."""
    screened = []
    for attack in texts:
        yield "step", str(attack)
        screened.append((_seconds(pattern, attack.text(SCREENED)), attack))
    for _, attack in sorted(screened, key=lambda each: -each[0])[:WORST]:
        yield "step", str(attack)
        length, now, quarter = _quadrupled(pattern, attack)
        growth = now / quarter
        exponent = max(1.0, math.log(growth, 4))
        at_longest = now * (LONGEST / length) ** exponent
        faster = exponent > FASTER_THAN_LINEAR
        if at_longest > (ENDLESS if faster else TEDIOUS):
            measured = (
                f"{now:.2g} s for {length:,} characters of {attack}, "
                f"{growth:.0f} times that of a quarter of them"
            )
            yield (
                "problem",
                f"{'catastrophic' if faster else 'slow'}: {measured}; {_REMEDY}",
            )
            return


def _quadrupled(pattern: re.Pattern[str], attack: Attack) -> tuple[int, float, float]:
    """A length at which the growth shows, the seconds that a search takes there, and those at a quarter of it."""
    length, times = SCREENED, []
    while True:
        # The least of three: whatever else the machine does makes it longer.
        times.append(min(_seconds(pattern, attack.text(length)) for _ in range(3)))
        if len(times) > 2 and (times[-1] > LONG_ENOUGH or length >= QUADRUPLED_TO):
            return length, times[-1], times[-3]
        length *= 2


def _seconds(pattern: re.Pattern[str], text: str) -> float:
    """Of this thread alone: others may be busy."""
    start = time.thread_time()
    pattern.search(text)
    return max(time.thread_time() - start, 1e-7)
