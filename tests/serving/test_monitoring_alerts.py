"""The rules for Prometheus, and the page that describes the metrics."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from nightsieve.serving.contract.prediction import predict
from nightsieve.serving.contract.preparation import Message, ServedModel
from nightsieve.serving.contract.preprocessing import preprocess
from nightsieve.serving.models.failures import Reason
from nightsieve.serving.monitoring.drift import (
    FLOOR,
    MINIMUM_MESSAGES,
    population_stability_index,
)
from nightsieve.serving.monitoring.monitor import RECENT, Monitor
from pipeline.records.reference import MarginBin, Reference
from tests.serving.monitored_process import NIGHT
from tests.support import ROOT

RULES = ROOT / "docs" / "reference" / "alerts" / "serving.yaml"
UNIT_TESTS = ROOT / "tests" / "serving" / "alerts_test.yaml"
PAGE = ROOT / "docs" / "how-to" / "monitor-the-service.md"
HISTOGRAM_SUFFIX = re.compile(r"_(bucket|count|sum)$")
#: Names of metrics, without those of recording rules, which follow a colon.
METRIC = re.compile(r"(?<![:\w])nightsieve_\w+(?![:\w])")

needs_promtool = pytest.mark.skipif(
    "CI" not in os.environ and shutil.which("promtool") is None,
    reason="needs promtool, of Debian's package prometheus",
)


def promtool(*arguments: str) -> None:
    """Run promtool, which must find nothing wrong."""
    run = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def rules(kind: str) -> Iterator[dict[str, object]]:
    """Yield the rules of a kind, ``alert`` or ``record``."""
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            if kind in rule:
                yield rule


def exported_metrics(model: ServedModel) -> set[str]:
    """Return the names of all metrics that there can be, as PromQL has them."""
    monitor = Monitor()
    shares = dict.fromkeys(model.scorer.labels, 1 / 3)
    margins = (MarginBin(low=0.0, share=1.0),)
    reference = Reference(messages=10, labels=shares, margins=margins)
    monitor.model_changed(model, reference, NIGHT)
    texts = preprocess(model, [Message(None, "free")] * MINIMUM_MESSAGES)
    monitor.predicted(model, texts, predict(model, texts))
    monitor.request_started()
    monitor.request_done("/v1/predictions", "POST", 200, 0.001)
    monitor.corrected(agrees=True)
    page = monitor.exposition().body.decode()
    families = re.findall(r"^# TYPE (\w+) \w+$", page, re.MULTILINE)
    return {name for name in families if not name.endswith("_created")}


@needs_promtool
def test_promtool_accepts_the_rules_and_their_unit_tests():
    promtool("check", "rules", str(RULES))
    promtool("test", "rules", str(UNIT_TESTS))


@needs_promtool
def test_the_drift_of_the_rules_is_that_of_the_service(tmp_path):
    counts = {"chat": 500, "code": 100, "spam": 0}
    shares = {"chat": 0.9, "code": 0.0, "spam": 0.1}
    expected = population_stability_index(list(counts.values()), list(shares.values()))
    series = []
    for label, count in counts.items():
        counted = f'nightsieve_predictions_total{{label="{label}"}}'
        series.append({"series": counted, "values": f"0+{count}x70"})
        share = f'nightsieve_reference_label_share{{label="{label}"}}'
        series.append({"series": share, "values": f"{shares[label]}x70"})
    drift = "instance:nightsieve_label_drift:psi1h"
    query = {
        "expr": f"abs({drift} - {expected!r}) < bool 1e-9",
        "eval_time": "70m",
        "exp_samples": [{"labels": "{}", "value": 1}],
    }
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [query]}
    content = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [test],
    }
    path = tmp_path / "drift_test.yaml"
    path.write_text(yaml.safe_dump(content))
    assert expected > 0.25
    promtool("test", "rules", str(path))


def test_the_rules_have_the_constants_of_the_service():
    expressions = {rule["record"]: str(rule["expr"]) for rule in rules("record")}
    for kind in ("label", "margin"):
        expression = expressions[f"instance:nightsieve_{kind}_drift:psi1h"]
        floors = re.findall(r"clamp_min\([^,]+, ([\d.]+)\)", expression)
        assert set(map(float, floors)) == {FLOOR}
        assert expression.rstrip().endswith(f">= {MINIMUM_MESSAGES}")


def test_the_metrics_of_the_rules_are_exported(model):
    exported = exported_metrics(model)
    names = set()
    for rule in [*rules("record"), *rules("alert")]:
        names |= set(METRIC.findall(str(rule["expr"])))
    assert len(names) > 10
    assert {HISTOGRAM_SUFFIX.sub("", name) for name in names} <= exported


def test_every_alert_says_what_to_do_and_is_on_the_page():
    documented = re.findall(r"^\| `(Nightsieve\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert documented == [rule["alert"] for rule in rules("alert")]
    for rule in rules("alert"):
        annotations = rule["annotations"]
        assert isinstance(annotations, dict)
        assert annotations["summary"].endswith((".", ".)"))
        assert annotations["runbook"].strip().endswith(".")
        assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})


def test_the_page_describes_the_metrics_that_are_exported(model):
    page = PAGE.read_text()
    documented = re.findall(r"^\| `(nightsieve_\w+)` \|", page, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == exported_metrics(model)
    records = {str(rule["record"]) for rule in rules("record")}
    assert set(re.findall(r"instance\w*:\w+:\w+", page)) <= records


def test_the_page_has_the_constants_of_the_service():
    page = PAGE.read_text()
    assert f"below {FLOOR:.4f} is taken" in page
    assert f"until {MINIMUM_MESSAGES} messages" in page
    assert f"the last {RECENT} corrections" in page
    assert ", ".join(f"`{reason}`" for reason in Reason) in page
