"""How the first night grows with the rows of the table."""

import argparse
import contextlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import command
from benchmarks.harness.nights import Night, Site, bare_copy, receipt_of
from benchmarks.harness.results import Spread, values, write_result
from benchmarks.harness.services import (
    DATE,
    empty_prefix,
    fill_table,
    running_services,
    settings_of,
    write_overlay,
)
from benchmarks.night.records import CandidateCost, GrowthResult, SizedNight
from benchmarks.night.tables import growth_tables
from benchmarks.night.whole_night import (
    DATABASE,
    ROWS,
    describe_night_run,
    night_spread,
)
from nightsieve.cli.services import Stack
from pipeline.config.settings import Settings
from pipeline.records.sample import ShardManifest
from pipeline.records.training import CandidateResult, SearchResult

SIZES = (0.1, 1, 5)  # times the rows


@dataclass(frozen=True)
class SearchedCandidate:
    """Seconds of a candidate's task, and its solver's iterations, the mean of folds."""

    seconds: float
    iterations: float


@dataclass(frozen=True)
class NightRound:
    """A night, a bare COPY, and the candidates of the search by description."""

    night: Night
    copy_seconds: float
    sampled: int
    best: str
    candidates: dict[str, SearchedCandidate]


def main() -> None:
    """Measure nights of several sizes, and write ``growth.json``."""
    arguments = _parse_arguments()
    sizes = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(command.temporary_folder())
        home = arguments.home or folder / "home"
        services = stack.enter_context(running_services(home))
        overlay = write_overlay(folder)
        settings = settings_of(overlay)
        for factor in SIZES:
            rows = round(arguments.rows * factor)
            rounds = _run_rounds(services, overlay, settings, rows, arguments.rounds)
            sizes.append(_sized_night(rows, rounds))
    result = GrowthResult(
        run=describe_night_run(),
        rounds=arguments.rounds,
        rules=len(settings.labelling.rules),
        candidates=len(settings.training.search.candidates),
        sizes=tuple(sizes),
    )
    write_result("growth", result, arguments.output)
    print(growth_tables(result))


def _run_rounds(
    services: Stack, overlay: Path, settings: Settings, rows: int, n_rounds: int
) -> list[NightRound]:
    environment = fill_table(services.environment(), rows)
    rounds = []
    for turn in range(n_rounds):
        with empty_prefix(services, environment, overlay) as site:
            step = f"{rows:,} rows, round {turn + 1} of {n_rounds}"
            with command.announced(step):
                night = site.run_night(DATE)
            rounds.append(_night_round(site, night, settings))
    return rounds


def _night_round(site: Site, night: Night, settings: Settings) -> NightRound:
    ingested = site.output(DATE, "IngestMessages").read_bytes()
    search = SearchResult.from_json(site.output(DATE, "SearchGrid").read_bytes())
    candidates = {}
    for path in site.outputs(DATE)["EvaluateCandidate"]:
        result = CandidateResult.from_json(path.read_bytes())
        candidates[result.description] = SearchedCandidate(
            seconds=receipt_of(path).seconds,
            iterations=statistics.mean(result.iterations),
        )
    return NightRound(
        night=night,
        copy_seconds=bare_copy(settings, DATE, site.environment[DATABASE]),
        sampled=ShardManifest.from_json(ingested).counts.kept,
        best=search.candidates[0].description,
        candidates=candidates,
    )


def _sized_night(rows: int, rounds: Sequence[NightRound]) -> SizedNight:
    last = rounds[-1]
    candidates = {}
    for name, candidate in last.candidates.items():
        seconds = [round_.candidates[name].seconds for round_ in rounds]
        candidates[name] = CandidateCost(
            seconds=Spread.of(seconds), iterations=candidate.iterations
        )
    return SizedNight(
        rows=rows,
        sampled=last.sampled,
        best=last.best,
        candidates=candidates,
        copy_seconds=Spread.of(values(rounds, "copy_seconds")),
        night=night_spread([round_.night for round_ in rounds]),
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.night.growth", __doc__)
    meaning = "rows of the middle table; the others have a tenth and five times as many"
    command.add_size(parser, "rows", ROWS, meaning)
    command.add_rounds(parser, 3)
    command.add_home(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
