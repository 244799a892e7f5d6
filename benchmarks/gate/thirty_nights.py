"""Thirty nights in a row, good ones and bad ones: what the gate said of each, and what phones would have got.

Run as ``python -m benchmarks.thirty_nights [--uci FILE] [--shots FOLDER]``. Services are embedded ones, gone in the
end; every corpus has a schema and an S3 prefix of its own. The gate's bounds are those of config/pipeline.yaml.
"""

import argparse
import contextlib
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks import machine, results, thirty_corpora, thirty_screens
from benchmarks.night_place import empty, opened, running, say, timed, with_schema
from benchmarks.night_stages import WORKERS, Place, program
from benchmarks.thirty_scenario import (
    OVERRIDDEN,
    PUBLISHED,
    REFUSED,
    Act,
    Added,
    thirty_nights,
)
from pipeline.config import DEFAULTS
from pipeline.records.run import RunManifest
from pipeline.records.words import describe_check
from scorers.python import nightsieve_scorer

FIRST = datetime.date(2026, 10, 22)
REPLAYED = 3  # the night that is run again after the last
REFUSAL = 50  # the exit code
GRID = [
    {
        "estimator": estimator,
        "ngrams": [[1, 2]],
        "min_df": [2],
        "sublinear_tf": [True],
        "norm": ["l2"],
        **values,
    }
    for estimator, values in (
        ("linear_svm", {"C": [0.1]}),
        ("multinomial_nb", {"alpha": [0.1]}),
    )
]
SMALL = {
    "training": {
        "search": {"folds": 2, "grids": GRID},
        "cross_validation": {"folds": 3},
    }
}


def main() -> None:
    chosen = _arguments()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="nightsieve-bench-"))
        )
        services = stack.enter_context(running(folder / "home"))
        for corpus in thirty_corpora.chosen(chosen.uci):
            if chosen.only in (None, corpus.name):
                environment = with_schema(
                    services.environment(), f"thirty_{corpus.name}"
                )
                with empty(services, environment, DEFAULTS) as place:
                    measured = _thirty(corpus, place, chosen.shots)
                results.write(
                    f"thirty_nights_{corpus.name}", measured, tables(measured)
                )


def _thirty(
    corpus: thirty_corpora.Corpus, place: Place, shots: Path | None
) -> dict[str, Any]:
    """All nights of a corpus, then the replay of one of them."""
    corpus.fill(place.environment, FIRST, _nightsieve)
    with opened(place.environment) as cursor:
        cursor.execute(
            "SELECT m.body, r.label = 'spam' FROM reviews r JOIN messages m ON m.key = r.message_key"
        )
        nights = Nights(place, corpus, cursor.fetchall())
        for act in thirty_nights():
            date = nights.begin(act)
            for statement in act.statements:
                cursor.execute(
                    statement,
                    {
                        "noon": datetime.datetime.combine(
                            date, datetime.time(12), datetime.UTC
                        )
                    },
                )
            timed(f"{corpus.name}, {date}: {act.what}", nights.run, act, date)
            say(f"    {nights.told[-1]['decision']}: {nights.told[-1]['reasons']}")
    found = {
        "machine": machine.describe("luigi", "pandas"),
        "messages": corpus.source,
        "reviewed": len(nights.truth),
        "nights": nights.told,
        "replay": nights.replay(),
    }
    if shots:
        shown = [night for night in nights.told if night["shown"]]
        found["looks"] = thirty_screens.look(
            place.folder / "reports", shown, shots / corpus.name
        )
    return found


