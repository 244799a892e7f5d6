"""The embedded services as real processes, used through their own clients."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import psutil
import psycopg2
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from luigi.rpc import RemoteScheduler
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url

from nightsieve.cli.services import Stack, processes
from nightsieve.database.messages import load_messages
from nightsieve.database.reviews import Review, import_reviews
from nightsieve.database.tables import TABLES
from pipeline import config, ingest
from pipeline.errors import ServiceError, SourceError
from pipeline.rules.files import read_rules
from tests.support import ROOT

NIGHTSIEVE = Path(sys.executable).with_name("nightsieve")
DATABASES = ("NIGHTSIEVE_DATABASE_URL", "NIGHTSIEVE_DATABASE_WRITER_URL")
NAMES = ("postgres", "s3", "luigid")


def nightsieve(home: Path, *arguments: str) -> subprocess.Popen:
    environment = os.environ | {"NIGHTSIEVE_HOME": str(home)}
    return subprocess.Popen(
        [NIGHTSIEVE, *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A stack below a private directory, which two commands at once have started."""
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    stack = Stack(private / "home")
    with socket.socket() as occupant:
        with contextlib.suppress(OSError):
            occupant.bind(("127.0.0.1", 9000))
            occupant.listen()
        first = nightsieve(stack.home, "up")
        second = nightsieve(stack.home, "up")
        outputs = (
            first.communicate(timeout=120)[0],
            second.communicate(timeout=120)[0],
        )
    try:
        assert (first.returncode, second.returncode) == (0, 0), outputs
        already_running = [output.count("is already running") for output in outputs]
        assert sorted(already_running) == [0, 3]
        yield stack
    finally:
        stack.down()


def records(stack: Stack) -> dict[str, dict[str, int]]:
    return json.loads((stack.home / "state.json").read_text())


def states(stack: Stack) -> list[str]:
    return [status.state for status in stack.status()]


def is_alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def query(url: str, *statements: str) -> list[tuple[object, ...]]:
    with contextlib.closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def s3_client(environment: dict[str, str], **changes: str):
    return boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL_S3"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=changes.get(
            "secret", environment["AWS_SECRET_ACCESS_KEY"]
        ),
        config=Config(
            signature_version="s3v4", response_checksum_validation="when_required"
        ),
    )


def scheduler(stack: Stack) -> RemoteScheduler:
    return RemoteScheduler(f"http://127.0.0.1:{records(stack)['luigid']['port']}")


def finish_task(stack: Stack, task_id: str) -> None:
    add_task(scheduler(stack), "test", task_id, family="Night", status="DONE")


def add_task(
    scheduler: RemoteScheduler, worker: str, task_id: str, *, family: str, status: str
) -> None:
    scheduler.add_task(  # type: ignore[attr-defined]  # made by luigi at run time
        worker=worker, task_id=task_id, family=family, params={}, status=status
    )


def recorded_tasks(stack: Stack) -> set[object]:
    url = stack.environment()["NIGHTSIEVE_DATABASE_WRITER_URL"]
    history = f"{url.removesuffix('nightsieve')}luigi"
    return {task_id for (task_id,) in query(history, "SELECT task_id FROM tasks")}


def metrics(stack: Stack) -> dict[str, float]:
    port = records(stack)["luigid"]["port"]
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers.get_content_type() == "text/plain"
        text = answer.read().decode()
    values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.labels == {"family": "Counted"}:
                values[sample.name] = sample.value
    return values


def test_the_scheduler_counts_tasks_for_prometheus(stack):
    luigid = scheduler(stack)
    for task_id, status in (
        ("Counted_1", "DONE"),
        ("Counted_2", "FAILED"),
        ("Counted_3", "FAILED"),
    ):
        add_task(luigid, "metrics", task_id, family="Counted", status="PENDING")
        assert luigid.get_work(worker="metrics")["task_id"] == task_id
        add_task(luigid, "metrics", task_id, family="Counted", status=status)
    counted = metrics(stack)
    assert counted.get("luigi_task_started_total", 0) == 3
    assert counted.get("luigi_task_done_total", 0) == 1
    assert counted.get("luigi_task_failed_total", 0) == 2
    assert counted.get("luigi_task_disabled_total", 0) == 0
    assert 0 <= counted["luigi_task_execution_time_seconds"] < 60


