"""`/metrics` of a real service with two processes, and with one."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

from tests.support.exported_models import SENTENCES
from tests.support.services import PATIENCE, serving

CANARY = "xyzzycanary"
PREDICTIONS = "/v1/predictions"
PARTIAL_REQUEST = (
    f"POST {PREDICTIONS} HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)


class RunningService(NamedTuple):
    """A service, its parent process, and the folder for temporary files."""

    address: str
    process: subprocess.Popen[str]
    folder: Path
    log: Path

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request on a connection of its own, so that any process answers."""
        return httpx.request(method, f"{self.address}{path}", **options)

    def metrics(self) -> dict[str, float]:
        """Return the metrics by their names and labels as they are written."""
        page = self.ask("GET", "/metrics").text
        lines = [line for line in page.splitlines() if not line.startswith("#")]
        pairs = [line.rsplit(" ", 1) for line in lines]
        return {name: float(number) for name, number in pairs}

    def workers(self) -> list[int]:
        """Return the pids of the processes that answer."""
        workers = [child.pid for child in psutil.Process(self.process.pid).children()]
        assert workers != []
        return workers


@contextmanager
def running(model_file: Path, workers: int, folder: Path) -> Iterator[RunningService]:
    """Run a service whose temporary files are in the folder."""
    temporary = folder / "temporary"
    temporary.mkdir()
    log = folder / "log"
    options = ("--model", str(model_file), "--workers", str(workers))
    environment = {"TMPDIR": str(temporary)}
    with serving(*options, environment=environment, log=log) as (address, process):
        service = RunningService(address, process, temporary, log)
        wait_until_ready(service)
        yield service


def wait_until_ready(service: RunningService) -> None:
    """Wait until a process answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if service.ask("GET", "/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(service.log.read_text())


@pytest.fixture(scope="module")
def service(model_file, tmp_path_factory) -> Iterator[RunningService]:
    with running(model_file, 2, tmp_path_factory.mktemp("service")) as running_service:
        yield running_service


def predict(service: RunningService, *texts: str) -> None:
    """Ask for predictions."""
    messages = [{"id": CANARY, "text": text} for text in texts]
    answer = service.ask("POST", PREDICTIONS, json={"messages": messages})
    assert answer.status_code == 200


def test_the_sums_are_those_of_all_processes_whichever_answers(service):
    before = service.metrics()
    for _ in range(20):
        predict(service, SENTENCES["spam"], SENTENCES["spam"], SENTENCES["chat"])
    service.ask("POST", PREDICTIONS, content=b"{}", headers={"Content-Type": "a/b"})
    pages = [service.metrics() for _ in range(8)]
    answered = 'nightsieve_http_requests_total{method="POST",route="/v1/predictions",'
    for page in pages:
        increases = {name: page[name] - before.get(name, 0) for name in page}
        assert increases[f'{answered}status="200"}}'] == 20
        assert increases[f'{answered}status="415"}}'] == 1
        assert increases['nightsieve_predictions_total{label="spam"}'] == 40
        assert increases['nightsieve_predictions_total{label="chat"}'] == 20
        assert increases['nightsieve_predictions_total{label="bank"}'] == 0
        assert increases["nightsieve_message_characters_count"] == 60
        assert page["nightsieve_http_requests_in_progress"] == 1
        assert page["nightsieve_model_loads_total"] == 2


def test_nothing_of_a_message_or_a_request_is_in_the_metrics(service):
    predict(service, f"{CANARY} free prize", CANARY)
    service.ask("GET", f"/{CANARY}", headers={"Authorization": f"Bearer {CANARY}"})
    service.ask("POST", f"{PREDICTIONS}?{CANARY}", content=CANARY)
    service.ask(CANARY.upper(), PREDICTIONS)
    page = service.ask("GET", "/metrics").text
    assert CANARY not in page.lower()
    assert 'route="unmatched"' in page
    assert CANARY not in service.log.read_text().lower()


def test_the_page_is_in_the_format_that_is_asked_for(service):
    predict(service, "free")
    plain = service.ask("GET", "/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    plain_families = list(text_string_to_metric_families(plain.text))
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    openmetrics = service.ask("GET", "/metrics", headers=accept)
    media_type = openmetrics.headers["content-type"]
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    families = list(parse_openmetrics(openmetrics.text))
    names = {family.name for family in families}
    assert names == {family.name for family in plain_families}
    assert all(name.startswith("nightsieve_") for name in names)


@pytest.mark.skipif(
    "CI" not in os.environ and shutil.which("promtool") is None,
    reason="needs promtool, of Debian's package prometheus",
)
def test_names_follow_the_conventions_of_prometheus(service):
    predict(service, "free")
    page = service.ask("GET", "/metrics").text
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=page,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_killed_processes_leave_their_counts_and_no_request_in_progress(service):
    predict(service, SENTENCES["spam"])
    address = urlsplit(service.address)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(PARTIAL_REQUEST.encode())
        deadline = time.monotonic() + PATIENCE
        in_progress = "nightsieve_http_requests_in_progress"
        while service.metrics()[in_progress] < 2:
            assert time.monotonic() < deadline
        before = service.metrics()
        for pid in service.workers():
            os.kill(pid, signal.SIGKILL)
    wait_until_ready(service)
    after = service.metrics()
    assert after[in_progress] == 1
    for name in before:
        if name.endswith(("_total", "_count", "_bucket")) or "_total{" in name:
            assert after[name] >= before[name], name
    loads = "nightsieve_model_loads_total"
    assert after[loads] > before[loads]
    counted = 'nightsieve_predictions_total{label="spam"}'
    assert after[counted] == before[counted]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_folder_of_the_metrics_is_removed_at_the_end(model_file, tmp_path, workers):
    with running(model_file, workers, tmp_path) as service:
        [folder] = service.folder.glob("nightsieve-*")
        assert any(folder.glob("counter_*.db"))
    assert list(service.folder.iterdir()) == []


def test_a_killed_service_leaves_its_folder_to_the_next_one(model_file, tmp_path):
    with running(model_file, 2, tmp_path) as service:
        workers = psutil.Process(service.process.pid).children()
        [folder] = service.folder.glob("nightsieve-*")
        with running_beside(model_file, service.folder, tmp_path / "second"):
            assert folder.exists(), "its service lives"
        service.process.kill()
        _, alive = psutil.wait_procs(workers, PATIENCE)
        assert alive == []
        assert folder.exists()
        with running_beside(model_file, service.folder, tmp_path / "third"):
            assert not folder.exists()


@contextmanager
def running_beside(model_file: Path, temporary: Path, log: Path) -> Iterator[None]:
    """Run another service that has the same folder for temporary files."""
    environment = {"TMPDIR": str(temporary)}
    options = ("--model", str(model_file))
    with serving(*options, environment=environment, log=log):
        yield
