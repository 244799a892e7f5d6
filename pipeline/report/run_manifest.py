"""The run manifest: what a night did, and what is needed to repeat it."""

import datetime
import platform
from collections.abc import Iterable
from importlib import metadata

from pipeline.config.settings import Settings
from pipeline.records.receipt import Receipt
from pipeline.records.run import FORMAT, NightResults, RunManifest

_LIBRARIES = ("luigi", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


def environment() -> dict[str, str]:
    """Return the versions of the software that the results depend on."""
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), **versions}


def run_manifest(
    date: datetime.date,
    config: str,
    *,
    fingerprint: str,
    settings: Settings,
    receipts: Iterable[Receipt],
    results: NightResults,
) -> RunManifest:
    """Return the manifest of a run.

    Parameters
    ----------
    config
        The digest of the settings.
    fingerprint
        Identifies the task that writes the manifest.
    receipts
        One of every task, in an order in which the tasks can run.
    """
    return RunManifest(
        format=FORMAT,
        date=date,
        config=config,
        fingerprint=fingerprint,
        environment=environment(),
        results=results,
        tasks=tuple(receipts),
        settings=settings.model_dump(mode="json"),
    )
