"""Luigi's settings for nights, in whatever directory the ``luigi`` command runs.

Luigi's own defaults would let a failed night exit with 0. A luigi.cfg in the working
directory, or the file that LUIGI_CONFIG_PATH names, wins over these.
"""

from luigi.configuration import get_config

from nightsieve.nights.exit_codes import RETCODE

CORE = {
    "log_level": "INFO",
    # The scheduler makes sure that no task runs twice. A lock file of the command line
    # would only keep other workers away.
    "no_lock": "true",
    # A command waits for a scheduler that is restarted during a night. It reports one
    # that does not answer at all after a few seconds.
    "rpc_connect_timeout": "10",
    "rpc_retry_attempts": "5",
    "rpc_retry_wait": "2",
}
WORKER = {
    # Each task has a process of its own. So a crash or a leak affects no other task,
    # and the measured memory is the task's.
    "force_multiprocessing": "true",
    # A task that wrote nothing has failed.
    "check_complete_on_run": "true",
    # The requirements of a task were complete when the worker gave it out. A task that
    # finds one missing says so.
    "check_unfulfilled_deps": "false",
    # Wait for tasks that another worker runs, and for a second attempt.
    "keep_alive": "true",
    "wait_interval": "1",
    "wait_jitter": "0.5",
    "ping_interval": "1",
    # The longest that a worker waits while no worker runs a task. It asks the store
    # again all the while. Then the night ends with 25.
    "max_keep_alive_idle_duration": "10 minutes",
    # Seconds after which a task is ended and counts as failed: six hours.
    "timeout": "21600",
}
# For --local-scheduler; luigid has settings of its own. A task has a second attempt
# after a few seconds, then the night fails.
SCHEDULER = {
    "retry_count": "2",
    "retry_delay": "5",
}
DEFAULTS = {
    "core": CORE,
    "worker": WORKER,
    "scheduler": SCHEDULER,
    "retcode": RETCODE,
}


def install() -> None:
    """Set what no configuration file of luigi sets."""
    config = get_config()
    for section, options in DEFAULTS.items():
        for option, value in options.items():
            if not config.has_option(section, option):
                config.set(section, option, value)
