"""The three layers, and what a wrong one gets."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import config
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.rules.files import read_rules

URL = "postgresql://xenia:hunter2@db.example:5432/messages"
RULE = "{id: a, label: spam, pattern: win, field: body, weight: 1, why: a test}"
# Reading the whole pack takes half a second.
FEW_RULES = config.patch_layer(
    f"labelling.rules={Path(__file__).parents[2] / 'tasks' / 'rules'}"
)
ENVIRONMENT = {
    "NIGHTSIEVE_DATABASE_URL": URL,
    "LABEL": "label",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
}


def resolve(
    *patches: str, overlay: str = "", environment: dict[str, str] = ENVIRONMENT
) -> config.Resolved:
    defaults = config.file_layer(config.DEFAULTS)
    layers = [
        FEW_RULES,
        config.text_layer("overlay.yaml", overlay.encode(), defaults.folder),
    ]
    return config.resolve(
        [defaults, *layers, *map(config.patch_layer, patches)], read_rules, environment
    )


def digest(resolved: config.Resolved) -> str:
    return config.digest(config.canonical(resolved.settings))


def test_later_layers_win_and_each_key_knows_its_layer():
    resolved = resolve(
        "training.search.folds=7", overlay="training: {search: {folds: 3, seed: 3}}"
    )
    search = resolved.settings.training.search
    assert (search.folds, search.seed, search.scoring) == (7, 3, "f1_macro")
    assert resolved.origin("training.search.folds") == "--patch training.search.folds"
    assert resolved.origin("training.search.seed") == "overlay.yaml"
    assert resolved.origin("training.search.scoring") == str(config.DEFAULTS)


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ("training.serch.folds=3", "training.serch: unknown key; did you mean search?"),
        (
            "release.gate.override=the sheet is wrong",
            'release.gate.override: "the sheet is wrong": Input should be an object',
        ),
        (
            "release.gate.override={reason: the sheet is wrong}",
            "release.gate.override.night: is missing",
        ),
        (
            "release.gate.override={night: 2026-11-20, reason: '  . . . . . .  '}",
            "must say why, in 10 characters or more",
        ),
        (
            "nights=3",
            "nights: unknown key; here may stand: source, labelling, text, training, evaluation",
        ),
        (
            "training.search.folds=1",
            "training.search.folds: 1: Input should be greater than or equal to 2",
        ),
        (
            "training.search.folds=five",
            'training.search.folds: "five": Input should be a valid integer',
        ),
        (
            "text.min_token=true",
            "text.min_token: true: Input should be a valid integer",
        ),
        (
            "text.preset=latin",
            "text.preset: \"latin\": Input should be 'ascii' or 'casefold'",
        ),
        (
            "source.sample.fraction=1.5",
            "source.sample.fraction: 1.5: Input should be less than or equal to 1",
        ),
        (
            "evaluation.confidence=.inf",
            "evaluation.confidence: Infinity: Input should be a finite number",
        ),
        ("source.sample=null", "source.sample: null: Input should be an object"),
        (
            "source.sample={fraction: 1, fraction: 0.5}",
            "the key 'fraction' stands here twice",
        ),
        (
            "source.messages.where=${NOWHERE}",
            "source.messages.where: the environment variable NOWHERE is not set",
        ),
        (
            "source.messages.where=${AWS_SECRET_ACCESS_KEY}",
            "names a secret; secrets may stand in source.url only",
        ),
        ("source.identity=ours", "source.identity: is derived, never set"),
        (
            "labelling.rules=/nowhere",
            "/nowhere: no rule files; there must be one <label>.yaml for each label",
        ),
        ("training.search.folds", "must look like training.search.folds=5"),
        (
            "source.messages.columns.received_at.dtype=int64",
            "received_at.dtype: \"int64\": Input should be 'timestamp'",
        ),
        (
            "release.goals={spam: {}}",
            "goals.spam: {}: a goal is a precision or a recall, such as {precision: 0.95}",
        ),
        (
            "release.goals={spam: {precision: 0.9, recall: 0.9}}",
            "a goal is a precision or a recall",
        ),
        (
            "release.goals={spam: {precision: 0}}",
            "goals.spam.precision: 0: Input should be greater than 0",
        ),
        (
            "release.goals={spam: {precison: 0.9}}",
            "goals.spam.precison: unknown key; did you mean precision?",
        ),
        (
            "release.goals={ham: {recall: 0.9}}",
            "goals.ham: no rule votes for it; labels are notification, personal",
        ),
        (
            "evaluation.merge={ham: [personal, nosuch]}",
            "merge.ham: no rule votes for nosuch; labels are notif",
        ),
        (
            "release.gate.floors={spma: {f1: 0.9}}",
            "floors.spma: reviews measure no such label; they measure notif",
        ),
        (
            "labelling.rules=[]",
            "labelling.rules: []: there must be rules for two labels at least",
        ),
        (
            "training.rare_labels=ignore",
            "training.rare_labels: \"ignore\": Input should be 'error' or 'drop'",
        ),
        (
            "release.gate.regression.max_loss=0.1",
            "release.gate.regression.max_loss: 0.1: Input should be an object",
        ),
        (
            f"labelling.rules=[{RULE}, {RULE}]",
            "labelling.rules: the id a stands twice; ids are unique",
        ),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_layer_and_what_would_be_right(
    patch, says
):
    with pytest.raises(ConfigError) as refused:
        resolve(patch)
    assert says in str(refused.value)
    assert str(refused.value).count("\n") <= 1
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("null", ["source.reviews", "source.reviews.columns.source"])
def test_reviews_without_a_source_cannot_train(null):
    train = "training: {reviews: {sources: [correction]}}"
    with pytest.raises(ConfigError) as refused:
        resolve(f"{null}=null", overlay=train)
    assert str(refused.value) == (
        f"overlay.yaml: training.reviews.sources: no review has a source; {null} is null, set it or train on none: []"
    )
    assert resolve(f"{null}=null").settings.training.reviews.sources == ()
    assert resolve(overlay=train).settings.training.reviews.sources == ("correction",)


def test_a_floor_is_for_a_label_that_reviews_measure_once_they_are_merged():
    merge, floors = (
        "evaluation.merge={ham: [personal, notification]}",
        "release.gate.floors={%s: {f1: 0.9}}",
    )
    assert resolve(merge, floors % "ham").settings.release.gate.floors["ham"].f1 == 0.9
    with pytest.raises(
        ConfigError,
        match="--patch release.gate.floors: .*personal: .* they measure ham, spam$",
    ):
        resolve(merge, floors % "personal")


@pytest.mark.parametrize("null", ["source.reviews", "source.reviews.columns.annotator"])
def test_dawid_and_skene_need_to_know_who_gave_which_review(null):
    likeliest, named = (
        "evaluation.aggregation=dawid_skene",
        "{name: annotator, dtype: string}",
    )
    with pytest.raises(ConfigError) as refused:
        resolve(likeliest, f"{null}=null")
    assert str(refused.value) == (
        f"--patch evaluation.aggregation: evaluation.aggregation: nobody knows who gave which review; {null} is null, "
        "set it or use majority"
    )
    assert (
        resolve(
            likeliest, f"source.reviews.columns.annotator={named}"
        ).settings.evaluation.merge
        == {}
    )


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        (
            {"estimator": "sgd", "C": [1]},
            "sgd is regularised by alpha (a list of numbers above 0), not by C",
        ),
        ({"C": [0]}, "grids.0.C.0: 0: Input should be greater than 0"),
        ({"C": [1, 1.0]}, "the same candidate stands in the grids twice"),
        ({"C": [1], "ngrams": [[2, 1]]}, "[2, 1] is no n-gram range"),
        (
            {"estimator": "forest", "C": [1]},
            'grids.0.estimator: "forest": Input should be',
        ),
    ],
)
def test_a_wrong_grid_is_refused(grid, says):
    knobs = {
        "estimator": "linear_svm",
        "ngrams": [[1, 1]],
        "min_df": [1],
        "sublinear_tf": [True],
        "norm": ["l2"],
    }
    with pytest.raises(ConfigError, match="training.search.grids") as refused:
        resolve(overlay=json.dumps({"training": {"search": {"grids": [knobs | grid]}}}))
    assert says in str(refused.value)


def test_the_secret_stays_in_the_environment():
    resolved = resolve("source.messages.columns.body.name=${LABEL}")
    frozen = config.canonical(resolved.settings).decode()
    assert [part for part in ("hunter2", "xenia", "db.example") if part in frozen] == []
    assert resolved.settings.source.messages.columns.body.name == "label"
    assert resolved.settings.source.url == "${NIGHTSIEVE_DATABASE_URL}"


def test_no_database_needs_to_be_named():
    resolved = resolve(environment={})
    assert resolved.settings == resolve().settings
    assert resolved.settings.source.identity is None
    assert resolved.origin("source.identity") == "derived from source.url"


def test_a_layer_is_the_same_after_it_is_resolved():
    values = {"text": {"stop_words": ["${LABEL}"]}, "training": {"search": None}}
    overlay = config.Layer("overlay.yaml", copy.deepcopy(values), FEW_RULES.folder)
    search = config.text_layer("search", b"training: {search: {}}", FEW_RULES.folder)
    folds = config.patch_layer("training.search.folds=3")
    layers = [config.file_layer(config.DEFAULTS), FEW_RULES, overlay]
    with pytest.raises(ConfigError, match="training.search.grids: is missing"):
        config.resolve([*layers, search, folds], read_rules, ENVIRONMENT)
    assert (overlay.values, search.values) == (values, {"training": {"search": {}}})


def test_the_frozen_configuration_is_the_configuration():
    resolved = resolve()
    settings = config.with_identity(resolved.settings, "0123456789abcdef")
    frozen = Settings.model_validate_json(config.canonical(settings))
    assert frozen == settings
    assert config.canonical(frozen) == config.canonical(settings)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 20), st.integers(2, 20))
def test_digests_tell_configurations_apart(first, second):
    digests = {
        digest(resolve(f"training.search.folds={folds}")) for folds in (first, second)
    }
    assert len(digests) == len({first, second})


def test_the_shipped_configuration_resolves_with_its_pack_of_rules():
    defaults = config.file_layer(config.DEFAULTS)
    shipped = config.resolve([defaults], read_rules, ENVIRONMENT).settings
    assert len(shipped.labelling.rules) > 400


def test_the_grid_is_every_combination():
    grids = resolve().settings.training.search.grids
    sizes = [
        len(g.ngrams)
        * len(g.min_df)
        * len(g.sublinear_tf)
        * len(g.norm)
        * len(g.C or g.alpha)
        for g in grids
    ]
    assert len(resolve().settings.training.search.candidates) == sum(sizes)
