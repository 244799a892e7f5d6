"""A worker that shares a night with other workers, and that always ends.

Luigi's own worker stops, and exits as if the night had failed, while another worker
runs the last tasks, or a killed worker whose tasks the scheduler has not given up yet.
It counts every task that another worker has done as a task that was never run. It waits
for ever for a task that the scheduler gives to nobody. And if it is killed, it leaves
the processes of its tasks behind.
"""

import contextlib
import json
import logging
import sys
from typing import Any

from luigi.rpc import RPCError
from luigi.task import Task
from luigi.task_status import DONE, FAILED, PENDING, SUSPENDED, UNKNOWN
from luigi.worker import (
    GetWorkResponse,
    TaskProcess,
    TracebackWrapper,
    check_complete_cached,
)

from nightsieve.nights.exit_codes import FINISHED
from tasks.luigi_setup import ending
from tasks.luigi_setup.children import Children
from tasks.luigi_setup.processes import NightProcess
from tasks.luigi_setup.redaction import describe_error
from tasks.luigi_setup.repairs import Repairs
from tasks.luigi_setup.results import Report, Results
from tasks.luigi_setup.stopping import StopBySignal, Stopped
from tasks.luigi_setup.waiting import WaitingWorker

logger = logging.getLogger("luigi-interface")


class NightWorker(WaitingWorker):
    """A worker that waits for others, counts their tasks as done, and retries."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._prepared = False
        self._task_result_queue.close()
        self._task_result_queue = Results(self._review)
        self._children = Children(self._task_result_queue)
        self._repairs = Repairs()
        self._is_repairing = False
        self._stop_by_signal = StopBySignal()

    def __enter__(self) -> "NightWorker":
        """Handle signals, and tell the scheduler that the worker lives."""
        self._stop_by_signal.__enter__()
        super().__enter__()
        return self

    def __exit__(self, error_type: Any, error: Any, traceback: Any) -> None:
        """End the processes of all tasks."""
        self._children.end(at_once=error is not None)
        if isinstance(error, Stopped):
            logger.error("%s: %s", next(iter(self._roots.values()), "luigi"), error)
            self._give_back()
        super().__exit__(error_type, error, traceback)
        self._stop_by_signal.__exit__()

    def run(self) -> bool:
        """Run the tasks, and return whether every task that ran here succeeded.

        Raises
        ------
        SystemExit
            The night is complete, but its model was not published (`REFUSED`), or a
            range left nights out (`LEFT_OUT`).
        """
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
        earlier = self._running_tasks.get(task_id)
        super()._run_task(task_id)
        self._stop_by_signal.is_held = False
        process = self._running_tasks[task_id]
        if process is not earlier and process.use_multiprocessing:
            self._children.started(process)
        self._stop_by_signal.check()

    def _create_task_process(self, task: Task) -> TaskProcess:
        process = super()._create_task_process(task)
        if process.use_multiprocessing:
            # Luigi's own class calls itself by its name, so it cannot be replaced.
            process.__class__ = NightProcess
            self._children.prepare(process)
            # Until the fork, which comes next.
            self._stop_by_signal.is_held = True
        return process

    def _purge_children(self) -> None:
        for process, description, event in self._children.failures():
            logger.error(description)
            process.task.trigger_event(event, process.task, description)
            report = Report(process.task.task_id, FAILED, description, [], [])
            self._task_result_queue.put(report)

    def _handle_next_task(self) -> None:
        self._prepare()  # while ingest runs in processes of its own
        super()._handle_next_task()
        self._is_repairing = False
        self._stop_by_signal.check()

    def _keep_alive(self, get_work_response: GetWorkResponse) -> bool:
        self._stop_by_signal.check()
        return super()._keep_alive(get_work_response)

    def _give_back(self) -> None:
        """Let the scheduler know at once that nobody runs the tasks any more.

        The next worker then need not wait until this one counts as gone.
        """
        with contextlib.suppress(RPCError):
            for task_id in self._running_tasks:
                self._scheduler.add_task(
                    worker=self._id,
                    task_id=task_id,
                    status=FAILED,
                    expl=json.dumps("its worker was stopped"),
                )

    def _add_task(self, *args: Any, **kwargs: Any) -> None:
        is_pending = kwargs["status"] == PENDING
        if is_pending and kwargs["runnable"] is None:
            # A task that waits for repairs can be run here.
            kwargs["runnable"] = True
        super()._add_task(*args, **kwargs)
        if is_pending and self._is_repairing:
            # For some seconds after a task was done, the scheduler does not believe
            # that it is pending, but that it is suspended, which means the same.
            self._scheduler.add_task(*args, **{**kwargs, "status": SUSPENDED})

    def _review(self, report: Report) -> Report:
        reviewed = self._repairs.review(report, self._scheduled_tasks[report.task_id])
        self._is_repairing = reviewed is not report
        return reviewed

    def _prepare(self) -> None:
        """Let the root task import, before any fork, what the other tasks need."""
        if self._prepared:
            return
        self._prepared = True
        for task in self._scheduled_tasks.values():
            if hasattr(task, "prepare"):
                task.prepare()

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
        if not self._failures():
            logger.warning(
                "%s: not complete, though no task failed here; run the night again",
                root,
            )
        return False

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
