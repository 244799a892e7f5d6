"""luigid: the central scheduler, its state on disk and its task history in PostgreSQL."""

import contextlib
import io
import sys
import urllib.request
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path

import psutil

from nightsieve.cli.services.credentials import Credentials, write_private
from nightsieve.cli.services.postgres import Postgres
from nightsieve.cli.services.service import Service

# Read by luigid alone; a worker reads this section only with --local-scheduler.
SCHEDULER = {
    "record_task_history": "true",
    "state_path": "luigi-state.pickle",  # in luigid's working directory, the home
    "remove_delay": "86400",  # a finished night stays on the page for a day
    "worker_disconnect_delay": "15",  # a killed worker's tasks are given to others quickly
    "retry_delay": "10",
    "retry_count": "2",  # failures before a task is disabled
    "disable_persist": "3600",  # seconds; a worker that is started anew asks for another try at once
    "metrics_collector": "prometheus",  # at /metrics
    "prune_on_get_work": "true",  # applies the delays above at once, not at the next full minute
}


class Scheduler(Service):
    """luigid, which has no authentication: loopback only."""

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
        return self.home / SCHEDULER["state_path"]

    @property
    def config(self) -> Path:
        """The luigi.cfg of both luigid and its workers; it holds the history's password."""
        return self.home / "luigi.cfg"

    def prepare(self, ports: Mapping[str, int]) -> None:
        history = self._postgres.url(ports[self._postgres.name], "luigi")
        parser = RawConfigParser()
        parser["core"] = {"default_scheduler_url": self.address(ports[self.name])}
        parser["scheduler"] = SCHEDULER
        # SQLAlchemy's default driver differs between its releases: named.
        parser["task_history"] = {
            "db_connection": history.replace(
                "postgresql://", "postgresql+psycopg2://", 1
            )
        }
        text = io.StringIO()
        parser.write(text)
        write_private(self.config, text.getvalue())

    def command(self, ports: Mapping[str, int]) -> list[str]:
        program = "from luigi.cmdline import luigid; luigid()"
        return [
            sys.executable,
            "-P",
            "-c",
            program,
            "--address=127.0.0.1",
            f"--port={ports[self.name]}",
        ]

    def variables(self) -> dict[str, str]:
        return {"LUIGI_CONFIG_PATH": str(self.config)}

    def answers(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        # Any luigid answers alike, so it must be this process that listens.
        with contextlib.suppress(psutil.Error, OSError):
            if any(
                each.laddr.port == ports[self.name]
                for each in process.net_connections("tcp4")
                if each.laddr
            ):
                with urllib.request.urlopen(
                    f"{self.address(ports[self.name])}/api/task_list", timeout=5
                ) as reply:
                    return reply.status == 200
        return False

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"
