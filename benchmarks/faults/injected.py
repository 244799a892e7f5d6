"""Faults, each injected at one stage of a night."""

import contextlib
import random
import signal
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.faults.proxy import Proxy
from benchmarks.faults.rules import Fault, Rule
from benchmarks.faults.world import Copy, Ended, Running, World
from nightsieve.cli.services import Stack
from nightsieve.nights import exit_codes
from nightsieve.store import layout

# A process that is to be killed at a request sends the request first, and the request
# is held back for so long that it never arrives.
_HELD_BACK_SECONDS = 1.0
_GUARDIAN = "guardian"


@dataclass(frozen=True)
class Stage:
    """A task of a night at whose object a fault happens.

    Attributes
    ----------
    family
        The task.
    key
        The key of its object, of one of its objects if it has several.
    """

    family: str
    key: str

    @property
    def pattern(self) -> str:
        """A regular expression of requests for the object itself."""
        return f"{self.key}$"


class NotInjected(Exception):  # noqa: N818 - says what happened
    """The fault did not happen; the message is the log of the run."""


class Injection(ABC):
    """A fault that can happen at a stage.

    Attributes
    ----------
    codes
        The exit codes that the run may end with, negative for a signal.
    is_told
        Whether the log must have a warning that names the stage's object.
    """

    name: str
    codes: tuple[int, ...] = (exit_codes.FINISHED,)
    is_told = False

    @abstractmethod
    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night with the fault, to its end."""


class TriggeringProxy(Proxy):
    """A proxy that calls a function at the first request of a kind.

    The function runs before the request is forwarded. What a killed process asked for
    is not forwarded.
    """

    def __init__(self, upstream: str, method: str, pattern: str):
        super().__init__(upstream)
        self._trigger = Rule(Fault.DELAY, method=method, key=pattern, times=1)
        self._lock = threading.Lock()
        self._seen = False
        self.called = False
        self.action: Callable[[], None] = _do_nothing
        self.drops = False

    def choose(self, method: str, target: str) -> Rule | None:
        """Return what happens to a request; call the function at the first one."""
        with self._lock:
            is_first = not self._seen and self._trigger.matches(method, target)
            self._seen = self._seen or is_first
        if is_first:
            self.action()
            # Only now: a fault that could not be injected has not happened.
            self.called = True
            if self.drops:
                return Rule(Fault.HANG, seconds=_HELD_BACK_SECONDS)
        return super().choose(method, target)


@dataclass(frozen=True)
class Requests(Injection):
    """The store answers requests about the stage's object wrongly.

    Attributes
    ----------
    rule
        The method and how often; the key is the stage's.
    """

    name: str
    rule: Rule
    codes: tuple[int, ...] = (exit_codes.FINISHED,)

    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night through a proxy with the rule."""
        fields = {**self.rule.to_dict(), "key": stage.pattern}
        with Proxy(world.environment["AWS_ENDPOINT_URL_S3"]) as proxy:
            proxy.rules([Rule.from_dict(fields)])
            ended = copy.run({"AWS_ENDPOINT_URL_S3": proxy.url})
            return _require_injected(ended, sum(proxy.applied) > 0)


@dataclass(frozen=True)
class Away(Injection):
    """The store is away for some seconds, from the first request for the object on."""

    name: str
    how: str
    seconds: float

    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night through a proxy that is away for a while."""
        with _triggering(world, "PUT", stage) as proxy:

            def go_away() -> None:
                proxy.away(self.how)
                threading.Timer(self.seconds, proxy.back).start()

            # Closing the server waits for the handler that calls this.
            proxy.action = _in_a_thread(go_away)
            ended = copy.run({"AWS_ENDPOINT_URL_S3": proxy.url})
            return _require_injected(ended, proxy.called)


@dataclass(frozen=True)
class Kill(Injection):
    """Processes of the command receive a signal while the object is on its way.

    Attributes
    ----------
    who
        ``child`` for the process of the task, ``children`` for all, ``parent``,
        ``group``, or ``guardian``.
    """

    name: str
    who: str
    signal: signal.Signals
    codes: tuple[int, ...] = (exit_codes.FINISHED,)

    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night, and send the signal at the PUT of the object."""
        with _triggering(world, "PUT", stage) as proxy:
            running = copy.start({"AWS_ENDPOINT_URL_S3": proxy.url})
            proxy.drops = True
            proxy.action = _Signal(running, self.who, self.signal, stage.family)
            return _require_injected(running.wait(), proxy.called)


