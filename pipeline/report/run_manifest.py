"""The run manifest: all that is needed to know what a night did, and to do it again."""

import datetime
import platform
from importlib import metadata
from typing import Any

from pipeline.config.settings import Settings

FORMAT = (
    2  # of which a manifest must be to be read; a night of another one is made again
)
_LIBRARIES = ("luigi", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


def environment() -> dict[str, str]:
    """The versions of what the results depend on."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def run_manifest(
    date: datetime.date,
    digest: str,
    fingerprint: str,
    settings: Settings,
    receipts: list[dict[str, Any]],
    results: dict[str, Any],
) -> dict[str, Any]:
    """The manifest of a run as a JSON value.

    ``tasks`` holds each task's receipt (key, sha256, bytes, rows, seconds, memory), ``results`` what the summary shows.
    """
    return {
        "format": FORMAT,
        "date": date.isoformat(),
        "config": digest,
        "fingerprint": fingerprint,
        "environment": environment(),
        "results": results,
        "tasks": receipts,
        "settings": settings.model_dump(mode="json"),
    }


def task_name(receipt: dict[str, Any]) -> str:
    """A task by its family and, where there are several, its shard or candidate."""
    parameters = receipt["parameters"]
    if receipt["task"] == "EvaluateCandidate":
        return f"{receipt['task']}({', '.join(f'{name}={value}' for name, value in parameters.items())})"
    return receipt["task"] + (
        f"(shard={parameters['shard']})" if "shard" in parameters else ""
    )
