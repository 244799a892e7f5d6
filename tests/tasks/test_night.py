"""A night from the database to the exported file; a second, a changed, a failed one."""

import configparser
import datetime
import functools
import hashlib
import json
import operator
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import joblib
import jsonschema
import numpy as np
import psycopg2
import pytest

from nightsieve.store.objects import Store
from pipeline.export import verify_model
from pipeline.export.exporters.nightsieve_linear.format import decode
from pipeline.export.verification.scorer_process import PROGRAMS, languages
from pipeline.records.export import DEFAULT_FORMAT
from tasks import Retrain
from tests.support import nights
from tests.support.commands import forget, fork, run
from tests.support.nights import NIGHT, RULED, STAGES, assert_whole, objects, sample

SMALL = [*nights.SMALL, "release.goals={spam: {precision: 0.9}}"]
retrain = functools.partial(nights.retrain, patches=SMALL)
WITHOUT_DELAY = ["--local-scheduler", "--scheduler-retry-delay", "0"]
SCHEMA = resources.files("pipeline.export.exporters.nightsieve_linear").joinpath(
    "nightsieve-linear-1.0.schema.json"
)


@pytest.fixture(scope="module")
def night(night_environment) -> subprocess.CompletedProcess[str]:
    """Run a night on the sample data."""
    sample(night_environment)
    return run(*retrain(), environment=night_environment)


@pytest.fixture(scope="module")
def manifest(night, night_environment) -> dict[str, Any]:
    command = ["nightsieve", "runs", "show", NIGHT, "--json"]
    return json.loads(fork(*command, environment=night_environment).stdout)


def fetch(folder: Path, environment: dict[str, str]) -> None:
    """Fetch the files of the night into a folder."""
    command = ["nightsieve", "runs", "fetch", NIGHT, "--to", str(folder)]
    fetched = fork(*command, environment=environment)
    assert fetched.returncode == 0, fetched.stderr


def test_a_night_succeeds_and_prints_its_summary(night, night_environment):
    assert night.returncode == 0, night.stderr
    for part in (
        f"Night of {NIGHT}",
        "IngestMessages",
        "Labels by the rules",
        "Best candidates",
        "against human reviews",
        "conformance vectors",
        "s3://nightsieve/",
        "/static/visualiser/index.html",
    ):
        assert part in night.stdout
    assert re.search(
        r"Sample: 1,\d{3} messages; left out: .*\b[1-9]\d* too long", night.stdout
    )
    again = fork("nightsieve", "runs", "show", NIGHT, environment=night_environment)
    # Only the night itself knows the page of its scheduler.
    summary, scheduler, _ = night.stdout.rpartition("scheduler ")
    assert scheduler
    assert again.stdout.split() == summary.split()


def test_every_task_wrote_one_whole_object_and_a_receipt(
    night, night_environment, manifest
):
    stored = objects(night_environment)
    assert_whole(stored)
    later = {"WriteManifest", "CompareModels", "WriteReport", "Retrain"}
    assert {receipt["task"] for receipt in manifest["tasks"]} | later == set(STAGES)
    for receipt in manifest["tasks"]:
        assert hashlib.sha256(stored[receipt["key"]]).hexdigest() == receipt["sha256"]
        assert receipt["seconds"] >= 0
        assert receipt["peak_memory_mib"] > 0


def test_the_manifest_accounts_for_every_message(manifest):
    counts = manifest["results"]["messages"]["counts"]
    rules = manifest["results"]["rules"]
    assert counts["oversized_bodies"] > 0
    assert counts["sampled"] == 1_500
    left_out = counts["null_bodies"] + counts["oversized_bodies"]
    assert counts["kept"] == 1_500 - left_out
    assert rules["messages"] == counts["kept"]
    assert rules["labelled"] + rules["silent"] + rules["tied"] == counts["kept"]
    receipts = {receipt["task"]: receipt for receipt in manifest["tasks"]}
    documents = receipts["BuildTrainingSet"]["rows_out"]
    assert receipts["CrossValidate"]["rows_in"] == documents
    verification = manifest["results"]["description"]["verification"]
    assert verification["texts"] > 0
    texts = verification["proved"] + verification["observed"]
    assert verification["texts"] == texts
    assert (verification["differences"], verification["flips"]) == (0, 0)
    expected = list(PROGRAMS) if "CI" in os.environ else languages()
    assert verification["languages"] == expected
    assert manifest["settings"]["training"]["search"]["folds"] == 2


