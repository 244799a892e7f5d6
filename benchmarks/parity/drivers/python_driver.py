"""Drives the Python scorer: SCORER MODEL MESSAGES. See README.md.

It needs the standard library only.
"""

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(scorer_path: str, model_path: str, messages_path: str) -> None:
    """Answer the lines of standard input."""
    spec = importlib.util.spec_from_file_location("nightsieve_scorer", scorer_path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = Path(model_path).read_bytes()
    scorer = None
    messages: list[str] = []
    for line in sys.stdin:
        action, *count = line.split()
        if action == "load":
            started = time.perf_counter_ns()
            scorer = module.load(model)
            print(time.perf_counter_ns() - started, flush=True)
            continue
        if not messages:
            messages = read_messages(messages_path)
        assert scorer is not None
        score = scorer.label if action == "label" else label_by_evaluating(scorer)
        counts = dict.fromkeys(scorer.labels, 0)
        started = time.perf_counter_ns()
        for message in messages[: int(count[0])]:
            counts[score(message)] += 1
        print(time.perf_counter_ns() - started, *counts.values(), flush=True)


def label_by_evaluating(scorer: Any) -> Callable[[str], str]:
    """Return a function that finds tokens, sums and scores with the label."""

    def label(text: str) -> str:
        return scorer.evaluate(text).label

    return label


def read_messages(path: str) -> list[str]:
    """Return the messages of a file, of which a line is code units in hexadecimal."""
    lines = Path(path).read_text().split("\n")
    return [bytes.fromhex(line).decode("utf-16-be", "surrogatepass") for line in lines]


if __name__ == "__main__":
    main(*sys.argv[1:])
