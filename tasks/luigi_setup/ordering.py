"""Decide the nights of a range in their order, as long as none of them fails."""

from typing import Any

from luigi.task_status import FAILED, PENDING

from tasks.luigi_setup.code_version import VersionedWorker


class OrderedWorker(VersionedWorker):
    """A worker that goes on with later nights if one of a range fails.

    The decision about a night waits for the publication of the night before it (see
    `GateModel.decide_after`). The scheduler would wait for ever for one that failed.
    """

    def _add_task(self, *args: Any, **kwargs: Any) -> None:
        super()._add_task(*args, **kwargs)
        failed = self._scheduled_tasks.get(kwargs["task_id"])
        if kwargs["status"] != FAILED or not hasattr(failed, "date"):
            return
        for task in self._scheduled_tasks.values():
            if hasattr(task, "waits_for") and task.waits_for(failed.date):
                task.decide_after()
                self._scheduler.add_task(
                    worker=self._id,
                    task_id=task.task_id,
                    status=PENDING,
                    deps=[required.task_id for required in task.deps()],
                    resources=task.process_resources(),
                    priority=task.priority,
                    family=task.task_family,
                    module=task.task_module,
                    params=task.to_str_params(),
                )
