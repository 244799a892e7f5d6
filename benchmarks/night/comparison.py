"""The results of a night beside those of the plain script on the same sample."""

import datetime
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.harness.nights import Site
from benchmarks.harness.plain_script import LABELS_FILE, RESULT_FILE, PlainScriptResult
from benchmarks.harness.results import values
from benchmarks.night.records import SCORE_TOLERANCE, Differences
from pipeline.data.resolved_labels import LabelLookup
from pipeline.records.training import (
    CandidateResult,
    CrossValidationResult,
    SearchResult,
)


def compare(site: Site, date: datetime.date, script_folder: Path) -> Differences:
    """Compare a night with the script that was given its sample."""
    outputs = site.outputs(date)
    script = read_script_result(script_folder)
    script_table = pd.read_parquet(script_folder / LABELS_FILE)
    script_labels = script_table.set_index("key")["label"].fillna("")
    night_labels = _night_labels(outputs).reindex(script_labels.index).fillna("")
    differences: dict[str, list[float]] = {}
    for path in outputs["EvaluateCandidate"]:
        result = CandidateResult.from_json(path.read_bytes())
        script_scores = script.scores[result.description]
        of_estimator = differences.setdefault(result.candidate.estimator, [])
        for ours, theirs in zip(result.scores, script_scores, strict=True):
            of_estimator.append(abs(ours - theirs))
    all_differences = list(itertools.chain.from_iterable(differences.values()))
    (search_path,) = outputs["SearchGrid"]
    (validation_path,) = outputs["CrossValidate"]
    search = SearchResult.from_json(search_path.read_bytes())
    validation = CrossValidationResult.from_json(validation_path.read_bytes())
    macro_f1 = validation.metrics.macro_f1.value or 0.0
    return Differences(
        messages=len(script_labels),
        labels_unlike=int((night_labels != script_labels).sum()),
        scores=len(all_differences),
        scores_unlike=sum(value > SCORE_TOLERANCE for value in all_differences),
        largest_score_differences={
            estimator: max(differences[estimator]) for estimator in sorted(differences)
        },
        same_winner=search.candidates[0].description == script.best,
        macro_f1_difference=abs(macro_f1 - script.macro_f1),
    )


def read_script_result(folder: Path) -> PlainScriptResult:
    """Return what the plain script wrote into the folder."""
    return PlainScriptResult.from_json((folder / RESULT_FILE).read_bytes())


def largest(rounds: Sequence[Differences]) -> Differences:
    """Return the largest difference of all rounds in each thing that is compared."""
    scores: dict[str, float] = {}
    for differences in rounds:
        for estimator, difference in differences.largest_score_differences.items():
            scores[estimator] = max(scores.get(estimator, 0.0), difference)
    return Differences(
        messages=rounds[0].messages,
        labels_unlike=int(max(values(rounds, "labels_unlike"))),
        scores=rounds[0].scores,
        scores_unlike=int(max(values(rounds, "scores_unlike"))),
        largest_score_differences=scores,
        same_winner=all(differences.same_winner for differences in rounds),
        macro_f1_difference=max(values(rounds, "macro_f1_difference")),
    )


def _night_labels(outputs: Mapping[str, Sequence[Path]]) -> pd.Series:
    """Return the night's labels by key; null where the rules abstain."""
    (path,) = outputs["ResolveVotes"]
    lookup = LabelLookup(pd.read_parquet(path))
    votes = pd.concat([pd.read_parquet(shard) for shard in outputs["ApplyRules"]])
    return lookup.labels(votes).set_index("key")["label"]
