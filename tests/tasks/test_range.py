"""Ranges of nights: what is left out, and in which order nights are decided."""

import datetime
import json
from itertools import pairwise
from pathlib import Path

import luigi
import pytest
from luigi.scheduler import Scheduler

from nightsieve.nights.exit_codes import LEFT_OUT
from pipeline.errors import StorageError
from tasks import RangeDaily, Retrain
from tasks.luigi_setup import ending
from tasks.luigi_setup.parameters import today
from tasks.luigi_setup.worker import NightWorker
from tests.support.commands import fork, run
from tests.support.nights import SMALL, sample

DAY = datetime.timedelta(days=1)


def nights(start: datetime.date, stop: datetime.date | None, **options) -> RangeDaily:
    return RangeDaily(start=start, stop=stop, **options)


def dates(nights: RangeDaily) -> list[datetime.date]:
    return [night.date for night in nights.requires() if isinstance(night, Retrain)]


def test_half_a_year_back_just_works(environment):
    start = today() - 180 * DAY
    asked = nights(start, start + 3 * DAY)
    assert dates(asked) == [start, start + DAY, start + 2 * DAY]
    assert asked.left_out == ()
    assert ending.exit_code([asked]) == 0


def test_nights_before_days_back_are_left_out(environment):
    start = today() - 400 * DAY
    stop = today() - 365 * DAY
    asked = nights(start, stop)
    kept = dates(asked)
    assert kept == [stop - DAY] == [today() - 366 * DAY]
    (line,) = asked.left_out
    assert line == (
        f"RangeDaily: left out 34 nights from {start} to {kept[0] - DAY}: more than "
        "366 days before today; to make them too, add --days-back 400"
    )
    assert dates(nights(start, start + DAY, days_back=400)) == [start]
    assert nights(start, start + DAY, days_back=400).left_out == ()
    assert ending.exit_code([asked]) == LEFT_OUT


def test_nights_after_today_are_left_out_and_a_range_without_end_ends_today(
    environment,
):
    asked = nights(today(), today() + 2 * DAY)
    assert dates(asked) == [today()]
    (line,) = asked.left_out
    assert line.startswith(f"RangeDaily: left out {today() + DAY}: after today, ")
    assert dates(nights(today(), None)) == [today()]
    assert nights(today(), None).left_out == ()


def test_nights_beyond_the_limit_are_left_out(environment):
    start = today() - 4 * DAY
    oldest_first = nights(start, today(), task_limit=1)
    assert dates(oldest_first) == [start]
    (line,) = oldest_first.left_out
    assert line == (
        f"RangeDaily: left out 3 nights from {start + DAY} to {today() - DAY}: more "
        "than 1 missing night; run the range again, or raise --task-limit"
    )
    newest_first = nights(start, today(), task_limit=1, reverse=True)
    assert dates(newest_first) == [today() - DAY]
    assert f"from {start} to {today() - 2 * DAY}" in newest_first.left_out[0]


def test_a_range_that_makes_nothing_does_not_smile(environment, tmp_path):
    command = ["luigi", "--module", "tasks", "RangeDaily", "--of", "Retrain"]
    command += ["--start", f"{today() + DAY}", "--stop", f"{today() + 3 * DAY}"]
    nothing = run(*command, environment=environment, cwd=tmp_path)
    assert nothing.returncode == LEFT_OUT, nothing.stderr
    assert "RangeDaily: left out 2 nights from" in nothing.stderr
    assert ":)" not in nothing.stderr


def test_every_night_of_a_gap_is_published_the_oldest_one_first(environment):
    sample(environment)
    command = ["luigi", "--module", "tasks", "RangeDaily", "--of", "Retrain"]
    command += ["--start", "2026-11-18", "--stop", "2026-11-20", "--workers", "3"]
    command += ["--of-params", json.dumps({"patch": SMALL})]
    gap = fork(*command, environment=environment)
    assert gap.returncode == 0, gap.stderr
    published = [line for line in gap.stdout.splitlines() if "ublished" in line]
    assert len(published) == 2
    models = fork("nightsieve", "models", "list", environment=environment)
    rows = [line.split() for line in models.stdout.splitlines()]
    by_serial = sorted((int(row[0]), row[1]) for row in rows if row[0].isdigit())
    assert by_serial == [(1, "2026-11-18"), (2, "2026-11-19")]


class Step(luigi.Task):
    """A step of a night that leaves an empty file."""

    folder = luigi.Parameter()
    date = luigi.DateParameter()

    def output(self):
        return luigi.LocalTarget(f"{self.folder}/{self.get_task_family()}-{self.date}")

    def run(self):
        if self.date.day == 1:
            problem = "s3://bucket: cannot be reached; start it"
            raise StorageError(problem)
        Path(self.output().path).touch()


class Ingested(Step):
    pass


class Decided(Step):
    before = ()

    def requires(self):
        return self.clone(Ingested)

    def decide_after(self, *publications):
        self.before = publications

    def waits_for(self, night):
        return any(earlier.date == night for earlier in self.before)

    def deps(self):
        return [*super().deps(), *self.before]


class Published(Step):
    def requires(self):
        return self.clone(Decided)


class Nights(luigi.WrapperTask):
    folder = luigi.Parameter()

    def requires(self):
        steps = [
            Published(folder=self.folder, date=datetime.date(2026, 11, day))
            for day in (1, 2, 3)
        ]
        for earlier, later in pairwise(steps):
            later.clone(Decided).decide_after(earlier)
        return steps


@pytest.mark.timeout(60)
def test_a_night_that_fails_stops_no_later_one(tmp_path):
    scheduler = Scheduler(retry_count=2, retry_delay=0.1, prune_on_get_work=True)
    with NightWorker(
        scheduler=scheduler, worker_processes=2, force_multiprocessing=True
    ) as worker:
        worker.add(Nights(folder=str(tmp_path)))
        assert not worker.run()
    made = sorted(file.name for file in tmp_path.iterdir() if "Published" in file.name)
    assert made == ["Published-2026-11-02", "Published-2026-11-03"]
