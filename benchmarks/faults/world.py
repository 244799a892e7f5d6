"""A small night, what it writes when nothing disturbs it, and copies of its store."""

import contextlib
import hashlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from benchmarks.harness import machine
from benchmarks.harness.command import announced
from benchmarks.harness.processes import program, watch
from benchmarks.harness.services import running_services
from nightsieve.cli.services import Stack
from nightsieve.cli.services.s3 import BUCKET
from nightsieve.store import layout
from nightsieve.store.receipts import open_receipt

MESSAGES = 2_000
EARLIER_DATE = "2026-11-19"
DATE = "2026-11-20"
# No run of a small night takes longer, not even one that waits for a dead worker.
HUNG_AFTER_SECONDS = 240
RULES = machine.ROOT / "tests" / "tasks" / "rules"
_GRID = "ngrams: [[1, 1]], min_df: [2], sublinear_tf: [true], norm: [l2]"
_CANDIDATES = (
    f"[{{estimator: linear_svm, {_GRID}, C: [0.1]}}, "
    f"{{estimator: multinomial_nb, {_GRID}, alpha: [0.1]}}]"
)
#: Patches of a night of some seconds.
PATCHES = (
    f"labelling.rules={RULES}",
    "training.search.folds=2",
    "training.cross_validation.folds=2",
    f"training.search.grids={_CANDIDATES}",
    # Nights on a few messages may differ without limit.
    "release.gate.churn={overall: 1, label: 1}",
    "release.gate.drift={min_messages_ratio: 0.01, max_coverage_change: 1, "
    "max_share_change: 1, max_f1_change_on_reviews: 1}",
    "release.gate.regression.max_loss={macro_f1: 0.9, precision: 0.9, recall: 0.9}",
)
_EVENTS = ("published", "refused", "rolled back", "drift")
# No two runs of these have the same bytes: they hold times, or what was decided on a
# measured time, or the digest of the configuration, in which the copies differ.
_UNSTABLE = ("release/", "report/", layout.RUNS, layout.REPORTS, layout.CONFIGS)
_RECEIPT = layout.receipt("")
# Luigi's log: [pid 12] Worker Worker(...) running   ApplyRules(date=...)
_RUNNING = re.compile(r"\[pid (\d+)\] Worker .* running +(\w+)\(")
_DONE = re.compile(r"\[pid (\d+)\] Worker .* done +(\w+)\(")
# What a process has logged is read a little later.
_LOG_DELAY_SECONDS = 2.0
_TRACEBACK = "Traceback (most recent call last)"
_PUBLISH = "PublishModel"
# Nights with the same rules share its object.
_COMPILE = "CompileRules"
# A copy has a configuration of its own, so these are of another run.
_OF_ONE_RUN = ("WriteManifest", "WriteReport")
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass
class Ended:
    """A run of the ``luigi`` command that has ended.

    Attributes
    ----------
    code
        The exit code, negative for a signal; None if it hung and was killed.
    """

    code: int | None
    output: str
    seconds: float


