"""What every task is made of: parameters, the fingerprint in its key, and the S3 artefact that it hands over."""

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
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import luigi
from luigi.task import flatten

from pipeline.codecs import Codec, Json
from pipeline.config import canonical
from pipeline.errors import ArtefactError, ConfigError, NightsieveError
from pipeline.settings import Settings
from tasks.s3 import store

logger = logging.getLogger("luigi-interface")

_MIB = 1 << 20
_YEARS = range(1970, 2100)
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes there, KiB elsewhere


class NightParameter(luigi.DateParameter):
    """A night, such as 2026-11-20: the run uses what was received before the end of that date, UTC."""

    def parse(self, value: str) -> datetime.date:
        try:
            date = super().parse(value)
        except ValueError:
            raise ConfigError(f"--date {value}: no date; a night looks like 2026-11-20") from None
        if date.year not in _YEARS:
            raise ConfigError(f"--date {value}: must be from {_YEARS.start} to {_YEARS.stop - 1}")
        return date


class Artefact(luigi.Target):
    """One S3 object, a codec, and the receipt beside it that says how the object was made.

    The receipt is written first, so whoever sees the object finds its receipt.
    """

    def __init__(self, key: str, codec: Codec, task: "NightTask"):
        self.key = key
        self.codec = codec
        self.task = task
        self.reader: NightTask | None = None

    def __str__(self) -> str:
        return store().address(self.key)

    def exists(self) -> bool:
        return store().exists(self.key)

    def load(self) -> Any:
        """The value, counted among the rows that the reading task took in.

        Raises
        ------
        ArtefactError : the object does not hold what its receipt or its schema says.
        """
        content = self.content() if self.codec.trusted_only else store().read(self.key)
        return self._counted(self.codec.decode(content))

    def dump(self, value: Any) -> None:
        """Encode the value, then write it with one PUT: a bad value or a crash leaves no object."""
        content = self.codec.encode(value)
        self._write(content, self.codec.rows(value))

    def content(self) -> bytes:
        """The object's bytes, when they are what was written.

        Raises
        ------
        ArtefactError : they are not.
        """
        content = store().read(self.key)
        self.check(content, self.receipt()["sha256"])
        return content

    def receipt(self) -> dict[str, Any]:
        """What, how large, from how many rows, and at what cost."""
        return json.loads(store().read(self._receipt_key))

    def check(self, content: bytes, sha256: str) -> None:
        """Raise an ArtefactError unless the content has this sha256."""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArtefactError(f"{self}: is not the object that was written; delete it and run the night again")

    @property
    def _receipt_key(self) -> str:
        return f"{self.key}.receipt.json"

    def _counted(self, value: Any) -> Any:
        if self.reader is not None:
            self.reader.rows_in += self.codec.rows(value) or 0
        return value

    def _write(self, content: bytes, rows: int | None) -> None:
        receipt = {
            "key": self.key,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "rows_out": rows,
            **self.task.account(),
        }
        store().write(self._receipt_key, Json().encode(receipt))
        store().write(self.key, content)
        self.task.finished = True
        self.task.report(receipt, store().url(self.key))


class ShardedArtefact(Artefact):
    """Parts, and a manifest written last that holds their row counts and sha256; the manifest is the value."""

    def __init__(self, key: str, codec: Codec, task: "NightTask"):
        super().__init__(key, Json(), task)
        self.part_codec = codec

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest, read once."""
        return self.load()

    def load_shard(self, shard: int) -> Any:
        """One part, when it is what the manifest says.

        Raises
        ------
        ArtefactError : it is not.
        """
        part = self.manifest["parts"][shard]
        content = store().read(part["key"])
        self.check(content, part["sha256"])
        value = self.part_codec.decode(content)
        if self.reader is not None:
            self.reader.rows_in += part["rows"]
        return value

    def parts(self) -> Iterator[Any]:
        """Every part in turn, one in memory at a time."""
        return (self.load_shard(shard) for shard in range(len(self.manifest["parts"])))

    def dump(self, files: list[Path], rows: list[int], **summary: Any) -> None:
        """Write the files, which are encoded parts already, then the manifest with whatever else it should say."""
        parts = []
        for number, (file, count) in enumerate(zip(files, rows, strict=True)):
            with file.open("rb") as content:
                sha256 = hashlib.file_digest(content, "sha256").hexdigest()
                content.seek(0)
                # Named by its content too: a worker that was given up but still writes cannot replace another's part.
                name = f"part-{number:05d}-of-{len(files):05d}-{sha256[:16]}.{self.part_codec.suffix}"
                key = f"{self.key.removesuffix('.json')}/{name}"
                store().write(key, content)
            parts.append({"key": key, "rows": count, "bytes": file.stat().st_size, "sha256": sha256})
        self._write(self.codec.encode({"parts": parts, **summary}), sum(rows))


class NightTask(luigi.Task):
    """A task of a night. A subclass says where its output goes, what it depends on, and does one thing in `run`.

    Attributes
    ----------
    stage, name, codec : the key is ``<stage>/<name>-<fingerprint>.<suffix>``.
    version : raised whenever the same inputs would give another output.
    sections : dotted paths of the configuration that the task uses.
    dated : whether the date itself changes what the task does.
    """

    date: datetime.date = NightParameter(description="the night: what was received before the end of this date (UTC)")
    config: str = luigi.Parameter(description="digest of the frozen configuration, configs/<digest>.json in S3")

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
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    def identity(self) -> dict[str, Any]:
        """The task's own parameters, as far as they change its output."""
        return {name: value for name, value in self.param_kwargs.items() if name not in ("date", "config")}

    def output(self) -> Artefact:
        return Artefact(f"{self.stage}/{self.name}-{self.fingerprint}.{self.codec.suffix}", self.codec, self)

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
            "requires": list(dict.fromkeys(task.get_task_family() for task in flatten(self.requires()))),
            "rows_in": self.rows_in or None,
            "seconds": round(time.monotonic() - self._started, 3),
            "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / _MIB),
            "host": socket.gethostname(),
        }

    def report(self, receipt: dict[str, Any], url: str) -> None:
        """Show on the scheduler's page what was done, and where its result (or the build that did it) is."""
        rows = " -> ".join(f"{receipt[way]:,} rows" for way in ("rows_in", "rows_out") if receipt[way] is not None)
        cost = f"{receipt['seconds']:.1f} s, {receipt['peak_memory_mib']} MiB, {receipt['bytes']:,} bytes"
        if self.set_status_message:
            self.set_status_message("; ".join(filter(None, [rows, cost, receipt["key"]])))
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
        return str(exception) if isinstance(exception, NightsieveError) else super().on_failure(exception)


@NightTask.event_handler(luigi.Event.START)
def _start(task: NightTask) -> None:
    task.start()


_settings: dict[str, Settings] = {}


def load_settings(digest: str) -> Settings:
    """The frozen configuration of that digest, from S3: all that a worker needs to rebuild a task."""
    if digest not in _settings:
        _settings[digest] = Settings.model_validate_json(store().read(f"configs/{digest}.json"))
    return _settings[digest]


def store_settings(digest: str, settings: Settings) -> None:
    """Write the frozen configuration of that digest to S3; this process need not read it again."""
    store().write(f"configs/{digest}.json", canonical(settings))
    _settings[digest] = settings


@functools.cache
def _frozen(digest: str) -> dict[str, Any]:
    return load_settings(digest).model_dump(mode="json")


def _section(digest: str, path: str) -> Any:
    return functools.reduce(lambda value, key: value[key], path.split("."), _frozen(digest))