@dataclass(frozen=True)
class Stop(Injection):
    """All processes of the command stop for some seconds, and go on."""

    name: str
    seconds: float

    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night, and stop it at the PUT of the object."""
        with _triggering(world, "PUT", stage) as proxy:
            running = copy.start({"AWS_ENDPOINT_URL_S3": proxy.url})

            def stop() -> None:
                stopped = _tree(running.process.pid)
                _send(stopped, signal.SIGSTOP)
                time.sleep(self.seconds)
                _send(stopped, signal.SIGCONT)

            proxy.action = _in_a_thread(stop)
            return _require_injected(running.wait(), proxy.called)


@dataclass(frozen=True)
class Restart(Injection):
    """A service is killed when the task begins, and starts again later."""

    name: str
    service: str
    seconds: float

    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night, and kill the service when a task of the family begins."""

        def restart() -> None:
            _kill_service(world.stack, self.service)
            time.sleep(self.seconds)
            world.stack.up()

        restarting = _in_a_thread(restart)
        running = copy.start()
        running.when_running(stage.family, restarting)
        ended = running.wait()
        if restarting.ident is None:
            return _require_injected(ended, injected=False)
        restarting.join()
        return ended


@dataclass(frozen=True)
class Damage(Injection):
    """The stored object is damaged before the first task reads it.

    Attributes
    ----------
    of_receipt
        Whether the receipt is damaged in place of the object.
    damage
        Changes the file.
    """

    name: str
    damage: Callable[[Path], None]
    of_receipt: bool = False
    is_told = True

    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night, and damage the file at the first GET."""
        key = layout.receipt(stage.key) if self.of_receipt else stage.key
        target = Stage(stage.family, key)
        with _triggering(world, "GET", target) as proxy:

            def damage() -> None:
                self.damage(copy.folder / key)

            proxy.action = damage
            ended = copy.run({"AWS_ENDPOINT_URL_S3": proxy.url})
            return _require_injected(ended, proxy.called)


@dataclass(frozen=True)
class FullFolder(Injection):
    """The folder for temporary files is on a disk that is too small."""

    name: str
    codes: tuple[int, ...] = (exit_codes.TASK_FAILED,)

    def run(self, world: World, copy: Copy, stage: Stage) -> Ended:
        """Run the night with TMPDIR on a disk of 64 KB."""
        folder = world.stack.home / f"full-{copy.folder.name}"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
        subprocess.run(mount, check=True)
        try:
            return copy.run({"TMPDIR": str(folder)})
        finally:
            subprocess.run(["umount", str(folder)], check=True)


def can_mount() -> bool:
    """Return whether this process may mount a disk of its own."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        subprocess.run(["umount", folder], check=True)
    return True


def cut_in_half(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    """Leave nothing of the content of a file."""
    path.write_bytes(b"")


def flip_a_bit(path: Path) -> None:
    """Change one bit of a file, the same one in every run."""
    content = bytearray(path.read_bytes())
    rng = random.Random(len(content))
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


class _Signal:
    """Sends a signal to processes of a running command."""

    def __init__(self, running: Running, who: str, number: signal.Signals, family: str):
        self._running = running
        self._who = who
        self._number = number
        self._family = family

    def __call__(self) -> None:
        processes = self._processes()
        if not processes:
            raise ProcessLookupError(self._who)
        _send(processes, self._number)

    def _processes(self) -> list[psutil.Process]:
        if self._who == "child":
            return [psutil.Process(self._running.pid_of(self._family))]
        parent = psutil.Process(self._running.process.pid)
        if self._who == "children":
            return parent.children()
        if self._who == "guardian":
            return _guardians(parent)
        others = parent.children(recursive=True) if self._who == "group" else []
        return [parent, *others]


def _guardians(parent: psutil.Process) -> list[psutil.Process]:
    """Return the process that ends the tasks when the command is gone."""
    guardians = []
    for child in parent.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # a task that has just ended
            if _GUARDIAN in " ".join(child.cmdline()):
                guardians.append(child)
    return guardians


class _Thread(threading.Thread):
    """A thread that starts when it is called."""

    def __call__(self) -> None:
        self.start()


def _in_a_thread(function: Callable[[], None]) -> _Thread:
    return _Thread(target=function, daemon=True)


def _do_nothing() -> None:
    """Let the request pass."""


@contextlib.contextmanager
def _triggering(world: World, method: str, stage: Stage) -> Iterator[TriggeringProxy]:
    endpoint = world.environment["AWS_ENDPOINT_URL_S3"]
    proxy = TriggeringProxy(endpoint, method, stage.pattern)
    with proxy:
        yield proxy


def _require_injected(ended: Ended, injected: bool) -> Ended:
    """Return how the run ended; a fault that did not happen proves nothing.

    Raises
    ------
    NotInjected
        The fault did not happen.
    """
    if not injected:
        raise NotInjected(ended.output)
    return ended


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _kill_service(stack: Stack, name: str) -> None:
    for service in stack.status():
        if service.title.lower() == name.lower() and service.pid is not None:
            for process in _tree(service.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
