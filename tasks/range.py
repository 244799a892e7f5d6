"""The nights that are missing in a range of dates."""

import contextlib
import datetime
import functools
import json
import logging
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import luigi
from luigi.task_register import TaskClassException
from luigi.tools import range as luigi_range

from pipeline.errors import ConfigError
from pipeline.records.words import plural
from tasks.luigi_setup.parameters import NightParameter, today
from tasks.release import GateModel, PublishModel
from tasks.retrain import Retrain

logger = logging.getLogger("luigi-interface")


class NightTaskParameter(luigi.TaskParameter):
    """The task of each night, by its name."""

    def parse(self, source: str) -> Any:
        """Return the class of the task.

        Raises
        ------
        ConfigError
            There is no task of this name.
        """
        try:
            return super().parse(source)
        except TaskClassException:
            raise ConfigError(f"--of {source}: not a task; use Retrain") from None


class OptionsParameter(luigi.DictParameter):
    """The options of each night, as JSON."""

    def parse(self, source: str) -> Any:
        """Return the options.

        Raises
        ------
        ConfigError
            The value is not a JSON object.
        """
        with contextlib.suppress(json.JSONDecodeError):
            options = super().parse(source)
            if isinstance(options, Mapping):
                return options
        raise ConfigError(
            f"--of-params {source}: not a JSON object; "
            """use one such as '{"config": ["overlay.yaml"]}'"""
        )


class RangeDaily(luigi_range.RangeDaily):
    """Make the missing nights of a range, the oldest one first.

    Luigi's own class says nothing of the nights that it leaves out.
    """

    of: Any = NightTaskParameter(
        default=Retrain, description="the task of each night: Retrain"
    )
    start: datetime.date | None = NightParameter(  # type: ignore[assignment]
        option="--start", default=None, description="the first night"
    )
    stop: datetime.date | None = NightParameter(  # type: ignore[assignment]
        option="--stop", default=None, description="the day after the last night"
    )
    days_back: int = luigi.IntParameter(
        default=366, description="how many days before today a night may be"
    )
    of_params: dict[str, Any] = OptionsParameter(
        default={}, description="the options of each night, a JSON object"
    )
    # Luigi's own default is not of its parameter's type, and luigi warns of it.
    param_name: str | None = luigi.OptionalParameter(  # type: ignore[assignment]
        default=None, positional=False, description="the parameter that is the date"
    )

    _missing: Sequence[datetime.datetime] = ()

    def requires(self) -> Sequence[luigi.Task]:
        return self._nights

    @property
    def nights(self) -> list[str]:
        """The nights that this range makes, as `Retrain.nights` names them."""
        return [name for night in self._nights for name in getattr(night, "nights", ())]

    @functools.cached_property
    def left_out(self) -> tuple[str, ...]:
        """Why some nights of the range are not made, a line for each reason."""
        lines = [self._too_old(), self._in_the_future(), self._too_many()]
        return tuple(line for line in lines if line is not None)

    def moving_start(self, now: datetime.datetime) -> datetime.datetime:
        """Return the first night that may be made; luigi would count from this hour."""
        return _midnight(now.date()) - datetime.timedelta(days=self.days_back)

    def missing_datetimes(
        self, finite_datetimes: list[datetime.datetime]
    ) -> list[datetime.datetime]:
        """Return the nights that are not complete, the oldest one first."""
        missing = sorted(super().missing_datetimes(finite_datetimes))
        self._missing = missing
        return missing

    @functools.cached_property
    def _nights(self) -> list[luigi.Task]:
        nights = list(super().requires())
        for line in self.left_out:
            logger.warning(line)
        in_order = sorted(
            (night for night in nights if isinstance(night, Retrain)), key=_date
        )
        for earlier, later in pairwise(in_order):
            publication = earlier.clone(PublishModel)
            later.clone(GateModel).decide_after(publication)
        return nights

    @property
    def _now(self) -> datetime.datetime:
        """The time (UTC) as luigi's own class takes it, without a zone."""
        seconds = datetime.datetime.now(datetime.UTC).timestamp()
        moment = seconds if self.now is None else self.now
        return datetime.datetime.fromtimestamp(moment, datetime.UTC).replace(
            tzinfo=None
        )

    def _too_old(self) -> str | None:
        if self.start is None:
            return None
        first = _midnight(self.start)
        stop = self.moving_start(self._now)
        if self.stop is not None:
            stop = min(stop, _midnight(self.stop))
        nights = self.finite_datetimes(first, stop)
        days = (today() - self.start).days
        remedy = f"to make them too, add --days-back {days}"
        return _line(nights, f"more than {self.days_back} days before today", remedy)

    def _in_the_future(self) -> str | None:
        if self.stop is None:
            return None
        first = self.moving_stop(self._now)
        if self.start is not None:
            first = max(first, _midnight(self.start))
        nights = self.finite_datetimes(first, _midnight(self.stop))
        remedy = "run the range again when they are over"
        return _line(nights, f"after today, {today()} (UTC)", remedy)

    def _too_many(self) -> str | None:
        over = max(len(self._missing) - self.task_limit, 0)
        nights = self._missing[:over] if self.reverse else self._missing[-over:]
        remedy = "run the range again, or raise --task-limit"
        problem = f"more than {plural(self.task_limit, 'missing night')}"
        return _line(nights if over else [], problem, remedy)


def _line(nights: Sequence[datetime.datetime], problem: str, remedy: str) -> str | None:
    """Return which nights are left out and why; None without one."""
    if not nights:
        return None
    named = f"{nights[0].date()}"
    if len(nights) > 1:
        named = f"{plural(len(nights), 'night')} from {named} to {nights[-1].date()}"
    return f"RangeDaily: left out {named}: {problem}; {remedy}"


def _midnight(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(date, datetime.time.min)


def _date(night: Retrain) -> datetime.date:
    return night.date