def test_the_exported_model_is_the_trained_one(night, night_environment, tmp_path):
    fetch(tmp_path, night_environment)
    model = (tmp_path / "model.json").read_bytes()
    vectors = (tmp_path / "vectors.json").read_bytes()
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    jsonschema.validate(json.loads(model), json.loads(SCHEMA.read_text()))
    texts = [
        "Your OTP is 482913",
        "hey, lunch tomorrow?",
        "You WON a prize! Call now",
        "",
        "\ud83d\u4f60\x00",
    ]
    fitted = joblib.load(tmp_path / "pipeline.joblib")
    messages = [(text, fitted["tfidf"].analyzer.cleaned(text)) for text in texts]
    verified = verify_model(
        DEFAULT_FORMAT,
        model,
        vectors,
        fitted,
        messages,
        total=len(texts),
        report_progress=id,
    )
    assert (verified.texts, verified.differences, verified.flips) == (len(texts), 0, 0)
    assert manifest["serial"] == 1
    for name, file in manifest["files"].items():
        content = (tmp_path / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_the_threshold_of_a_goal_is_exported_verified_measured_and_shown(
    night, night_environment, manifest
):
    reviews = manifest["results"]["reviews"]
    row = manifest["results"]["cross_validation"]["thresholds"]["spam"]
    assert row["goal"] == {"precision": 0.9, "recall": None}
    assert row["reached"]
    assert row["precision"]["value"] >= 0.9
    exported = decode(nights.model(objects(night_environment)))
    thresholds = np.ldexp(exported.thresholds, exported.bias_shift)
    threshold = thresholds[exported.labels.index("spam")]
    assert threshold == pytest.approx(row["threshold"], abs=1e-12)
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
    fetch(tmp_path, night_environment)
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
    stored = objects(night_environment)
    folder = f"{NIGHT}/{manifest['config']}"
    pages = {page.name: page.read_bytes() for page in (tmp_path / "report").iterdir()}
    assert pages == {name: stored[f"reports/{folder}/{name}"] for name in pages}
    assert f"{folder}/index.html" in stored["reports/index.html"].decode()


def test_the_scheduler_shows_every_task_with_its_result_and_the_history_lists_it(
    night, night_environment, manifest
):
    luigi = configparser.ConfigParser()
    luigi.read(night_environment["LUIGI_CONFIG_PATH"])
    page = luigi["core"]["default_scheduler_url"]
    (root,) = re.findall(r"taskId=(\S+)", night.stdout)
    query = quote(json.dumps({"task_id": root}))
    graph = read_url(f"{page}/api/dep_graph?data={query}")
    tasks_by_id = json.loads(graph)["response"]
    del tasks_by_id[root]
    tasks = list(tasks_by_id.values())
    assert {task["name"] for task in tasks} | {"Retrain"} == set(STAGES)
    assert {task["status"] for task in tasks} == {"DONE"}
    assert {task["params"]["config"] for task in tasks} == {manifest["config"]}
    history = read_url(f"{page}/history")
    metrics = read_url(f"{page}/metrics")
    for receipt in manifest["tasks"]:
        key = receipt["key"]
        (task,) = [task for task in tasks if key in (task["status_message"] or "")]
        assert task["name"] == receipt["task"]
        assert task["tracking_url"].endswith(key)
        assert receipt["task"] in history
        assert f'luigi_task_done_total{{family="{task["name"]}"}}' in metrics


def read_url(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def test_the_same_night_again_runs_no_task(night, night_environment):
    before = objects(night_environment)
    again = fork(*retrain(), environment=night_environment)
    assert again.returncode == 0
    assert "Did not run any tasks" in again.stderr
    assert (
        "complete already; messages loaded since then belong to a later date"
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

        exists = Store.exists

        def fail_for_votes(store, key):
            if key.startswith("labelling/votes"):
                raise StorageError("s3://: the store answered 503; try again")
            return exists(store, key)

        Store.exists = fail_for_votes
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


def test_completeness_of_many_nights_is_known_after_one_listing(
    night, night_environment, monkeypatch
):
    for name, value in night_environment.items():
        monkeypatch.setenv(name, value)
    forget()
    complete = datetime.date.fromisoformat(NIGHT)
    missing = datetime.date(2026, 1, 1)
    requested: list[str] = []

    def exists(store: Store, key: str) -> bool:
        requested.append(key)
        return True

    monkeypatch.setattr(Store, "exists", exists)
    with_patches = functools.partial(Retrain, patch=SMALL)
    bulk_complete = Retrain.bulk_complete.__func__
    assert bulk_complete(with_patches, [missing, complete]) == [complete]
    assert len(requested) <= 1
    forget()


def test_a_complete_night_imports_nothing_that_only_work_needs(
    night, night_environment
):
    command = [sys.executable, "-X", "importtime", "-m", *retrain()]
    again = run(*command, environment=night_environment)
    assert "Did not run any tasks" in again.stderr
    imported = set(re.findall(r"\| +([\w.]+)$", again.stderr, re.MULTILINE))
    for_work = {"pandas", "numpy", "pyarrow", "sklearn", "scipy", "hyperscan"}
    assert not imported & for_work
    assert "psycopg2" not in imported
    assert "tasks.retrain" in imported


def test_a_range_of_nights_makes_only_missing_ones(night, night_environment):
    command = ["luigi", "--module", "tasks", "RangeDaily", "--of", "Retrain"]
    command += ["--start", "2026-11-19", "--stop", "2026-11-21"]
    command += ["--of-params", json.dumps({"patch": SMALL}), "--workers", "2"]
    backfill = fork(*command, environment=night_environment)
    assert backfill.returncode == 0, backfill.stderr
    assert (
        "Not published: the model of a later night is already published."
        in backfill.stdout
    )
    assert "Retrain(date=2026-11-19" in backfill.stderr
    assert f"running   Retrain(date={NIGHT}" not in backfill.stderr
    runs = fork("nightsieve", "runs", "list", environment=night_environment)
    assert runs.stdout.split()[::2] == ["2026-11-19", NIGHT]
    again = fork(*command, environment=night_environment)
    assert "Did not run any tasks" in again.stderr


class Failing(NamedTuple):
    """A night that cannot run.

    Attributes
    ----------
    says
        A part of its stderr.
    change
        Variables of the environment that differ from a working night's.
    """

    code: int
    says: str
    patches: Sequence[str] = ()
    options: Sequence[str] = ()
    change: Mapping[str, str] = MappingProxyType({})


# A night that fails while it ingests; the others fail before a task runs.
failing_ingest = functools.partial(Failing, 30, options=WITHOUT_DELAY)
FAILING = [
    Failing(
        40,
        "training.serch: unknown key; did you mean search?",
        patches=["training.serch=1"],
    ),
    Failing(
        40,
        "configs/0123456789abcdef.json: there is no such object",
        options=["--config", "0123456789abcdef"],
    ),
    Failing(40, "scorers: holds no rule files", patches=["labelling.rules=scorers"]),
    failing_ingest(
        "column txt does not exist in messages; use one of",
        patches=[*RULED, "source.messages.columns.body.name=txt"],
    ),
    Failing(
        40,
        "the S3 client cannot be made: Invalid endpoint",
        change={"AWS_ENDPOINT_URL_S3": "nowhere"},
    ),
    Failing(
        40,
        "nowhere.yaml: No such file",
        options=["--config", "nowhere.yaml"],
    ),
    Failing(
        40,
        "--date 2026-02-30: not a date; use YYYY-MM-DD",
        options=["--date", "2026-02-30"],
    ),
    Failing(
        40,
        "--date 1066-10-14: the year is out of range; use one from 1970 to 2099",
        options=["--date", "1066-10-14"],
    ),
    Failing(
        40,
        "there is no bucket nowhere; create it",
        change={"NIGHTSIEVE_STORAGE": "s3://nowhere/nightly"},
    ),
    Failing(
        40,
        "nowhere: not an S3 address; use s3://bucket/prefix",
        change={"NIGHTSIEVE_STORAGE": "nowhere"},
    ),
    Failing(40, "SignatureDoesNotMatch", change={"AWS_SECRET_ACCESS_KEY": "wrong"}),
    Failing(
        40,
        "check AWS_ENDPOINT_URL_S3",
        change={
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
            "NIGHTSIEVE_STORAGE_TIMEOUT": "1",
        },
    ),
    failing_ingest(
        "Connection refused",
        patches=RULED,
        change={"NIGHTSIEVE_DATABASE_URL": "postgresql://a:hunter2@127.0.0.1:1/b"},
    ),
    failing_ingest(
        "the sample is empty: messages has no message",
        patches=[*RULED, "source.messages.where=1 = 0"],
    ),
    Failing(
        40,
        "is luigid running? nightsieve up starts the embedded one",
        options=["--scheduler-url", "http://127.0.0.1:1"],
    ),
]


@pytest.mark.parametrize("failing", FAILING, ids=operator.attrgetter("says"))
def test_a_night_that_cannot_run_says_why_in_a_line_and_exits_with_its_code(
    night, night_environment, failing
):
    before = objects(night_environment)
    command = retrain(*failing.options, patches=list(failing.patches))
    failed = fork(*command, environment={**night_environment, **failing.change})
    assert failed.returncode == failing.code, failed.stderr
    assert failing.says in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "hunter2" not in failed.stderr
    after = objects(night_environment)
    assert_whole(after)
    # Objects that need no message may exist.
    allowed = (
        "configs/",
        "layout.json",
        "ingest/reviews-",
        "reviews/reviewed-messages-",
        "labelling/compiled-",
    )
    new_keys = set(after) - set(before)
    assert [key for key in new_keys if not key.startswith(allowed)] == []


def test_a_wrong_runtime_fails_the_night_before_anything_depends_on_the_model(
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
        "scorers: differ from training or the exported model on texts "
        r"\(javascript: [\d,]+; ",
        failed.stderr,
    )
    new_keys = set(objects(night_environment)) - set(before)
    written = {key.partition("-")[0] for key in new_keys}
    assert "export/model" in written
    assert not written & {"export/verification", "export/description"}
    assert not any("runs/" in key for key in written)


def test_a_failed_night_is_retried_when_it_is_started_again(night, night_environment):
    command = retrain(
        patches=[*RULED, "source.messages.where=1 = 0"], night="2026-11-18"
    )
    for _ in range(2):
        failed = fork(*command, environment=night_environment)
        assert failed.returncode == 30, failed.stderr
        # The second try is the scheduler's.
        assert failed.stderr.count("the sample is empty") == 2
