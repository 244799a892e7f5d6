"""The three layers, and the errors of wrong ones."""

import copy
import json
import math
import time
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
FEW_RULES_FOLDER = Path(__file__).parents[2] / "tasks" / "rules"
FEW_RULES = config.patch_layer(f"labelling.rules={FEW_RULES_FOLDER}")
ENVIRONMENT = {
    "NIGHTSIEVE_DATABASE_URL": URL,
    "NIGHTSIEVE_VAR_BODY": "text",
    "SMTP_PASS": "hunter2",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
}


def resolve(
    *patches: str, overlay: str = "", environment: dict[str, str] = ENVIRONMENT
) -> config.Resolved:
    defaults = config.file_layer(config.DEFAULTS)
    overlay_layer = config.text_layer("overlay.yaml", overlay.encode(), defaults.folder)
    patch_layers = map(config.patch_layer, patches)
    layers = [defaults, FEW_RULES, overlay_layer, *patch_layers]
    return config.resolve(layers, read_rules, environment)


def digest(resolved: config.Resolved) -> str:
    return config.digest(config.canonical(resolved.settings))


def test_later_layers_win_and_each_key_knows_its_layer():
    overlay = "training: {search: {folds: 3, seed: 3}}"
    resolved = resolve("training.search.folds=7", overlay=overlay)
    search = resolved.settings.training.search
    assert (search.folds, search.seed, search.scoring) == (7, 3, "f1_macro")
    assert resolved.origin("training.search.folds") == "--patch training.search.folds"
    assert resolved.origin("training.search.seed") == "overlay.yaml"
    assert resolved.origin("training.search.scoring") == str(config.DEFAULTS)


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("training.serch.folds=3", "training.serch: unknown key; did you mean search?"),
        (
            "release.gate.override=the sheet is wrong",
            'release.gate.override: "the sheet is wrong": Input should be an object',
        ),
        (
            "release.gate.override={reason: the sheet is wrong}",
            "release.gate.override.night: is missing; add it",
        ),
        (
            "release.gate.override={night: 2026-11-20, reason: '  . . . . . .  '}",
            "must say why, in 10 characters or more",
        ),
        (
            "nights=3",
            "nights: unknown key; use one of source, labelling, text, training, eval",
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
            "column 15: the key 'fraction' is repeated; keep one of the two",
        ),
        (
            "source.messages.where=${NIGHTSIEVE_VAR_NOWHERE}",
            "where: the environment variable NIGHTSIEVE_VAR_NOWHERE is not set",
        ),
        (
            "source.messages.where=${AWS_SECRET_ACCESS_KEY}",
            "${AWS_SECRET_ACCESS_KEY} is not made for configurations; use "
            "${NIGHTSIEVE_VAR_...}, and secrets in source.url only",
        ),
        (
            "source.messages.columns.body.name=a${SMTP_PASS}b",
            "body.name: ${SMTP_PASS} is not made for configurations; use",
        ),
        (
            "source.url=postgresql://u:${AWS_SECRET_ACCESS_KEY}@host/x",
            "source.url: not one reference to a variable; write "
            "${NIGHTSIEVE_DATABASE_URL}, and put the URL into that variable",
        ),
        (
            "source.url=${NIGHTSIEVE_DATABASE_URL}?host=evil.example",
            "source.url: not one reference to a variable",
        ),
        (
            "source.url=${NIGHTSIEVE_DATABASE_URL}${NIGHTSIEVE_DATABASE_URL}",
            "source.url: not one reference to a variable",
        ),
        ("source.url=sqlite:////etc/passwd", "not one reference to a variable"),
        (
            "source.url=${AWS_SECRET_ACCESS_KEY}",
            "source.url: ${AWS_SECRET_ACCESS_KEY} may not be used here; use "
            "${NIGHTSIEVE_DATABASE_URL}, or list the variable in NIGHTSIEVE_URL_NAMES",
        ),
        (
            "source.url=${NIGHTSIEVE_VAR_URL}",
            "source.url: ${NIGHTSIEVE_VAR_URL} may not be used here",
        ),
        (
            "source.identity=ours",
            "source.identity: is derived from source.url; remove it",
        ),
        (
            "labelling.rules=/nowhere",
            "/nowhere: holds no rule files; add a file <label>.yaml for each label",
        ),
        (
            "training.search.folds",
            "--patch 'training.search.folds': not a key and a value; write it like "
            "training.search.folds=5",
        ),
        (
            "source.messages.columns.received_at.dtype=int64",
            "received_at.dtype: \"int64\": Input should be 'timestamp'",
        ),
        (
            "release.goals={spam: {}}",
            "goals.spam: {}: a goal is a precision or a recall; set one, such as {prec",
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
            "goals.ham: no rule votes for this label; use one of notif",
        ),
        (
            "evaluation.merge={ham: [personal, nosuch]}",
            "merge.ham: no rule votes for nosuch; use labels of rules: notif",
        ),
        (
            "release.gate.floors={spma: {f1: 0.9}}",
            "floors.spma: reviews do not measure this label; use one of notif",
        ),
        (
            "labelling.rules=[]",
            "labelling.rules: []: rules must vote for two labels at least; add rules",
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
            "text.stop_words=[a",
            "column 1: not YAML: did not find expected ',' or ']'; correct",
        ),
        (
            "source={? {a: 1} : 2}",
            "column 4: a key is a list or a mapping; use text",
        ),
        (
            "text.stop_words=" + "[" * 10_000,
            "text.stop_words, line 1, column 33: nested deeper than 32 levels; use",
        ),
        (
            ".".join("a" * 10_000) + "=1",
            "...: nested deeper than 32 levels; use fewer levels",
        ),
        (
            "evaluation.merge={ham: [spam], bad: [spam]}",
            "spam is merged 2 times; merge it once",
        ),
        (
            f"labelling.rules=[{RULE}, {RULE}]",
            "labelling.rules: the id a is used 2 times; give each rule its own",
        ),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_layer_and_what_is_right(
    patch, message
):
    with pytest.raises(ConfigError) as refused:
        resolve(patch)
    assert message in str(refused.value)
    assert str(refused.value).count("\n") <= 1
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("null", ["source.reviews", "source.reviews.columns.source"])
def test_reviews_without_a_source_cannot_train(null):
    train = "training: {reviews: {sources: [crowd]}}"
    with pytest.raises(ConfigError) as refused:
        resolve(f"{null}=null", overlay=train)
    assert str(refused.value) == (
        "overlay.yaml: training.reviews.sources: reviews have no source, since "
        f"{null} is null; set it, or use []"
    )
    assert resolve(f"{null}=null").settings.training.reviews.sources == ()
    assert resolve(overlay=train).settings.training.reviews.sources == ("crowd",)
    with pytest.raises(ConfigError) as refused:
        resolve("evaluation.sources=[crowd]", f"{null}=null")
    assert str(refused.value) == (
        "--patch evaluation.sources: evaluation.sources: reviews have no source, since "
        f"{null} is null; set it, or use null"
    )


