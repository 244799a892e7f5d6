"""Real services for every test that needs them: one PostgreSQL, one S3 and one luigid, started once, on free ports."""

import os
import shutil
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

# Commands are those of the environment that runs the tests, activated or not.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# What a night's proof calls as javac: it takes a second of every night, for one and the same source.
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

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_xdist_auto_num_workers() -> int:
    """How many processes test: one more than there are cores, since nights also wait for each other."""
    return min((os.cpu_count() or 1) + 1, 4)


@pytest.fixture(scope="session", autouse=True)
def javac_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The Java scorer is compiled once, then copied: the real compiler in all else."""
    with pytest.MonkeyPatch.context() as patch:
        if javac := shutil.which("javac"):
            folder = tmp_path_factory.mktemp("javac")
            (folder / "javac").write_text(JAVAC_ONCE.format(javac=javac, kept=folder))
            (folder / "javac").chmod(0o755)
            patch.setenv("PATH", str(folder), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def services() -> Iterator[dict[str, str]]:
    """The environment of the running services."""
    with tempfile.TemporaryDirectory(prefix="nightsieve-test-") as folder:
        stack = Stack(Path(folder) / "home", durable=False)
        stack.up()
        try:
            yield stack.environment()
        finally:
            stack.down()


@pytest.fixture(scope="module")
def night_environment(services: dict[str, str]) -> Iterator[dict[str, str]]:
    """The services' environment, with an empty schema and an empty S3 prefix of the module's own."""
    yield from _own(services)


@pytest.fixture
def environment(
    services: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The same of the test's own, and in this process too."""
    for mine in _own(services):
        for name, value in mine.items():
            monkeypatch.setenv(name, value)
        forget()
        yield mine
        forget()


@pytest.fixture
def database_url(environment: dict[str, str]) -> str:
    """The URL of an empty schema of the test's own."""
    return environment["NIGHTSIEVE_DATABASE_URL"]


def _own(services: dict[str, str]) -> Iterator[dict[str, str]]:
    name = f"test_{uuid.uuid4().hex}"
    url = sqlalchemy.make_url(services["NIGHTSIEVE_DATABASE_URL"])
    own = url.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(
        hide_password=False
    )
    engine = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {name}"))
        yield {
            **services,
            "NIGHTSIEVE_DATABASE_URL": own,
            "NIGHTSIEVE_STORAGE": f"s3://nightsieve/{name}",
        }
        connection.execute(sqlalchemy.text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()
