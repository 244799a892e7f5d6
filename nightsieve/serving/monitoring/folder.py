"""The folder in which the worker processes of a service share their metrics.

It does not import prometheus_client, which reads the variable when it is imported.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.temporary import private_folder

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextlib.contextmanager
def metrics_folder() -> Iterator[Path]:
    """Make an empty folder for the metrics of this process and its children.

    It is a new folder even if the variable names one: the counts of another service, or
    of an earlier run, would be added to those of this one. It is removed at the end, or
    by the next process that makes a private folder if this one is killed.

    Raises
    ------
    DataError
        The folder for temporary files cannot be used.
    """
    assert "prometheus_client" not in sys.modules, "it has read the variable before"
    variable_before = os.environ.get(VARIABLE)
    # Processes that are forked share its lock, so it lasts as long as one of them.
    with private_folder() as folder:
        os.environ[VARIABLE] = str(folder)
        try:
            yield folder
        finally:
            if variable_before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = variable_before


def shared_folder() -> Path | None:
    """Return the folder; None where the metrics of one process stay in its memory."""
    folder = os.environ.get(VARIABLE)
    return None if folder is None else Path(folder)