@pytest.mark.parametrize("sources", ["null", "[]", "[crowd]"])
def test_corrections_train_only_if_they_are_named(sources):
    train = "training.reviews.sources=[correction]"
    with pytest.raises(ConfigError) as refused:
        resolve(f"evaluation.sources={sources}", train)
    assert str(refused.value) == (
        "--patch training.reviews.sources: training.reviews.sources: "
        "evaluation.sources does not let correction measure or train; name it there, "
        "or remove it here"
    )
    named = resolve("evaluation.sources=[crowd, correction]", train)
    assert named.settings.training.reviews.sources == ("correction",)


def test_a_floor_is_for_a_label_of_merged_reviews():
    merge = "evaluation.merge={ham: [personal, notification]}"
    resolved = resolve(merge, "release.gate.floors={ham: {f1: 0.9}}")
    assert resolved.settings.release.gate.floors["ham"].f1 == 0.9
    with pytest.raises(
        ConfigError,
        match=r"--patch release\.gate\.floors: .*personal: .* use one of ham, spam$",
    ):
        resolve(merge, "release.gate.floors={personal: {f1: 0.9}}")


@pytest.mark.parametrize("label", ["Spam", "0", "no", "Not spam", "1.50", "null"])
def test_reviews_have_labels_of_any_text(label):
    overlay = f"evaluation: {{merge: {{{label}: [spam]}}}}"
    floor = f"release.gate.floors={{{label}: {{f1: 0.9}}}}"
    settings = resolve(floor, overlay=overlay).settings
    assert settings.evaluation.merge == {label: ("spam",)}
    assert settings.release.gate.floors[label].f1 == 0.9
    patched = resolve(f"evaluation.merge={{{label}: [personal]}}", overlay=overlay)
    assert patched.settings.evaluation.merge == {label: ("personal",)}


def test_an_empty_label_of_reviews_is_refused():
    with pytest.raises(ConfigError, match="must not be empty"):
        resolve("evaluation.merge={' ': [spam]}")


@pytest.mark.parametrize("null", ["source.reviews", "source.reviews.columns.annotator"])
def test_dawid_and_skene_need_the_annotators_of_reviews(null):
    aggregation = "evaluation.aggregation=dawid_skene"
    with pytest.raises(ConfigError) as refused:
        resolve(aggregation, f"{null}=null")
    assert str(refused.value) == (
        "--patch evaluation.aggregation: evaluation.aggregation: dawid_skene needs "
        f"annotators, and {null} is null; set it, or use majority"
    )
    column = "source.reviews.columns.annotator={name: annotator, dtype: string}"
    evaluation = resolve(aggregation, column).settings.evaluation
    assert evaluation.aggregation == "dawid_skene"


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (
            {"estimator": "sgd", "C": [1]},
            "sgd is regularised by alpha, not by C; set alpha to a list of numbers",
        ),
        ({"C": [0]}, "grids.0.C.0: Input should be greater than 0"),
        (
            {"C": [1, 1.0]},
            "a candidate is in the grids twice: linear_svm C=1, 1-1 grams",
        ),
        ({"C": [1], "ngrams": [[2, 1]]}, "[2, 1] is not an n-gram range; use 1 <= low"),
        (
            {"estimator": "forest", "C": [1]},
            "grids.0.estimator: Input should be",
        ),
    ],
)
def test_a_wrong_grid_is_refused(grid, message):
    valid = {
        "estimator": "linear_svm",
        "ngrams": [[1, 1]],
        "min_df": [1],
        "sublinear_tf": [True],
        "norm": ["l2"],
    }
    overlay = {"training": {"search": {"grids": [valid | grid]}}}
    with pytest.raises(ConfigError, match=r"training\.search\.grids") as refused:
        resolve(overlay=json.dumps(overlay))
    assert message in str(refused.value)


