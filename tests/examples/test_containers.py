"""The files of deployments: checked, and their command lines run without containers.

No container engine is needed, and no image is built. What the files say of paths and
addresses is replaced by what is there on this machine; the words of commands stay.
"""

import contextlib
import dataclasses
import datetime
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest

from nightsieve.cli.services import daily
from nightsieve.cli.services.credentials import Credentials
from nightsieve.cli.services.postgres import SUPERUSER, Postgres
from nightsieve.cli.services.processes import spawn, stop
from tests.support import ROOT, rabbitmq
from tests.support.deployments import (
    Place,
    Service,
    dockerfile_commands,
    dockerfile_runs,
    env_names,
    healthcheck,
    on_this_machine,
    read_compose,
    read_unit,
    unit_command,
)
from tests.support.inbox import wait_until
from tests.support.nights import SMALL
from tests.support.tools import check_file

CONTAINERS = ROOT / "examples" / "containers"
EXAMPLE_INBOX = ROOT / "examples" / "django-inbox"
UNITS = sorted((ROOT / "examples" / "systemd").glob("*.*"))
DATE = datetime.date(2026, 11, 20)
SECONDS = 60  # to start, on a busy machine
#: Services of our images.
OURS = ("s3", "luigid", "night", "api")
INBOX = ("inbox-migrate", "inbox-web", "inbox-worker", "inbox-beat")
#: The port of each service in its container.
PORTS = {"postgres": 5432, "s3": 9000, "luigid": 8082, "api": 8000, "inbox-web": 8080}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@dataclass
class Deployment:
    """The services of compose.yaml as processes of this machine.

    Attributes
    ----------
    secrets
        What a person writes into the env file.
    """

    folder: Path
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    services: Mapping[str, Service]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    further_places: list[Place] = field(default_factory=list)
    token: str = ""

    @property
    def places(self) -> list[Place]:
        """What stands for the paths and addresses of the files."""
        places = []
        for name, port in PORTS.items():
            address = f"127.0.0.1:{self.ports[name]}"
            for host in (name, "127.0.0.1", "0.0.0.0"):
                places.append(Place(f"{host}:{port}", address))
        return [
            *places,
            Place("'127.0.0.1', 9000", f"'127.0.0.1', {self.ports['s3']}"),
            Place("--port=8082", f"--port={self.ports['luigid']}"),
            Place("0.0.0.0", "127.0.0.1"),
            Place("/var/lib/nightsieve", str(self.folder)),
            Place("/etc/nightsieve", str(self.folder)),
            Place("/srv/nightsieve/.venv/bin", str(Path(sys.executable).parent)),
            Place("/tmp/celerybeat", str(self.folder / "celerybeat")),
            *self.further_places,
        ]

    def command(self, words: Sequence[str]) -> list[str]:
        """Return a command as it is run here."""
        ours = on_this_machine(words, self.places)
        if ours[:2] == ["nightsieve", "serve"] and "token" not in ours:
            # In its container the service has its default port.
            ours += ["--port", str(self.ports["api"])]
        return [str(self.ports["inbox-web"]) if w == "8080" else w for w in ours]

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a service."""
        variables = self.services[name].get("environment", {})
        values = on_this_machine(list(variables.values()), self.places)
        image = {
            # As in the Dockerfile.
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        return os.environ | image | dict(zip(variables, values, strict=True))

    def working_directory(self, name: str) -> Path:
        """Return what is the working directory in the image of a service."""
        is_inbox = self.services[name]["image"] == "nightsieve-inbox"
        return EXAMPLE_INBOX if is_inbox else self.folder

    def start(self, name: str) -> None:
        """Start a service, and wait until its own check succeeds, if it has one."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(self.services[name]["command"]),
                env=self.environment(name),
                cwd=self.working_directory(name),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        if self.services[name]["healthcheck"].get("disable"):
            return
        deadline = time.monotonic() + SECONDS
        while self.run(name, healthcheck(self.services[name])).returncode:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)

    def run(
        self, name: str, words: Sequence[str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command in the place of a service."""
        return subprocess.run(
            self.command(words),
            env=self.environment(name),
            cwd=self.working_directory(name),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def stop(self) -> None:
        """End what was started."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(SECONDS)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Yield the deployment: the embedded PostgreSQL, S3, luigid and the service."""
    folder = tmp_path_factory.mktemp("deployment")
    values = documented_env_file(folder)
    made = Deployment(
        folder,
        ports={name: free_port() for name in PORTS},
        secrets=values,
        services=read_compose(values),
    )
    luigi_cfg = (CONTAINERS / "luigi.cfg").read_text()
    (localised,) = on_this_machine([luigi_cfg], made.places)
    (folder / "luigi.cfg").write_text(localised)
    # The folders that the image has.
    for name in ("s3/nightsieve", "luigid", "cache", "config/nightsieve"):
        (folder / name).mkdir(parents=True)
    with running_postgres(folder, made.ports):
        try:
            initialise_database(made)
            new_token = ("nightsieve", "serve", "token", "new", "--name", "me")
            issued = made.run("api", (*new_token, "--scope", "predict"))
            assert issued.returncode == 0, issued.stderr
            made.token = issued.stdout.strip()
            for name in ("s3", "luigid", "api"):
                made.start(name)
            yield made
        finally:
            made.stop()


def documented_env_file(folder: Path) -> dict[str, str]:
    """Return the secrets that the command of the documentation writes."""
    page = (ROOT / "docs" / "how-to" / "containers.md").read_text()
    command = re.search(r"```\n(   umask.*?> )\.env\n", page, re.DOTALL)
    assert command is not None
    path = folder / "env"
    script = textwrap.dedent(command[1]) + str(path)
    subprocess.run(["bash", "-c", script], cwd=ROOT, check=True)
    assert path.stat().st_mode & 0o077 == 0
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@contextlib.contextmanager
def running_postgres(folder: Path, ports: Mapping[str, int]) -> Iterator[None]:
    """Run PostgreSQL without accounts of ours, as its image does at first."""
    Credentials.complete(folder)
    postgres = Postgres(folder, Credentials.of(folder), durable=False)
    postgres.prepare(ports)
    log = folder / "postgres.log"
    process = spawn(postgres.command(ports), postgres.variables(), folder, log)
    try:
        deadline = time.monotonic() + SECONDS
        while not postgres.is_ready(ports, process):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        stop(process, postgres.stop_signal, SECONDS)


def run_psql(deployment: Deployment, *options: str) -> None:
    """Run psql as the superuser, as the image of PostgreSQL does."""
    connection = [
        "--host=127.0.0.1",
        f"--port={deployment.ports['postgres']}",
        f"--username={SUPERUSER}",
        "--dbname=postgres",
    ]
    subprocess.run(
        [_postgres_program("psql"), *connection, *options],
        env={
            **deployment.environment("postgres"),
            "PGPASSWORD": Credentials.of(deployment.folder).postgres_superuser,
        },
        check=True,
        capture_output=True,
    )


def initialise_database(deployment: Deployment) -> None:
    """Run the script that compose.yaml mounts."""
    (script,) = [
        volume.split(":")[0]
        for volume in deployment.services["postgres"]["volumes"]
        if "initdb.d" in volume
    ]
    run_psql(deployment, f"--file={ROOT / script}")


def _postgres_program(name: str) -> str:
    """Return a program of the embedded PostgreSQL."""
    from nightsieve.cli.services.postgres import _binary  # noqa: PLC0415

    return str(_binary(name))


def test_hadolint_accepts_the_dockerfile():
    check_file("hadolint", ROOT / "Dockerfile")


def test_compose_fits_its_schema():
    schema = ("--builtin-schema", "vendor.compose-spec")
    check_file("check-jsonschema", *schema, ROOT / "compose.yaml")


def test_the_files_that_the_dockerfile_copies_are_there_and_are_sent_to_the_build():
    sent = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                name = source.rstrip("/")
                assert any(name == s or name.startswith(f"{s}/") for s in sent), name
                assert (ROOT / name).exists(), name


def test_the_packages_of_the_image_are_those_of_the_locks():
    installs = [words for words in dockerfile_runs() if "pip" in words]
    assert installs
    for _, *words in installs:
        # Nothing is downloaded: what is asked for is installed here.
        options = ["--dry-run", "--quiet"]
        if words[-1] == ".":
            options.append("--no-index")
        pip = [sys.executable, *words, *options]
        done = subprocess.run(
            pip, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_image_runs_as_an_ordinary_user():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]


def test_every_service_of_compose_is_run_by_a_test():
    services = read_compose(dict.fromkeys(env_names(), "x"))
    assert services.keys() == {*OURS, *INBOX, "postgres", "rabbitmq"}


@pytest.mark.parametrize("name", ["s3", "luigid", "api"])
def test_a_service_runs_and_its_healthcheck_fails_without_it(deployment, name):
    check = healthcheck(deployment.services[name])
    assert deployment.run(name, check).returncode == 0
    nobody = Deployment(
        deployment.folder,
        dict.fromkeys(PORTS, free_port()),
        deployment.secrets,
        deployment.services,
    )
    assert nobody.run(name, check).returncode != 0


def test_postgres_is_ready_for_its_healthcheck(deployment):
    program, *options = healthcheck(deployment.services["postgres"])
    port = f"--port={deployment.ports['postgres']}"
    command = [_postgres_program(program), *options, port]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def inbox(deployment, tmp_path) -> Iterator[Deployment]:
    """Yield the example inbox, with a database of its own and a real RabbitMQ."""
    if not rabbitmq.IS_INSTALLED:
        assert "CI" not in os.environ, "install rabbitmq-server"
        pytest.skip("rabbitmq-server is not installed")
    run_psql(deployment, "--command=CREATE DATABASE inbox OWNER nightsieve")
    broker = rabbitmq.RabbitMQ(tmp_path / "rabbitmq")
    account = f"inbox:{deployment.secrets['RABBITMQ_PASSWORD']}@rabbitmq:5672//"
    address = f"127.0.0.1:{deployment.ports['postgres']}"
    made = dataclasses.replace(
        deployment,
        processes=[],
        further_places=[
            Place(f"amqp://{account}", broker.url),
            Place(f"{address}/nightsieve", f"{address}/inbox"),
        ],
    )
    try:
        broker.start()
        yield made
    finally:
        made.stop()
        broker.stop()


def test_the_services_of_the_inbox_run(inbox):
    migrated = inbox.run("inbox-migrate", inbox.services["inbox-migrate"]["command"])
    assert migrated.returncode == 0, migrated.stderr
    for name in ("inbox-web", "inbox-worker", "inbox-beat"):
        inbox.start(name)
    beat_log = inbox.folder / "inbox-beat.log"
    wait_until(lambda: "beat: Starting" in beat_log.read_text())
    assert all(process.poll() is None for process in inbox.processes)


@pytest.mark.parametrize("index", [0, 1])
def test_the_commands_of_the_dockerfile_are_those_of_compose(index, deployment):
    images = ("inbox-web", "api")
    command = deployment.services[images[index]]["command"]
    in_image = dockerfile_commands("CMD")[index]
    assert command[: len(in_image)] == in_image
    check = dockerfile_commands("HEALTHCHECK")[index]
    assert check == healthcheck(deployment.services[images[index]])


def ask_luigid(deployment: Deployment, host: str) -> int:
    port = deployment.ports["luigid"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        headers = {"Host": host.format(port=port)}
        connection.request("GET", "/api/task_list", headers=headers)
        return connection.getresponse().status


def test_luigid_answers_to_the_name_of_its_container_and_to_no_other(deployment):
    assert ask_luigid(deployment, "luigid:{port}") == 200
    assert ask_luigid(deployment, "localhost:{port}") == 200
    assert ask_luigid(deployment, "evil.example:{port}") == 403


def test_the_night_of_compose_publishes_a_model_and_the_service_serves_it(deployment):
    rows = ("nightsieve", "demo-data", "--rows", "1500", "--until", str(DATE))
    loaded = deployment.run("api", rows)
    assert loaded.returncode == 0, loaded.stderr
    words = deployment.services["night"]["command"]
    assert words[:3] == ["python", "-m", daily.__name__]
    begin = datetime.datetime.combine(
        DATE + datetime.timedelta(days=1),
        datetime.time.fromisoformat(words[3]),
        datetime.UTC,
    )
    command = daily.command_of(words[4:], begin)
    night = deployment.run("night", [*command, "--patch", *SMALL])
    assert night.returncode == 0, night.stderr
    listed = deployment.run("night", ["nightsieve", "models", "list"])
    assert f"1  {DATE}" in listed.stdout
    # Each process of the service loads the model, so not all have it at once.
    wait_until(lambda: served_serial(deployment) == 1)


def served_serial(deployment: Deployment) -> int | None:
    """Return the serial of the model that answers; None without a model."""
    answer = ask_api(deployment)
    if answer.status_code != httpx.codes.OK:
        return None
    serial: int = answer.json()["model"]["serial"]
    return serial


def ask_api(deployment: Deployment) -> httpx.Response:
    """Ask the service for its labels, with the token of the documentation."""
    address = f"http://127.0.0.1:{deployment.ports['api']}"
    headers = {"Authorization": f"Bearer {deployment.token}"}
    return httpx.get(f"{address}/v1/labels", headers=headers)


def test_the_account_of_nights_reads_alone(deployment):
    url = deployment.environment("night")["NIGHTSIEVE_DATABASE_URL"]
    assert urlsplit(url).username == "nightsieve_reader"
    with (
        contextlib.closing(psycopg2.connect(url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET default_transaction_read_only = off")
        connection.commit()
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE ours (key text)")


def test_the_daily_program_of_compose_waits_for_its_night(deployment):
    process = subprocess.Popen(
        deployment.command(deployment.services["night"]["command"]),
        env=deployment.environment("night"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "the next night begins at" in process.stdout.readline()
    process.terminate()
    assert process.wait(SECONDS) == 0


def test_ports_are_published_on_loopback_alone_and_secrets_are_in_no_file(deployment):
    for name, service in deployment.services.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
    example = (CONTAINERS / "env.example").read_text()
    values = [line.partition("=")[2] for line in example.splitlines() if "=" in line]
    assert all(not value for value in values if not value.startswith(" "))


def test_the_service_of_systemd_runs(deployment):
    unit = read_unit(ROOT / "examples" / "systemd" / "nightsieve-serve.service")
    (line,) = unit["ExecStart"]
    program, *words = deployment.command(unit_command(line))
    help_text = subprocess.run(
        [program, *words, "--help"], capture_output=True, text=True, check=False
    )
    assert help_text.returncode == 0, help_text.stderr
    assert {name for name in unit if name.startswith(("Protect", "Restrict"))}
    assert unit["DynamicUser"] == ["yes"]
    assert unit["NoNewPrivileges"] == ["yes"]
    # With one process, the signal would end the service.
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert int(words[words.index("--workers") + 1]) > 1


def test_the_night_of_systemd_is_that_of_yesterday(deployment, tmp_path):
    unit = read_unit(ROOT / "examples" / "systemd" / "nightsieve-night.service")
    (line,) = unit["ExecStart"]
    shell, option, script = unit_command(line)
    # A program of this name prints what it is called with.
    echo = tmp_path / "luigi"
    echo.write_text('#!/bin/sh\necho "$@"\n')
    echo.chmod(0o755)
    script = script.replace("/srv/nightsieve/.venv/bin", str(tmp_path))
    before = datetime.datetime.now(datetime.UTC)
    done = subprocess.run(
        [shell, option, script], capture_output=True, text=True, check=False
    )
    words = done.stdout.split()
    assert words[words.index("--date") + 1] == daily.command_of(["{date}"], before)[0]
    # The real one knows these options.
    usage = deployment.run("night", ["luigi", *words, "--help"])
    assert usage.returncode == 0, usage.stderr


def test_systemd_accepts_the_units(deployment, tmp_path):
    for unit in UNITS:
        (text,) = on_this_machine([unit.read_text()], deployment.places)
        (tmp_path / unit.name).write_text(text)
    program = shutil.which("systemd-analyze")
    assert {unit.suffix for unit in UNITS} == {".service", ".timer"}
    if program is not None:  # else the tests above have read the units
        verify = [program, "verify", *map(str, tmp_path.iterdir())]
        done = subprocess.run(verify, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
