"""The embedded services: real processes, asked through their own clients."""

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
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(
        [NIGHTSIEVE, *arguments], env=environment, text=True, **streams
    )


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A stack started by two commands at once, below a directory that only its owner may enter."""
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    stack = Stack(private / "home")
    with socket.socket() as occupant:
        with contextlib.suppress(OSError):
            occupant.bind(("127.0.0.1", 9000))
            occupant.listen()
        commands = [nightsieve(stack.home, "up") for _ in range(2)]
        outputs = [command.communicate(timeout=120)[0] for command in commands]
    try:
        assert [command.returncode for command in commands] == [0, 0], outputs
        assert sorted(output.count("is already running") for output in outputs) == [
            0,
            3,
        ]
        yield stack
    finally:
        stack.down()


def records(stack: Stack) -> dict[str, dict]:
    return json.loads((stack.home / "state.json").read_text())


def is_at_work(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def query(url: str, *statements: str) -> list[tuple]:
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
    scheduler(stack).add_task(
        worker="test", task_id=task_id, family="Night", params={}, status="DONE"
    )


def recorded_tasks(stack: Stack) -> set[str]:
    history = (
        stack.environment()["NIGHTSIEVE_DATABASE_URL"].removesuffix("nightsieve")
        + "luigi"
    )
    return {task_id for (task_id,) in query(history, "SELECT task_id FROM tasks")}


def metrics(stack: Stack) -> dict[str, float]:
    with urllib.request.urlopen(
        f"http://127.0.0.1:{records(stack)['luigid']['port']}/metrics", timeout=10
    ) as answer:
        assert answer.headers.get_content_type() == "text/plain"
        families = text_string_to_metric_families(answer.read().decode())
        return {
            sample.name: sample.value
            for family in families
            for sample in family.samples
            if sample.labels == {"family": "Counted"}
        }


def test_the_scheduler_counts_tasks_for_prometheus(stack):
    asked = scheduler(stack)
    for task_id, status in (
        ("Counted_1", "DONE"),
        ("Counted_2", "FAILED"),
        ("Counted_3", "FAILED"),
    ):
        asked.add_task(
            worker="metrics",
            task_id=task_id,
            family="Counted",
            params={},
            status="PENDING",
        )
        assert asked.get_work(worker="metrics")["task_id"] == task_id
        asked.add_task(
            worker="metrics",
            task_id=task_id,
            family="Counted",
            params={},
            status=status,
        )
    counted = metrics(stack)
    names = ("started", "done", "failed", "disabled")
    assert [counted.get(f"luigi_task_{name}_total", 0) for name in names] == [
        3,
        1,
        2,
        0,
    ]
    assert 0 <= counted["luigi_task_execution_time_seconds"] < 60


def test_a_taken_port_is_passed_over_and_all_are_up(stack):
    assert records(stack)["s3"]["port"] != 9000
    assert [each.state for each in stack.status()] == ["running"] * 3
    status = nightsieve(stack.home, "status")
    output, _ = status.communicate(timeout=30)
    assert status.returncode == 0 and output.count("running") == 3


def test_secrets_are_private_and_on_no_command_line(stack):
    for name in ("credentials.json", "luigi.cfg", "state.json"):
        assert (stack.home / name).stat().st_mode & 0o777 == 0o600
    for directory in (
        stack.home,
        *(stack.home / name for name in ("postgres", "s3", "log")),
    ):
        assert directory.stat().st_mode & 0o777 == 0o700
    secrets = json.loads((stack.home / "credentials.json").read_text()).values()
    lines = " ".join(
        " ".join(psutil.Process(each["pid"]).cmdline())
        for each in records(stack).values()
    )
    logs = " ".join(log.read_text() for log in (stack.home / "log").iterdir())
    assert not any(secret in lines + logs for secret in secrets)


def test_the_exports_are_what_a_shell_reads(stack):
    shell = f'eval "$({NIGHTSIEVE} env)" && env'
    environment = {"PATH": os.environ["PATH"], "NIGHTSIEVE_HOME": str(stack.home)}
    output = subprocess.run(
        ["sh", "-c", shell], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert (
        stack.environment().items()
        <= dict(line.split("=", 1) for line in output.splitlines()).items()
    )


def test_wrong_secrets_are_refused(stack):
    environment = stack.environment()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        s3_client(environment, secret="0" * 64).list_buckets()
    url = urlsplit(environment["NIGHTSIEVE_DATABASE_URL"])
    for database in ("nightsieve", "postgres"):
        wrong = url._replace(
            netloc=url.netloc.replace(url.password, "0" * 64), path=database
        ).geturl()
        with pytest.raises(
            psycopg2.OperationalError, match="password authentication failed"
        ):
            query(wrong)


def test_the_users_role_is_no_superuser(stack):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(
            stack.environment()["NIGHTSIEVE_DATABASE_URL"],
            "COPY (SELECT 1) TO PROGRAM 'cat'",
        )


def test_an_object_shows_only_when_its_put_has_ended(stack):
    client = s3_client(stack.environment())
    client.put_object(Bucket="nightsieve", Key="half/old", Body=b"old")
    for key in ("half/old", "half/new"):
        url = urlsplit(
            client.generate_presigned_url(
                "put_object", Params={"Bucket": "nightsieve", "Key": key}
            )
        )
        with socket.create_connection((url.hostname, url.port)) as killed:
            head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 20000000\r\n\r\n"
            killed.sendall(head.encode() + bytes(10_000_000))
            while not list((stack.home / "s3").rglob("half/.rclone_temp_*")):
                time.sleep(0.01)
            assert visible(client) == {"half/old": b"old"}
        while list((stack.home / "s3").rglob(".rclone_temp_*")):
            time.sleep(0.01)
        assert visible(client) == {"half/old": b"old"}


def visible(client) -> dict[str, bytes]:
    with pytest.raises(ClientError, match="404"):
        client.head_object(Bucket="nightsieve", Key="half/new")
    listing = client.list_objects_v2(Bucket="nightsieve", Prefix="half/")["Contents"]
    return {
        o["Key"]: client.get_object(Bucket="nightsieve", Key=o["Key"])["Body"].read()
        for o in listing
    }


def test_an_object_is_there_and_gone_at_once_for_another_client(stack):
    writer, reader = (s3_client(stack.environment()) for _ in range(2))
    place = {"Bucket": "nightsieve", "Key": "fresh/object"}
    for body in (b"one", b"another", bytes(1000)):
        writer.put_object(**place, Body=body)
        assert reader.get_object(**place)["Body"].read() == body
        assert reader.list_objects_v2(Bucket="nightsieve", Prefix="fresh/")["Contents"][
            0
        ]["Size"] == len(body)
        assert reader.get_object(**place, Range="bytes=1-2")["Body"].read() == body[1:3]
    writer.delete_object(**place)
    assert (
        reader.list_objects_v2(Bucket="nightsieve", Prefix="fresh/").get("Contents", [])
        == []
    )


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
    assert [each.state for each in stack.status()] == ["stopped"] * 3
    assert not any(is_at_work(each["pid"]) for each in before.values())
    with pytest.raises(ServiceError, match="nightsieve up"):
        stack.environment()
    stack.up()

    assert stack.environment() == environment, "ports and credentials are remembered"
    assert query(environment["NIGHTSIEVE_DATABASE_URL"], "SELECT body FROM kept") == [
        ("a row",)
    ]
    assert (
        s3_client(environment)
        .get_object(Bucket="nightsieve", Key="kept")["Body"]
        .read()
        == b"an object"
    )
    assert "Night_kept" in scheduler(stack).task_list(status="DONE", upstream_status="")
    assert "Night_kept" in recorded_tasks(stack)


@pytest.mark.parametrize("victim", ["postgres", "s3"])
def test_up_restores_what_was_killed_and_leaves_the_rest(stack, victim):
    before = records(stack)
    os.kill(before[victim]["pid"], signal.SIGKILL)
    while is_at_work(before[victim]["pid"]):
        time.sleep(0.01)
    assert [each.state for each in stack.status()].count("stopped") == 1
    stack.up()
    same = {
        name for name in NAMES if records(stack)[name]["pid"] == before[name]["pid"]
    }
    assert same == ({"postgres", "luigid"} if victim == "s3" else {"s3"}), (
        "luigid follows PostgreSQL"
    )
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
        assert [each.state for each in stack.status()] == ["stopped"] * 3
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
    commands = {name: nightsieve(home, name) for name in ("env", "status", "down")}
    outputs = {
        name: command.communicate(timeout=30)[0] for name, command in commands.items()
    }
    assert [command.returncode for command in commands.values()] == [6, 6, 0]
    assert "nightsieve up" in outputs["env"] and "Traceback" not in "".join(
        outputs.values()
    )
    assert not home.exists()
