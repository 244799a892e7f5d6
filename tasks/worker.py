"""A worker that knows that it is not alone.

Luigi's own leaves, and exits as if the night had failed, when the last tasks are being run by another worker, or by one
that was killed and is not given up yet; and it counts every task that a helper has done as one that was never run.
"""

from typing import Any

from luigi.task_status import DONE, FAILED
from luigi.worker import Worker


class NightWorker(Worker):
    """Stays while another worker runs something that it waits for, and counts what others have done as done."""

    def _keep_alive(self, get_work_response: Any) -> bool:
        waiting = self._config.keep_alive and bool(get_work_response.running_tasks)
        return super()._keep_alive(get_work_response) or waiting

    def run(self) -> bool:
        succeeded = super().run()
        statuses = {task: status for task, status, _ in self._add_task_history}
        root = self._add_task_history[0][0]
        # What a finished root rests on is finished too, whoever did it.
        if FAILED not in statuses.values() and (statuses[root] == DONE or root.complete()):
            elsewhere = [task for task, status in statuses.items() if status != DONE]
            self._add_task_history += [(task, DONE, True) for task in elsewhere]
        return succeeded
