"""`nightsieve serve`: what it needs, what it says if it cannot serve, and TLS."""

import json
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import write_certificate
from tests.support.commands import run
from tests.support.raw_http import connection, seconds_until_closed
from tests.support.services import PATIENCE, serving

# None of what trains or plots, and no database before a correction arrives.
HEAVY = (
    "luigi",
    "pandas",
    "sklearn",
    "scipy",
    "numpy",
    "pyarrow",
    "sqlalchemy",
    "psycopg2",
    "matplotlib",
    "rich",
    "hyperscan",
    "tasks",
)


def serve(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    environment = {"NIGHTSIEVE_TOKENS": str(folder / "tokens.json")}
    return run("nightsieve", "serve", *options, environment=environment)


def refusal(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a refused command prints."""
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line.removeprefix("Error: ")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("content", "code", "start"),
    [
        (None, 7, "--model {path}: cannot be read"),
        (b"{}", 8, "--model {path}: not a model"),
    ],
)
def test_a_model_that_cannot_be_served_ends_the_command(
    tmp_path, workers, content, code, start
):
    path = tmp_path / "model.json"
    if content is not None:
        path.write_bytes(content)
    ended = serve("--model", str(path), "--workers", workers, folder=tmp_path)
    assert ended.returncode == code
    assert refusal(ended).startswith(start.format(path=path))


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: {tokens} holds no token"),
        (["--host", "::"], "--host ::: {tokens} holds no token"),
        (["--host", "192.0.2.1"], "--host 192.0.2.1: {tokens} holds no token"),
        (["--host", "127.0.0.1 "], "--host 127.0.0.1 : not an address"),
        (["--host", "no-such-host.invalid"], "--host no-such-host.invalid: not an"),
        (["--origin", "app.example.org"], "--origin app.example.org: not an origin"),
        (["--origin", "https://a.org/"], "--origin https://a.org/: not an origin"),
        (["--tls-key", "{model}"], "--tls-certificate, --tls-key: one is missing"),
        (
            ["--tls-certificate", "{tokens}", "--tls-key", "{model}"],
            "--tls-certificate {tokens}: cannot be read",
        ),
        (
            ["--tls-certificate", "{model}", "--tls-key", "{model}"],
            "--tls-certificate {model}, --tls-key {model}: not a certificate",
        ),
    ],
)
def test_options_that_cannot_be_used_end_the_command(
    model_file, tmp_path, options, start
):
    names = {"tokens": tmp_path / "tokens.json", "model": model_file}
    options = [option.format(**names) for option in options]
    arguments = ["--model", str(model_file), "--port", "0", *options]
    ended = serve(*arguments, folder=tmp_path)
    assert ended.returncode == 3
    assert refusal(ended).startswith(start.format(**names))


def test_without_tokens_the_command_says_how_to_make_one(model_file, tmp_path):
    ended = serve("--model", str(model_file), "--host", "0.0.0.0", folder=tmp_path)
    assert refusal(ended).endswith("create one: nightsieve serve token new")


def test_with_a_token_it_listens_on_all_addresses(model_file, tmp_path):
    tokens = str(tmp_path / "tokens.json")
    environment = {"NIGHTSIEVE_TOKENS": tokens}
    made = run(
        *(
            "nightsieve",
            "serve",
            "token",
            "new",
            "--name",
            "inbox",
            "--scope",
            "predict",
        ),
        environment=environment,
    )
    assert made.returncode == 0, made.stderr
    log = tmp_path / "log"
    options = ("--model", str(model_file), "--host", "0.0.0.0")
    with serving(*options, environment=environment, log=log) as (address, _):
        assert httpx.get(f"{address}/health/ready").status_code == 200
        assert httpx.get(f"{address}/v1/labels").status_code == 401


def test_a_port_in_use_ends_the_command(model_file, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        arguments = ("--model", str(model_file), "--port", port)
        ended = serve(*arguments, folder=tmp_path)
    assert ended.returncode == 6
    assert refusal(ended).startswith(f"--port {port}: already in use")


def test_without_a_model_and_without_a_store_there_is_nothing_to_serve(tmp_path):
    environment = {"NIGHTSIEVE_STORAGE": ""}
    ended = run("nightsieve", "serve", environment=environment)
    assert ended.returncode == 3
    assert "NIGHTSIEVE_STORAGE" in refusal(ended)
    assert "--model FILE" in refusal(ended)


@pytest.mark.parametrize("package", ["uvicorn", "starlette", "httptools"])
def test_without_the_extra_the_command_says_what_to_install(
    model_file, tmp_path, package
):
    program = (
        "import sys\n"
        f"sys.modules[{package!r}] = None\n"
        "from nightsieve.cli.main import main\n"
        f"sys.argv = ['nightsieve', 'serve', '--model', {str(model_file)!r}]\n"
        "main()\n"
    )
    ended = run(sys.executable, "-c", program, environment={})
    assert ended.returncode == 6
    expected = f"nightsieve serve: {package} is missing; install nightsieve[serve]"
    assert refusal(ended) == expected


def test_the_service_imports_nothing_that_it_does_not_need(model_file):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from nightsieve.cli.commands import serve\n"
        "from nightsieve.serving.http.server import serve\n"
        "from nightsieve.serving.http.application import create_application\n"
        "from nightsieve.serving.options import ServeOptions\n"
        f"model = Path({str(model_file)!r})\n"
        "create_application(ServeOptions(model=model, tokens=Path('none.json')))\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    imported = run(sys.executable, "-c", program, environment={})
    assert imported.returncode == 0, imported.stderr
    assert set(HEAVY) & set(imported.stdout.split()) == set()
    assert {"starlette", "uvicorn"} <= set(imported.stdout.split())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_https_with_a_certificate_and_its_key(model_file, tmp_path, workers):
    certificate, key = write_certificate(tmp_path)
    options = ["--model", str(model_file), "--workers", workers]
    options += ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    options += ["--idle", "1"]
    log = tmp_path / "log"
    with serving(*options, environment={}, log=log) as (address, _):
        assert address.startswith("https://")
        trust = ssl.create_default_context(cafile=certificate)
        ready = httpx.get(f"{address}/health/ready", verify=trust, timeout=PATIENCE)
        assert ready.status_code == 200
        with connection(address) as stream:
            stream.sendall(b"GET /health")
            seconds_until_closed(stream)
    assert "traceback" not in log.read_text()


def test_the_text_of_a_message_is_in_no_metric_and_in_no_log(model_file, tmp_path):
    log = tmp_path / "log"
    options = ("--model", str(model_file), "--access-log")
    with serving(*options, environment={}, log=log) as (address, _):
        body = {"messages": [{"id": "canary", "text": "canary"}], "explain": 5}
        url = f"{address}/v1/predictions?canary"
        statuses = [
            httpx.post(url, json=body).status_code,
            httpx.post(url, json={**body, "canary": 1}).status_code,
            httpx.post(url, content=b'{"canary').status_code,
            httpx.put(f"{address}/canary", json=body).status_code,
        ]
        metrics = httpx.get(f"{address}/metrics").text
    assert statuses == [200, 422, 415, 404]
    assert "422" in metrics
    assert "canary" not in metrics + log.read_text()


def test_the_start_line_says_where_the_page_is_and_the_log_what_happened(
    model_file, tmp_path
):
    log = tmp_path / "log"
    options = ("--model", str(model_file), "--access-log")
    with serving(*options, environment={}, log=log) as (address, process):
        url = f"{address}/v1/labels?text=canary"
        assert httpx.get(url, headers={"X-Text": "canary"}).status_code == 200
        process.terminate()
        process.wait(PATIENCE)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines] == [
        "started",
        "serving",
        "request",
        "stopped",
    ]
    request = lines[2]
    time.strptime(request["time"][:19], "%Y-%m-%dT%H:%M:%S")
    assert request["route"] == "/v1/labels"
    assert (request["method"], request["status"]) == ("GET", 200)
    assert set(request) == {
        *("time", "level", "event", "process"),
        *("method", "route", "status", "ms", "caller"),
    }
    assert "canary" not in log.read_text()