class Nights:
    """The nights of a corpus so far.

    Attributes
    ----------
    truth : reviewed messages, and whether they are spam, as it was before anybody tampered with it.
    told : what is told of each night, as JSON values.
    """

    def __init__(
        self,
        place: Place,
        corpus: thirty_corpora.Corpus,
        truth: Sequence[tuple[str, bool]],
    ):
        self.place, self.corpus, self.truth = place, corpus, truth
        self.told: list[dict[str, Any]] = []
        self._number = 0
        self._rolled_back: dict[str, int] | None = None
        self._f1: dict[int, float] = {}  # by serial

    def begin(self, act: Act) -> datetime.date:
        """The night's date, once an earlier model is published again, where that is what happens before it."""
        self._number += not act.again
        self._rolled_back = self._roll_back(act.rollback) if act.rollback else None
        return FIRST + datetime.timedelta(days=self._number - 1)

    def _roll_back(self, number: int) -> dict[str, int]:
        """Publish the model again that was current after that night; its serial, and the new one."""
        serial = next(
            night["current"] for night in self.told if night["night"] == number
        )
        rollback = ["models", "rollback", str(serial), "--reason", "spam gets through"]
        (again,) = re.findall(
            r"published again, as (\d+):",
            _nightsieve(self.place.environment, *rollback),
        )
        self._f1[int(again)] = self._f1[serial]
        return {"model": serial, "as": int(again)}

    def run(self, act: Act, date: datetime.date) -> None:
        """Run the night, and keep what is to be told of it."""
        command = [
            "luigi",
            "--module",
            "tasks",
            "Retrain",
            "--date",
            str(date),
            "--workers",
            str(WORKERS),
        ]
        patches = [
            word
            for patch in act.patches
            for word in ("--patch", patch % {"date": date})
        ]
        begun = time.perf_counter()
        with _overlay(self.corpus, act.rule) as overlay:
            done = _run(
                self.place.environment, *command, "--config", str(overlay), *patches
            )
        if done.returncode not in (0, REFUSAL):
            sys.exit(
                f"night of {date}: exit code {done.returncode}\n{done.stderr[-4000:]}"
            )
        seconds = time.perf_counter() - begun
        written = [
            path
            for path in self.place.folder.glob(f"runs/{date}/*.json")
            if ".receipt." not in path.name
        ]
        manifest = RunManifest.from_json(
            max(written, key=lambda path: path.stat().st_mtime).read_bytes()
        )
        facts = {name: getattr(act, name) for name in ("what", "due", "shown")}
        facts |= {
            "rolled_back": self._rolled_back,
            "code": done.returncode,
            "seconds": round(seconds, 1),
        }
        self.told.append({"night": self._number, **facts, **self._outcome(manifest)})

    def _outcome(self, manifest: RunManifest) -> dict[str, Any]:
        """What the gate said, and what phones get."""
        decision = manifest.results.decision
        serial = manifest.results.publication.serial
        model = manifest.receipt("ExportCoefficients").key
        f1 = spam_f1((self.place.folder / model).read_bytes(), self.truth)
        if serial:
            self._f1[serial] = f1
        current = json.loads(
            (self.place.folder / "models" / "current.json").read_bytes()
        )["serial"]
        return {
            "date": manifest.date.isoformat(),
            "config": manifest.config,
            "decision": OVERRIDDEN
            if decision.override
            else PUBLISHED
            if serial
            else REFUSED,
            "reasons": [describe_check(check) for check in decision.failed],
            "checks": [check.model_dump(mode="json") for check in decision.checks],
            "messages": manifest.results.rules.messages,
            "serial": serial,
            "current": current,
            "spam_f1": {"tonight": f1, "current": self._f1[current]},
        }

    def replay(self) -> dict[str, Any]:
        """One of the first nights once more, and what the command says of it in the end."""
        date = FIRST + datetime.timedelta(days=REPLAYED - 1)
        done = timed(
            f"replay of {date}",
            _run,
            self.place.environment,
            "nightsieve",
            "runs",
            "replay",
            str(date),
        )
        said = done.stdout.splitlines() or done.stderr.splitlines()[-2:]
        return {
            "night": REPLAYED,
            "after": self._number,
            "code": done.returncode,
            "said": said,
        }


def spam_f1(model: bytes, truth: Sequence[tuple[str, bool]]) -> float:
    """The exported model's F1 of spam, spam against all else."""
    scorer = nightsieve_scorer.load(model)
    said = Counter((scorer.label(body) == "spam", spam) for body, spam in truth)
    hits, wrong = said[True, True], said[True, False] + said[False, True]
    return 2 * hits / max(2 * hits + wrong, 1)


