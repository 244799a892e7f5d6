"""How a night, or a range of nights, ended: the exit code and the last lines."""

import logging
from collections.abc import Iterable

from luigi import execution_summary
from luigi.execution_summary import LuigiStatusCode
from luigi.task import Task
from luigi.worker import Worker

from nightsieve.nights.exit_codes import FINISHED, LEFT_OUT, REFUSED

logger = logging.getLogger("luigi-interface")

_ALL_IS_WELL = "This progress looks {} because {}".format(
    *LuigiStatusCode.SUCCESS.value
)


def exit_code(tasks: Iterable[Task]) -> int:
    """Return the exit code of finished tasks.

    A refused model needs a person more than a night that was left out.
    """
    code = FINISHED
    for task in tasks:
        if getattr(task, "refused", False):
            return REFUSED
        if getattr(task, "left_out", ()):
            code = LEFT_OUT
    return code


def log_ending(worker: Worker, tasks: Iterable[Task]) -> None:
    """Log luigi's summary of the worker, and then what was left out."""
    summary = execution_summary.summary(worker)
    lines = [line for task in tasks for line in getattr(task, "left_out", ())]
    if lines:
        summary = summary.replace(_ALL_IS_WELL, "Nights were left out:")
    logger.info(summary)
    for line in lines:
        logger.warning(line)
