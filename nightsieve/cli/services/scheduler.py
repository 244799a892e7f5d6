"""Run luigid, with its state on disk and its task history in PostgreSQL."""

import io
import sys
import urllib.request
from collections.abc import Mapping
from configparser import RawConfigParser
from http import HTTPStatus
from pathlib import Path

import psutil

from nightsieve.cli.services.credentials import Credentials, write_private
from nightsieve.cli.services.postgres import HISTORY, Postgres
from nightsieve.cli.services.processes import listens
from nightsieve.cli.services.service import Service
from nightsieve.nights.exit_codes import RETCODE

# Delays are in seconds. Only luigid reads this section; a worker reads it only with
# --local-scheduler.
SCHEDULER = {
    "record_task_history": "true",
    "state_path": "luigi-state.pickle",  # in luigid's working directory, the home
    "remove_delay": "86400",  # a finished night stays on the page for a day
    "worker_disconnect_delay": "15",  # then others get the tasks of a killed worker
    "pause_enabled": "false",  # a night that stands still must have a reason
    "retry_delay": "10",
    "retry_count": "2",  # failures before a task is disabled
    "disable_persist": "3600",  # a restarted worker asks for a retry at once
    "metrics_collector": "prometheus",  # at /metrics
    "prune_on_get_work": "true",  # applies the delays at once, not once a minute
}


_PROGRAM = "nightsieve.cli.services.luigid"


class Scheduler(Service):
    """luigid, which has no authentication: loopback only, and behind a check."""

    name = "luigid"
    title = "luigid"
    preferred_port = 8082

    def __init__(
        self, home: Path, credentials: Credentials, postgres: Postgres
    ) -> None:
        super().__init__(home, credentials)
        self._postgres = postgres

    @property
    def data(self) -> Path:
        """The file with luigid's state."""
        return self.home / SCHEDULER["state_path"]

    @property
    def config(self) -> Path:
        """The luigi.cfg of luigid and its workers; it holds a password."""
        return self.home / "luigi.cfg"

    def prepare(self, ports: Mapping[str, int]) -> None:
        """Write the luigi.cfg of luigid and its workers."""
        history = self._postgres.url(ports[self._postgres.name], HISTORY)
        parser = RawConfigParser()
        parser["core"] = {
            "default_scheduler_url": self.address(ports[self.name]),
            "autoload_range": "false",
        }
        parser["scheduler"] = SCHEDULER
        parser["retcode"] = RETCODE
        # The driver is named, since SQLAlchemy's default differs between releases.
        parser["task_history"] = {
            "db_connection": history.replace(
                "postgresql://", "postgresql+psycopg2://", 1
            )
        }
        text = io.StringIO()
        parser.write(text)
        write_private(self.config, text.getvalue())

    def command(self, ports: Mapping[str, int]) -> list[str]:
        """Return the command line of luigid."""
        return [
            sys.executable,
            "-P",
            "-m",
            _PROGRAM,
            f"--port={ports[self.name]}",
            f"--log={self.log}",
        ]

    def is_current(self, process: psutil.Process) -> bool:
        """Return whether it is luigid behind its check.

        An earlier version ran luigid itself.
        """
        return _PROGRAM in process.cmdline()

    def variables(self) -> dict[str, str]:
        """Return the variable that names the luigi.cfg."""
        return {"LUIGI_CONFIG_PATH": str(self.config)}

    def is_ready(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        """Return whether this luigid lists its tasks."""
        # Every luigid gives the same answers, so this very process must be listening.
        port = ports[self.name]
        if not listens(process, port):
            return False
        try:
            tasks = f"{self.address(port)}/api/task_list"
            with urllib.request.urlopen(tasks, timeout=5) as reply:
                return reply.status == HTTPStatus.OK
        except OSError:
            return False

    def address(self, port: int) -> str:
        """Return the URL of the scheduler."""
        return f"http://127.0.0.1:{port}"