@contextlib.contextmanager
def _overlay(corpus: thirty_corpora.Corpus, rule: Added | None) -> Iterator[Path]:
    """A night's configuration: the shipped one with a small grid, and if there is one, with a rule beside the pack."""
    values = {**SMALL, **corpus.configuration}
    with tempfile.TemporaryDirectory(prefix="nightsieve-bench-") as name:
        folder = Path(name)
        if rule:
            shutil.copytree(DEFAULTS.parent / "rules", folder / "rules")
            written = {
                "id": "edited",
                "pattern": rule.pattern,
                "weight": rule.weight,
                "why": "Edited today.",
            }
            entries = [{**written, "matches": ["..."], "near_misses": ["..."]}]
            (folder / "rules" / rule.label / "edited.yaml").write_text(
                yaml.safe_dump(entries), encoding="utf-8"
            )
            values["labelling"] = {"rules": "rules"}
        (folder / "night.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        yield folder / "night.yaml"


def _nightsieve(environment: Mapping[str, str], *words: str) -> str:
    """What a ``nightsieve`` command says; the benchmark ends if it fails."""
    done = _run(environment, "nightsieve", *words)
    if done.returncode:
        sys.exit(
            f"nightsieve {' '.join(words)}: exit code {done.returncode}\n{done.stderr[-2000:]}"
        )
    return done.stdout


def _run(
    environment: Mapping[str, str], name: str, *words: str
) -> subprocess.CompletedProcess[str]:
    whole = {**os.environ, **environment}
    return subprocess.run(
        [program(name), *words],
        cwd=machine.ROOT,
        env=whole,
        capture_output=True,
        text=True,
    )


def tables(found: dict[str, Any]) -> str:
    """The nights of a corpus; what bad nights got through, and what good ones did not."""
    nights, replay = found["nights"], found["replay"]
    header = [
        "night: what happened before it",
        "decision, exit code",
        "what the gate said",
    ]
    header += ["current model", "spam F1, tonight's", "spam F1, current"]
    rows = [
        [
            f"{night['night']}: {_what(night)}",
            f"{_decision(night)}, {night['code']}",
            "<br>".join(night["reasons"]) or "every check passed",
            str(night["current"]),
            *(f"{night['spam_f1'][whose]:.3f}" for whose in ("tonight", "current")),
        ]
        for night in nights
    ]
    first, last = nights[0]["messages"], nights[-1]["messages"]
    return (
        f"{found['messages']}: {first:,} messages on the first night, {last:,} on the last. {_verdict(nights)} "
        f"Spam F1 is that of {found['reviewed']:,} reviewed messages, by the reviews that nobody has poisoned. "
        f"A night takes {results.spread(results.summary([night['seconds'] for night in nights]))} s.\n\n"
        f"{results.table(header, rows, words=3)}\n\n"
        f"Replay of night {replay['night']} after night {replay['after']}, exit code {replay['code']}: "
        f"*{replay['said'][-1]}*."
    )


def _verdict(nights: Sequence[dict[str, Any]]) -> str:
    bad, others = (
        [night for night in nights if (night["due"] == REFUSED) == refused]
        for refused in (True, False)
    )
    stopped, passed = (
        sum(night["decision"] == night["due"] for night in some)
        for some in (bad, others)
    )
    return (
        f"{stopped} of {len(bad)} nights that should be refused were refused, {passed} of the {len(others)} others "
        "published; in bold what should not be."
    )


def _what(night: dict[str, Any]) -> str:
    back = night["rolled_back"]
    return night["what"] + (
        f" (model {back['model']}, which becomes {back['as']})" if back else ""
    )


def _decision(night: dict[str, Any]) -> str:
    """The decision; in bold, where it is not what it should be."""
    words = (
        f"{night['decision']} as {night['serial']}"
        if night["serial"]
        else night["decision"]
    )
    return words if night["decision"] == night["due"] else f"**{words}**"


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument(
        "--uci",
        type=Path,
        metavar="FILE",
        default=thirty_corpora.UCI,
        help="SMSSpamCollection",
    )
    arguments.add_argument(
        "--only", choices=("sample", "uci"), help="the nights of these messages alone"
    )
    arguments.add_argument(
        "--shots",
        type=Path,
        metavar="FOLDER",
        help="pictures of reports; needs Chromium and .ci",
    )
    return arguments.parse_args()


if __name__ == "__main__":
    main()
