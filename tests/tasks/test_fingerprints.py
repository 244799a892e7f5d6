"""What an edit rebuilds: exactly the tasks whose inputs it changed, and nothing before them."""

import datetime
import shutil
from pathlib import Path

import pytest
from luigi.task import flatten

from nightsieve.store import layout
from nightsieve.store.objects import Store
from pipeline import config
from pipeline.errors import StorageError
from tasks import Retrain, retrain
from tasks.labelling import ApplyRules

NIGHT = datetime.date(2026, 11, 20)
LABELLING = {"ApplyRules", "ResolveVotes", "SummariseRules"}
AFTER_TRAINING_SET = {
    "EvaluateCandidate", "SearchGrid", "CrossValidate", "FitModel", "PrepareExport", "ExportCoefficients",
    "ExportVectors", "VerifyExport", "DescribeExport", "EvaluateOnReviews", "MeasureSpeed", "GateModel",
    "PublishModel", "WriteManifest", "CompareModels", "WriteReport", "Retrain",
}  # fmt: skip
AFTER_PREPARED = {
    "PrepareExport", "ExportCoefficients", "ExportVectors", "VerifyExport", "DescribeExport", "EvaluateOnReviews",
    "MeasureSpeed",
}  # fmt: skip
TAUGHT = {"LabelByReviews", "AggregateReviews", "BuildTrainingSet", "SummariseRules"}
DECISION = {
    "GateModel",
    "PublishModel",
    "WriteManifest",
    "CompareModels",
    "WriteReport",
    "Retrain",
}
AFTER_RESOLUTION = {
    "ResolveVotes",
    "SummariseRules",
    "BuildTrainingSet",
    "BuildEvaluationSet",
} | AFTER_TRAINING_SET
AFTER_LABELS = LABELLING | AFTER_RESOLUTION
NIGHTLY = AFTER_LABELS | {
    "IngestMessages",
    "IngestReviews",
    "AggregateReviews",
    "CleanMessages",
}
EVERYTHING = NIGHTLY | {"CompileRules"}


def fingerprints(*patches: str, night: datetime.date = NIGHT) -> dict[str, set[str]]:
    """The fingerprints of a night's tasks, by family."""
    found: dict[str, set[str]] = {}
    visited = set()

    def visit(task) -> None:
        if task in visited:  # many ways lead to most of them
            return
        visited.add(task)
        found.setdefault(task.get_task_family(), set()).add(task.fingerprint)
        for dependency in flatten(task.requires()):
            visit(dependency)

    visit(Retrain(date=night, patch=patches))
    return found


def rebuilt(*patches: str, night: datetime.date = NIGHT) -> set[str]:
    """The families that a night with these patches cannot take over from a night without them."""
    retrain.freeze_once.cache_clear()  # a process reads a rule file once
    before, after = fingerprints(), fingerprints(*patches, night=night)
    return {
        family for family in after if not after[family] <= before.get(family, set())
    }


def test_a_night_has_every_task(environment):
    assert set(fingerprints()) == EVERYTHING


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("training.search.folds=3", AFTER_TRAINING_SET),
        ("training.search.folds=6", AFTER_TRAINING_SET | {"BuildTrainingSet"}),
        ("training.rare_labels=drop", AFTER_TRAINING_SET | {"BuildTrainingSet"}),
        (
            "training.cross_validation.folds=3",
            {"CrossValidate", "WriteManifest", "WriteReport", "Retrain"},
        ),
        (
            "release.goals={spam: {recall: 0.9}}",
            {"CrossValidate"} | AFTER_PREPARED | DECISION,
        ),
        (
            "evaluation.merge={ham: [personal]}",
            {"AggregateReviews", "SummariseRules", "EvaluateOnReviews"} | DECISION,
        ),
        ("training.reviews.sources=[crowd]", TAUGHT | AFTER_TRAINING_SET),
        (
            "text.min_token=2",
            NIGHTLY - {"IngestMessages", "IngestReviews", "ApplyRules", "ResolveVotes"},
        ),
        ("source.sample.seed=1", NIGHTLY - {"IngestReviews", "AggregateReviews"}),
        ("source.max_body_bytes=99", NIGHTLY),
        ("labelling.resolution.method=label_model", AFTER_RESOLUTION),
        ("labelling.resolution.soft_labels=true", AFTER_RESOLUTION),
        (
            "training.holdout_fraction=0.2",
            AFTER_TRAINING_SET
            | {"BuildTrainingSet", "BuildEvaluationSet", "AggregateReviews"}
            | {"SummariseRules"},
        ),
        (
            "release.gate.override={night: 2026-11-20, reason: known to be right}",
            DECISION,
        ),
        ("report.masking.min_texts=30", {"CompareModels", "WriteReport", "Retrain"}),
        ("release.keep.models=7", DECISION - {"GateModel", "CompareModels"}),
    ],
)
def test_a_patch_rebuilds_what_uses_it_and_what_follows(environment, patch, expected):
    assert rebuilt(patch) == expected


def test_where_there_is_a_goal_the_export_rests_on_the_cross_validation(environment):
    goal, folds = (
        "release.goals={spam: {recall: 0.9}}",
        "training.cross_validation.folds=3",
    )
    before, after = fingerprints(goal), fingerprints(goal, folds)
    changed = {family for family in after if after[family] != before[family]}
    assert changed == {"CrossValidate"} | AFTER_PREPARED | DECISION


