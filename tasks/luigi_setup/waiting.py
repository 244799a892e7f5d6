"""What a worker does while it has no work: wait for others, ask again, or give up.

The scheduler gives a task to nobody, for example, if the worker that ran it was killed
after it had written the object, or if the scheduler was restarted. So a worker that
waits while nothing runs asks the store again what is complete, and registers the tasks
again.
"""

import logging
from collections import Counter
from typing import Any

from luigi.task import Task
from luigi.task_status import DISABLED, DONE, FAILED, UNKNOWN
from luigi.worker import GetWorkResponse

from tasks.luigi_setup.idle import IdleTime
from tasks.luigi_setup.ordering import OrderedWorker

logger = logging.getLogger("luigi-interface")

#: Failures of a task at this worker after which it is not tried again. A worker also
#: asks the scheduler so many times for another try of a task that it gave up.
TRIES = 2


class WaitingWorker(OrderedWorker):
    """A worker that waits as long as there is something to wait for."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._roots: dict[str, Task] = {}
        self._revived: Counter[str] = Counter()
        self._idle = IdleTime(
            self._config.max_keep_alive_idle_duration,
            self._config.wait_interval + self._config.wait_jitter / 2,
        )

    def add(self, task: Task, multiprocess: bool = False, processes: int = 0) -> bool:
        """Register a task and what it requires."""
        added = super().add(task, multiprocess, processes)
        self._roots.setdefault(task.task_id, task)
        return added

    def run(self) -> bool:
        """Run the tasks, and return whether every task that ran here succeeded."""
        # The night was started again: all tasks have their tries again.
        for task_id in self._given_up():
            self._revive(task_id)
        return super().run()

    def _run_task(self, task_id: str) -> None:
        self._idle.reset()
        super()._run_task(task_id)

    def _keep_alive(self, get_work_response: GetWorkResponse) -> bool:
        # Luigi never runs a task that requires one whose completeness is unknown, so
        # waiting would never end.
        if not self._config.keep_alive or UNKNOWN in self._statuses().values():
            return False
        if get_work_response.running_tasks:
            self._idle.reset()
            return True
        has_pending = get_work_response.n_pending_tasks > 0
        if not has_pending and (self._has_failed() or self._are_complete()):
            return False
        if self._idle.is_exhausted(has_pending):
            self._log_waiting_tasks()
            return False
        if self._idle.asks(has_pending):
            self._register_again()
        self._idle.next_round()
        return True

    def _register_again(self) -> None:
        """Ask the store what is complete, and register the tasks again."""
        logger.info("No worker runs a task; asking the store again what is complete")
        self._add_worker()
        for root in list(self._roots.values()):
            self.add(root)
        for task_id in self._given_up():
            # It may have been given up because its workers were killed.
            if self._failures()[task_id] < TRIES and self._revived[task_id] < TRIES:
                self._revived[task_id] += 1
                self._revive(task_id)

    def _given_up(self) -> set[str]:
        """Return the tasks that the scheduler gives out later, or not at all."""
        task_ids: set[str] = set()
        for status in (DISABLED, FAILED):
            task_ids |= self._scheduler.task_list(status=status, limit=False).keys()
        return task_ids & self._scheduled_tasks.keys()

    def _revive(self, task_id: str) -> None:
        self._scheduler.re_enable_task(task_id)
        self._scheduler.forgive_failures(task_id)

    def _are_complete(self) -> bool:
        statuses = self._statuses()
        for root in self._roots.values():
            if statuses.get(root) != DONE and not root.complete():
                return False
        return True

    def _has_failed(self) -> bool:
        """Return whether a task has used up its tries here."""
        return max(self._failures().values(), default=0) >= TRIES

    def _failures(self) -> Counter[str]:
        """Return how often each task has failed here."""
        failed = (
            task for task, status, _ in self._add_task_history if status == FAILED
        )
        return Counter(task.task_id for task in failed)

    def _statuses(self) -> dict[Task, str]:
        """Return the last status of each task that this worker knows."""
        return {task: status for task, status, _ in self._add_task_history}

    def _log_waiting_tasks(self) -> None:
        waiting = [
            str(task) for task, status in self._statuses().items() if status != DONE
        ]
        logger.error(
            "luigid: no worker has run a task for %s, but %s wait, such as %s; see on "
            "its page whether it is paused, and run the same command again",
            self._idle.limit,
            len(waiting),
            min(waiting),
        )
