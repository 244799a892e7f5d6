"""One night, from the database to the exported file, and what a second, a changed and a failed one do."""

import configparser
import datetime
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.request
from contextlib import closing
from importlib import resources
from urllib.parse import quote

import jsonschema
import numpy as np
import psycopg2
import pytest

from nightsieve.store.objects import Store
from pipeline.export import load_pipeline, verify_model
from pipeline.export.exporters.nightsieve_linear.format import decode
from pipeline.export.verification.scorer_process import PROGRAMS, languages
from pipeline.records.export import DEFAULT_FORMAT
from tasks import Retrain
from tests.support import nights
from tests.support.commands import forget, fork, run
from tests.support.nights import NIGHT, RULED, STAGES, assert_whole, objects, sample

SMALL = [*nights.SMALL, "release.goals={spam: {precision: 0.9}}"]
retrain = functools.partial(nights.retrain, patches=SMALL)
AT_ONCE = ["--local-scheduler", "--scheduler-retry-delay", "0"]
SCHEMA = resources.files("pipeline.export.exporters.nightsieve_linear").joinpath(
    "nightsieve-linear-1.0.schema.json"
)


@pytest.fixture(scope="module")
def night(night_environment) -> subprocess.CompletedProcess[str]:
    """A finished night on the sample data."""
    sample(night_environment)
    return run(*retrain(), environment=night_environment)


@pytest.fixture(scope="module")
def manifest(night, night_environment) -> dict:
    shown = fork(
        "nightsieve", "runs", "show", NIGHT, "--json", environment=night_environment
    )
    return json.loads(shown.stdout)


def test_a_night_succeeds_and_says_what_it_did(night, night_environment):
    assert night.returncode == 0, night.stderr
    for part in (
        f"Night of {NIGHT}", "IngestMessages", "Labels by the rules", "Best candidates", "against human reviews",
        "vectors, 0 differences", "s3://nightsieve/", "/static/visualiser/index.html",
    ):  # fmt: skip
        assert part in night.stdout
    assert re.search(
        r"Sample: 1,\d{3} messages; left out: .*\b[1-9]\d* too long", night.stdout
    )
    again = fork("nightsieve", "runs", "show", NIGHT, environment=night_environment)
    # Only the night itself knows the page of its scheduler.
    lasting, scheduler, _ = night.stdout.rpartition("scheduler ")
    assert scheduler
    assert again.stdout.split() == lasting.split()


def test_every_task_left_one_whole_object_and_a_receipt(
    night, night_environment, manifest
):
    stored = objects(night_environment)
    assert_whole(stored)
    after = {"WriteManifest", "CompareModels", "WriteReport", "Retrain"}
    assert {receipt["task"] for receipt in manifest["tasks"]} | after == set(STAGES)
    for receipt in manifest["tasks"]:
        assert hashlib.sha256(stored[receipt["key"]]).hexdigest() == receipt["sha256"]
        assert receipt["seconds"] >= 0
        assert receipt["peak_memory_mib"] > 0


def test_the_manifest_accounts_for_every_message(manifest):
    counts, rules = (
        manifest["results"]["messages"]["counts"],
        manifest["results"]["rules"],
    )
    assert counts["oversized_bodies"] > 0
    assert (
        counts["sampled"]
        == counts["kept"] + counts["null_bodies"] + counts["oversized_bodies"]
        == 1_500
    )
    assert (
        rules["messages"]
        == counts["kept"]
        == rules["labelled"] + rules["silent"] + rules["tied"]
    )
    rows = {receipt["task"]: receipt for receipt in manifest["tasks"]}
    assert rows["CrossValidate"]["rows_in"] == rows["BuildTrainingSet"]["rows_out"]
    verification = manifest["results"]["description"]["verification"]
    assert (
        verification["texts"] == verification["proved"] + verification["observed"] > 0
    )
    assert (verification["differences"], verification["flips"]) == (0, 0)
    assert verification["languages"] == (
        list(PROGRAMS) if "CI" in os.environ else languages()
    )
    assert manifest["settings"]["training"]["search"]["folds"] == 2


