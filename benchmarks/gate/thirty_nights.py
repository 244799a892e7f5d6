"""Thirty nights in a row, good and bad: what the gate decides, and what phones get.

Services are embedded ones, gone at the end. Every corpus has its own schema and S3
prefix. The gate's bounds are those of config/pipeline.yaml.
"""

import argparse
import contextlib
import datetime
import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.gate import screens
from benchmarks.gate.corpora import Corpus, available_corpora
from benchmarks.gate.records import (
    NightOutcome,
    Replay,
    Rollback,
    Screens,
    ThirtyNightsResult,
)
from benchmarks.gate.scenario import AddedRule, Decision, Scene, thirty_nights
from benchmarks.gate.tables import thirty_nights_tables
from benchmarks.harness import command, machine
from benchmarks.harness.corpus import UCI_FILE
from benchmarks.harness.nights import WORKERS, Site, run_manifests
from benchmarks.harness.processes import failure, program
from benchmarks.harness.results import Json, write_result
from benchmarks.harness.services import (
    empty_prefix,
    open_cursor,
    running_services,
    with_schema,
)
from pipeline.config import DEFAULTS
from pipeline.records.run import RunManifest
from pipeline.records.words import describe_check
from scorers.python import nightsieve_scorer

FIRST_DATE = datetime.date(2026, 10, 22)
REPLAYED_NIGHT = 3  # it is replayed after the last one
EXIT_REFUSED = 50
EDITED_RULE = "edited"
REVIEWED_MESSAGES = """
    SELECT m.body, r.label = 'spam' FROM reviews r
    JOIN messages m ON m.key = r.message_key
"""


def _grid(estimator: str, name: str, value: float) -> Json:
    return {
        "estimator": estimator,
        "ngrams": [[1, 2]],
        "min_df": [2],
        "sublinear_tf": [True],
        "norm": ["l2"],
        name: [value],
    }


SMALL_SEARCH = {
    "training": {
        "search": {
            "folds": 2,
            "grids": [
                _grid("linear_svm", "C", 0.1),
                _grid("multinomial_nb", "alpha", 0.1),
            ],
        },
        "cross_validation": {"folds": 3},
    }
}


@dataclass(frozen=True)
class ReviewedMessage:
    """A message, and whether it is spam by the reviews before they are poisoned."""

    body: str
    spam: bool


def main() -> None:
    """Run the nights of each corpus, and write ``thirty_nights_CORPUS.json``."""
    arguments = _parse_arguments()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(command.temporary_folder())
        services = stack.enter_context(running_services(folder / "home"))
        for corpus in available_corpora(arguments.uci):
            if arguments.only not in {None, corpus.name}:
                continue
            environment = services.environment()
            environment = with_schema(environment, f"thirty_{corpus.name}")
            with empty_prefix(services, environment, DEFAULTS) as site:
                result = _run_corpus(corpus, site, arguments.nights, arguments.shots)
            write_result(f"thirty_nights_{corpus.name}", result, arguments.output)
            print(thirty_nights_tables(result))


def _run_corpus(
    corpus: Corpus, site: Site, n_nights: int | None, shots: Path | None
) -> ThirtyNightsResult:
    """Run the nights of a corpus, then replay one of the first."""
    corpus.fill(site.environment, FIRST_DATE, _nightsieve)
    with open_cursor(site.environment) as cursor:
        cursor.execute(REVIEWED_MESSAGES)
        reviewed = [ReviewedMessage(*row) for row in cursor.fetchall()]
        nights = NightsOfCorpus(site, corpus, reviewed)
        for scene in thirty_nights()[:n_nights]:
            date = nights.begin(scene)
            noon = datetime.datetime.combine(date, datetime.time(12), datetime.UTC)
            for statement in scene.statements:
                cursor.execute(statement, {"noon": noon})
            with command.announced(f"{corpus.name}, {date}: {scene.before}"):
                outcome = nights.run(scene, date)
            reasons = "; ".join(outcome.reasons) or "every check passed"
            command.log(f"    {outcome.decision}: {reasons}")
    replay = nights.replay()
    return ThirtyNightsResult(
        run=machine.describe_run("luigi", "pandas"),
        corpus=corpus.title,
        reviewed=len(reviewed),
        nights=tuple(nights.outcomes),
        replay=replay,
        screens=nights.look(shots / corpus.name) if shots else None,
    )


