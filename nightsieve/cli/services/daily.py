"""Run a night every day; ``python -m nightsieve.cli.services.daily 02:15 COMMAND ...``.

For a container, which has neither cron nor a systemd timer. The command is run each day
at that time (UTC), with ``{date}`` in it replaced by the last complete day. A signal
ends the wait; while the command runs, it is passed on and the command's end is waited
for. A night that fails is logged, and the next one is run on the next day: nights that
are missing are run by hand, with RangeDaily.
"""

import argparse
import datetime
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

DATE_FIELD = "{date}"
_DAY = datetime.timedelta(days=1)


def next_run(now: datetime.datetime, at: datetime.time) -> datetime.datetime:
    """Return when the next day's run begins.

    Examples
    --------
    >>> evening = datetime.datetime(2026, 11, 20, 22, 0, tzinfo=datetime.UTC)
    >>> next_run(evening, datetime.time(2, 15)).isoformat()
    '2026-11-21T02:15:00+00:00'
    """
    today = datetime.datetime.combine(now.date(), at, datetime.UTC)
    return today if today > now else today + _DAY


def command_of(words: Sequence[str], now: datetime.datetime) -> list[str]:
    """Return the command of the last complete day.

    Examples
    --------
    >>> night = datetime.datetime(2026, 11, 21, 2, 15, tzinfo=datetime.UTC)
    >>> command_of(["luigi", "--date", "{date}"], night)
    ['luigi', '--date', '2026-11-20']
    """
    date = (now - _DAY).date().isoformat()
    return [word.replace(DATE_FIELD, date) for word in words]


class Daily:
    """Runs a command every day until a signal arrives."""

    def __init__(self, at: datetime.time, words: Sequence[str]) -> None:
        self._at = at
        self._words = words
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(self) -> None:
        """Wait and run, every day."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._is_stopped:
            begin = next_run(_now(), self._at)
            print(f"the next night begins at {begin:%Y-%m-%d %H:%M} UTC", flush=True)
            _wait_until(begin)
            self._run_once()

    def _run_once(self) -> None:
        command = command_of(self._words, _now())
        self._process = subprocess.Popen(command)
        exit_code = self._process.wait()
        self._process = None
        print(f"{' '.join(command)}: exit code {exit_code}", flush=True)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._process is None:
            sys.exit(0)
        self._is_stopped = True
        self._process.send_signal(number)


def _wait_until(begin: datetime.datetime) -> None:
    while (left := (begin - _now()).total_seconds()) > 0:
        # If somebody sets the clock, this is noticed in a minute.
        time.sleep(min(left, 60))


def main() -> None:
    """Run the command of the command line every day."""
    parser = argparse.ArgumentParser(
        prog="python -m nightsieve.cli.services.daily", description=__doc__
    )
    parser.add_argument("at", metavar="HH:MM", type=_time, help="time of day, UTC")
    parser.add_argument("command", metavar="COMMAND")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    Daily(arguments.at, [arguments.command, *arguments.arguments]).run()


def _time(text: str) -> datetime.time:
    try:
        return datetime.datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: not a time of day; use HH:MM"
        ) from None


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


if __name__ == "__main__":
    main()
