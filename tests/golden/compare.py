"""Expectations: how they are written, read and compared with an observation."""

import json
import os.path
from dataclasses import dataclass
from pathlib import Path

from tests.golden.observe import Observation

RULES = "leaves.rules.rules."  # all leaves of a rule are one line of the file
ABSENT = "-"
CONTEXT = 20  # characters shown before the first that differs
SHOWN = 80  # characters shown of a value


@dataclass(frozen=True)
class Difference:
    """A path whose value is not the expected one, both values as JSON or a dash."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        common = os.path.commonprefix([self.expected, self.got])
        start = max(0, len(common) - CONTEXT)
        expected, got = (_excerpt(text, start) for text in (self.expected, self.got))
        return f"{self.path}: expected {expected}, got {got}"


def write_expectation(file: Path, observed: Observation) -> None:
    """Write an observation, one entry a line."""
    entries: Observation = {}
    leaves_by_rule: dict[str, Observation] = {}
    for path, value in observed.items():
        rule, _, rest = path.removeprefix(RULES).partition(".")
        if path.startswith(RULES) and rest:
            leaves = leaves_by_rule.setdefault(rule, {})
            leaves[rest] = value
            entries[f"{RULES}{rule}"] = leaves
        else:
            entries[path] = value
    lines = [f"{json.dumps(path)}: {_text(value)}" for path, value in entries.items()]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_expectation(file: Path) -> Observation:
    """Return the observation that was written."""
    expected: Observation = {}
    for path, value in json.loads(file.read_text(encoding="utf-8")).items():
        if path.startswith(RULES) and isinstance(value, dict):
            expected |= {f"{path}.{rest}": leaf for rest, leaf in value.items()}
        else:
            expected[path] = value
    return expected


def differences(expected: Observation, observed: Observation) -> list[Difference]:
    """Return every difference, in the order of the expectation."""
    return [
        Difference(path, _at(expected, path), _at(observed, path))
        for path in {**expected, **observed}
        if _at(expected, path) != _at(observed, path)
    ]


def _at(entries: Observation, path: str) -> str:
    return _text(entries[path]) if path in entries else ABSENT


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _excerpt(text: str, start: int) -> str:
    end = start + SHOWN
    before = "..." if start else ""
    after = "..." if end < len(text) else ""
    return f"{before}{text[start:end]}{after}"
