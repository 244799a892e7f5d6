"""What a monitor counts, in one process and in several that share a folder."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from sklearn.linear_model import LogisticRegression

from nightsieve.serving.contract.prediction import predict
from nightsieve.serving.contract.preparation import Message, ServedModel
from nightsieve.serving.contract.preprocessing import preprocess
from nightsieve.serving.monitoring.metrics import LENGTH_BOUNDS
from nightsieve.serving.monitoring.monitor import RECENT, Monitor
from pipeline.records.reference import MarginBin, Reference
from tests.serving.monitored_process import NIGHT
from tests.support import ROOT
from tests.support.exported_models import ALL_WORDS, NASTY, SENTENCES, exported, fixed

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]
REFERENCE = Reference(
    messages=1000,
    labels={"bank": 0.25, "chat": 0.5, "spam": 0.25},
    margins=(MarginBin(low=0.0, share=0.5), MarginBin(low=1.0, share=0.5)),
)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(NASTY),
        st.lists(st.sampled_from(ALL_WORDS), max_size=30).map(" ".join),
        st.text(max_size=200),
    ),
    min_size=1,
    max_size=8,
)


class MonitoredProcess:
    """A process that counts into a folder."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def do(self, *words: object) -> str:
        """Send a line; return the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(words), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def page(self) -> Values:
        """Return the values of the page of metrics."""
        return values(self.do("page"))


@contextmanager
def monitored(folder: Path, n_processes: int) -> Iterator[list[MonitoredProcess]]:
    """Start processes that share a folder."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    command = [sys.executable, "-m", "tests.serving.monitored_process"]
    processes = [
        subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(n_processes)
    ]
    try:
        yield list(map(MonitoredProcess, processes))
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def values(page: str) -> Values:
    """Return the values of a page by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(page: Values, name: str, **labels: str) -> float | None:
    """Return a value of a page; None if it is absent."""
    return page.get((f"nightsieve_{name}", frozenset(labels.items())))


def page_of(monitor: Monitor) -> Values:
    """Return the page of a monitor of this process."""
    return values(monitor.exposition().body.decode())


@pytest.fixture
def other_file(tmp_path: Path) -> Path:
    """Return the path of a second model, of the same labels."""
    path = tmp_path / "other.json"
    path.write_bytes(exported(fixed(LogisticRegression(C=1))))
    return path


@given(requests=st.lists(TEXTS, min_size=1, max_size=4), thresholds=st.booleans())
def test_the_counts_of_messages_are_those_of_counting_one_by_one(
    model: ServedModel, requests, thresholds
):
    monitor = Monitor()
    monitor.model_changed(model, REFERENCE)
    labels: Counter[str] = Counter()
    bins: Counter[int] = Counter()
    lengths = []
    tokens = 0
    unknown = 0
    for texts in requests:
        preprocessed = preprocess(model, [Message(None, text) for text in texts])
        predictions = predict(model, preprocessed, thresholds)
        monitor.predicted(model, preprocessed, predictions)
        for text, prediction in zip(texts, predictions, strict=True):
            words = model.scorer.tokens(text)
            labels[model.scorer.label(text)] += 1
            bins[REFERENCE.bin_of(prediction.margin)] += 1
            lengths.append(len(text))
            tokens += len(words)
            unknown += sum(word not in model.vocabulary for word in words)
    page = page_of(monitor)
    for label in model.scorer.labels:
        assert value(page, "predictions_total", label=label) == labels[label]
    for index in range(2):
        counted = value(page, "predictions_by_margin_total", bin=str(index))
        assert counted == bins[index]
    assert value(page, "tokens_total") == tokens
    assert value(page, "unknown_tokens_total") == unknown
    assert value(page, "message_characters_sum") == sum(lengths)
    assert value(page, "message_characters_count") == len(lengths)
    for bound in LENGTH_BOUNDS:
        at_most = sum(length <= bound for length in lengths)
        bucket = value(page, "message_characters_bucket", le=str(float(bound)))
        assert bucket == at_most
    assert value(page, "drift_messages") == len(lengths)


def test_clients_cannot_add_time_series():
    monitor = Monitor()
    sizes = set()
    for n in range(100):
        monitor.request_done("", f"METHOD{n}", 404, 0.001)
        sizes.add(len(page_of(monitor)))
    assert len(sizes) == 1
    page = page_of(monitor)
    unmatched = {"route": "unmatched", "status": "404"}
    assert value(page, "http_requests_total", method="other", **unmatched) == 100


def test_a_request_that_began_before_the_change_is_counted_for_its_own_model(
    model: ServedModel,
):
    monitor = Monitor()
    monitor.model_changed(model, REFERENCE)
    before = ServedModel(model.scorer, 6, "0" * 64, model.vocabulary)
    preprocessed = preprocess(before, [Message(None, SENTENCES["spam"])])
    monitor.predicted(before, preprocessed, predict(before, preprocessed))
    page = page_of(monitor)
    assert value(page, "predictions_total", label="spam") == 1
    assert value(page, "drift_messages") == 0


def test_agreement_is_that_of_the_last_corrections():
    monitor = Monitor()
    assert value(page_of(monitor), "corrections_agreement_ratio") is None
    for _ in range(RECENT):
        monitor.corrected(agrees=False)
    for _ in range(RECENT // 4):
        monitor.corrected(agrees=True)
    page = page_of(monitor)
    assert value(page, "corrections_agreement_ratio") == 0.25
    assert value(page, "corrections_total", outcome="disagreed") == RECENT
    assert value(page, "corrections_total", outcome="agreed") == RECENT // 4


def test_without_a_reference_there_is_no_drift(model: ServedModel):
    empty = Reference(messages=0, labels={}, margins=())
    for reference in (None, empty):
        monitor = Monitor()
        monitor.model_changed(model, reference)
        preprocessed = preprocess(model, [Message(None, "free")] * 1000)
        monitor.predicted(model, preprocessed, predict(model, preprocessed))
        text = monitor.exposition().body.decode()
        assert "drift" not in text
        assert "reference" not in text.replace("the reference of their model", "")


def test_drift_is_computed_from_the_sums_of_all_processes(tmp_path, model_file):
    reference = REFERENCE.to_json().decode()
    usual = [SENTENCES["bank"], *[SENTENCES["chat"]] * 2, SENTENCES["spam"]]
    with monitored(tmp_path, 2) as (first, second):
        first.do("load", str(model_file), 7, reference)
        second.do("load", str(model_file), 7, reference)
        first.do("predict", *usual * 100)
        assert value(first.page(), "label_drift_psi") is None
        second.do("predict", *usual * 100)
        page = first.page()
        assert page == second.page()
        assert value(page, "drift_messages") == 800
        assert value(page, "label_drift_psi") == 0
        second.do("predict", *[SENTENCES["spam"]] * 800)
        shifted = value(first.page(), "label_drift_psi")
        assert shifted is not None
        assert shifted > 0.25
        assert value(first.page(), "reference_label_share", label="chat") == 0.5


def test_drift_is_of_the_served_model_alone(tmp_path, model_file, other_file):
    reference = REFERENCE.to_json().decode()
    folder = tmp_path / "metrics"
    folder.mkdir()
    with monitored(folder, 2) as (first, second):
        for process in (first, second):
            process.do("load", str(model_file), 7, reference)
            process.do("predict", *[SENTENCES["spam"]] * 600)
        first.do("load", str(other_file), 8, reference)
        page = first.page()
        assert value(page, "drift_messages") == 0
        assert value(page, "label_drift_psi") is None
        assert value(page, "predictions_total", label="spam") == 1200
        assert value(page, "model_lowest_serial") == 7
        assert value(page, "model_highest_serial") == 8
        second.do("load", str(other_file), 8, reference)
        first.do("predict", *[SENTENCES["chat"]] * 20)
        second.do("predict", *[SENTENCES["bank"]] * 10)
        page = second.page()
        assert value(page, "drift_messages") == 30
        assert value(page, "model_lowest_serial") == 8
        night = value(page, "model_night_timestamp_seconds")
        assert night is not None
        assert night / 86400 == NIGHT.toordinal() - 719163  # days since 1970


def test_a_dead_process_leaves_its_counts_and_no_live_gauges(tmp_path, model_file):
    reference = REFERENCE.to_json().decode()
    with monitored(tmp_path, 2) as (first, second):
        first.do("load", str(model_file), 7, reference)
        second.do("load", str(model_file), 6, reference)
        for process in (first, second):
            process.do("begin")
            process.do("predict", *[SENTENCES["spam"]] * 300)
            process.do("correct", process is first)
        page = first.page()
        assert value(page, "http_requests_in_progress") == 2
        assert value(page, "corrections_agreement_ratio") == 0.5
        second.process.kill()
        second.process.wait()
        page = first.page()
        assert value(page, "http_requests_in_progress") == 1
        assert value(page, "model_lowest_serial") == 7
        assert value(page, "corrections_agreement_ratio") == 1
        assert value(page, "corrections_total", outcome="disagreed") == 1
        assert value(page, "predictions_total", label="spam") == 600
        assert value(page, "drift_messages") == 600