def test_another_way_to_decide_reviews_rebuilds_what_is_measured_on_them(environment):
    annotator = "source.reviews.columns.annotator={name: annotator, dtype: string}"
    before, after = (
        fingerprints(annotator),
        fingerprints(annotator, "evaluation.aggregation=dawid_skene"),
    )
    changed = {family for family in after if after[family] != before[family]}
    measured = {"AggregateReviews", "SummariseRules", "EvaluateOnReviews"}
    assert changed == measured | DECISION


def test_a_new_date_rebuilds_all_but_the_compiled_rules(environment):
    assert rebuilt(night=NIGHT + datetime.timedelta(days=1)) == NIGHTLY


def test_an_edited_rule_rebuilds_labelling_and_what_follows_and_an_edited_example_nothing(
    environment, tmp_path
):
    rules = tmp_path / "rules"
    shutil.copytree(config.DEFAULTS.parent / "rules", rules)
    file = sorted(rules.rglob("*.yaml"))[0]
    file.write_text(file.read_text() + "\n# another comment\n")
    assert rebuilt(f"labelling.rules={rules}") == set()
    file.write_text(file.read_text().replace("pattern: '", "pattern: '(?:)", 1))
    assert rebuilt(f"labelling.rules={rules}") == AFTER_LABELS | {"CompileRules"}


def test_another_weight_of_a_rule_searches_no_message_again(environment, tmp_path):
    rules = tmp_path / "rules"
    shutil.copytree(config.DEFAULTS.parent / "rules", rules)
    file = next(
        file
        for file in sorted(rules.rglob("*.yaml"))
        if "weight: 1.5" in file.read_text()
    )
    file.write_text(file.read_text().replace("weight: 1.5", "weight: 1.25", 1))
    assert rebuilt(f"labelling.rules={rules}") == AFTER_RESOLUTION


def test_a_longer_grid_evaluates_only_what_is_new(environment):
    grid = "{estimator: sgd, ngrams: [[1, 1]], min_df: [1], sublinear_tf: [true], norm: [l2], alpha: %s}"
    one, two = (
        fingerprints(f"training.search.grids=[{grid % alpha}]")
        for alpha in ("[0.1]", "[0.2, 0.1]")
    )
    assert len(one["EvaluateCandidate"]) == 1 and len(two["EvaluateCandidate"]) == 2
    assert one["EvaluateCandidate"] < two["EvaluateCandidate"]


def test_a_raised_version_rebuilds_the_task_and_what_follows(environment, monkeypatch):
    before = fingerprints()
    monkeypatch.setattr(ApplyRules, "version", ApplyRules.version + 1)
    Retrain.clear_instance_cache()
    after = fingerprints()
    assert {
        family for family in after if after[family] != before[family]
    } == AFTER_LABELS
    Retrain.clear_instance_cache()


def test_a_worker_elsewhere_rebuilds_the_same_task_from_the_digest_alone(
    environment, tmp_path: Path, monkeypatch
):
    night = Retrain(date=NIGHT, patch=["text.min_token=2"])
    monkeypatch.delenv("NIGHTSIEVE_DATABASE_URL")
    monkeypatch.chdir(tmp_path)
    again = Retrain.from_str_params(night.to_str_params())
    Retrain.clear_instance_cache()
    assert again.fingerprint == night.fingerprint and len(night.config) == 16
    assert environment["NIGHTSIEVE_DATABASE_URL"] not in str(night.to_str_params())


def test_the_store_changes_no_fingerprint_and_is_handed_to_every_task(environment):
    elsewhere = f"{environment['NIGHTSIEVE_STORAGE']}-elsewhere"
    here, there = Retrain(date=NIGHT), Retrain(date=NIGHT, storage=elsewhere)
    assert here.fingerprint == there.fingerprint and here is not there
    for task in flatten(there.requires()):
        assert str(task.store) == elsewhere
        assert str(task.output()).startswith(f"{elsewhere}/")
    # What luigi shows and compares says nothing of it.
    assert here.task_id == there.task_id and "storage" not in str(there)
    assert "storage" not in there.to_str_params(only_public=True)


def test_to_ask_for_a_night_writes_nothing_and_to_begin_it_its_layout_first(
    environment, monkeypatch
):
    written = []
    write, put = Store.write, Store.put_if_match
    monkeypatch.setattr(
        Store, "write", lambda s, key, c: (written.append(key), write(s, key, c))
    )
    monkeypatch.setattr(
        Store,
        "put_if_match",
        lambda s, key, c, etag: (written.append(key), put(s, key, c, etag)),
    )
    night = Retrain(date=NIGHT)
    assert not night.complete() and night.settings and written == []
    night.deps()
    assert written == [layout.LAYOUT, layout.configuration(night.config)]
    night.deps()
    assert len(written) == 2


def test_a_night_on_a_store_of_another_layout_is_refused(environment):
    store = Store.from_environment()
    store.write(layout.LAYOUT, b'{"layout": 7, "written_by": "nightsieve 9"}')
    with pytest.raises(StorageError, match="has layout 7, this version reads 1"):
        Retrain(date=NIGHT)
