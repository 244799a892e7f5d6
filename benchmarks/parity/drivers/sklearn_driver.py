"""Drives a fitted scikit-learn pipeline: PIPELINE MESSAGES. Loading includes the imports; see README.md."""

import sys
import time
from pathlib import Path


def main(pipeline_path: str, messages_path: str) -> None:
    fitted, messages = None, []
    for line in sys.stdin:
        action, *count = line.split()
        if action == "load":
            begun = time.perf_counter_ns()
            import joblib

            fitted = joblib.load(pipeline_path)
            print(time.perf_counter_ns() - begun, flush=True)
            continue
        if not messages:
            lines = Path(messages_path).read_text().split("\n")
            messages = [
                bytes.fromhex(units).decode("utf-16-be", "surrogatepass")
                for units in lines
            ]
        texts = messages[: int(count[0])]
        begun = time.perf_counter_ns()
        found = [fitted.predict([text])[0] for text in texts]
        elapsed = time.perf_counter_ns() - begun
        print(elapsed, *(found.count(label) for label in fitted.classes_), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
