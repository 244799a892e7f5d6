"""The program that runs a night every day."""

import datetime
import signal
import subprocess
import sys

import pytest

from nightsieve.cli.services import daily

NIGHT = datetime.datetime(2026, 11, 21, 2, 15, tzinfo=datetime.UTC)
AT = datetime.time(2, 15)
MODULE = [sys.executable, "-m", "nightsieve.cli.services.daily"]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (NIGHT - datetime.timedelta(seconds=1), 21),
        (NIGHT, 22),  # it has just been run
        (NIGHT + datetime.timedelta(hours=21), 22),
    ],
)
def test_the_next_run_is_the_next_time_of_day(now, day):
    assert daily.next_run(now, AT) == NIGHT.replace(day=day)


def test_a_command_is_run_for_the_last_complete_day_and_its_failure_is_survived(
    monkeypatch, capfd
):
    times = [NIGHT - datetime.timedelta(hours=1), NIGHT, NIGHT]

    def clock() -> datetime.datetime:
        """Return the times of one night; then a signal arrives."""
        if not times:
            signal.raise_signal(signal.SIGTERM)
        return times.pop(0)

    monkeypatch.setattr(daily, "_now", clock)
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
    words = ["sh", "-c", "echo night {date}; exit 3"]
    with pytest.raises(SystemExit) as stopped:
        daily.Daily(AT, words).run()
    for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)
    assert stopped.value.code == 0
    output = capfd.readouterr().out
    assert "\nnight 2026-11-20\n" in output
    assert "exit code 3" in output


def test_a_signal_ends_the_wait_at_once():
    process = subprocess.Popen(
        [*MODULE, "02:15", "luigi"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "the next night begins at" in process.stdout.readline()
    process.terminate()
    assert process.wait(10) == 0


def test_a_wrong_time_is_wrong_usage():
    done = subprocess.run(
        [*MODULE, "26:15", "luigi"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "'26:15': not a time of day; use HH:MM" in done.stderr
