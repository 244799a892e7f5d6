"""Processes that are run to their end: seconds, and the peak memory of their tree."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from benchmarks.harness import machine

POLL_SECONDS = 0.1  # between two looks at the memory of processes
SHOWN_OUTPUT = 4000  # characters of the output of a process that failed
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Process:
    """A process that has ended.

    Attributes
    ----------
    started
        Seconds since 1970.
    peak_mib
        Peak memory of the largest process in its tree.
    """

    seconds: float
    started: float
    peak_mib: float


def program(name: str) -> str:
    """Return the path of a command of the environment that this one runs in."""
    return str(Path(sys.executable).with_name(name))


def run_module(
    module: str,
    *arguments: str,
    environment: Mapping[str, str] = NO_VARIABLES,
) -> Process:
    """Run ``python -m MODULE``; see `watch`."""
    return watch([sys.executable, "-m", module, *arguments], environment)


def watch(
    command: Sequence[str], environment: Mapping[str, str], cwd: Path = machine.ROOT
) -> Process:
    """Run the command to its end, and note what it took.

    Parameters
    ----------
    environment
        Variables over those of this process.

    Raises
    ------
    SystemExit
        The command failed; the message has the end of its output.
    """
    started = time.time()
    clock_start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    peaks = [0.0]
    watcher = threading.Thread(target=_note_peaks, args=(process, peaks), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - clock_start
    watcher.join()
    if process.returncode:
        raise SystemExit(failure(command, process.returncode, output))
    return Process(seconds, started, max(peaks))


def failure(command: Sequence[str], exit_code: int, output: str) -> str:
    """Return what to say of a command that failed."""
    return (
        f"{' '.join(command)}: exit code {exit_code}; the end of its output follows\n"
        f"{output[-SHOWN_OUTPUT:]}"
    )


def _note_peaks(process: subprocess.Popen[str], peaks: list[float]) -> None:
    """Note the peaks of the process tree while it runs; the system keeps each peak."""
    ended = (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError)
    while process.poll() is None:
        with contextlib.suppress(*ended):
            children = psutil.Process(process.pid).children(recursive=True)
            for pid in [process.pid, *(child.pid for child in children)]:
                peaks.append(machine.peak_memory(pid) or 0.0)
        time.sleep(POLL_SECONDS)