class Running:
    """A run of the ``luigi`` command in a process group of its own."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]):
        self._started = time.monotonic()
        self._lines: list[str] = []
        self._waits: list[tuple[str, Callable[[], None]]] = []
        self.process = subprocess.Popen(
            command,
            cwd=machine.ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        # An orphan may hold the pipe for longer than the command lives.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def when_running(self, family: str, action: Callable[[], None]) -> None:
        """Call a function when the first task of a family begins to run."""
        self._waits.append((family, action))

    def pid_of(self, family: str) -> int:
        """Return a process that runs a task of a family now, by the log.

        Raises
        ------
        ProcessLookupError
            There is none.
        """
        deadline = time.monotonic() + _LOG_DELAY_SECONDS
        while time.monotonic() < deadline:
            log = "".join(self._lines)
            done = set(_DONE.findall(log))
            for begun in _RUNNING.findall(log):
                if begun[1] == family and begun not in done:
                    return int(begun[0])
            time.sleep(0.02)
        raise ProcessLookupError(f"{family}: no process runs it")

    def wait(self, timeout: float = HUNG_AFTER_SECONDS) -> Ended:
        """Wait for the command; kill it and its children if it takes too long."""
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(timeout)
        if code is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reader.join(timeout=1)
        seconds = time.monotonic() - self._started
        return Ended(code, "".join(self._lines), seconds)

    def _read(self) -> None:
        stream = self.process.stdout
        if stream is not None:
            for line in stream:
                self._lines.append(line)
                self._call_waiting(line)

    def _call_waiting(self, line: str) -> None:
        match = _RUNNING.search(line)
        for waiting in list(self._waits):
            if match is not None and match[2] == waiting[0]:
                self._waits.remove(waiting)
                waiting[1]()


@dataclass(frozen=True)
class Copy:
    """A prefix of its own, with a configuration of its own.

    The configuration differs in a setting that no task depends on, so every object has
    the key that it has in the reference night, and luigid knows no task of it yet.
    """

    folder: Path
    environment: Mapping[str, str]
    patches: tuple[str, ...]

    def start(self, variables: Mapping[str, str] = NO_VARIABLES) -> Running:
        """Start the night."""
        command = night_command(DATE, self.patches)
        return Running(command, {**self.environment, **variables})

    def run(self, variables: Mapping[str, str] = NO_VARIABLES) -> Ended:
        """Run the night to its end."""
        return self.start(variables).wait()

    def other_bytes(self, expected: Mapping[str, str]) -> list[str]:
        """Return the keys of objects whose sha256 is not the expected one."""
        contents = stable_contents(self.folder)
        keys = sorted(contents.keys() | expected.keys())
        return [key for key in keys if contents.get(key) != expected.get(key)]


@dataclass
class World:
    """Embedded services, and the store of a night that nothing disturbed.

    Attributes
    ----------
    written
        The keys of the night's objects by the family of the task that wrote them, in
        the order in which they were written.
    expected
        The sha256 of each object whose bytes are the same in every run.
    """

    stack: Stack
    environment: dict[str, str]
    written: dict[str, list[str]] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def bucket(self) -> Path:
        """The folder of the embedded store's objects."""
        return self.stack.home / "s3" / BUCKET

    @property
    def reference(self) -> Path:
        """The objects of the night that nothing disturbed."""
        return self.bucket / "reference"

    def families_from(self, family: str) -> list[str]:
        """Return a family, and those whose objects were written after its own."""
        families = list(self.written)
        return families[families.index(family) :]

    @contextlib.contextmanager
    def copied(self, without: Sequence[str] = ()) -> Iterator[Copy]:
        """Copy the reference under another prefix, and remove the copy at the end.

        Parameters
        ----------
        without
            Task families whose objects are left out, and with them what finishes a
            night.
        """
        number = next(self._numbers)
        folder = self.bucket / f"copy-{number:05d}"
        shutil.copytree(self.bucket / "base", folder)
        for family, keys in self.written.items():
            for key in keys:
                if family in without:
                    # The earlier night may have written it, too.
                    _remove_copied(folder, key)
                else:
                    _copy_object(self.reference, folder, key)
        storage = f"s3://{BUCKET}/{folder.name}"
        environment = {**self.environment, "NIGHTSIEVE_STORAGE": storage}
        patches = (*PATCHES, f"notify.events={_distinct_events(number)}")
        try:
            yield Copy(folder, environment, patches)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def night_command(date: str, patches: Sequence[str]) -> list[str]:
    """Return the command of a night."""
    command = [program("luigi"), "--module", "tasks", "Retrain", "--date", date]
    return [*command, "--workers", "2", "--patch", *patches]


