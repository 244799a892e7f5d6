"""Requests that are sent to a service, and what became of them."""

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

JSON_HEADERS = {"Content-Type": "application/json"}


class Call(NamedTuple):
    """A request, and what must come back.

    Attributes
    ----------
    kind
        What the figures are grouped by.
    expected
        The statuses that are right.
    """

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    expected: tuple[int, ...]


class Sample(NamedTuple):
    """A request that was sent.

    Attributes
    ----------
    seconds
        From when it was due until its answer was read.
    status
        0 without an answer.
    """

    kind: str
    seconds: float
    status: int
    is_right: bool


def single_calls(texts: list[str]) -> Iterator[Call]:
    """Yield requests for one prediction each."""
    return _prediction_calls("single", [[text] for text in texts])


def batch_calls(texts: list[str], size: int) -> Iterator[Call]:
    """Yield requests for many predictions each."""
    batches = [texts[i : i + size] for i in range(0, len(texts) - size + 1, size)]
    return _prediction_calls("batch", batches)


def _prediction_calls(kind: str, batches: list[list[str]]) -> Iterator[Call]:
    bodies = []
    for batch in batches:
        messages = [{"id": str(n), "text": text} for n, text in enumerate(batch)]
        bodies.append(json.dumps({"messages": messages}).encode())
    for body in itertools.cycle(bodies):
        yield Call(kind, "POST", "/v1/predictions", JSON_HEADERS, body, (200,))


def write_calls(calls: Sequence[Call], path: Path) -> None:
    """Write calls for another process."""
    entries = []
    for call in calls:
        body = None if call.body is None else call.body.decode()
        entries.append(call._replace(body=body))  # type: ignore[arg-type]
    path.write_text(json.dumps(entries))


def read_calls(path: Path) -> list[Call]:
    """Return what `write_calls` wrote."""
    calls = []
    for entry in json.loads(path.read_text()):
        kind, method, call_path, headers, body, expected = entry
        content = None if body is None else body.encode()
        calls.append(Call(kind, method, call_path, headers, content, tuple(expected)))
    return calls
