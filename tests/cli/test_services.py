"""The embedded services as real processes, used through their own clients."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
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

from nightsieve.cli.services import Stack
from pipeline.errors import ServiceError

NIGHTSIEVE = Path(sys.executable).with_name("nightsieve")
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
    url = stack.environment()["NIGHTSIEVE_DATABASE_URL"]
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


def test_the_role_of_users_is_not_a_superuser(stack):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(
            stack.environment()["NIGHTSIEVE_DATABASE_URL"],
            "COPY (SELECT 1) TO PROGRAM 'cat'",
        )


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
    url = stack.environment()["NIGHTSIEVE_DATABASE_URL"]
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
        environment["NIGHTSIEVE_DATABASE_URL"],
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