def test_the_secret_stays_in_the_environment():
    resolved = resolve("source.messages.columns.body.name=${NIGHTSIEVE_VAR_BODY}")
    frozen = config.canonical(resolved.settings).decode()
    for secret in ("hunter2", "xenia", "db.example"):
        assert secret not in frozen
    assert resolved.settings.source.messages.columns.body.name == "text"
    assert resolved.settings.source.url == "${NIGHTSIEVE_DATABASE_URL}"


def test_the_environment_names_further_variables_that_hold_a_url():
    for names in (
        "INBOX_URL",
        "OTHER INBOX_URL",
        "OTHER,INBOX_URL",
        "OTHER , INBOX_URL",
    ):
        environment = {**ENVIRONMENT, "NIGHTSIEVE_URL_NAMES": names}
        resolved = resolve("source.url=${INBOX_URL}", environment=environment)
        assert resolved.settings.source.url == "${INBOX_URL}"
    for names in ("", "INBOX_UR", "XINBOX_URL", "INBOX_URL;OTHER"):
        environment = {**ENVIRONMENT, "NIGHTSIEVE_URL_NAMES": names}
        with pytest.raises(ConfigError, match=r"\$\{INBOX_URL\} may not be used here"):
            resolve("source.url=${INBOX_URL}", environment=environment)


def test_the_errors_of_a_file_hold_its_keys_but_no_value_and_no_line():
    overlay = """
root:$6$hunter2$salt:19000:0:99999:7:::
hunter2.xenia@example/x: 1
text: hunter2
training: {search: {folds: hunter2, scoring: [hunter2]}, seeds: hunter2}
"""
    with pytest.raises(ConfigError) as refused:
        resolve(overlay=overlay)
    lines = str(refused.value).splitlines()
    assert len(lines) <= 3
    assert "hunter2" not in str(refused.value)
    assert "xenia" not in str(refused.value)
    assert "overlay.yaml: text: Input should be an object" in lines


def test_a_large_overlay_of_unknown_keys_is_refused_within_a_second():
    overlay = "text:\n" + "".join(f"  k{number}: 1\n" for number in range(70_000))
    start = time.monotonic()
    with pytest.raises(ConfigError, match="unknown key"):
        resolve(overlay=overlay)
    assert time.monotonic() - start < 10  # quadratic code takes minutes


def test_resolving_needs_no_database():
    resolved = resolve(environment={})
    assert resolved.settings == resolve().settings
    assert resolved.settings.source.identity is None
    assert resolved.origin("source.identity") == "derived from source.url"


def test_resolving_does_not_change_a_layer():
    values = {
        "text": {"stop_words": ["${NIGHTSIEVE_VAR_BODY}"]},
        "training": {"search": None},
    }
    overlay = config.Layer("overlay.yaml", copy.deepcopy(values), FEW_RULES.folder)
    search = config.text_layer("search", b"training: {search: {}}", FEW_RULES.folder)
    folds = config.patch_layer("training.search.folds=3")
    layers = [config.file_layer(config.DEFAULTS), FEW_RULES, overlay]
    with pytest.raises(ConfigError, match=r"training\.search\.grids: is missing"):
        config.resolve([*layers, search, folds], read_rules, ENVIRONMENT)
    assert (overlay.values, search.values) == (values, {"training": {"search": {}}})


def test_a_frozen_configuration_is_read_as_it_was_written():
    resolved = resolve()
    settings = config.with_identity(resolved.settings, "0123456789abcdef")
    frozen = Settings.model_validate_json(config.canonical(settings))
    assert frozen == settings
    assert config.canonical(frozen) == config.canonical(settings)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 20), st.integers(2, 20))
def test_different_configurations_have_different_digests(first, second):
    first_digest = digest(resolve(f"training.search.folds={first}"))
    second_digest = digest(resolve(f"training.search.folds={second}"))
    assert (first_digest == second_digest) == (first == second)


def test_the_shipped_configuration_resolves_with_its_pack_of_rules():
    defaults = config.file_layer(config.DEFAULTS)
    shipped = config.resolve([defaults], read_rules, ENVIRONMENT).settings
    assert len(shipped.labelling.rules) > 400


def test_the_candidates_are_all_combinations_of_the_grids():
    search = resolve().settings.training.search
    n_combinations = 0
    for grid in search.grids:
        lists = [grid.ngrams, grid.min_df, grid.sublinear_tf, grid.norm]
        lists.append(grid.C or grid.alpha)
        n_combinations += math.prod(map(len, lists))
    assert len(search.candidates) == n_combinations
