"""Where and when something was measured, and how to measure on one core."""

import datetime
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIBRARIES = ("numpy", "scikit-learn", "scipy")
RUNTIMES = {"java": ["java", "-version"], "node": ["node", "--version"]}
ONE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}


def describe(*libraries: str) -> dict[str, Any]:
    """The machine, the versions (of ``libraries`` too), the commit and the date, as a JSON value."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            **_runtimes(),
            **_libraries(LIBRARIES + libraries),
        },
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def pin() -> int | None:
    """Keeps this process and its children on one core; its number, or None where that cannot be done."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def peak_memory(pid: int) -> float | None:
    """The most memory, MiB, that a running process has held at once; None where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    lines = (
        line.split()
        for line in status.read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    return next((int(words[1]) / 1024 for words in lines), None)


def _cpu() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = (
        line.partition(":")[2].strip()
        for line in lines
        if line.startswith("model name")
    )
    return next(names, platform.processor() or "unknown")


def _runtimes() -> dict[str, str]:
    found = {}
    for name, command in RUNTIMES.items():
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        first = (run.stdout or run.stderr).splitlines()[0]
        found[name] = first.split('"')[1] if '"' in first else first.lstrip("v")
    return found


def _libraries(names: tuple[str, ...]) -> dict[str, str]:
    return {name: metadata.version(name) for name in names}


def _commit() -> str:
    """The commit, with a plus where the tree held changes."""
    try:
        return _git("rev-parse", "--short=12", "HEAD") + (
            "+" if _git("status", "--porcelain") else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
