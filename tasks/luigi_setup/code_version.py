"""Two versions of the code must not work on one night.

They write other bytes under the same keys, and luigid takes their tasks for the same.
So a worker tells the scheduler its version, and refuses a night that another version
runs.
"""

import contextlib
import functools
import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from luigi.rpc import RPCError
from luigi.task import Task
from luigi.worker import Worker

import pipeline
import scorers
import tasks
from nightsieve import nights, store
from pipeline.errors import ConfigError
from pipeline.temporary import sweep

logger = logging.getLogger("luigi-interface")

# What decides the bytes that a night writes.
_PACKAGES = (pipeline, scorers, tasks, store, nights)
_DIGEST_LENGTH = 12
# A worker that lives pings the scheduler every second.
_POLL_INTERVAL = 0.2  # seconds
_DEAD_AFTER = 20.0  # seconds without a ping


@functools.cache
def code_version() -> str:
    """Return the package's version and a digest of its source, such as 0.1.0+3b5d5c37.

    The version alone would not tell two checkouts apart.
    """
    digest = hashlib.sha256()
    for package in _PACKAGES:
        folder = Path(package.__path__[0])
        for file in sorted(folder.rglob("*.py")):
            content = file.read_bytes()
            name = f"{package.__name__}/{file.relative_to(folder).as_posix()}"
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
    return f"{_package_version()}+{digest.hexdigest()[:_DIGEST_LENGTH]}"


class VersionedWorker(Worker):
    """A worker that refuses a night while other code runs it.

    A night that other code has begun, and no longer runs, may be continued.
    """

    _is_registered = False

    def add(self, task: Task, multiprocess: bool = False, processes: int = 0) -> bool:
        """Schedule a task; the first one is the root of what this worker does.

        Raises
        ------
        ConfigError
            A worker with another version of the code runs the night.
        """
        nights = getattr(task, "nights", ())
        if not self._is_registered:
            self._is_registered = True
            sweep()
            self._register(nights)
        elif nights:
            self._announce(nights)  # a scheduler that was killed has forgotten it
        return super().add(task, multiprocess, processes)

    def run(self) -> bool:
        """Run the tasks, and return whether all succeeded."""
        succeeded = super().run()
        # A scheduler that is gone by now has forgotten it.
        with contextlib.suppress(RPCError):
            self._announce(())
        return succeeded

    def _register(self, nights: Sequence[str]) -> None:
        self._worker_info.append(("code", code_version()))
        self._announce(nights)
        for other in self._with_other_code(nights):
            if self._is_live(other):
                self._announce(())
                (night, *_) = set(nights) & set(other["nights"])
                raise ConfigError(
                    f"night {night}: process {other['pid']} on {other['host']} runs it "
                    f"with other code ({other['code']}, not {code_version()}); "
                    "install the same version, or wait until that process has ended"
                )

    def _announce(self, nights: Sequence[str]) -> None:
        """Tell the scheduler which nights this worker runs."""
        self._worker_info.append(("nights", list(nights)))
        self._scheduler.add_worker(self._id, self._worker_info)

    def _with_other_code(self, nights: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the workers that began one of these nights before, with other code.

        If two workers start at the same time, the earlier one of them goes on.
        """
        workers = self._workers()
        mine = workers[self._id]
        for other in workers.values():
            is_other = other.get("code", mine["code"]) != mine["code"]
            is_earlier = _age(other) < _age(mine)
            if is_other and is_earlier and set(nights) & set(other["nights"]):
                yield other

    def _is_live(self, other: dict[str, Any]) -> bool:
        """Wait until another worker speaks to the scheduler, or has been silent.

        The scheduler lists a killed worker for some seconds more.
        """
        logger.info(
            "process %s on %s ran this night with other code; looking whether it lives",
            other["pid"],
            other["host"],
        )
        deadline = time.monotonic() + _DEAD_AFTER
        while time.monotonic() < deadline:
            time.sleep(_POLL_INTERVAL)
            now = self._workers().get(other["name"])
            if now is None or not now.get("nights"):
                return False
            if now["last_active"] > other["last_active"]:
                return True
        return False

    def _workers(self) -> dict[str, dict[str, Any]]:
        """Return the workers that the scheduler knows, by their names."""
        workers = self._scheduler.worker_list(include_running=False)
        return {worker["name"]: worker for worker in workers}


def _age(worker: dict[str, Any]) -> tuple[float, str]:
    """Return what is smaller for a worker that registered earlier."""
    return worker["started"], worker["name"]


def _package_version() -> str:
    try:
        return metadata.version("nightsieve")
    except metadata.PackageNotFoundError:
        return "0"
