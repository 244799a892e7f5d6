"""End the processes of tasks when the worker that started them is gone.

Run as a script, with the worker's pid as argument, and with a pipe as standard input
that the worker alone holds open. Each line of it is ``+<pid>`` or ``-<pid>``: a process
of a task, which leads a group of its own, begins or has ended. This is a process of its
own, because a task may be stopped, or hold the interpreter's lock.

It starts in a few milliseconds: it imports only what it needs.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Callable

_INTERVAL = 1.0  # seconds between two looks at the parent
_GRACE = 1.0  # seconds in which a task may remove its temporary files
_POLL = 0.02


def read_groups(groups: set[int], lines: bytes) -> bytes:
    """Apply whole lines to the set of groups; return an unfinished line."""
    *whole, rest = lines.split(b"\n")
    for line in whole:
        pid = int(line[1:])
        if line.startswith(b"+"):
            groups.add(pid)
        else:
            groups.discard(pid)
    return rest


def watch(worker: int, pipe: int) -> set[int]:
    """Wait until the worker is gone; return the groups that it has left."""
    groups: set[int] = set()
    rest = b""
    os.set_blocking(pipe, False)
    while True:
        # A stopped process that was just forked may hold the pipe open, too.
        is_gone = os.getppid() != worker
        select.select([pipe], [], [], 0 if is_gone else _INTERVAL)
        try:
            lines = os.read(pipe, 1 << 16)
        except BlockingIOError:
            if is_gone:
                return groups
            continue
        if not lines:
            return groups
        rest = read_groups(groups, rest + lines)


def end(groups: set[int]) -> None:
    """End the leaders of groups, which may clean up, and then all that is left."""
    for leader in groups:
        _send(os.kill, leader, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while any(map(_is_running, groups)) and time.monotonic() < deadline:
        time.sleep(_POLL)
    for group in groups:
        _send(os.killpg, group, signal.SIGKILL)


def _is_running(leader: int) -> bool:
    """Return whether the leader of a group may still clean up."""
    if not _send(os.kill, leader, 0):
        return False
    try:
        with open(f"/proc/{leader}/stat", "rb") as status:
            # The first process of some containers never collects what has ended.
            return b") Z " not in status.read()
    except OSError:
        return True  # not Linux


def _send(kill: Callable[[int, int], None], pid: int, signal_number: int) -> bool:
    """Send a signal; return whether a process received it."""
    try:
        kill(pid, signal_number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    """Watch; signals that end the worker do not end this process."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    end(watch(int(sys.argv[1]), sys.stdin.fileno()))


if __name__ == "__main__":
    main()
