"""The same messages through each way to a prediction: the same labels and scores.

The ways are ``nightsieve score``, the service, the packaged Lambda function, and what
the task of the example inbox calls. ``nightsieve score`` reads one text a line, so a
line break in a text becomes a blank there, and a lone surrogate U+FFFD: the text
contract reads both so.
"""

import argparse
import http.client
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from benchmarks.harness import command, corpus, machine
from benchmarks.harness.processes import program
from benchmarks.harness.results import write_result
from benchmarks.serving import servers
from benchmarks.serving.calls import JSON_HEADERS
from benchmarks.serving.records import ParityResult
from benchmarks.serving.tables import parity_table
from benchmarks.serving.trained import prepare
from nightsieve.serving.contract.preparation import prepare_model

BATCH = 1000
INBOX = machine.ROOT / "examples" / "django-inbox" / "inbox" / "labelling.py"
NASTY = (
    "",
    " ",
    "\0",
    "free\0win",
    "\ud83d",
    "\udd11 free \ud83d",
    "fr\u200dee \ufe0f win",
    "e\u0301\u0301" * 50,
    "İIıi ΣΑΣ ß ẞ ŉ ǰ",  # noqa: RUF001
    "\u2028free\u3000win\x85",
    "two\nlines\r\nand \r one",
    "code " * 5000,
    "\U0010ffff",
    "１２３ ٤٥٦ 𝟜𝟝𝟞",  # noqa: RUF001
)
# Runs in an interpreter that has nothing but the extracted package.
LAMBDA_CODE = """if True:
    import json, sys
    sys.path.insert(0, sys.argv[1])
    import lambda_function
    for line in sys.stdin:
        result = lambda_function.lambda_handler(json.loads(line), None)
        print(json.dumps(result))
"""

Prediction = tuple[str, dict[str, float]]
"""A label, and the score of each label."""


def main() -> None:
    """Compare, and write ``serving_parity.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    texts = [*NASTY, *drawn.texts][: arguments.messages]
    with command.temporary_folder() as folder:
        model = prepare(folder, drawn, arguments.terms).model
        expected = list(_by_score(model, texts))
        differences = {}
        for name, predict in WAYS.items():
            with command.announced(name):
                predictions = list(predict(model, texts, folder))
            pairs = zip(predictions, expected, strict=True)
            differences[name] = sum(ours != theirs for ours, theirs in pairs)
    result = ParityResult(
        run=machine.describe_run(),
        sources={**drawn.sources, "nasty": len(NASTY)},
        messages=len(texts),
        differences=differences,
    )
    write_result("serving_parity", result, arguments.output)
    print(parity_table(result))


def _by_score(model: Path, texts: list[str]) -> Iterator[Prediction]:
    lines = [_line(text) for text in texts]
    done = subprocess.run(
        [program("nightsieve"), "score", str(model)],
        input=b"".join(lines),
        stdout=subprocess.PIPE,
        check=True,
    )
    for line in done.stdout.splitlines():
        result = json.loads(line)
        yield result["label"], result["scores"]


def _line(text: str) -> bytes:
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\n", " ").replace("\r", " ").encode() + b"\n"


def _by_service(model: Path, texts: list[str], folder: Path) -> Iterator[Prediction]:
    serve = servers.service("--model", str(model))
    with servers.running(serve, folder / "log") as server:
        connection = http.client.HTTPConnection(urlsplit(server.address).netloc)
        for body in _bodies(texts):
            connection.request("POST", "/v1/predictions", body, JSON_HEADERS)
            yield from _predictions(json.loads(connection.getresponse().read()))


def _by_lambda(model: Path, texts: list[str], folder: Path) -> Iterator[Prediction]:
    package = folder / "lambda.zip"
    options = ["--model", str(model), "--to", str(package)]
    subprocess.run(
        [program("nightsieve"), "package", "lambda", *options],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAMBDA_CODE, str(package)],
        input="\n".join(_bodies(texts)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        yield from _predictions(json.loads(line))


def _by_inbox(model: Path, texts: list[str], folder: Path) -> Iterator[Prediction]:
    labelling = _module(INBOX)
    for labelled in labelling.label_texts(prepare_model(model.read_bytes()), texts):
        yield labelled.label, labelled.scores


WAYS = {
    "service": _by_service,
    "Lambda": _by_lambda,
    "inbox": _by_inbox,
}


def _bodies(texts: list[str]) -> Iterator[str]:
    for start in range(0, len(texts), BATCH):
        messages = [{"text": text} for text in texts[start : start + BATCH]]
        yield json.dumps({"messages": messages})


def _predictions(answer: dict[str, list[dict[str, object]]]) -> Iterator[Prediction]:
    for prediction in answer["predictions"]:
        label = prediction["label"]
        scores = prediction["scores"]
        assert isinstance(label, str)
        assert isinstance(scores, dict)
        yield label, scores


def _module(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.serving.parity", __doc__)
    command.add_size(parser, "messages", 100_000, "messages to compare")
    command.add_size(parser, "terms", 20_000, "maximum terms of the model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
