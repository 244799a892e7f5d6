"""Stop a worker by a signal: its tasks end, it says so, and it has an exit code."""

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")


class Stopped(SystemExit):
    """A signal stopped the worker.

    The exit code is that of a shell: 143 after SIGTERM, 130 after ctrl-C, 129 after
    SIGHUP.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(128 + signal_number)
        self.signal = signal.Signals(signal_number)

    def __str__(self) -> str:
        return f"stopped by {self.signal.name}; run the same command to continue"


def install() -> None:
    """Say in one line that ctrl-C ended the command before a worker handled it."""
    sys.excepthook = _print_exception


class StopBySignal:
    """A context manager in which these signals raise `Stopped`.

    Python ignores, with a traceback, an exception that is raised while it forks or
    collects garbage. So the worker holds signals while it forks, and calls `check`
    after each step, which raises the exception again.

    A second signal ends the process at once; its guardian then ends the tasks.
    """

    def __init__(self) -> None:
        self._previous: dict[str, Any] = {}
        self._pid = os.getpid()
        self._received: int | None = None
        #: While it is true, a signal is only remembered.
        self.is_held = False

    def __enter__(self) -> "StopBySignal":
        """Set the handlers; Python allows that in the main thread only."""
        if threading.current_thread() is threading.main_thread():
            for name in _SIGNALS:
                number = getattr(signal, name)
                # nohup, or a shell that runs the command in the background.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[name] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        """Set the earlier handlers again."""
        for name, handler in self._previous.items():
            signal.signal(getattr(signal, name), handler)
        self._previous.clear()

    def check(self) -> None:
        """Raise `Stopped` if a signal was received."""
        if self._received is not None:
            raise Stopped(self._received)

    def _stop(self, signal_number: int, _: FrameType | None) -> None:
        # A process that was just forked has this handler, too.
        if self._received is not None or os.getpid() != self._pid:
            os._exit(128 + signal_number)
        self._received = signal_number
        if not self.is_held:
            self.check()


def _print_exception(
    error_type: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Print an exception that ends the process, as Python does, but ctrl-C shorter."""
    if issubclass(error_type, KeyboardInterrupt):
        print(f"luigi: {Stopped(signal.SIGINT)}", file=sys.stderr)
    else:
        sys.__excepthook__(error_type, error, traceback)
