"""Several processes that serve, and the one that looks after them."""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.context import ForkProcess

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess, multiprocess
from uvicorn.supervisors.multiprocess import Process

from nightsieve.serving.http.application import create_application
from nightsieve.serving.http.log import LOGGER
from nightsieve.serving.options import ServeOptions
from pipeline.errors import NightsieveError, ServiceError

# Between two attempts to start a process in place of one that is gone.
_RETRY_SECONDS = 5.0
# What a process may need to end beyond the time that its requests have.
_END_SECONDS = 5.0

_logger = logging.getLogger(LOGGER)


class Workers(Multiprocess):
    """Worker processes; one that ends is replaced.

    They are forked: what is imported here is imported once, and shared. The first one
    starts alone. If it cannot, the others could not either, and the service ends.

    Parameters
    ----------
    announce
        Called once, when the first process is ready.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listening: socket.socket,
        announce: Callable[[], None],
    ) -> None:
        super().__init__(config, [listening])
        self._announce = announce
        self._lifeline = _Lifeline()
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
        # uvicorn would start new interpreters, which takes seconds.
        multiprocess.get_subprocess = self._new_process  # type: ignore[assignment]
        super().run()
        if self._failure is None:
            return
        if self._failure in {
            kind.exit_code for kind in NightsieveError.__subclasses__()
        }:
            raise SystemExit(self._failure)
        raise ServiceError(
            "nightsieve serve: its processes do not start; see the log above"
        )

    def init_processes(self) -> None:
        """Start the first process, and the others when it is ready."""
        self._start()
        timeout = self.config.timeout_worker_healthcheck
        if self.processes[0].wait_until_ready(timeout):
            self._begin()

    def keep_subprocess_alive(self) -> None:
        """Replace processes that have ended."""
        timeout = self.config.timeout_worker_healthcheck
        alive = [process.is_alive(timeout) for process in self.processes]
        if not self._has_served and alive[0] and self.processes[0].is_ready(timeout):
            self._begin()
        if time.monotonic() < self._next_start:
            return
        for index, lives in enumerate(alive):
            if not lives and not self.should_exit.is_set():
                self._replace(index)

    def join_all(self) -> None:
        """Wait until all processes have ended; end those that do not."""
        grace = self.config.timeout_graceful_shutdown or 0
        deadline = time.monotonic() + grace + _END_SECONDS
        for process in self.processes:
            process.process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()

    def _begin(self) -> None:
        self._has_served = True
        self._announce()
        while len(self.processes) < self.processes_num:
            self._start()

    def _start(self) -> None:
        process = Process(self.config, self.sockets)
        process.start()
        self.processes.append(process)

    def _replace(self, index: int) -> None:
        process = self.processes[index]
        process.kill()  # also one that lives and does not answer
        process.join()
        if not self._has_served:
            self._failure = process.exitcode
            self.should_exit.set()
            return
        fields = {"worker": process.pid, "exit_code": process.exitcode}
        _logger.error("a process has ended", extra=fields)
        self._next_start = time.monotonic() + _RETRY_SECONDS
        self.processes[index] = Process(self.config, self.sockets)
        self.processes[index].start()

    def _new_process(
        self,
        config: uvicorn.Config,
        target: Callable[..., None],
        sockets: list[socket.socket],
    ) -> ForkProcess:
        context = multiprocessing.get_context("fork")
        return context.Process(target=self._run_worker, args=(target, sockets))

    def _run_worker(
        self, target: Callable[..., None], sockets: list[socket.socket]
    ) -> None:
        """Serve in this new process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        # A terminal that closes sends it to all processes; it is for the first one.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._lifeline.hold()
        try:
            target(sockets=sockets)
        except KeyboardInterrupt:
            pass  # uvicorn has shut down, and raises the signal again
        except NightsieveError as error:
            print(f"Error: {error}", file=sys.stderr, flush=True)
            raise SystemExit(error.exit_code) from None
        except Exception:
            # Python would print the traceback with the messages of the exceptions.
            _logger.exception("defect")
            raise SystemExit(1) from None

    def create_application(self, options: ServeOptions) -> Starlette:
        """Return the application of a worker process, in its event loop."""
        application = create_application(options)
        self._lifeline.watch()
        return application


class _Lifeline:
    """A pipe that the first process holds open; it closes when this process is gone."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def hold(self) -> None:
        """Close the end that is the first process's own; called in another process."""
        os.close(self._writer)

    def watch(self) -> None:
        """End this process as by SIGTERM when the pipe closes."""
        asyncio.get_running_loop().add_reader(self._reader, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._reader)
        os.kill(os.getpid(), signal.SIGTERM)