def test_what_was_exported_is_what_was_trained(night, night_environment, tmp_path):
    fetched = fork(
        "nightsieve",
        "runs",
        "fetch",
        NIGHT,
        "--to",
        str(tmp_path),
        environment=night_environment,
    )
    assert fetched.returncode == 0, fetched.stderr
    model, vectors, manifest = (
        (tmp_path / f"{name}.json").read_bytes()
        for name in ("model", "vectors", "manifest")
    )
    jsonschema.validate(json.loads(model), json.loads(SCHEMA.read_text()))
    texts = [
        "Your OTP is 482913",
        "hey, lunch tomorrow?",
        "You WON a prize! Call now",
        "",
        "\ud83d\u4f60\x00",
    ]
    fitted = load_pipeline(tmp_path)
    messages = [(text, fitted["tfidf"].analyzer.cleaned(text)) for text in texts]
    checked = verify_model(
        DEFAULT_FORMAT, model, vectors, fitted, messages, len(texts), id
    )
    assert (checked.texts, checked.differences, checked.flips) == (len(texts), 0, 0)
    described = json.loads(manifest)
    assert described["serial"] == 1
    for name, file in described["files"].items():
        assert (
            hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == file["sha256"]
        )


def test_the_threshold_of_a_goal_is_exported_verified_measured_and_shown(
    night, night_environment, manifest
):
    measured, reviews = (
        manifest["results"][name] for name in ("cross_validation", "reviews")
    )
    row = measured["thresholds"]["spam"]
    assert row["goal"] == {"precision": 0.9, "recall": None}
    assert row["reached"]
    assert row["precision"]["value"] >= 0.9
    (key,) = (
        receipt["key"]
        for receipt in manifest["tasks"]
        if receipt["task"] == "ExportCoefficients"
    )
    exported = decode(objects(night_environment)[key])
    thresholds = np.ldexp(exported.thresholds, exported.bias_shift)
    assert dict(zip(exported.labels, thresholds, strict=True))["spam"] == pytest.approx(
        row["threshold"], abs=1e-12
    )
    assert np.count_nonzero(thresholds) == 1
    assert reviews["with_thresholds"]["n"] == reviews["metrics"]["n"]
    assert reviews["with_thresholds"]["confusion"] != reviews["metrics"]["confusion"]
    assert re.search(
        r"^spam +precision ≥ 0.9 +reached +-?\d", night.stdout, re.MULTILINE
    )
    assert "human reviews, with thresholds" in night.stdout


def test_the_vectors_are_made_up_and_the_report_is_fetched_as_it_was_written(
    night, night_environment, manifest, tmp_path
):
    fetched = fork(
        "nightsieve",
        "runs",
        "fetch",
        NIGHT,
        "--to",
        str(tmp_path),
        environment=night_environment,
    )
    assert fetched.returncode == 0, fetched.stderr
    vectors = json.loads((tmp_path / "vectors.json").read_bytes())["vectors"]
    made_up = {
        bytes.fromhex(vector["text"]).decode("utf-16-be", "surrogatepass")
        for vector in vectors
    }
    url = night_environment["NIGHTSIEVE_DATABASE_URL"]
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT body FROM messages WHERE body <> ''")
        messages = {body for (body,) in cursor}
    assert made_up
    assert not made_up & messages
    stored, folder = objects(night_environment), f"{NIGHT}/{manifest['config']}"
    pages = {page.name: page.read_bytes() for page in (tmp_path / "report").iterdir()}
    assert pages == {name: stored[f"reports/{folder}/{name}"] for name in pages}
    assert f"{folder}/index.html" in stored["reports/index.html"].decode()


