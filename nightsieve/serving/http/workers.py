"""Several processes that serve, and the one that looks after them."""

import asyncio
import functools
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from nightsieve.serving.http.log import LOGGER, set_up_log
from nightsieve.serving.options import ServeOptions
from pipeline.errors import NightsieveError, ServiceError

# Between two attempts to start a process in place of one that is gone.
_RETRY_SECONDS = 5.0
# What a process may need to end beyond the time that its requests have.
_END_SECONDS = 5.0

_logger = logging.getLogger(LOGGER)


def create_in_worker(options: ServeOptions) -> Starlette:
    """Return the application of a worker process; it ends when its parent is gone.

    Raises
    ------
    SystemExit
        The application cannot be made. The process has said so in one line, and ends
        with the exit code of the error.
    """
    # Imported here: the parent needs none of it.
    from nightsieve.serving.http.application import (  # noqa: PLC0415
        create_application,
    )

    set_up_log()
    try:
        application = create_application(options)
    except NightsieveError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        raise SystemExit(error.exit_code) from None
    asyncio.get_running_loop().call_soon(_end_with_parent)
    return application


class Workers(Multiprocess):
    """Worker processes; one that ends is replaced.

    If none was ever ready, a process that ends would end again: then all end.
    """

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config, [listening])
        self._has_served = False
        self._next_start = 0.0
        self._failure: int | None = None

    def run(self) -> None:
        """Serve until a signal ends it.

        Raises
        ------
        SystemExit
            No process could be started; one has said why.
        ServiceError
            No process could be started, because of a defect.
        """
        super().run()
        if self._failure is None:
            return
        if self._failure in _exit_codes():
            raise SystemExit(self._failure)
        raise ServiceError(
            "nightsieve serve: its processes do not start; the log above says why"
        )

    def keep_subprocess_alive(self) -> None:
        """Replace processes that have ended."""
        timeout = self.config.timeout_worker_healthcheck
        alive = [process.is_alive(timeout) for process in self.processes]
        if not self._has_served:
            running = [
                p for p, lives in zip(self.processes, alive, strict=True) if lives
            ]
            self._has_served = any(process.is_ready(timeout) for process in running)
        for index, process in enumerate(self.processes):
            if alive[index] or self.should_exit.is_set():
                continue
            if time.monotonic() >= self._next_start:
                self._replace(index, process)

    def join_all(self) -> None:
        """Wait until all processes have ended; end those that do not."""
        grace = self.config.timeout_graceful_shutdown or 0
        deadline = time.monotonic() + grace + _END_SECONDS
        for process in self.processes:
            process.process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()

    def _replace(self, index: int, process: Process) -> None:
        process.kill()  # also one that lives and does not answer
        process.join()
        fields = {"worker": process.pid, "exit_code": process.exitcode}
        _logger.error("a process has ended", extra=fields)
        if not self._has_served:
            self._failure = process.exitcode
            self.should_exit.set()
            return
        self._next_start = time.monotonic() + _RETRY_SECONDS
        successor = Process(self.config, self.sockets)
        successor.start()
        self.processes[index] = successor


def _exit_codes() -> set[int]:
    return {kind.exit_code for kind in NightsieveError.__subclasses__()}


def _end_with_parent() -> None:
    """End this process as by SIGTERM when its parent is gone, also by kill -9."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        end = functools.partial(_end, parent.sentinel)
        asyncio.get_running_loop().add_reader(parent.sentinel, end)


def _end(sentinel: int) -> None:
    asyncio.get_running_loop().remove_reader(sentinel)
    os.kill(os.getpid(), signal.SIGTERM)
