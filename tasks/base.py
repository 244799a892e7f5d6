"""What every task is made of: parameters, the fingerprint in its key, and what it says of its work."""

import datetime
import functools
import hashlib
import json
import logging
import os
import resource
import socket
import sys
import time
from collections.abc import Iterable
from typing import Any

import luigi
from luigi.task import flatten
from pydantic import ValidationError

from nightsieve.store.artefacts import Artefact
from nightsieve.store.objects import store
from pipeline.config import canonical
from pipeline.config.settings import Settings
from pipeline.data.codecs import Codec, Json
from pipeline.errors import ConfigError
from tasks.luigi_setup.redaction import told

logger = logging.getLogger("luigi-interface")

_MIB = 1 << 20
_YEARS = range(1970, 2100)
_RSS_UNIT = (
    1 if sys.platform == "darwin" else 1024
)  # getrusage counts bytes there, KiB elsewhere


class NightParameter(luigi.DateParameter):
    """A night, such as 2026-11-20: the run uses what was received before the end of that date, UTC."""

    def parse(self, value: str) -> datetime.date:
        try:
            date = super().parse(value)
        except ValueError:
            raise ConfigError(
                f"--date {value}: no date; a night looks like 2026-11-20"
            ) from None
        if date.year not in _YEARS:
            raise ConfigError(
                f"--date {value}: must be from {_YEARS.start} to {_YEARS.stop - 1}"
            )
        return date


class NightTask(luigi.Task):
    """A task of a night. A subclass says where its output goes, what it depends on, and does one thing in `run`.

    Attributes
    ----------
    stage, name, codec : the key is ``<stage>/<name>-<fingerprint>.<suffix>``.
    version : raised whenever the same inputs would give another output.
    sections : dotted paths of the configuration that the task uses.
    dated : whether the date itself changes what the task does.
    """

    date: datetime.date = NightParameter(
        description="the night: what was received before the end of this date (UTC)"
    )
    config: str = luigi.Parameter(
        description="digest of the frozen configuration, configs/<digest>.json in S3"
    )

    stage: str
    name: str
    codec: Codec = Json()
    version = 1
    sections: tuple[str, ...] = ()
    dated = False

    rows_in = 0
    finished = False
    _started = time.monotonic()
    _percent = 0

    @property
    def settings(self) -> Settings:
        return load_settings(self.config)

    @functools.cached_property
    def fingerprint(self) -> str:
        """sha256 over all that the output depends on: an edit rebuilds what follows from it, and nothing before."""
        identity = {
            "family": self.get_task_family(),
            "version": self.version,
            "sections": {path: _section(self.config, path) for path in self.sections},
            "parameters": self.identity(),
            "requires": [task.fingerprint for task in flatten(self.requires())],
        }
        if self.dated:
            identity["date"] = self.date.isoformat()
        return hashlib.sha256(
            json.dumps(identity, sort_keys=True).encode()
        ).hexdigest()[:16]

    def identity(self) -> dict[str, Any]:
        """The task's own parameters, as far as they change its output."""
        return {
            name: value
            for name, value in self.param_kwargs.items()
            if name not in ("date", "config")
        }

    def output(self) -> Artefact:
        return Artefact(
            f"{self.stage}/{self.name}-{self.fingerprint}.{self.codec.suffix}",
            self.codec,
            self,
        )

    def input(self) -> Any:
        artefacts = super().input()
        for artefact in flatten(artefacts):
            artefact.reader = self
        return artefacts

    def complete(self) -> bool:
        """Whether the output is there; the process that has just written it need not ask."""
        return self.finished or super().complete()

    def start(self) -> None:
        self.rows_in, self._started = 0, time.monotonic()

    def account(self) -> dict[str, Any]:
        """What the task is, and what it took since `start`.

        The memory is the peak of its process, which luigi.cfg makes its own.
        """
        return {
            "task": self.get_task_family(),
            "version": self.version,
            "date": self.date.isoformat() if self.dated else None,
            "sections": self.sections,
            "parameters": {name: str(value) for name, value in self.identity().items()},
            "requires": list(
                dict.fromkeys(
                    task.get_task_family() for task in flatten(self.requires())
                )
            ),
            "rows_in": self.rows_in or None,
            "seconds": round(time.monotonic() - self._started, 3),
            "peak_memory_mib": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / _MIB
            ),
            "host": socket.gethostname(),
        }

    def report(self, receipt: dict[str, Any], url: str) -> None:
        """Show on the scheduler's page what was done, and where its result (or the build that did it) is."""
        rows = " -> ".join(
            f"{receipt[way]:,} rows"
            for way in ("rows_in", "rows_out")
            if receipt[way] is not None
        )
        cost = f"{receipt['seconds']:.1f} s, {receipt['peak_memory_mib']} MiB, {receipt['bytes']:,} bytes"
        if self.set_status_message:
            self.set_status_message(
                "; ".join(filter(None, [rows, cost, receipt["key"]]))
            )
            self.set_tracking_url(os.environ.get("BUILD_URL", url))

    def progress(self, fraction: float) -> None:
        """Show how far the task is, in whole per cent."""
        percent = int(100 * fraction)
        if self.set_progress_percentage and percent > self._percent:
            self._percent = percent
            self.set_progress_percentage(percent)

    def warn(self, lines: Iterable[str]) -> None:
        """Say what does not stop the night but should be looked at."""
        for line in lines:
            logger.warning("%s: %s", self.get_task_family(), line)

    def on_failure(self, exception: BaseException) -> str:
        return told(exception)


@NightTask.event_handler(luigi.Event.START)
def _start(task: NightTask) -> None:
    task.start()


_settings: dict[str, Settings] = {}


def load_settings(digest: str) -> Settings:
    """The frozen configuration of that digest, from S3: all that a worker needs to rebuild a task.

    Raises
    ------
    ConfigError : another version of this project wrote it, with keys that are others here.
    """
    if digest not in _settings:
        key = f"configs/{digest}.json"
        try:
            _settings[digest] = Settings.model_validate_json(store().read(key))
        except ValidationError as error:
            first = ".".join(map(str, error.errors()[0]["loc"]))
            wrote = f"another version of this project wrote it ({first} is not what it is here)"
            raise ConfigError(
                f"{store().address(key)}: {wrote}; run the night from its YAML files"
            ) from None
    return _settings[digest]


def store_settings(digest: str, settings: Settings) -> None:
    """Write the frozen configuration of that digest to S3; this process need not read it again."""
    store().write(f"configs/{digest}.json", canonical(settings))
    _settings[digest] = settings


@functools.cache
def _frozen(digest: str) -> dict[str, Any]:
    return load_settings(digest).model_dump(mode="json")


def _section(digest: str, path: str) -> Any:
    return functools.reduce(
        lambda value, key: value[key], path.split("."), _frozen(digest)
    )
