"""The exit codes of ``luigi``: how a night, or a range of nights, ended.

``docs/reference/exit-codes.md`` says what each of them means.
"""

#: The night is finished.
FINISHED = 0
#: The command line is wrong: an option, its value, or the name of a task.
USAGE = 2
#: An input from outside is missing.
MISSING_INPUT = 20
#: The night did not finish: no worker ran a task for too long, or tasks failed at other
#: workers.
NOT_RUN = 25
#: A task failed.
TASK_FAILED = 30
#: Luigi could not find out whether a task is complete.
SCHEDULING_ERROR = 35
#: The night could not start: configuration, store or scheduler.
NOT_STARTED = 40
#: A range of nights left nights out, and all others are finished.
LEFT_OUT = 45
#: The night is finished, and its model was not published.
REFUSED = 50

#: The section ``[retcode]`` of a luigi.cfg. A task that another worker has run is not a
#: failure: the code is `NOT_RUN` only if the night itself is missing in the end.
RETCODE = {
    "already_running": str(FINISHED),
    "missing_data": str(MISSING_INPUT),
    "not_run": str(NOT_RUN),
    "task_failed": str(TASK_FAILED),
    "scheduling_error": str(SCHEDULING_ERROR),
    "unhandled_exception": str(NOT_STARTED),
}
