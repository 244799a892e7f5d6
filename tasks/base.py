"""What every task has: parameters, a fingerprint, and an account of its work."""

import contextlib
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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import luigi
from luigi.task import flatten

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.configurations import load_settings
from nightsieve.store.damage import (
    REMOVE_AND_MAKE_AGAIN,
    made_from_former,
    remove_damaged,
    remove_stale,
)
from nightsieve.store.objects import MAKE_AGAIN, DamagedObject, Store
from nightsieve.store.version import StoreLayout, check_layout, claim_layout
from pipeline.config.settings import Settings
from pipeline.data.codecs import Codec, Json
from pipeline.records.receipt import Account, Receipt
from tasks.luigi_setup.parameters import NightParameter, StoreParameter
from tasks.luigi_setup.redaction import describe_error
from tasks.targets import TaskOutput, input_of

logger = logging.getLogger("luigi-interface")

_MIB = 1 << 20
# ru_maxrss is in bytes on macOS, in KiB elsewhere.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
# Every task has these parameters; they say nothing of what this task does.
_COMMON_PARAMETERS = ("date", "config", "storage")


class StaleInput(DamagedObject):
    """An input was made from another reading than the rest of the inputs."""


#: What a task requires, as luigi takes it.
Requirements: TypeAlias = (
    "NightTask | Sequence[Requirements] | Mapping[str, Requirements]"
)


