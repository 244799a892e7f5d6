"""Drives a fitted scikit-learn pipeline: PIPELINE MESSAGES. See README.md.

Loading includes the imports.
"""

import sys
import time

from benchmarks.parity.drivers.python_driver import read_messages


def main(pipeline_path: str, messages_path: str) -> None:
    """Answer the lines of standard input."""
    fitted = None
    messages: list[str] = []
    for line in sys.stdin:
        action, *count = line.split()
        if action == "load":
            started = time.perf_counter_ns()
            import joblib  # noqa: PLC0415  # the import is a part of loading

            fitted = joblib.load(pipeline_path)
            print(time.perf_counter_ns() - started, flush=True)
            continue
        if not messages:
            messages = read_messages(messages_path)
        assert fitted is not None
        texts = messages[: int(count[0])]
        started = time.perf_counter_ns()
        labels = [fitted.predict([text])[0] for text in texts]
        nanoseconds = time.perf_counter_ns() - started
        counts = [labels.count(label) for label in fitted.classes_]
        print(nanoseconds, *counts, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
