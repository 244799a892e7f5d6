"""Load on a service by Locust: one scenario, for some seconds, in this process.

The load is open-loop: each user has a schedule, and a latency counts from the time at
which the request was due. So a service that falls behind does not slow down its own
measurement. A rate of 0 is the other way round: users ask as soon as they are answered.
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

# Importing it replaces the standard library's sockets by those of gevent.
from locust import FastHttpUser, task
from locust.env import Environment

# isort: split
import gevent

from benchmarks.serving.calls import Call, Sample, batch_calls, read_calls, single_calls

TIMEOUT = 30.0  # seconds


def run(
    address: str, calls: Iterator[Call], users: int, rate: float, seconds: float
) -> list[Sample]:
    """Send calls for some seconds; return what became of each.

    Parameters
    ----------
    rate
        Requests a second of all users together; 0 for as many as are answered.
    """
    samples: list[Sample] = []
    begin = time.perf_counter() + 1.0
    end = begin + seconds
    indices = itertools.count()

    class ScheduledUser(FastHttpUser):
        host = address
        network_timeout = TIMEOUT
        connection_timeout = TIMEOUT

        def on_start(self) -> None:
            self.period = users / rate if rate else 0.0
            self.due = begin + next(indices) * self.period / users

        @task
        def ask(self) -> None:
            delay = self.due - time.perf_counter()
            if delay > 0:
                gevent.sleep(delay)
            if time.perf_counter() >= end:
                gevent.sleep(TIMEOUT)
                return
            due = self.due if rate else time.perf_counter()
            self.due += self.period
            samples.append(self._send(next(calls), due))

        def _send(self, call: Call, due: float) -> Sample:
            with self.client.request(
                call.method,
                call.path,
                name=call.kind,
                data=call.body,
                headers=call.headers,
                catch_response=True,
            ) as response:
                status = response.status_code
                is_right = status in call.expected
                if is_right:
                    response.success()
            return Sample(call.kind, time.perf_counter() - due, status, is_right)

    environment = Environment(user_classes=[ScheduledUser])
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    # What was due before the end is waited for.
    gevent.sleep(end - time.perf_counter() + 0.5)
    runner.quit()
    return samples


def main() -> None:
    """Run a scenario, and write its samples as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=["single", "batch", "calls"])
    parser.add_argument("address")
    parser.add_argument("--texts", type=Path, help="a JSON list of texts")
    parser.add_argument("--calls", type=Path, help="a JSON list of calls, cycled")
    parser.add_argument("--size", type=int, default=1000, help="of a batch")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    samples = run(
        arguments.address,
        _calls(arguments),
        arguments.users,
        arguments.rate,
        arguments.seconds,
    )
    arguments.to.write_text(json.dumps(samples))


def _calls(arguments: argparse.Namespace) -> Iterator[Call]:
    if arguments.scenario == "calls":
        return itertools.cycle(read_calls(arguments.calls))
    texts = json.loads(arguments.texts.read_text())
    if arguments.scenario == "single":
        return single_calls(texts)
    return batch_calls(texts, arguments.size)


if __name__ == "__main__":
    main()
