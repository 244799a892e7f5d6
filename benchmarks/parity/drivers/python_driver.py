"""Drives the Python scorer: SCORER MODEL MESSAGES. Standard library only; see README.md."""

import importlib.util
import sys
import time
from pathlib import Path


def main(scorer_path, model_path, messages_path):
    spec = importlib.util.spec_from_file_location("nightsieve_scorer", scorer_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = Path(model_path).read_bytes()
    scorer, messages = None, []
    for line in sys.stdin:
        action, *count = line.split()
        if action == "load":
            begun = time.perf_counter_ns()
            scorer = module.load(model)
            print(time.perf_counter_ns() - begun, flush=True)
            continue
        if not messages:
            lines = Path(messages_path).read_text().split("\n")
            messages = [
                bytes.fromhex(units).decode("utf-16-be", "surrogatepass")
                for units in lines
            ]
        score = scorer.label if action == "label" else _evaluated(scorer)
        tally = dict.fromkeys(scorer.labels, 0)
        begun = time.perf_counter_ns()
        for message in messages[: int(count[0])]:
            tally[score(message)] += 1
        print(time.perf_counter_ns() - begun, *tally.values(), flush=True)


def _evaluated(scorer):
    return lambda text: scorer.evaluate(text).label


if __name__ == "__main__":
    main(*sys.argv[1:])
