"""Try a pattern on texts in a process that can be killed.

A search may never end.
"""

import math
import multiprocessing
import re
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from pipeline.rules.lint.redos_inputs import RedosInput, redos_inputs

# Characters that a message may have: source.max_body_bytes, as it comes.
MAX_MESSAGE = 100_000
# CPU seconds that a search in the longest message may take, where the time grows
# faster than the length, and where it does not.
MAX_SECONDS_SUPERLINEAR = 1.0
MAX_SECONDS_LINEAR = 5.0
# CPU seconds for 1,000 characters of ordinary text. Most rules take a fiftieth of it.
MAX_SECONDS_ORDINARY = 0.002
SCREENED_LENGTH = 200  # characters of every input; the slowest inputs then grow
SLOWEST = 3
MAX_LENGTH = 6400  # of inputs that grow
ENOUGH_SECONDS = 0.03  # after which the growth has shown enough
# The exponent of the growth: 1 is linear, 2 quadratic; measurements are not exact.
SUPERLINEAR = 1.5
REMEDY = "let no two repeats match the same text, and bound gaps, such as .{0,40}"
MEASURED_LENGTHS = 3  # the last, its half and its quarter, at least


@dataclass(frozen=True)
class ProbeRequest:
    """A pattern that compiles, and the texts to try it on."""

    pattern: str
    matches: tuple[str, ...]
    near_misses: tuple[str, ...]
    ordinary_text: str


class _Kind(Enum):
    STEP = auto()  # what the process is about to do
    PROBLEM = auto()
    DONE = auto()


@dataclass(frozen=True)
class _Message:
    kind: _Kind
    text: str = ""


class ProbeProcess:
    """The process; a context manager.

    It starts when it is first needed, and again after it was killed.
    """

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> "ProbeProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def problems(self, request: ProbeRequest, budget: float) -> list[str]:
        """Return a line for each problem of the pattern: what is wrong, what to do.

        Parameters
        ----------
        budget
            CPU seconds of the process. They do not depend on the load of the machine.
        """
        connection = self._connection or self._start()
        connection.send((request, budget))
        problems: list[str] = []
        step = ""
        while True:
            try:
                message = connection.recv()
            except EOFError:
                return [*problems, self._reason_of_end(step, budget)]
            match message.kind:
                case _Kind.DONE:
                    return problems
                case _Kind.STEP:
                    step = message.text
                case _Kind.PROBLEM:
                    problems.append(message.text)

    def _start(self) -> Connection:
        # Not forked: this process may have threads, such as a progress bar's.
        context = multiprocessing.get_context("spawn")
        self._connection, child_connection = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(child_connection,), daemon=True
        )
        self._process.start()
        child_connection.close()
        self._connection.recv()
        return self._connection

    def _reason_of_end(self, step: str, budget: float) -> str:
        """Clear up the process, which ends by itself, and return the reason."""
        if self._process is not None:
            self._process.join()
        exit_code = self._kill()
        if exit_code == -signal.SIGPROF:
            return f"catastrophic: no answer in {budget:g} s on {step}; {REMEDY}"
        return f"pattern: crashed a search in {step}; simplify the pattern"

    def _kill(self) -> int | None:
        """End the process if it runs; return its exit code."""
        if self._process is None:
            return None
        if self._connection is not None:
            self._connection.close()
        self._process.kill()
        self._process.join()
        exit_code = self._process.exitcode
        self._process = None
        self._connection = None
        return exit_code


def _serve(connection: Connection) -> None:
    """Say that the process is ready, then answer requests until there are no more."""
    connection.send(_Message(_Kind.DONE))
    while True:
        try:
            request, budget = connection.recv()
        except EOFError:
            return
        # Nothing handles the signal: it ends the process in the midst of a search.
        signal.setitimer(signal.ITIMER_PROF, budget)
        try:
            for message in _probe(request):
                connection.send(message)
        except (RecursionError, MemoryError):
            problem = (
                "pattern: nested too deeply to be examined; write it with fewer groups "
                "inside groups"
            )
            connection.send(_Message(_Kind.PROBLEM, problem))
        signal.setitimer(signal.ITIMER_PROF, 0)
        connection.send(_Message(_Kind.DONE))