class NightsOfCorpus:
    """The nights of a corpus so far.

    Attributes
    ----------
    outcomes
        Of the nights that have run.
    """

    def __init__(
        self, site: Site, corpus: Corpus, reviewed: Sequence[ReviewedMessage]
    ) -> None:
        self.outcomes: list[NightOutcome] = []
        self._site = site
        self._corpus = corpus
        self._reviewed = reviewed
        self._night = 0
        self._rollback: Rollback | None = None
        self._spam_f1_of_serial: dict[int, float] = {}
        self._pages: dict[str, str] = {}

    def begin(self, scene: Scene) -> datetime.date:
        """Publish an earlier model again if the scene says so; return the date."""
        if not scene.same_date:
            self._night += 1
        self._rollback = self._roll_back(scene.rollback) if scene.rollback else None
        return _date(self._night)

    def _roll_back(self, night: int) -> Rollback:
        """Publish the model again that was current after a night."""
        serials = [
            outcome.current for outcome in self.outcomes if outcome.night == night
        ]
        serial = serials[0]
        output = _nightsieve(
            self._site.environment,
            "models",
            "rollback",
            str(serial),
            "--reason",
            "spam gets through",
        )
        match = re.search(r"published again, as (\d+):", output)
        if match is None:
            raise SystemExit(f"nightsieve models rollback: no serial in: {output}")
        new_serial = int(match[1])
        self._spam_f1_of_serial[new_serial] = self._spam_f1_of_serial[serial]
        return Rollback(model=serial, serial=new_serial)

    def run(self, scene: Scene, date: datetime.date) -> NightOutcome:
        """Run the night, and keep its outcome."""
        luigi = ["luigi", "--module", "tasks", "Retrain", "--date", str(date)]
        luigi += ["--workers", str(WORKERS)]
        for patch in scene.patches:
            luigi += ["--patch", patch.format(date=date)]
        started = time.perf_counter()
        with _overlay(self._corpus, scene.rule) as overlay:
            arguments = [*luigi, "--config", str(overlay)]
            completed = _run(self._site.environment, *arguments)
        if completed.returncode not in {0, EXIT_REFUSED}:
            raise SystemExit(failure(luigi, completed.returncode, completed.stderr))
        seconds = time.perf_counter() - started
        manifests = run_manifests(self._site.folder, date)
        newest = max(manifests, key=_modified)
        manifest = RunManifest.from_json(newest.read_bytes())
        outcome = self._outcome(scene, manifest, completed.returncode, seconds)
        self.outcomes.append(outcome)
        if scene.shown:
            page = f"{date}/{manifest.config}/index.html"
            self._pages[f"{date}-{outcome.decision}"] = page
        return outcome

    def _outcome(
        self, scene: Scene, manifest: RunManifest, exit_code: int, seconds: float
    ) -> NightOutcome:
        decision = manifest.results.decision
        serial = manifest.results.publication.serial
        model = self._site.folder / manifest.receipt("ExportCoefficients").key
        tonight_spam_f1 = spam_f1(model.read_bytes(), self._reviewed)
        if serial is not None:
            self._spam_f1_of_serial[serial] = tonight_spam_f1
        pointer = self._site.folder / "models" / "current.json"
        current = json.loads(pointer.read_bytes())["serial"]
        if decision.override:
            decided = Decision.OVERRIDDEN
        else:
            decided = Decision.REFUSED if serial is None else Decision.PUBLISHED
        return NightOutcome(
            night=self._night,
            before=scene.before,
            rollback=self._rollback,
            expected=scene.expected,
            decision=decided,
            exit_code=exit_code,
            seconds=round(seconds, 1),
            messages=manifest.results.rules.messages,
            checks=len(decision.checks),
            reasons=tuple(describe_check(check) for check in decision.failed),
            serial=serial,
            current=current,
            tonight_spam_f1=tonight_spam_f1,
            current_spam_f1=self._spam_f1_of_serial[current],
        )

    def replay(self) -> Replay:
        """Replay one of the first nights."""
        night = min(REPLAYED_NIGHT, self._night)
        date = _date(night)
        with command.announced(f"replay of {date}"):
            completed = _run(
                self._site.environment, "nightsieve", "runs", "replay", str(date)
            )
        lines = completed.stdout.splitlines() or completed.stderr.splitlines()
        return Replay(
            night=night,
            after=self._night,
            exit_code=completed.returncode,
            last_line=lines[-1],
        )

    def look(self, pictures: Path) -> Screens:
        """Look at the reports of the scenes that are shown."""
        return screens.look(self._site.folder / "reports", self._pages, pictures)


