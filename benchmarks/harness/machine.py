"""Where and when something was measured, and how to measure on one core."""

import contextlib
import datetime
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.harness.results import Run

ROOT = Path(__file__).parents[2]
LIBRARIES = ("numpy", "scikit-learn", "scipy")
RUNTIMES = {"java": ["java", "-version"], "node": ["node", "--version"]}
PATH_OPTIONS = {"--output", "--home", "--shots", "--uci"}
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def describe_run(*libraries: str) -> Run:
    """Return this command, the machine, the commit and the date.

    Parameters
    ----------
    libraries
        Distributions whose versions matter beyond `LIBRARIES`.
    """
    versions = {"python": platform.python_version()}
    versions |= _runtime_versions()
    versions |= {name: metadata.version(name) for name in LIBRARIES + libraries}
    return Run(
        command=_command(),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        commit=_commit(),
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        versions=versions,
    )


def pin_to_one_core() -> None:
    """Keep this process and its children on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@contextlib.contextmanager
def pinned_to(core: int) -> Iterator[None]:
    """Keep this process on one core, where the system can, and let it go again."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def peak_memory(pid: int) -> float | None:
    """Return the peak memory of a running process, MiB; None where it is unknown."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


def _command() -> str:
    main = sys.modules["__main__"].__spec__
    module = main.name if main else Path(sys.argv[0]).stem
    return shlex.join(["python", "-m", module, *without_paths(sys.argv[1:])])


def without_paths(arguments: Sequence[str]) -> list[str]:
    """Return the arguments without the options that name a folder of this machine.

    Examples
    --------
    >>> without_paths(["--rows", "10", "--output", "/tmp/out", "--home=/tmp/home"])
    ['--rows', '10']
    """
    kept = []
    remaining = iter(arguments)
    for argument in remaining:
        option, equals, _ = argument.partition("=")
        if option not in PATH_OPTIONS:
            kept.append(argument)
        elif not equals:
            next(remaining, None)
    return kept


def _cpu() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _runtime_versions() -> dict[str, str]:
    versions = {}
    for name, command in RUNTIMES.items():
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        first_line = (run.stdout or run.stderr).splitlines()[0]
        # java says: openjdk version "17.0.15" 2025-04-15; node says: v20.20.2
        if '"' in first_line:
            versions[name] = first_line.split('"')[1]
        else:
            versions[name] = first_line.lstrip("v")
    return versions


def _commit() -> str:
    """Return the commit, with a plus where the working tree had changes."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        changes = _git("status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+" if changes else commit


def _git(*arguments: str) -> str:
    run = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()