def _probe(request: ProbeRequest) -> Iterator[_Message]:
    """Yield each step before it is taken, and problems."""
    pattern = re.compile(request.pattern, re.IGNORECASE)
    yield _Message(_Kind.STEP, "the empty string")
    if pattern.search(""):
        yield _Message(
            _Kind.PROBLEM,
            "pattern: matches the empty string, so every message; make a part of it "
            "obligatory",
        )
    yield _Message(_Kind.STEP, "its examples")
    yield from _failed_examples(pattern, request)
    yield _Message(_Kind.STEP, "ordinary text")
    characters = max(1, len(request.ordinary_text))
    seconds = _fastest(pattern, request.ordinary_text) * 1_000 / characters
    if seconds > MAX_SECONDS_ORDINARY:
        yield _Message(
            _Kind.PROBLEM,
            f"slow: {1_000 * seconds:.1f} ms for 1,000 characters of ordinary text, "
            f"where the maximum is {1_000 * MAX_SECONDS_ORDINARY:g} ms; begin with a "
            "word, and bound gaps",
        )
    yield from _slow_input(pattern, redos_inputs(request.pattern))


def _failed_examples(
    pattern: re.Pattern[str], request: ProbeRequest
) -> Iterator[_Message]:
    for position, text in enumerate(request.matches, 1):
        if not pattern.search(text):
            yield _Message(
                _Kind.PROBLEM,
                f"matches: example {position} is not matched; fix the pattern or the "
                "example",
            )
    for position, text in enumerate(request.near_misses, 1):
        if pattern.search(text):
            yield _Message(
                _Kind.PROBLEM,
                f"near_misses: example {position} is matched; fix the pattern or the "
                "example",
            )


def _slow_input(
    pattern: re.Pattern[str], inputs: Sequence[RedosInput]
) -> Iterator[_Message]:
    """Yield steps, and the problem of the first input that shows one, if any."""
    screened: list[tuple[float, RedosInput]] = []
    for redos_input in inputs:
        yield _Message(_Kind.STEP, str(redos_input))
        seconds = _seconds(pattern, redos_input.text(SCREENED_LENGTH))
        screened.append((seconds, redos_input))
    screened.sort(key=_screened_seconds, reverse=True)
    for _, redos_input in screened[:SLOWEST]:
        yield _Message(_Kind.STEP, str(redos_input))
        growth = _Growth.measure(pattern, redos_input)
        limit = MAX_SECONDS_SUPERLINEAR if growth.is_superlinear else MAX_SECONDS_LINEAR
        if growth.seconds_at(MAX_MESSAGE) > limit:
            severity = "catastrophic" if growth.is_superlinear else "slow"
            problem = (
                f"{severity}: {growth.seconds:.2g} s for {growth.length:,} characters "
                f"of {redos_input}, {growth.factor:.0f} times that of a quarter of "
                f"them; {REMEDY}"
            )
            yield _Message(_Kind.PROBLEM, problem)
            return


def _screened_seconds(screened: tuple[float, RedosInput]) -> float:
    seconds, _ = screened
    return seconds


@dataclass(frozen=True)
class _Growth:
    """How the time of a search grows with its text.

    Attributes
    ----------
    length, seconds
        A length at which the growth shows, and the time of a search there.
    seconds_at_quarter
        The time of a search at a quarter of the length.
    """

    length: int
    seconds: float
    seconds_at_quarter: float

    @classmethod
    def measure(cls, pattern: re.Pattern[str], redos_input: RedosInput) -> "_Growth":
        length = SCREENED_LENGTH
        times = [_fastest(pattern, redos_input.text(length))]
        while len(times) < MEASURED_LENGTHS or (
            times[-1] <= ENOUGH_SECONDS and length < MAX_LENGTH
        ):
            length *= 2
            times.append(_fastest(pattern, redos_input.text(length)))
        return cls(length, times[-1], times[-3])

    @property
    def factor(self) -> float:
        return self.seconds / self.seconds_at_quarter

    @property
    def exponent(self) -> float:
        return max(1.0, math.log(self.factor, 4))

    @property
    def is_superlinear(self) -> bool:
        return self.exponent > SUPERLINEAR

    def seconds_at(self, length: int) -> float:
        return self.seconds * (length / self.length) ** self.exponent


def _fastest(pattern: re.Pattern[str], text: str) -> float:
    """Return the minimum of three times: other processes only slow a search down."""
    return min(_seconds(pattern, text) for _ in range(3))


def _seconds(pattern: re.Pattern[str], text: str) -> float:
    """Return the CPU seconds of a search, without those of other threads."""
    start = time.thread_time()
    pattern.search(text)
    return max(time.thread_time() - start, 1e-7)
