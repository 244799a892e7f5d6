"""Real services for the tests that need them.

One PostgreSQL, one S3 server and one luigid are started once, on free ports.
"""

import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy

from nightsieve.cli.services import Stack
from tests.support.commands import forget

# Tests run the commands of the environment that runs them, activated or not.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# A shell that runs the tests in the background lets them ignore ctrl-C, and so would
# every night that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Runs in place of javac: the proof of every night compiles the same source, which takes
# a second each time.
JAVAC_ONCE = """#!/bin/sh
set -e
case " $* " in *" -cp "*) exec {javac} "$@" ;; esac
for word; do
    if [ "$before" = -d ]; then folder=$word; fi
    before=$word
done
compiled="{kept}/$(cksum < "$word" | tr ' ' -)"
if [ -d "$compiled" ]; then
    cp -R "$compiled/nightsieve" "$folder"
else
    {javac} "$@"
    mkdir "$compiled.$$"
    cp -R "$folder/nightsieve" "$compiled.$$"
    mv "$compiled.$$" "$compiled"
fi
"""

# The time that an example takes depends on how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of processes: one more than cores, since nights also wait."""
    return min((os.cpu_count() or 1) + 1, 4)


@pytest.fixture(scope="session", autouse=True)
def javac_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compile the Java scorer once and copy it; other sources are compiled as ever."""
    with pytest.MonkeyPatch.context() as patch:
        javac = shutil.which("javac")
        if javac is not None:
            folder = tmp_path_factory.mktemp("javac")
            (folder / "javac").write_text(JAVAC_ONCE.format(javac=javac, kept=folder))
            (folder / "javac").chmod(0o755)
            patch.setenv("PATH", str(folder), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the processes of the tests share a cache that is not the user's own."""
    # With xdist, each process has a folder in that of the session.
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield


@pytest.fixture(scope="session")
def services() -> Iterator[dict[str, str]]:
    """Return the environment of the running services."""
    with tempfile.TemporaryDirectory(prefix="nightsieve-test-") as folder:
        stack = Stack(Path(folder) / "home", durable=False)
        stack.up()
        environment = stack.environment()
        # Tests write objects and receipts by hand. Those of signed nights set a key.
        del environment["NIGHTSIEVE_RECEIPT_KEY"]
        try:
            yield environment
        finally:
            stack.down()


@pytest.fixture(scope="module")
def night_environment(services: dict[str, str]) -> Iterator[dict[str, str]]:
    """Return an environment with an empty schema and S3 prefix for the module."""
    yield from _own_environment(services)


@pytest.fixture
def environment(
    services: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Return an environment with an empty schema and S3 prefix for the test.

    This process has it too.
    """
    for own_environment in _own_environment(services):
        for name, value in own_environment.items():
            monkeypatch.setenv(name, value)
        forget()
        yield own_environment
        forget()


@pytest.fixture
def database_url(environment: dict[str, str]) -> str:
    """Return the URL of an empty schema for the test, with an account that writes."""
    return environment["NIGHTSIEVE_DATABASE_WRITER_URL"]


def _own_environment(services: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the services' environment with a new schema and S3 prefix."""
    name = f"test_{uuid.uuid4().hex}"
    url = sqlalchemy.make_url(services["NIGHTSIEVE_DATABASE_WRITER_URL"])
    own_urls = {}
    for variable in ("NIGHTSIEVE_DATABASE_URL", "NIGHTSIEVE_DATABASE_WRITER_URL"):
        own_url = sqlalchemy.make_url(services[variable]).update_query_dict(
            {"options": f"-csearch_path={name}"}
        )
        own_urls[variable] = own_url.render_as_string(hide_password=False)
    engine = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {name}"))
        yield {
            **services,
            **own_urls,
            "NIGHTSIEVE_STORAGE": f"s3://nightsieve/{name}",
        }
        connection.execute(sqlalchemy.text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()