def test_the_scheduler_shows_every_task_with_what_it_did_and_the_history_lists_it(
    night, night_environment, manifest
):
    luigi = configparser.ConfigParser()
    luigi.read(night_environment["LUIGI_CONFIG_PATH"])
    page = luigi["core"]["default_scheduler_url"]
    (root,) = re.findall(r"taskId=(\S+)", night.stdout)
    graph = requested(
        f"{page}/api/dep_graph?data=" + quote(json.dumps({"task_id": root}))
    )
    tasks = {
        name: task
        for name, task in json.loads(graph)["response"].items()
        if name != root
    }
    assert {task["name"] for task in tasks.values()} | {"Retrain"} == set(STAGES)
    assert {task["status"] for task in tasks.values()} == {"DONE"}
    assert {task["params"]["config"] for task in tasks.values()} == {manifest["config"]}
    shown, counted = requested(f"{page}/history"), requested(f"{page}/metrics")
    for receipt in manifest["tasks"]:
        (task,) = [
            task
            for task in tasks.values()
            if receipt["key"] in (task["status_message"] or "")
        ]
        assert task["name"] == receipt["task"]
        assert task["tracking_url"].endswith(receipt["key"])
        assert receipt["task"] in shown
        assert f'luigi_task_done_total{{family="{task["name"]}"}}' in counted


