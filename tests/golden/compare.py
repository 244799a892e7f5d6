"""Write and read expectations, and compare them with an observation."""

import json
import os.path
from dataclasses import dataclass
from pathlib import Path

from tests.golden.observe import Observation

#: All leaves of a rule are one line of the file.
RULES = "leaves.rules.rules."
ABSENT = "-"
#: Characters that are shown before the first one that differs.
CONTEXT = 20
#: Characters that are shown of a value.
SHOWN = 80


@dataclass(frozen=True)
class Difference:
    """A path whose value is not the expected one; the values are JSON, or a dash."""

    path: str
    expected: str
    observed: str

    def __str__(self) -> str:
        # The prefix of two texts, character by character, is what we want here.
        common = os.path.commonprefix(  # noqa: RUF071
            [self.expected, self.observed]
        )
        start = max(0, len(common) - CONTEXT)
        expected = _excerpt(self.expected, start)
        observed = _excerpt(self.observed, start)
        return f"{self.path}: expected {expected}, got {observed}"


def write_expectation(file: Path, observed: Observation) -> None:
    """Write an observation, with one line for each entry."""
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
            for rest, leaf in value.items():
                expected[f"{path}.{rest}"] = leaf
        else:
            expected[path] = value
    return expected


def differences(expected: Observation, observed: Observation) -> list[Difference]:
    """Return every difference, in the order of the expectation."""
    differing = []
    for path in {**expected, **observed}:
        expected_text = _text_at(expected, path)
        observed_text = _text_at(observed, path)
        if expected_text != observed_text:
            differing.append(Difference(path, expected_text, observed_text))
    return differing


def _text_at(entries: Observation, path: str) -> str:
    return _text(entries[path]) if path in entries else ABSENT


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _excerpt(text: str, start: int) -> str:
    end = start + SHOWN
    before = "..." if start else ""
    after = "..." if end < len(text) else ""
    return f"{before}{text[start:end]}{after}"
