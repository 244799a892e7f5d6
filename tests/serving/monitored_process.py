"""A process that counts for a service; a test tells it line by line what happens.

Each line is a JSON list of a word and its arguments; the answer is a line of JSON.
"""

import datetime
import json
import sys
from pathlib import Path

from nightsieve.serving.contract.prediction import predict
from nightsieve.serving.contract.preparation import Message, ServedModel, prepare_model
from nightsieve.serving.contract.preprocessing import preprocess
from nightsieve.serving.monitoring.monitor import Monitor
from pipeline.records.reference import Reference

NIGHT = datetime.date(2026, 11, 20)


def main() -> None:
    """Do what each line says."""
    monitor = Monitor()
    served: ServedModel | None = None
    for line in sys.stdin:
        word, *arguments = json.loads(line)
        answer = ""
        match word, arguments:
            case "load", [path, serial, reference]:
                served = prepare_model(Path(path).read_bytes(), serial)
                expected = reference and Reference.from_json(reference.encode())
                monitor.model_changed(served, expected or None, NIGHT)
            case "predict", texts:
                assert served is not None
                preprocessed = preprocess(served, [Message(None, t) for t in texts])
                monitor.predicted(served, preprocessed, predict(served, preprocessed))
            case "correct", [agrees]:
                monitor.corrected(agrees)
            case "begin", []:
                monitor.request_started()
            case "page", []:
                answer = monitor.exposition().body.decode()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
