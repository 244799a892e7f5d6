"""`nightsieve serve` under load, beside Flask under gunicorn with the same model.

One process each, on one core; Locust has the other core. The scheduled load is
open-loop: latencies count from the time at which a request was due. Both servers are
measured in turns.
"""

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import command, corpus, machine
from benchmarks.harness.results import Spread, write_result
from benchmarks.serving import servers
from benchmarks.serving.measures import latencies_of, rate_of, read_samples
from benchmarks.serving.records import Latencies, LoadResult, ServerLoad
from benchmarks.serving.tables import load_tables
from benchmarks.serving.trained import Prepared, prepare
from scorers.python import nightsieve_scorer

USERS = 20
WARM_UP_SECONDS = 3.0
HIGHEST_SECONDS = 10.0


def main() -> None:
    """Measure, and write ``load.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    with command.temporary_folder() as folder:
        with command.announced(f"a model of {arguments.terms:,} terms"):
            prepared = prepare(folder, drawn, arguments.terms)
        log = folder / "log"
        commands = [
            servers.service("--model", str(prepared.model)),
            servers.flask(prepared.pipeline),
        ]
        scorer_rates = []
        rounds: dict[str, list[_Round]] = defaultdict(list)
        for turn in range(arguments.rounds):
            scorer_rates.append(scorer_rate(prepared, drawn.texts[:20_000]))
            for server_command in commands:
                command.log(f"round {turn + 1}: {server_command.name}")
                measured = _measure(server_command, prepared, arguments, log)
                rounds[server_command.name].append(measured)
        result = LoadResult(
            run=machine.describe_run("starlette", "uvicorn", "flask", "locust"),
            sources=drawn.sources,
            terms=arguments.terms,
            rate=arguments.rate,
            seconds=arguments.seconds,
            batch_size=arguments.batch,
            rounds=arguments.rounds,
            scorer=Spread.of(scorer_rates),
            servers=tuple(_summary(name, done) for name, done in rounds.items()),
        )
    write_result("load", result, arguments.output)
    print(load_tables(result))


def scorer_rate(prepared: Prepared, texts: list[str]) -> float:
    """Return the messages a second of the Python scorer alone, on the server's core."""
    scorer = nightsieve_scorer.load(prepared.model)
    with machine.pinned_to(servers.SERVER_CORE):
        for text in texts[:2000]:
            scorer.evaluate(text)
        started = time.perf_counter()
        for text in texts:
            scorer.evaluate(text)
        return len(texts) / (time.perf_counter() - started)


@dataclass(frozen=True)
class _Round:
    """A server's figures of one round."""

    start_seconds: float
    memory_mib: float
    scheduled: Latencies
    highest_rate: float
    batches: float


def _measure(
    server_command: servers.Command,
    prepared: Prepared,
    arguments: argparse.Namespace,
    log: Path,
) -> _Round:
    samples = prepared.texts.parent / "samples.json"
    with servers.running(server_command, log) as server:

        def send(scenario: str, seconds: float, *options: str) -> None:
            servers.run_traffic(
                scenario,
                server.address,
                *("--texts", str(prepared.texts), "--to", str(samples)),
                *("--seconds", str(seconds), *options),
            )

        send("single", WARM_UP_SECONDS, "--rate", "50")
        rate = ("--rate", str(arguments.rate), "--users", str(USERS))
        send("single", arguments.seconds, *rate)
        scheduled = latencies_of(read_samples(samples))
        send("single", HIGHEST_SECONDS, "--users", str(USERS))
        highest_rate = rate_of(read_samples(samples), HIGHEST_SECONDS)
        size = ("--size", str(arguments.batch), "--users", "2")
        send("batch", HIGHEST_SECONDS, *size)
        batch_rate = rate_of(read_samples(samples), HIGHEST_SECONDS)
        return _Round(
            start_seconds=server.start_seconds,
            memory_mib=server.memory_mib(),
            scheduled=scheduled,
            highest_rate=highest_rate,
            batches=batch_rate * arguments.batch,
        )


def _summary(name: str, rounds: list[_Round]) -> ServerLoad:
    return ServerLoad(
        name=name,
        start_seconds=Spread.of([done.start_seconds for done in rounds]),
        memory_mib=Spread.of([done.memory_mib for done in rounds]),
        # The round whose 99th percentile is worst.
        scheduled=max(
            (done.scheduled for done in rounds), key=lambda load: load.percentiles[99]
        ),
        highest_rate=Spread.of([done.highest_rate for done in rounds]),
        batches=Spread.of([done.batches for done in rounds]),
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.serving.load", __doc__)
    command.add_size(parser, "messages", 100_000, "messages to train on")
    command.add_size(parser, "terms", 20_000, "maximum terms of the model")
    command.add_size(parser, "rate", 500, "scheduled requests a second")
    command.add_size(parser, "seconds", 60, "of the scheduled load")
    command.add_size(parser, "batch", 1000, "messages of a batch")
    command.add_rounds(parser, 3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