def test_a_taken_port_is_passed_over_and_all_are_up(stack):
    assert records(stack)["s3"]["port"] != 9000
    assert states(stack) == ["running"] * 3
    command = nightsieve(stack.home, "status")
    output, _ = command.communicate(timeout=30)
    assert command.returncode == 0
    assert output.count("running") == 3


def test_secrets_are_private_and_on_no_command_line(stack):
    for name in ("credentials.json", "luigi.cfg", "state.json"):
        assert (stack.home / name).stat().st_mode & 0o777 == 0o600
    for directory in ("", "postgres", "s3", "log"):
        assert (stack.home / directory).stat().st_mode & 0o777 == 0o700
    readable = ""
    for record in records(stack).values():
        readable += " ".join(psutil.Process(record["pid"]).cmdline())
    for log in (stack.home / "log").iterdir():
        readable += log.read_text()
    secrets = json.loads((stack.home / "credentials.json").read_text())
    for secret in secrets.values():
        assert secret not in readable


def test_the_exports_are_what_a_shell_reads(stack):
    shell = f'eval "$({NIGHTSIEVE} env)" && env'
    environment = {"PATH": os.environ["PATH"], "NIGHTSIEVE_HOME": str(stack.home)}
    output = subprocess.run(
        ["sh", "-c", shell], env=environment, capture_output=True, text=True, check=True
    ).stdout
    exported = dict(line.split("=", 1) for line in output.splitlines())
    assert stack.environment().items() <= exported.items()


def test_wrong_secrets_are_refused(stack):
    environment = stack.environment()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        s3_client(environment, secret="0" * 64).list_buckets()
    url = urlsplit(environment["NIGHTSIEVE_DATABASE_URL"])
    for database in ("nightsieve", "postgres"):
        account = url.netloc.replace(url.password, "0" * 64)
        wrong_url = url._replace(netloc=account, path=database).geturl()
        with pytest.raises(
            psycopg2.OperationalError, match="password authentication failed"
        ):
            query(wrong_url)


@pytest.mark.parametrize("variable", DATABASES)
def test_no_account_is_a_superuser(stack, variable):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(stack.environment()[variable], "COPY (SELECT 1) TO PROGRAM 'cat'")


