"""A worker that shares a night with other workers.

Luigi's own worker stops, and exits as if the night had failed, while another worker
runs the last tasks, or a killed worker whose tasks the scheduler has not given up yet.
And it counts every task that another worker has done as a task that was never run.
"""

import logging
import sys
from typing import Any

from luigi.task import Task
from luigi.task_status import DISABLED, DONE, FAILED, UNKNOWN
from luigi.worker import TracebackWrapper, check_complete_cached

from nightsieve.nights.exit_codes import FINISHED
from tasks.luigi_setup import ending
from tasks.luigi_setup.ordering import OrderedWorker
from tasks.luigi_setup.redaction import describe_error

logger = logging.getLogger("luigi-interface")


class NightWorker(OrderedWorker):
    """A worker that waits for others, counts their tasks as done, and retries."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._prepared = False

    def run(self) -> bool:
        """Run the tasks, and return whether every task that ran here succeeded.

        Raises
        ------
        SystemExit
            The night is complete, but its model was not published (`REFUSED`), or a
            range left nights out (`LEFT_OUT`).
        """
        self._retry_failed()
        succeeded = super().run()
        if self._is_done():
            tasks = self._scheduled_tasks.values()
            code = ending.exit_code(tasks)
            if code != FINISHED:
                ending.log_ending(self, tasks)
                raise SystemExit(code)
        return succeeded

    def _run_task(self, task_id: str) -> None:
        stage = getattr(self._scheduled_tasks[task_id], "stage", None)
        if stage != "ingest":  # ingest needs nothing that is prepared
            self._prepare()
        super()._run_task(task_id)

    def _handle_next_task(self) -> None:
        self._prepare()  # while ingest runs in processes of its own
        super()._handle_next_task()

    def _prepare(self) -> None:
        """Let the root task import, before any fork, what the other tasks need."""
        if self._prepared:
            return
        self._prepared = True
        for task in self._scheduled_tasks.values():
            if hasattr(task, "prepare"):
                task.prepare()

    def _keep_alive(self, get_work_response: Any) -> bool:
        # Luigi never runs a task that requires one whose completeness is unknown, so
        # waiting would never end.
        if UNKNOWN in self._statuses().values():
            return False
        waiting = self._config.keep_alive and bool(get_work_response.running_tasks)
        return super()._keep_alive(get_work_response) or waiting

    def _is_done(self) -> bool:
        """Return whether any worker has completed the root; else log why not."""
        root = self._add_task_history[0][0]
        statuses = self._statuses()
        has_run_tasks = len(self._add_task_history) > len(statuses)
        if UNKNOWN in statuses.values():
            return False
        if statuses[root] == DONE or root.complete():
            # Then all tasks that it requires are complete, too: others have run them,
            # also those that failed here first.
            elsewhere = [task for task, status in statuses.items() if status != DONE]
            for task in elsewhere:
                self._add_task_history.append((task, DONE, True))
            if not has_run_tasks and not elsewhere:
                logger.info(
                    "%s: complete already; messages loaded since then belong to a "
                    "later date",
                    root,
                )
            return True
        if FAILED not in statuses.values():
            logger.warning(
                "%s: not complete, because a task failed on another worker; "
                "run the night again",
                root,
            )
        return False

    def _statuses(self) -> dict[Task, str]:
        """Return the last status of each task that this worker knows."""
        return {task: status for task, status, _ in self._add_task_history}

    def _retry_failed(self) -> None:
        """Retry tasks that the scheduler gave up: the night was started again."""
        for status in (DISABLED, FAILED):
            failed = self._scheduler.task_list(status=status, limit=False)
            for task_id in self._scheduled_tasks.keys() & failed:
                self._scheduler.re_enable_task(task_id)
                self._scheduler.forgive_failures(task_id)

    def _log_complete_error(self, task: Task, tb: str) -> None:
        logger.error("%s: cannot tell whether it is complete: %s", task, tb)

    def _log_dependency_error(self, task: Task, tb: str) -> None:
        description = _current_error(tb)
        logger.error("%s: cannot tell what it requires: %s", task, description)

    def _email_dependency_error(self, task: Task, formatted_traceback: str) -> None:
        super()._email_dependency_error(task, _current_error(formatted_traceback))


def check_complete(
    task: Task, out_queue: Any, completion_cache: dict[str, bool] | None = None
) -> None:
    """Put the task and whether it is complete into the queue, as luigi does.

    An error goes in as `describe_error` describes it. Luigi's own function puts in its
    traceback with the messages of all exceptions, and drops the exception.
    """
    try:
        is_complete = check_complete_cached(task, completion_cache)
    except Exception as error:
        is_complete = TracebackWrapper(describe_error(error))
    out_queue.put((task, is_complete))


def _current_error(formatted_traceback: str) -> str:
    """Describe the error that luigi is handling, in place of luigi's traceback."""
    error = sys.exception()
    return formatted_traceback if error is None else describe_error(error)