def requested(url: str) -> str:
    """The body of the answer."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def test_the_same_night_again_runs_no_task(night, night_environment):
    before = objects(night_environment)
    again = fork(*retrain(), environment=night_environment)
    assert again.returncode == 0
    assert "Did not run any tasks" in again.stderr
    assert (
        "was there already; what was loaded since belongs to another date"
        in again.stderr
    )
    assert objects(night_environment) == before


def test_a_store_that_fails_while_completeness_is_asked_ends_the_night_with_its_code(
    night, night_environment
):
    program = """if True:
        import sys
        from luigi.cmdline import luigi_run
        from pipeline.errors import StorageError
        from nightsieve.store.objects import Store

        ask = Store.exists

        def refuse(store, key):
            if key.startswith("labelling/votes"):
                raise StorageError("s3://: the store answered 503")
            return ask(store, key)

        Store.exists = refuse
        luigi_run(sys.argv[1:])
    """
    command = retrain(patches=[*SMALL, "source.sample.seed=1"])[1:]
    failed = fork(
        sys.executable, "-c", program, *command, environment=night_environment
    )
    assert failed.returncode == 35, failed.stderr
    assert (
        "cannot tell whether it is complete: s3://: the store answered 503"
        in failed.stderr
    )
    assert "Traceback" not in failed.stderr


def test_completeness_of_many_nights_is_told_at_once(
    night, night_environment, monkeypatch
):
    for name, value in night_environment.items():
        monkeypatch.setenv(name, value)
    forget()
    there, missing = datetime.date.fromisoformat(NIGHT), datetime.date(2026, 1, 1)
    asked = []
    monkeypatch.setattr(Store, "exists", lambda store, key: asked.append(key) or True)
    with_patches = functools.partial(Retrain, patch=SMALL)
    assert Retrain.bulk_complete.__func__(with_patches, [missing, there]) == [there]
    assert len(asked) <= 1
    forget()


def test_a_night_that_is_complete_imports_nothing_that_only_work_needs(
    night, night_environment
):
    again = run(
        sys.executable,
        "-X",
        "importtime",
        "-m",
        *retrain(),
        environment=night_environment,
    )
    assert "Did not run any tasks" in again.stderr
    imported = set(re.findall(r"\| +([\w.]+)$", again.stderr, re.MULTILINE))
    assert not imported & {
        "pandas",
        "numpy",
        "pyarrow",
        "sklearn",
        "scipy",
        "hyperscan",
        "psycopg2",
    }
    assert "tasks.retrain" in imported


def test_a_range_of_nights_makes_only_those_that_are_missing(night, night_environment):
    nights = [
        "--start",
        "2026-11-19",
        "--stop",
        "2026-11-21",
        "--of-params",
        json.dumps({"patch": SMALL}),
    ]
    command = [
        "luigi",
        "--module",
        "tasks",
        "RangeDaily",
        "--of",
        "Retrain",
        *nights,
        "--workers",
        "2",
    ]
    backfill = fork(*command, environment=night_environment)
    assert backfill.returncode == 0, backfill.stderr
    assert "Not published: the model of a later night is." in backfill.stdout
    assert "Retrain(date=2026-11-19" in backfill.stderr
    assert f"running   Retrain(date={NIGHT}" not in backfill.stderr
    listed = fork(
        "nightsieve", "runs", "list", environment=night_environment
    ).stdout.split()
    assert listed[::2] == ["2026-11-19", NIGHT]
    assert (
        "Did not run any tasks" in fork(*command, environment=night_environment).stderr
    )


@pytest.mark.parametrize(
    ("change", "patches", "options", "code", "says"),
    [
        ({}, ["training.serch=1"], [], 40, "training.serch: unknown key; did you mean search?"),
        ({}, [], ["--config", "0123456789abcdef"], 40, "configs/0123456789abcdef.json: there is no such object"),
        ({}, ["labelling.rules=docs"], [], 40, "docs: no rule files"),
        ({}, [*RULED, "source.messages.columns.body.name=txt"], AT_ONCE, 30, "no column txt in messages; there are"),
        ({"AWS_ENDPOINT_URL_S3": "nowhere"}, [], [], 40, "no S3 client: Invalid endpoint"),
        ({}, [], ["--config", "nowhere.yaml"], 40, "nowhere.yaml: No such file"),
        ({}, [], ["--date", "2026-02-30"], 40, "--date 2026-02-30: not a date; a night looks like 2026-11-20"),
        ({"NIGHTSIEVE_STORAGE": "s3://nowhere/nightly"}, [], [], 40, "there is no bucket nowhere; create it"),
        ({"NIGHTSIEVE_STORAGE": "nowhere"}, [], [], 40, "nowhere: not an S3 address; it looks like s3://bucket/prefix"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, [], [], 40, "SignatureDoesNotMatch"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, [], [], 40, "check AWS_ENDPOINT_URL_S3"),
        ({"NIGHTSIEVE_DATABASE_URL": "postgresql://a:hunter2@127.0.0.1:1/b"}, RULED, AT_ONCE, 30, "Connection refused"),
        ({}, [*RULED, "source.messages.where=1 = 0"], AT_ONCE, 30, "the sample is empty: no message in messages"),
        ({}, [], ["--scheduler-url", "http://127.0.0.1:1"], 40, "is luigid running? For the embedded"),
    ],
)  # fmt: skip
def test_a_night_that_cannot_run_says_why_in_a_line_and_exits_with_its_code(
    night, night_environment, change, patches, options, code, says
):
    before = objects(night_environment)
    failed = fork(
        *retrain(*options, patches=patches), environment={**night_environment, **change}
    )
    assert failed.returncode == code, failed.stderr
    assert says in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "hunter2" not in failed.stderr
    after = objects(night_environment)
    assert_whole(after)
    # What needs no message may be there.
    harmless = (
        "configs/",
        "layout.json",
        "ingest/reviews-",
        "reviews/reviewed-messages-",
        "labelling/compiled-",
    )
    assert [
        key for key in set(after) - set(before) if not key.startswith(harmless)
    ] == []


def test_a_wrong_runtime_fails_the_night_before_anything_rests_on_the_model(
    night, night_environment, tmp_path
):
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\nexec sed 's/.*/{}/'\n")
    node.chmod(0o755)
    before = objects(night_environment)
    wrong = {**night_environment, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    failed = fork(*retrain(patches=[*SMALL, "training.seed=21"]), environment=wrong)
    assert failed.returncode == 30
    assert re.search(
        r"Scorers get something else than training counted or the exported model says: \d+ in javascript texts",
        failed.stderr,
    )
    written = {
        key.partition("-")[0] for key in set(objects(night_environment)) - set(before)
    }
    assert "export/model" in written
    assert not written & {"export/verification", "export/description"}
    assert not any("runs/" in key for key in written)


def test_a_night_that_failed_is_tried_again_at_once_when_asked_for_again(
    night, night_environment
):
    command = retrain(
        patches=[*RULED, "source.messages.where=1 = 0"], night="2026-11-18"
    )
    for _ in range(2):
        failed = fork(*command, environment=night_environment)
        assert failed.returncode == 30, failed.stderr
        assert (
            failed.stderr.count("the sample is empty") == 2
        )  # the second try is the scheduler's