@contextlib.contextmanager
def small_world(home: Path) -> Iterator[World]:
    """Start services, and run an earlier night and the reference.

    Raises
    ------
    SystemExit
        A night failed that nothing disturbed, or two of them had different bytes.
    """
    with running_services(home) as stack:
        environment = stack.environment()
        command = [program("nightsieve"), "demo-data", "--rows", str(MESSAGES)]
        with announced(f"{MESSAGES:,} messages into the table"):
            watch([*command, "--until", DATE], environment)
        world = World(stack, environment)
        with announced("an earlier night"):
            _run_reference(world, "base", EARLIER_DATE)
        shutil.copytree(world.bucket / "base", world.reference)
        with announced("the night that nothing disturbs"):
            _run_reference(world, "reference", DATE)
        world.written.update(_written_keys(world.bucket / "base", world.reference))
        world.expected.update(stable_contents(world.reference))
        with (
            announced("the same night again, from the start"),
            world.copied(without=list(world.written)) as copy,
        ):
            ended = copy.run()
            if problem_of(ended, copy.other_bytes(world.expected)):
                raise SystemExit(f"the night differs by itself:\n{ended.output}")
        yield world


def stable_contents(folder: Path) -> dict[str, str]:
    """Return the sha256 of each object whose bytes are the same in every run."""
    contents = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and _is_stable(key):
            contents[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return contents


def problem_of(ended: Ended, damaged: Sequence[str]) -> str:
    """Return why a run that should finish is not as promised; empty if it is.

    Parameters
    ----------
    damaged
        The keys of objects with other bytes than those of the reference.
    """
    unfit = problem_of_ending(ended)
    if unfit:
        return unfit
    if ended.code != 0:
        return f"exit code {ended.code}"
    if damaged:
        return f"other bytes: {', '.join(damaged)}"
    return ""


def problem_of_ending(ended: Ended) -> str:
    """Return why nobody may see a run end so; empty if it may end so."""
    if ended.code is None:
        return "hung"
    if _TRACEBACK in ended.output:
        return "traceback"
    return ""


def _is_stable(key: str) -> bool:
    file = layout.parse_model_file(key)
    if file is not None and (file.is_claim or file.name == layout.MODEL_ENTRY):
        return False
    return not key.startswith(_UNSTABLE) and not key.endswith(_RECEIPT)


def _run_reference(world: World, name: str, date: str) -> None:
    storage = f"s3://{BUCKET}/{name}"
    environment = {**world.environment, "NIGHTSIEVE_STORAGE": storage}
    watch(night_command(date, PATCHES), environment)


def _written_keys(base: Path, folder: Path) -> dict[str, list[str]]:
    """Return the keys that are new in a folder, by the family that wrote them."""
    keys_by_family: dict[str, list[str]] = {}
    receipts = sorted(folder.rglob(f"*{_RECEIPT}"), key=_modified)
    for path in receipts:
        receipt_key = path.relative_to(folder).as_posix()
        receipt = open_receipt(path.read_bytes())
        is_of_base = (base / receipt_key).exists() and receipt.task != _COMPILE
        if not is_of_base and receipt.task not in _OF_ONE_RUN:
            keys = keys_by_family.setdefault(receipt.task, [])
            keys += [receipt_key, receipt.key, *_parts_of(folder, receipt.key)]
    for path in sorted((folder / layout.MODELS).rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not _is_equal(path, base / key):
            keys_by_family[_PUBLISH].append(key)
    return keys_by_family


def _parts_of(folder: Path, key: str) -> list[str]:
    parts = (folder / key).with_suffix("").glob("part-*")
    return [part.relative_to(folder).as_posix() for part in sorted(parts)]


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns


def _is_equal(path: Path, other: Path) -> bool:
    return other.exists() and other.read_bytes() == path.read_bytes()


def _remove_copied(folder: Path, key: str) -> None:
    """Remove an object of a task; the models of the earlier night stay."""
    if not key.startswith(layout.MODELS):
        (folder / key).unlink(missing_ok=True)


def _copy_object(source: Path, target: Path, key: str) -> None:
    (target / key).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / key, target / key)


def _distinct_events(number: int) -> str:
    """Return a list of events that no other number has."""
    events = []
    while number:
        number, digit = divmod(number, len(_EVENTS))
        events.append(_EVENTS[digit])
    return f"[{', '.join(events)}]"