def spam_f1(model: bytes, reviewed: Sequence[ReviewedMessage]) -> float:
    """Return the exported model's F1 of spam, spam against all else."""
    scorer = nightsieve_scorer.load(model)
    counts: Counter[tuple[bool, bool]] = Counter()
    for message in reviewed:
        labelled_spam = scorer.label(message.body) == "spam"
        counts[labelled_spam, message.spam] += 1
    hits = counts[True, True]
    errors = counts[True, False] + counts[False, True]
    return 2 * hits / max(2 * hits + errors, 1)


def _date(night: int) -> datetime.date:
    return FIRST_DATE + datetime.timedelta(days=night - 1)


def _modified(path: Path) -> float:
    return path.stat().st_mtime


@contextlib.contextmanager
def _overlay(corpus: Corpus, rule: AddedRule | None) -> Iterator[Path]:
    """Write a configuration: the shipped one with a small grid, and maybe a rule."""
    values: dict[str, object] = {**SMALL_SEARCH, **corpus.overlay}
    with command.temporary_folder() as folder:
        if rule is not None:
            _write_pack(rule, folder / "rules")
            values["labelling"] = {"rules": "rules"}
        path = folder / "night.yaml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        yield path


def _write_pack(rule: AddedRule, folder: Path) -> None:
    """Copy the shipped pack, and add the rule."""
    shutil.copytree(DEFAULTS.parent / "rules", folder)
    entry = {
        "id": EDITED_RULE,
        "pattern": rule.pattern,
        "weight": rule.weight,
        "why": "Edited today.",
        "matches": ["..."],
        "near_misses": ["..."],
    }
    path = folder / rule.label / f"{EDITED_RULE}.yaml"
    path.write_text(yaml.safe_dump([entry]), encoding="utf-8")


def _nightsieve(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a ``nightsieve`` command, and return what it prints.

    Raises
    ------
    SystemExit
        It failed.
    """
    completed = _run(environment, "nightsieve", *arguments)
    if completed.returncode:
        words = ["nightsieve", *arguments]
        raise SystemExit(failure(words, completed.returncode, completed.stderr))
    return completed.stdout


def _run(
    environment: Mapping[str, str], name: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program(name), *arguments],
        cwd=machine.ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.gate.thirty_nights", __doc__)
    parser.add_argument(
        "--uci",
        type=Path,
        metavar="FILE",
        default=UCI_FILE,
        help="the file SMSSpamCollection (default: %(default)s)",
    )
    parser.add_argument(
        "--only",
        choices=("sample", "uci"),
        help="run the nights of these messages alone (default: of both)",
    )
    parser.add_argument(
        "--nights",
        type=int,
        metavar="N",
        help="run the first nights of the scenario alone (default: all 31)",
    )
    parser.add_argument(
        "--shots",
        type=Path,
        metavar="FOLDER",
        help="Take pictures of reports into this folder; needs Chromium and .ci.",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
