"""A worker that knows that it is not alone.

Luigi's own leaves, and exits as if the night had failed, when the last tasks are being run by another worker, or by one
that was killed and is not given up yet; and it counts every task that a helper has done as one that was never run.
"""

import logging
from typing import Any

from luigi import execution_summary
from luigi.task import Task
from luigi.task_status import DISABLED, DONE, FAILED, UNKNOWN
from luigi.worker import Worker

logger = logging.getLogger("luigi-interface")

REFUSED = 50  # the exit code of a night whose model was not published


class NightWorker(Worker):
    """Stays while another runs what it waits for, counts what others did as done, and tries again what has failed."""

    _prepared = False

    def _run_task(self, task_id: str) -> None:
        if getattr(self._scheduled_tasks[task_id], "stage", None) != "ingest":
            self._prepare()  # before it is forked; ingest can do without
        super()._run_task(task_id)

    def _handle_next_task(self) -> None:
        self._prepare()  # while ingest is at work, in processes of its own
        super()._handle_next_task()

    def _prepare(self) -> None:
        if not self._prepared:
            self._prepared = True
            for night in [
                task
                for task in self._scheduled_tasks.values()
                if hasattr(task, "prepare")
            ]:
                night.prepare()

    def _keep_alive(self, get_work_response: Any) -> bool:
        # What rests on a task whose completeness could not be told will never run here: do not wait for it.
        if UNKNOWN in {status for _, status, _ in self._add_task_history}:
            return False
        waiting = self._config.keep_alive and bool(get_work_response.running_tasks)
        return super()._keep_alive(get_work_response) or waiting

    def run(self) -> bool:
        self._forgive()
        succeeded = super().run()
        if self._is_done() and any(
            getattr(task, "refused", False) for task in self._scheduled_tasks.values()
        ):
            logger.info(execution_summary.summary(self))
            raise SystemExit(REFUSED)
        return succeeded

    def _is_done(self) -> bool:
        """Whether the root is complete, whoever did what it rests on; else it is said why not."""
        statuses = {task: status for task, status, _ in self._add_task_history}
        root, ran = (
            self._add_task_history[0][0],
            len(self._add_task_history) > len(statuses),
        )
        if UNKNOWN in statuses.values():
            return False
        if statuses[root] == DONE or root.complete():
            # What a finished root rests on is finished too, whoever did it: also what failed here first.
            elsewhere = [task for task, status in statuses.items() if status != DONE]
            self._add_task_history += [(task, DONE, True) for task in elsewhere]
            if not ran and not elsewhere:
                logger.info(
                    "%s was there already; what was loaded since belongs to another date",
                    root,
                )
            return True
        if FAILED not in statuses.values():
            logger.warning(
                "%s could not be run now: a task of it failed elsewhere; try again",
                root,
            )
        return False

    def _forgive(self) -> None:
        """Try again what the scheduler has given up: whoever starts a night a second time means it."""
        for status in (DISABLED, FAILED):
            for task_id in self._scheduled_tasks.keys() & self._scheduler.task_list(
                status=status, limit=False
            ):
                self._scheduler.re_enable_task(task_id)
                self._scheduler.forgive_failures(task_id)

    def _log_complete_error(self, task: Task, tb: str) -> None:
        logger.error(
            "%s: whether it is complete could not be told: %s", task, mendable(tb)
        )

    def _log_dependency_error(self, task: Task, tb: str) -> None:
        logger.error("%s: what it requires could not be told: %s", task, mendable(tb))

    def _email_complete_error(self, task: Task, formatted_traceback: str) -> None:
        super()._email_complete_error(task, mendable(formatted_traceback))

    def _email_dependency_error(self, task: Task, formatted_traceback: str) -> None:
        super()._email_dependency_error(task, mendable(formatted_traceback))


def mendable(traceback: str) -> str:
    """The message alone, when the traceback is that of an error that an operator can mend."""
    message = traceback.rstrip().rpartition("\npipeline.errors.")[2]
    return message if message != traceback.rstrip() else traceback