class NightTask(luigi.Task):
    """A task of a night; a subclass names its inputs, its output, and one step.

    Attributes
    ----------
    stage, name, codec
        The key is ``<stage>/<name>-<fingerprint>.<suffix>``.
    version
        Raised whenever the same inputs would give another output.
    sections
        Dotted paths of the sections of the configuration that the task uses.
    depends_on_date
        Whether the date itself changes what the task does.
    is_reading
        Whether the output may have another content when it is made again: see
        `Artefact`.
    rows_in
        Rows that the task has read since it began.
    finished
        Whether this process knows that the output exists.
    """

    date: datetime.date = NightParameter(
        description="the night, YYYY-MM-DD: it uses messages up to this date (UTC)"
    )
    config: str = luigi.Parameter(description="digest of the frozen configuration")
    storage: str = StoreParameter()

    stage: ClassVar[str]
    name: ClassVar[str]
    codec: ClassVar[Codec] = Json()
    version: ClassVar[int] = 1
    sections: ClassVar[tuple[str, ...]] = ()
    depends_on_date: ClassVar[bool] = False
    is_reading: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.finished = False
        self._begin()

    def _begin(self) -> None:
        """Begin to count: luigi may run an instance several times."""
        self.rows_in = 0
        self._started = time.monotonic()
        self._percent = 0
        self._readings: dict[str, str] = {}
        self.__dict__.pop("_inputs", None)

    @functools.cached_property
    def store(self) -> Store:
        """The store that the task reads and writes, in the layout of this version.

        Raises
        ------
        StorageError
            See `check_layout`.
        """
        return checked_store(self.storage)

    @property
    def settings(self) -> Settings:
        """The configuration of the night."""
        return load_settings(self.store, self.config)

    @property
    def priority(self) -> int:  # type: ignore[override]  # luigi allows a property
        """The older a night, the higher: a worker makes the oldest one first.

        It is positive, because luigi raises it to that of a task which requires this.
        """
        return datetime.date.max.toordinal() - self.date.toordinal()

    @functools.cached_property
    def fingerprint(self) -> str:
        """The beginning of a sha256 over all that the output depends on.

        So an edit rebuilds what follows from it, and nothing before it.
        """
        identity: dict[str, object] = {
            "family": self.get_task_family(),
            "version": self.version,
            "sections": {path: self._section(path) for path in self.sections},
            "parameters": self.fingerprint_parameters(),
            "requires": [task.fingerprint for task in self.dependencies],
        }
        if self.depends_on_date:
            identity["date"] = self.date.isoformat()
        content = json.dumps(identity, sort_keys=True).encode()
        return hashlib.sha256(content).hexdigest()[:16]

    @functools.cached_property
    def dependencies(self) -> list["NightTask"]:
        """The tasks that this one requires; its parameters alone decide which."""
        return flatten(self.requires())

    def fingerprint_parameters(self) -> dict[str, object]:
        """Return the task's own parameters, which change its output."""
        return {
            name: value
            for name, value in self.param_kwargs.items()
            if name not in _COMMON_PARAMETERS
        }

    def output(self) -> TaskOutput:
        """Return where the task writes."""
        key = self.key(self.codec.suffix)
        artefact = Artefact(self.store, key, self.codec, is_reading=self.is_reading)
        return TaskOutput(artefact, self)

    def key(self, suffix: str) -> str:
        """Return the key of the output, which holds the fingerprint."""
        return layout.artefact(self.stage, self.name, self.fingerprint, suffix)

    def input(self) -> Any:
        """Return what the required tasks wrote, in the structure of `requires`."""
        return self._inputs

    def complete(self) -> bool:
        """Return whether the output exists; its writer sends no request."""
        return self.finished or super().complete()

    def deps(self) -> list["NightTask"]:
        """Return the required tasks; luigi calls this only if there is work.

        So every command begins to write here: in an empty store, the layout.
        """
        _claim_layout(self.storage)
        return super().deps()

    def account(self) -> Account:
        """Return what the task is, and what its work has cost since it began.

        The memory is the peak of the process: luigi.cfg gives each task its own.
        """
        parameters = self.fingerprint_parameters().items()
        families = [task.get_task_family() for task in self.dependencies]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
        return Account(
            task=self.get_task_family(),
            version=self.version,
            date=self.date.isoformat() if self.depends_on_date else None,
            sections=self.sections,
            parameters={name: str(value) for name, value in parameters},
            requires=tuple(dict.fromkeys(families)),
            rows_in=self.rows_in or None,
            seconds=round(time.monotonic() - self._started, 3),
            peak_memory_mib=round(peak / _MIB),
            host=socket.gethostname(),
            readings=dict(self._readings),
        )

    def depend_on(self, receipt: Receipt) -> None:
        """Note the readings that an input depends on.

        Raises
        ------
        StaleInput
            Another input was made from another content of the same reading.
        """
        for key, reading in receipt.readings.items():
            if self._readings.setdefault(key, reading) != reading:
                raise StaleInput(
                    self.store.address(receipt.key), made_from_former(key), MAKE_AGAIN
                )

    @contextlib.contextmanager
    def removing_damage(self) -> Iterator[None]:
        """Remove what is wrong with the inputs if reading one shows that it is damaged.

        All inputs are looked at, so that all of them are made again in one round. Then
        the tasks that wrote them are not complete, and the worker runs them again.

        Raises
        ------
        DamagedObject
            The error of the reader, which says whether anything was removed.
        """
        try:
            yield
        except DamagedObject as damage:
            if self._remove_inputs(damage):
                raise DamagedObject(
                    damage.address, damage.problem, REMOVE_AND_MAKE_AGAIN
                ) from None
            raise

    def _remove_inputs(self, damage: DamagedObject) -> bool:
        """Remove inputs that must be made again; return whether there were any."""
        removed = remove_damaged(_artefacts(self.dependencies))
        ancestors = lineage(self.dependencies)
        if isinstance(damage, StaleInput):
            removed += remove_stale(_artefacts(ancestors))
        removed_keys = {artefact.key for artefact in removed}
        for task in ancestors:
            if task.output().key in removed_keys:
                task.finished = False
        return bool(removed)

    def show_on_scheduler(self, receipt: Receipt) -> None:
        """Show rows, cost and key, with a link to the build or to the object."""
        if not self.set_status_message:
            return
        counts = [receipt.rows_in, receipt.rows_out]
        rows = " -> ".join(f"{n:,} rows" for n in counts if n is not None)
        cost = (
            f"{receipt.seconds:.1f} s, {receipt.peak_memory_mib} MiB, "
            f"{receipt.bytes:,} bytes"
        )
        self.set_status_message("; ".join(filter(None, [rows, cost, receipt.key])))
        url = os.environ.get("BUILD_URL", self.store.url(receipt.key))
        self.set_tracking_url(url)

    def progress(self, fraction: float) -> None:
        """Show on the scheduler's page the fraction that is done, in per cent."""
        percent = int(100 * fraction)
        if self.set_progress_percentage and percent > self._percent:
            self._percent = percent
            self.set_progress_percentage(percent)

    def warn(self, lines: Iterable[str]) -> None:
        """Log what does not stop the night but needs a person's attention."""
        for line in lines:
            logger.warning("%s: %s", self.get_task_family(), line)

    def on_failure(self, exception: BaseException) -> str:
        """Return the description of an error for the scheduler's page."""
        return describe_error(exception)

    @functools.cached_property
    def _inputs(self) -> Any:
        # Cached while the task runs, so that an artefact reads its receipt once.
        return self._inputs_of(self.requires())

    def _inputs_of(self, required: Any) -> Any:
        if isinstance(required, NightTask):
            return input_of(required.output(), self)
        if isinstance(required, dict):
            return {name: self._inputs_of(task) for name, task in required.items()}
        return list(map(self._inputs_of, required))

    def _section(self, path: str) -> object:
        value: Any = _frozen(self.store, self.config)
        for name in path.split("."):
            value = value[name]
        return value


@NightTask.event_handler(luigi.Event.START)
def _begin(task: NightTask) -> None:
    task._begin()


def _artefacts(tasks: Iterable[NightTask]) -> list[Artefact]:
    return [task.output().artefact for task in tasks]


def lineage(required: Requirements) -> list[NightTask]:
    """Return tasks and all that they require, in the order in which they can run."""
    seen: dict[str, NightTask] = {}

    def visit(tasks: list[NightTask]) -> None:
        for task in tasks:
            if task.task_id not in seen:
                visit(task.dependencies)
                seen[task.task_id] = task

    visit(flatten(required))
    return list(seen.values())


@functools.cache
def checked_store(address: str) -> Store:
    """Return a store after a check of its layout; a process checks it once.

    Raises
    ------
    StorageError
        See `check_layout`.
    """
    _layout_of(address)
    return Store(address)


@functools.cache
def _layout_of(address: str) -> StoreLayout | None:
    return check_layout(Store(address))


@functools.cache
def _claim_layout(address: str) -> None:
    if _layout_of(address) is None:
        claim_layout(Store(address))


@functools.cache
def _frozen(store: Store, digest: str) -> object:
    """Return a configuration as the JSON value that fingerprints hash."""
    return load_settings(store, digest).model_dump(mode="json")
