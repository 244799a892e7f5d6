"""Make again what a failed task requires, if it is not there any more.

A task that finds a damaged input removes it and fails. That is no fault of the task, so
the failure does not count as one of its tries.
"""

import logging
from collections import Counter

from luigi.task import Task
from luigi.task_status import FAILED, PENDING

from tasks.luigi_setup.redaction import describe_error
from tasks.luigi_setup.results import Report, Requirement

logger = logging.getLogger("luigi-interface")

#: Failures of one task that are not counted.
LIMIT = 5


class Repairs:
    """The failures that are not counted."""

    def __init__(self) -> None:
        self._repaired: Counter[str] = Counter()

    def review(self, report: Report, task: Task) -> Report:
        """Return a report; a failure whose inputs are incomplete becomes a wait.

        Luigi registers the new requirements, and gives the task out again when they are
        done, as if the task had asked for them while it ran.
        """
        if report.status != FAILED:
            return report
        incomplete = _incomplete_requirements(task)
        if not incomplete:
            return report
        names = ", ".join(map(str, incomplete))
        if self._repaired[report.task_id] >= LIMIT:
            logger.error(
                "%s: after %s repairs, what it requires is incomplete again: %s; "
                "check the store",
                task,
                LIMIT,
                names,
            )
            return report
        self._repaired[report.task_id] += 1
        logger.warning(
            "%s: what it requires is not complete any more and is made again: %s",
            task,
            names,
        )
        requirements = [_as_luigi_names(required) for required in incomplete]
        return report._replace(
            status=PENDING, missing=[], new_requirements=requirements
        )


def _incomplete_requirements(task: Task) -> list[Task]:
    try:
        return [required for required in task.deps() if not required.complete()]
    except Exception as error:  # whatever a task's own code raises
        logger.warning(
            "%s: cannot tell whether what it requires is complete: %s",
            task,
            describe_error(error),
        )
        return []


def _as_luigi_names(task: Task) -> Requirement:
    return task.task_module, task.task_family, task.to_str_params()
