"""An edit rebuilds exactly the tasks whose inputs it changes, and none before them."""

import datetime
import shutil
from pathlib import Path

import pytest
from luigi.task import flatten

from nightsieve.store import layout
from nightsieve.store.objects import Store
from pipeline import config
from pipeline.errors import ConfigError, StorageError
from tasks import Retrain, retrain
from tasks.base import lineage
from tasks.labelling import ApplyRules
from tasks.luigi_setup.parameters import today

NIGHT = datetime.date(2026, 11, 20)
LABELLING = {"ApplyRules", "ResolveVotes", "SummariseRules"}
REPORT = {"WriteReport", "Retrain"}
DECISION = {"GateModel", "PublishModel", "WriteManifest", "CompareModels"} | REPORT
AFTER_PREPARED = {
    "PrepareExport",
    "ExportCoefficients",
    "ExportVectors",
    "ExportReference",
    "VerifyExport",
    "DescribeExport",
    "EvaluateOnReviews",
    "MeasureCorrections",
    "MeasureSpeed",
}
SEARCH = {"EvaluateCandidate", "SearchGrid", "CrossValidate", "FitModel"}
AFTER_FIT = AFTER_PREPARED | {"ExportPipeline"}
AFTER_TRAINING_SET = SEARCH | AFTER_FIT | DECISION
REVIEWS_TRAIN = {
    "LabelByReviews",
    "AggregateReviews",
    "BuildTrainingSet",
    "SummariseRules",
}
AFTER_RESOLUTION = AFTER_TRAINING_SET | {
    "ResolveVotes",
    "SummariseRules",
    "BuildTrainingSet",
    "BuildEvaluationSet",
}
AFTER_LABELS = LABELLING | AFTER_RESOLUTION
NIGHTLY = AFTER_LABELS | {
    "IngestMessages",
    "IngestReviews",
    "AggregateReviews",
    "CleanMessages",
}
EVERYTHING = NIGHTLY | {"CompileRules"}


def fingerprints(*patches: str, night: datetime.date = NIGHT) -> dict[str, set[str]]:
    """Return the fingerprints of a night's tasks, by family."""
    by_family: dict[str, set[str]] = {}
    root = Retrain(date=night, patch=patches)
    for task in [*lineage(root.requires()), root]:
        by_family.setdefault(task.get_task_family(), set()).add(task.fingerprint)
    return by_family


def rebuilt(*patches: str, night: datetime.date = NIGHT) -> set[str]:
    """Return the families that a night with these patches must make again."""
    retrain.freeze_once.cache_clear()  # a process reads a rule file once
    before = fingerprints()
    after = fingerprints(*patches, night=night)
    return {
        family for family in after if not after[family] <= before.get(family, set())
    }


def changed(before: dict[str, set[str]], after: dict[str, set[str]]) -> set[str]:
    """Return the families that have other fingerprints after a change."""
    return {family for family in after if after[family] != before[family]}


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
            {"CrossValidate", "WriteManifest"} | REPORT,
        ),
        (
            "release.goals={spam: {recall: 0.9}}",
            {"CrossValidate"} | AFTER_PREPARED | DECISION,
        ),
        (
            "evaluation.merge={ham: [personal]}",
            {"AggregateReviews", "SummariseRules", "EvaluateOnReviews"}
            | {"MeasureCorrections"}
            | DECISION,
        ),
        (
            "evaluation.sources=[crowd, correction]",
            {"AggregateReviews", "SummariseRules", "EvaluateOnReviews"}
            | {"MeasureCorrections"}
            | DECISION,
        ),
        (
            "evaluation.corrections.per_annotator_and_day=9",
            {"MeasureCorrections", "WriteManifest"} | REPORT,
        ),
        ("training.reviews.sources=[crowd]", REVIEWS_TRAIN | AFTER_TRAINING_SET),
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
        ("report.masking.min_texts=30", {"CompareModels"} | REPORT),
        ("release.keep.models=7", DECISION - {"GateModel", "CompareModels"}),
    ],
)
def test_a_patch_rebuilds_what_uses_it_and_what_follows(environment, patch, expected):
    assert rebuilt(patch) == expected


def test_with_a_goal_the_export_depends_on_the_cross_validation(environment):
    goal = "release.goals={spam: {recall: 0.9}}"
    before = fingerprints(goal)
    after = fingerprints(goal, "training.cross_validation.folds=3")
    assert changed(before, after) == {"CrossValidate"} | AFTER_PREPARED | DECISION


def test_another_aggregation_of_reviews_rebuilds_what_is_measured_on_them(environment):
    annotator = "source.reviews.columns.annotator={name: annotator, dtype: string}"
    before = fingerprints(annotator)
    after = fingerprints(annotator, "evaluation.aggregation=dawid_skene")
    measured = {"AggregateReviews", "SummariseRules", "EvaluateOnReviews"}
    assert changed(before, after) == measured | DECISION