def test_the_account_of_nights_reads_and_does_nothing_else(stack):
    reader, writer = (stack.environment()[variable] for variable in DATABASES)
    query(
        writer,
        "CREATE TABLE later (body text)",
        "INSERT INTO later VALUES ('a row')",
        "CREATE SCHEMA other",
        "CREATE TABLE other.later AS SELECT * FROM later",
        "CREATE VIEW seen AS SELECT * FROM later",
    )
    for table in ("later", "other.later", "seen"):
        assert query(reader, f"SELECT body FROM {table}") == [("a row",)]
    assert query(reader, "SHOW default_transaction_read_only") == [("on",)]
    for statement in (
        "INSERT INTO later VALUES ('x')",
        "UPDATE later SET body = 'x'",
        "DELETE FROM later",
        "TRUNCATE later",
        "ALTER TABLE later ADD COLUMN x int",
        "DROP TABLE later",
        "CREATE TABLE mine (body text)",
        "CREATE TEMP TABLE mine (body text)",
        "CREATE SCHEMA mine",
        "SELECT body FROM later FOR UPDATE",
        "SELECT lo_create(0)",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(reader, "SET default_transaction_read_only = off", statement)
    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'nightsieve_reader'"
    assert query(reader, f"{owned}::regrole AND deptype = 'o'") == [(0,)]
    for database in ("luigi", "template1"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            query(f"{reader.removesuffix('nightsieve')}{database}", "SELECT 1")


def superuser_url(stack: Stack, database: str) -> str:
    credentials = json.loads((stack.home / "credentials.json").read_text())
    account = f"postgres:{credentials['postgres_superuser']}"
    port = records(stack)["postgres"]["port"]
    return f"postgresql://{account}@127.0.0.1:{port}/{database}"


def test_the_grants_of_the_documentation_are_enough(stack, tmp_path, monkeypatch):
    page = (ROOT / "docs" / "how-to" / "production.md").read_text()
    overlay, *_ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    night_grants, clerk_grants = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    query(superuser_url(stack, "postgres"), "CREATE DATABASE inbox")
    inbox = superuser_url(stack, "inbox")
    query(
        inbox,
        *(table.definition() for table in TABLES),
        "CREATE SCHEMA inbox",
        "CREATE TABLE inbox.messages"
        " (id int8, text text, created timestamptz, country text, secret text)",
        "INSERT INTO inbox.messages VALUES (1, 'hello', now(), 'IN', 'x')",
        "INSERT INTO messages VALUES ('1', 'hello')",
        night_grants,
        clerk_grants,
    )
    account = inbox.partition("//")[2].partition("@")[0]
    night = inbox.replace(account, "night:a%20long%20random%20one")
    clerk = inbox.replace(account, "clerk:another%20long%20random%20one")

    monkeypatch.setenv("NIGHTSIEVE_DATABASE_WRITER_URL", clerk)
    review = Review(message_key="1", label="spam", annotator="Ada")
    assert import_reviews([review], "crowd", datetime.now()).new == 1
    assert load_messages([b"1\t2\thi\t\\N\t\\N\tspam\n"], True, True).messages.new == 1

    rules = config.patch_layer(f"labelling.rules={ROOT / 'tests/tasks/rules'}")
    layers = [
        config.file_layer(config.DEFAULTS),
        config.text_layer("overlay.yaml", overlay.encode(), tmp_path),
        config.patch_layer("source.sample.fraction=1"),
        rules,
    ]
    source = config.resolve(layers, read_rules, {}).settings.source
    today = date.today() + timedelta(days=1)
    with ingest.connect(make_url(night)) as connection:
        sampled = ingest.draw_sample(connection, source, today, tmp_path)
    assert sampled.counts.kept == 1
    source = config.resolve([layers[0], rules], read_rules, {}).settings.source
    with (
        pytest.raises(SourceError, match="permission denied for table messages"),
        ingest.connect(make_url(night)) as connection,
    ):
        ingest.draw_sample(connection, source, today, tmp_path)
    assert query(night, "SELECT label FROM reviews ORDER BY message_key")[0] == (
        "spam",
    )
    for statement in ("SELECT secret FROM inbox.messages", "DELETE FROM reviews"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(night, "SET default_transaction_read_only = off", statement)


def test_a_home_of_an_earlier_version_is_completed(stack):
    reader, writer = (stack.environment()[variable] for variable in DATABASES)
    query(writer, "CREATE TABLE earlier AS SELECT 'a row' AS body")
    credentials = stack.home / "credentials.json"
    present = json.loads(credentials.read_text())
    superuser = superuser_url(stack, "nightsieve")
    query(
        superuser,
        "DROP OWNED BY nightsieve_reader",
        "ALTER DEFAULT PRIVILEGES FOR ROLE nightsieve"
        " REVOKE ALL ON TABLES FROM nightsieve_reader",
        "DROP ROLE nightsieve_reader",
    )
    for name in ("postgres_reader", "receipt_key"):
        del present[name]
    credentials.write_text(json.dumps(present))
    with pytest.raises(ServiceError, match="complete them with nightsieve up"):
        stack.environment()
    stack.up()
    completed = stack.environment()
    assert completed["NIGHTSIEVE_DATABASE_URL"] != reader
    assert completed["NIGHTSIEVE_DATABASE_WRITER_URL"] == writer
    rows = query(completed["NIGHTSIEVE_DATABASE_URL"], "SELECT body FROM earlier")
    assert rows == [("a row",)]
    assert credentials.stat().st_mode & 0o777 == 0o600


def test_nights_of_a_home_sign_their_receipts_with_its_own_key(stack):
    key = stack.environment()["NIGHTSIEVE_RECEIPT_KEY"]
    assert re.fullmatch("[0-9a-f]{64}", key)
    stack.up()
    assert stack.environment()["NIGHTSIEVE_RECEIPT_KEY"] == key


FROM_HERE = {
    "a worker": {},
    "by name": {"Host": "localhost:{port}"},
    "the page itself": {
        "Origin": "http://127.0.0.1:{port}",
        "Referer": "http://127.0.0.1:{port}/static/visualiser/index.html",
        "Sec-Fetch-Site": "same-origin",
    },
    "an address typed into a browser": {"Sec-Fetch-Site": "none"},
}
FROM_ELSEWHERE = {
    "a rebound name": {"Host": "evil.example:{port}"},
    "a name that begins alike": {"Host": "127.0.0.1.evil.example:{port}"},
    "another port": {"Host": "127.0.0.1:1"},
    "no port": {"Host": "127.0.0.1"},
    "no host": {"Host": ""},
    "another origin": {"Origin": "https://evil.example"},
    "another service of this machine": {"Origin": "http://127.0.0.1:1"},
    "a file": {"Origin": "null"},
    "another scheme": {"Origin": "https://127.0.0.1:{port}"},
    "a page of another origin": {"Referer": "https://evil.example/page"},
    "no referrer, but a browser": {"Sec-Fetch-Site": "cross-site"},
    "another port of this site": {"Sec-Fetch-Site": "same-site"},
    "a broken referrer": {"Referer": "http://[::1"},
}


def ask_luigid(stack: Stack, headers: dict[str, str], method: str, path: str):
    port = records(stack)["luigid"]["port"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        sent = {name: value.format(port=port) for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("name", FROM_HERE)
def test_the_scheduler_answers_requests_from_here(stack, name):
    status, body = ask_luigid(stack, FROM_HERE[name], "GET", "/api/task_list")
    assert status == 200
    assert "response" in json.loads(body)


@pytest.mark.parametrize("name", FROM_ELSEWHERE)
def test_the_scheduler_refuses_requests_from_elsewhere(stack, name):
    for path in ("/api/task_list", "/api/pause", "/", "/history", "/metrics", "/x"):
        for method in ("GET", "POST", "OPTIONS"):
            status, body = ask_luigid(stack, FROM_ELSEWHERE[name], method, path)
            assert status == 403
            assert body.startswith("Refused: ")
            assert body.count("\n") == 1


def test_nobody_can_pause_a_night(stack):
    luigid = scheduler(stack)
    assert luigid.is_pause_enabled() == {"enabled": False}
    status, _ = ask_luigid(stack, {}, "GET", "/api/pause")
    assert status == 200
    assert luigid.is_paused() == {"paused": False}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://build.example/7", True),
        ("http://127.0.0.1:9000/nightsieve/a", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("//evil.example/x", False),
    ],
)
def test_the_scheduler_links_to_web_pages_only(stack, url, kept):
    luigid = scheduler(stack)
    luigid.add_task(
        worker="links",
        task_id="Linked",
        family="Linked",
        params={},
        status="PENDING",
        tracking_url=url,
    )
    (task,) = luigid.task_search(task_str="Linked")["PENDING"].values()
    assert task["tracking_url"] == (url if kept else None)


def test_logs_are_private_and_bounded(stack, tmp_path):
    for log in (stack.home / "log").iterdir():
        assert log.stat().st_mode & 0o777 == 0o600, log
    log = tmp_path / "service.log"
    log.write_bytes(bytes(processes.LOG_BYTES + 1))
    for _ in range(2):
        child = processes.spawn(["echo", "started"], {}, tmp_path, log)
        child.wait()
    assert log.read_text() == "started\nstarted\n"
    assert (tmp_path / "service.log.1").stat().st_size == processes.LOG_BYTES + 1
    assert log.stat().st_mode & 0o777 == 0o600


def test_polls_of_workers_are_not_in_the_log(stack):
    log = stack.home / "log" / "luigid.log"
    size = log.stat().st_size
    for _ in range(50):
        scheduler(stack).ping(worker="polling")
    assert log.stat().st_size == size


def test_a_scheduler_of_an_earlier_version_is_replaced(stack):
    before = records(stack)["luigid"]
    psutil.Process(before["pid"]).terminate()
    while is_alive(before["pid"]):
        time.sleep(0.01)
    program = "from luigi.cmdline import luigid; luigid()"
    options = ["--address=127.0.0.1", f"--port={before['port']}"]
    variables = {"LUIGI_CONFIG_PATH": str(stack.home / "luigi.cfg")}
    old = processes.spawn(
        [sys.executable, "-P", "-c", program, *options],
        variables,
        stack.home,
        stack.home / "log" / "luigid.log",
    )
    record = {"port": before["port"], "pid": old.pid, "created": old.create_time()}
    state = records(stack) | {"luigid": record}
    (stack.home / "state.json").write_text(json.dumps(state))
    stack.up()
    assert not is_alive(old.pid)
    elsewhere = {"Origin": "https://evil.example"}
    assert ask_luigid(stack, elsewhere, "GET", "/api/task_list")[0] == 403


def test_an_object_shows_only_when_its_put_has_ended(stack):
    client = s3_client(stack.environment())
    client.put_object(Bucket="nightsieve", Key="half/old", Body=b"old")
    data = stack.home / "s3"
    for key in ("half/old", "half/new"):
        parameters = {"Bucket": "nightsieve", "Key": key}
        signed = client.generate_presigned_url("put_object", Params=parameters)
        url = urlsplit(signed)
        head = (
            f"PUT {url.path}?{url.query} HTTP/1.1\r\n"
            f"Host: {url.netloc}\r\n"
            "Content-Length: 20000000\r\n\r\n"
        )
        with socket.create_connection((url.hostname, url.port)) as killed:
            killed.sendall(head.encode() + bytes(10_000_000))
            while not list(data.rglob("half/.rclone_temp_*")):
                time.sleep(0.01)
            assert visible(client) == {"half/old": b"old"}
        while list(data.rglob(".rclone_temp_*")):
            time.sleep(0.01)
        assert visible(client) == {"half/old": b"old"}


def visible(client) -> dict[str, bytes]:
    with pytest.raises(ClientError, match="404"):
        client.head_object(Bucket="nightsieve", Key="half/new")
    keys = list_keys(client, "half/")
    return {key: read(client, Bucket="nightsieve", Key=key) for key in keys}


def list_keys(client, prefix: str) -> list[str]:
    listing = client.list_objects_v2(Bucket="nightsieve", Prefix=prefix)
    return [entry["Key"] for entry in listing.get("Contents", [])]


def read(client, **request: str) -> bytes:
    return client.get_object(**request)["Body"].read()


def test_an_object_is_there_and_gone_at_once_for_another_client(stack):
    writer = s3_client(stack.environment())
    reader = s3_client(stack.environment())
    address = {"Bucket": "nightsieve", "Key": "fresh/object"}
    for body in (b"one", b"another", bytes(1000)):
        writer.put_object(**address, Body=body)
        assert read(reader, **address) == body
        listing = reader.list_objects_v2(Bucket="nightsieve", Prefix="fresh/")
        assert [entry["Size"] for entry in listing["Contents"]] == [len(body)]
        assert read(reader, **address, Range="bytes=1-2") == body[1:3]
    writer.delete_object(**address)
    assert list_keys(reader, "fresh/") == []


def test_a_refused_row_does_not_put_its_text_into_the_log(stack):
    url = stack.environment()["NIGHTSIEVE_DATABASE_WRITER_URL"]
    with pytest.raises(psycopg2.errors.UniqueViolation):
        query(
            url,
            "CREATE TABLE unique_texts (body text UNIQUE)",
            *2 * ["INSERT INTO unique_texts VALUES ('privy')"],
        )
    with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
        query(url, "SELECT 'privy'::int")
    assert "privy" not in (stack.home / "log" / "postgres.log").read_text()


def test_data_survive_down_and_up(stack):
    before = records(stack)
    environment = stack.environment()
    query(
        environment["NIGHTSIEVE_DATABASE_WRITER_URL"],
        "CREATE TABLE kept AS SELECT 'a row' AS body",
    )
    s3_client(environment).put_object(
        Bucket="nightsieve", Key="kept", Body=b"an object"
    )
    finish_task(stack, "Night_kept")

    stack.down()
    stack.down()
    assert states(stack) == ["stopped"] * 3
    for record in before.values():
        assert not is_alive(record["pid"])
    with pytest.raises(ServiceError, match="nightsieve up"):
        stack.environment()
    stack.up()

    assert stack.environment() == environment, "ports and credentials are remembered"
    kept = query(environment["NIGHTSIEVE_DATABASE_URL"], "SELECT body FROM kept")
    assert kept == [("a row",)]
    client = s3_client(environment)
    assert read(client, Bucket="nightsieve", Key="kept") == b"an object"
    assert "Night_kept" in scheduler(stack).task_list(status="DONE", upstream_status="")
    assert "Night_kept" in recorded_tasks(stack)


@pytest.mark.parametrize("victim", ["postgres", "s3"])
def test_up_restores_what_was_killed_and_leaves_the_rest(stack, victim):
    before = records(stack)
    os.kill(before[victim]["pid"], signal.SIGKILL)
    while is_alive(before[victim]["pid"]):
        time.sleep(0.01)
    assert states(stack).count("stopped") == 1
    stack.up()
    after = records(stack)
    left_alone = {name for name in NAMES if after[name]["pid"] == before[name]["pid"]}
    if victim == "s3":
        assert left_alone == {"postgres", "luigid"}
    else:
        assert left_alone == {"s3"}, "luigid is restarted with PostgreSQL"
    finish_task(stack, f"Night_{victim}")
    assert f"Night_{victim}" in recorded_tasks(stack)


def test_a_requested_port_that_cannot_be_had_is_refused(stack):
    with pytest.raises(ServiceError, match="already runs at port"):
        stack.up({"s3": 1})


def test_a_stranger_with_a_remembered_pid_is_spared(tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        created = psutil.Process(stranger.pid).create_time()
        stale = {
            name: {"port": 1, "pid": stranger.pid, "created": created - 60}
            for name in NAMES
        }
        (tmp_path / "state.json").write_text(json.dumps(stale))
        stack = Stack(tmp_path)
        assert states(stack) == ["stopped"] * 3
        stack.down()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_service_that_cannot_start_shows_the_end_of_its_log(tmp_path):
    (tmp_path / "home" / "postgres").mkdir(parents=True, mode=0o700)
    with pytest.raises(ServiceError, match=r"log/postgres\.log:\n.*postgresql\.conf"):
        Stack(tmp_path / "home").up()


def test_without_services_the_commands_say_what_to_do(tmp_path):
    home = tmp_path / "none"
    for name, code in (("env", 6), ("status", 6), ("down", 0)):
        command = nightsieve(home, name)
        output, _ = command.communicate(timeout=30)
        assert command.returncode == code
        assert "Traceback" not in output
        if name == "env":
            assert "nightsieve up" in output
    assert not home.exists()
