"""All kinds of requests at once: predictions, files, corrections, bad requests.

A real store and a real database run on the same cores. The load is open-loop, as in
`load`.
"""

import argparse
import itertools
import json
import random
import urllib.request
from collections import defaultdict
from collections.abc import Iterator

from benchmarks.harness import command, corpus, machine
from benchmarks.harness.results import write_result
from benchmarks.harness.services import running_services
from benchmarks.serving import servers
from benchmarks.serving.calls import (
    JSON_HEADERS,
    Call,
    batch_calls,
    single_calls,
    write_calls,
)
from benchmarks.serving.measures import latencies_of, read_samples
from benchmarks.serving.records import MixedResult
from benchmarks.serving.tables import mixed_table
from benchmarks.serving.trained import prepare
from benchmarks.serving.world import prepare_world

TRAINED_MESSAGES = 50_000
TERMS = 20_000
USERS = 20
SEED = 20
BATCH = 50
#: How often each kind is asked.
WEIGHTS = {
    "single": 80,
    "batch": 5,
    "model file": 3,
    "model file, unchanged": 4,
    "correction": 4,
    "bad request": 4,
}
BAD_BODIES = (b"{", b"[]", b'{"messages": []}', b'{"messages": [{"text": 1}]}')
REFUSED = (400, 422)
GZIP = {"Accept-Encoding": "gzip"}


def main() -> None:
    """Measure, and write ``mixed.json``."""
    arguments = _parse_arguments()
    total = arguments.rate * arguments.seconds
    keys = [f"mixed-{number}" for number in range(total)]
    with (
        command.temporary_folder() as folder,
        running_services(folder / "home") as stack,
    ):
        drawn = corpus.draw_messages(TRAINED_MESSAGES)
        model = prepare(folder, drawn, TERMS).model
        label = prepare_world(stack.environment(), model, keys)
        serve = servers.service(environment=stack.environment())
        with servers.running(serve, folder / "log") as server:
            kinds = _kinds(drawn.texts, keys, label, _model_etag(server.address))
            calls = list(itertools.islice(_mix(kinds), total))
            write_calls(calls, folder / "calls.json")
            servers.run_traffic(
                "calls",
                server.address,
                *("--calls", str(folder / "calls.json")),
                *("--to", str(folder / "samples.json")),
                *("--rate", str(arguments.rate), "--users", str(USERS)),
                *("--seconds", str(arguments.seconds)),
            )
            samples = read_samples(folder / "samples.json")
    by_kind = defaultdict(list)
    for sample in samples:
        by_kind[sample.kind].append(sample)
    result = MixedResult(
        run=machine.describe_run("starlette", "uvicorn", "locust"),
        rate=arguments.rate,
        seconds=arguments.seconds,
        kinds={kind: latencies_of(by_kind[kind]) for kind in WEIGHTS},
    )
    write_result("mixed", result, arguments.output)
    print(mixed_table(result))


def _kinds(
    texts: list[str], keys: list[str], label: str, etag: str
) -> dict[str, Iterator[Call]]:
    path = "/v1/models/1/files/model.json"
    whole = Call("model file", "GET", path, GZIP, None, (200,))
    condition = {**GZIP, "If-None-Match": etag}
    unchanged = Call("model file, unchanged", "GET", path, condition, None, (304,))
    return {
        "single": single_calls(texts),
        "batch": batch_calls(texts, BATCH),
        "model file": itertools.repeat(whole),
        "model file, unchanged": itertools.repeat(unchanged),
        "correction": _corrections(keys, label),
        "bad request": _bad_requests(),
    }


def _corrections(keys: list[str], label: str) -> Iterator[Call]:
    for key in keys:
        body = json.dumps({"message_key": key, "label": label}).encode()
        path = "/v1/corrections"
        yield Call("correction", "POST", path, JSON_HEADERS, body, (200, 201))


def _bad_requests() -> Iterator[Call]:
    for body in itertools.cycle(BAD_BODIES):
        path = "/v1/predictions"
        yield Call("bad request", "POST", path, JSON_HEADERS, body, REFUSED)


def _mix(kinds: dict[str, Iterator[Call]]) -> Iterator[Call]:
    chance = random.Random(SEED)
    names = list(kinds)
    weights = [WEIGHTS[name] for name in names]
    while True:
        (name,) = chance.choices(names, weights)
        yield next(kinds[name])


def _model_etag(address: str) -> str:
    url = f"{address}/v1/models/1/files/model.json"
    with urllib.request.urlopen(urllib.request.Request(url, headers=GZIP)) as answer:
        etag: str = answer.headers["ETag"]
        return etag


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.serving.mixed", __doc__)
    command.add_size(parser, "rate", 200, "requests a second")
    command.add_size(parser, "seconds", 60, "of the load")
    return parser.parse_args()


if __name__ == "__main__":
    main()