def test_a_new_date_rebuilds_all_but_the_compiled_rules(environment):
    assert rebuilt(night=NIGHT + datetime.timedelta(days=1)) == NIGHTLY


def test_an_edited_rule_rebuilds_labelling_and_what_follows_a_comment_nothing(
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
    files = sorted(rules.rglob("*.yaml"))
    file = next(file for file in files if "weight: 1.5" in file.read_text())
    file.write_text(file.read_text().replace("weight: 1.5", "weight: 1.25", 1))
    assert rebuilt(f"labelling.rules={rules}") == AFTER_RESOLUTION


def test_a_longer_grid_evaluates_only_what_is_new(environment):
    one_candidate = candidates_of_grid("[0.1]")
    two_candidates = candidates_of_grid("[0.2, 0.1]")
    assert len(one_candidate) == 1
    assert len(two_candidates) == 2
    assert one_candidate < two_candidates


def candidates_of_grid(alpha: str) -> set[str]:
    """Return the fingerprints of the candidates of a grid."""
    grid = (
        "{estimator: sgd, ngrams: [[1, 1]], min_df: [1], sublinear_tf: [true], "
        f"norm: [l2], alpha: {alpha}}}"
    )
    return fingerprints(f"training.search.grids=[{grid}]")["EvaluateCandidate"]


def test_a_raised_version_rebuilds_the_task_and_what_follows(environment, monkeypatch):
    before = fingerprints()
    monkeypatch.setattr(ApplyRules, "version", ApplyRules.version + 1)
    Retrain.clear_instance_cache()
    assert changed(before, fingerprints()) == AFTER_LABELS
    Retrain.clear_instance_cache()


def test_a_worker_elsewhere_rebuilds_the_same_task_from_the_digest_alone(
    environment, tmp_path: Path, monkeypatch
):
    night = Retrain(date=NIGHT, patch=("text.min_token=2",))
    monkeypatch.delenv("NIGHTSIEVE_DATABASE_URL")
    monkeypatch.chdir(tmp_path)
    again = Retrain.from_str_params(night.to_str_params())
    Retrain.clear_instance_cache()
    assert again.fingerprint == night.fingerprint
    assert len(night.config) == 16
    assert environment["NIGHTSIEVE_DATABASE_URL"] not in str(night.to_str_params())


def test_the_store_changes_no_fingerprint_and_is_a_parameter_of_every_task(environment):
    other_store = f"{environment['NIGHTSIEVE_STORAGE']}-elsewhere"
    night = Retrain(date=NIGHT)
    elsewhere = Retrain(date=NIGHT, storage=other_store)
    assert elsewhere.fingerprint == night.fingerprint
    assert elsewhere is not night
    for task in flatten(elsewhere.requires()):
        assert str(task.store) == other_store
        assert str(task.output()).startswith(f"{other_store}/")
    # Luigi neither shows nor compares the store.
    assert elsewhere.task_id == night.task_id
    assert "storage" not in str(elsewhere)
    assert "storage" not in elsewhere.to_str_params(only_public=True)


def test_a_night_in_the_future_is_refused_and_asking_for_it_is_no_part_of_its_identity(
    environment,
):
    tomorrow = today() + datetime.timedelta(days=1)
    with pytest.raises(ConfigError, match=f"--date {tomorrow}: after today, {today()}"):
        Retrain(date=tomorrow)
    assert Retrain(date=tomorrow, allow_future=True).date == tomorrow
    night = Retrain(date=today())
    asked = Retrain(date=today(), allow_future=True)
    assert asked is night
    assert "allow_future" not in asked.to_str_params(only_significant=True)
    assert asked.fingerprint_parameters() == {}


def test_asking_for_a_night_writes_nothing_and_beginning_it_writes_the_layout_first(
    environment, monkeypatch
):
    written: list[str] = []
    write = Store.write
    put_if_match = Store.put_if_match

    def watched_write(store, key, content):
        written.append(key)
        return write(store, key, content)

    def watched_put(store, key, content, etag):
        written.append(key)
        return put_if_match(store, key, content, etag)

    monkeypatch.setattr(Store, "write", watched_write)
    monkeypatch.setattr(Store, "put_if_match", watched_put)
    night = Retrain(date=NIGHT)
    assert not night.complete()
    assert night.settings
    assert written == []
    night.deps()
    assert written == [layout.LAYOUT, layout.configuration(night.config)]
    night.deps()
    assert len(written) == 2


def test_a_night_on_a_store_of_another_layout_is_refused(environment):
    store = Store.from_environment()
    store.write(layout.LAYOUT, b'{"layout": 7, "written_by": "nightsieve 9"}')
    with pytest.raises(StorageError, match="has layout 7, this version reads 1"):
        Retrain(date=NIGHT)
