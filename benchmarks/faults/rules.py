"""Which requests to an S3 server go wrong, and how."""

import dataclasses
import enum
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Fault(enum.StrEnum):
    """What happens to a request.

    Attributes
    ----------
    STATUS
        The proxy answers ``Rule.code`` itself.
    RESET
        The connection is reset before the request is forwarded.
    LOST
        The request is forwarded, and the connection is reset in place of the answer.
    CUT
        The answer ends in the middle of its body.
    BREAK
        As `CUT`, and the connection is reset there.
    FLIP
        One bit is changed: of the request's body if it has one, otherwise of the
        answer's.
    DELAY
        The request is forwarded after ``Rule.seconds``.
    HANG
        The request gets no answer for ``Rule.seconds``; then the connection ends.
    STALE
        The answer is the one that the first request with the same URL received.
    """

    STATUS = "status"
    RESET = "reset"
    LOST = "lost"
    CUT = "cut"
    BREAK = "break"
    FLIP = "flip"
    DELAY = "delay"
    HANG = "hang"
    STALE = "stale"


#: The status of each code of an S3 error.
STATUSES = {
    "500": 500,
    "502": 502,
    "503": 503,
    "504": 504,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "RequestTimeout": 400,
    "AccessDenied": 403,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
}


@dataclass(frozen=True)
class Rule:
    """A fault, and the requests that it happens to.

    Attributes
    ----------
    method
        The method of the request; ``LIST`` is a GET of the keys of a bucket, and is no
        ``GET``. None for every request.
    key
        A regular expression that is searched in the decoded path and query.
    every
        Only every n-th of these requests.
    skip
        How many of these requests pass first.
    times
        How often at most; None for no limit.
    code
        For `Fault.STATUS`: a key of `STATUSES`.
    seconds
        For `Fault.DELAY` and `Fault.HANG`.
    bit
        For `Fault.FLIP`: the index of the bit, modulo the bits of the body; None for
        one in the middle.
    """

    fault: Fault
    method: str | None = None
    key: str = ""
    every: int = 1
    skip: int = 0
    times: int | None = None
    code: str = "503"
    seconds: float = 3.0
    bit: int | None = None

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Rule":
        """Return the rule that `to_dict` describes.

        Raises
        ------
        ValueError
            A field is unknown or has no such value.
        """
        unknown = fields.keys() - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        rule = cls(**{**fields, "fault": Fault(fields["fault"])})
        if rule.code not in STATUSES:
            raise ValueError(f"{rule.code}: use one of {', '.join(STATUSES)}")
        re.compile(rule.key)
        return rule

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return dataclasses.asdict(self)

    def matches(self, method: str, target: str) -> bool:
        """Return whether the rule is about this request."""
        if self.method is not None and self.method != method:
            return False
        return re.search(self.key, target) is not None


class RuleBook:
    """Rules, each with the number of requests that it has matched.

    The first rule that applies to a request decides. A rule counts every request that
    it matches and that no earlier rule has decided.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: list[list[Any]] = []

    def replace(self, rules: list[Rule]) -> None:
        """Begin to count for these rules; earlier ones are forgotten."""
        with self._lock:
            self._counted = [[rule, 0, 0] for rule in rules]

    def choose(self, method: str, target: str) -> Rule | None:
        """Return the rule that decides about a request; None if it passes."""
        with self._lock:
            for counted in self._counted:
                rule, seen, applied = counted
                if not rule.matches(method, target):
                    continue
                counted[1] = seen + 1
                if seen < rule.skip or (seen - rule.skip) % rule.every:
                    continue
                if rule.times is not None and applied >= rule.times:
                    continue
                counted[2] = applied + 1
                return rule
        return None

    def applied(self) -> list[int]:
        """Return how often each rule was applied."""
        with self._lock:
            return [counted[2] for counted in self._counted]


def flip_bit(body: bytes, bit: int | None) -> bytes:
    """Return the body with one bit changed.

    Examples
    --------
    >>> flip_bit(b"a", 0)
    b'`'
    """
    if not body:
        return body
    index = len(body) * 4 if bit is None else bit % (len(body) * 8)
    changed = bytearray(body)
    changed[index // 8] ^= 1 << (index % 8)
    return bytes(changed)
