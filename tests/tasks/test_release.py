"""What becomes of a night's model: published, refused, published nevertheless, taken back; and the night once more."""

import contextlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from tests.conftest import nightsieve, run
from tests.tasks.nights import NIGHT, SMALL, objects, put, retrain, sample

STRICT = [*SMALL, "release.gate.floors={spam: {precision: 0.999, recall: null, f1: null}}"]
REASON = "the reviewers' sheet of this week is known to be wrong"
TOLD = "notify.events=[published, refused, rolled back, drift]"
FIRST = [option for patch in [*SMALL, TOLD] for option in ("--patch", patch)]


@contextlib.contextmanager
def listening(answer: int) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that gives this answer, and the texts that it was sent."""
    texts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *arguments) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/s3cret", texts
        server.shutdown()


@pytest.fixture(scope="module")
def first(night_environment) -> dict[str, str]:
    """The environment in which one night was run, and its model published."""
    sample(night_environment, rows=800)
    done = run(*retrain(patches=[*SMALL, TOLD]), environment=night_environment)
    assert done.returncode == 0, done.stderr
    assert "Published as model 1: the first one." in done.stdout
    # Nobody listens, which the night does not mind.
    assert "the notice of published was not sent: the variable is not set; check NIGHTSIEVE_WEBHOOK_URL" in done.stderr
    return night_environment


def current(environment: dict[str, str]) -> int:
    return json.loads(objects(environment)["models/current.json"])["serial"]


def listed(environment: dict[str, str]) -> list[str]:
    return nightsieve("models", "list", environment=environment).stdout.splitlines()


def test_a_refusal_is_a_finished_night_with_a_code_of_its_own_and_leaves_what_is_current(first, tmp_path):
    with listening(500) as (address, texts):
        environment = {**first, "NIGHTSIEVE_WEBHOOK_URL": address}
        refused = run(*retrain(patches=[*STRICT, TOLD]), environment=environment)
    assert refused.returncode == 50, refused.stderr
    assert "Refused: the published model stays as it is." in refused.stdout
    reason = re.search(r"floor spam: precision [\d.]+, must be at least 0.999", refused.stdout)
    assert reason and reason[0] in refused.stderr
    (text,) = texts
    assert f"The model of {NIGHT} was refused" in text and reason[0] in text
    assert "the notice of refused was not sent: HTTP 500" in refused.stderr and "s3cret" not in refused.stderr
    assert current(first) == 1
    layers = [option for patch in [*STRICT, TOLD] for option in ("--patch", patch)]
    fetched = nightsieve("runs", "fetch", NIGHT, *layers, "--to", str(tmp_path), environment=first)
    assert fetched.returncode == 0, fetched.stderr
    page = ElementTree.fromstring((tmp_path / "report" / "index.html").read_text())
    assert reason[0] in "".join(page.find("body/header").itertext())
    again = run(*retrain(patches=[*STRICT, TOLD]), environment=first)
    assert again.returncode == 50 and "Did not run any tasks" in again.stderr
    assert len(listed(first)) == 1


def test_an_override_publishes_with_its_reason_and_a_rollback_takes_it_back(first, tmp_path):
    done = run(*retrain(patches=[*STRICT, TOLD, f"release.gate.override={REASON}"]), environment=first)
    assert done.returncode == 0, done.stderr
    assert f"Published as model 2, although it failed: {REASON}" in done.stdout
    shown = json.loads(nightsieve("runs", "show", NIGHT, "--json", environment=first).stdout)
    assert shown["results"]["decision"]["override"] == REASON and shown["results"]["decision"]["champion"] == 1
    assert current(first) == 2
    with listening(200) as (address, texts):
        environment = {**first, "NIGHTSIEVE_WEBHOOK_URL": address}
        back = nightsieve("models", "rollback", "1", "--reason", "spam gets through", environment=environment)
        assert back.stdout == "Model 1 is published again, as 3: spam gets through\n"
    assert texts == ["Model 1 is published again, as 3: spam gets through"]
    assert current(first) == 3
    assert [line.split()[0] for line in listed(first)] == ["1", "2", "3"]
    assert "current, is model 1 again: spam gets through" in listed(first)[2]
    for serial, folder in (("1", "old"), ("3", "new")):
        fetched = nightsieve("models", "fetch", "--serial", serial, "--to", str(tmp_path / folder), environment=first)
        assert fetched.returncode == 0, fetched.stderr
        assert json.loads((tmp_path / folder / "manifest.json").read_bytes())["serial"] == int(serial)
    assert (tmp_path / "old/model.json").read_bytes() == (tmp_path / "new/model.json").read_bytes()
    missing = nightsieve("models", "rollback", "9", "--reason", "none", environment=first)
    assert (missing.returncode, missing.stderr) == (3, "Error: there is no model 9; see nightsieve models list\n")


def test_explain_names_what_made_a_task_run(first):
    other = [*STRICT, TOLD, f"release.gate.override={REASON}"]
    assert run(*retrain(patches=other), environment=first).returncode == 0
    explained = nightsieve("runs", "explain", NIGHT, *FIRST, "--against", NIGHT, environment=first).stdout
    assert "FitModel: taken over, nothing it depends on has changed\n" in explained
    assert re.search(r"^GateModel: release.gate.floors.*; release.gate.override.*$", explained, re.MULTILINE)
    assert re.search(r"^PublishModel: rests on GateModel$", explained, re.MULTILINE)


def test_a_replay_compares_every_object_and_touches_nothing(first):
    config = json.loads(nightsieve("runs", "show", NIGHT, *FIRST, "--json", environment=first).stdout)["config"]
    key = f"runs/{NIGHT}/{config}.json"
    manifest = json.loads(objects(first)[key])
    for receipt in manifest["tasks"]:
        if receipt["task"] == "FitModel":
            receipt["sha256"] = "0" * 64
    put(first, key, json.dumps(manifest).encode())
    before = objects(first)
    replayed = run("nightsieve", "runs", "replay", NIGHT, *FIRST, environment=first)
    assert objects(first) == before
    assert replayed.returncode == 8, replayed.stderr
    assert re.search(r"^FitModel: other bytes \(training/pipeline-\w+\.joblib\)$", replayed.stdout, re.MULTILINE)
    same, compared = re.search(r"^(\d+) of (\d+) objects are the same", replayed.stdout, re.MULTILINE).groups()
    assert int(same) == int(compared) - 1 == len(manifest["tasks"]) - 5
