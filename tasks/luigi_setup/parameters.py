"""Kinds of parameters that luigi does not have."""

import datetime
import json
from collections.abc import Iterable
from typing import Any

import luigi
from luigi.parameter import ParameterVisibility

from nightsieve.store.objects import Store
from pipeline.errors import ConfigError

_YEARS = range(1970, 2100)


def today() -> datetime.date:
    """Return the date (UTC)."""
    return datetime.datetime.now(datetime.UTC).date()


class NightParameter(luigi.DateParameter):
    """The date of a night, such as 2026-11-20.

    A run uses messages that were received before the end of that date (UTC).
    """

    def __init__(self, *args: Any, option: str = "--date", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._option = option

    def parse(self, value: str) -> datetime.date:
        """Return the date.

        Raises
        ------
        ConfigError
            The value is not a date, or its year is out of range.
        """
        try:
            date = super().parse(value)
        except ValueError:
            problem = f"{self._option} {value}: not a date; use YYYY-MM-DD"
            raise ConfigError(problem) from None
        if date.year not in _YEARS:
            raise ConfigError(
                f"{self._option} {value}: the year is out of range; "
                f"use one from {_YEARS.start} to {_YEARS.stop - 1}"
            )
        return date


class ListParameter(luigi.Parameter[tuple[str, ...]]):
    """A tuple of strings; the option may be repeated.

    ``--patch a=1 --patch b=2`` and ``--patch a=1 b=2`` are the same.
    """

    @classmethod
    def _parser_kwargs(
        cls, param_name: str, task_name: str | None = None
    ) -> dict[str, object]:
        return {
            **super()._parser_kwargs(param_name, task_name),
            "action": "extend",
            "nargs": "+",
        }

    def parse(self, value: str | list[str]) -> tuple[str, ...]:
        """Return the strings, from the command line or from what `serialize` wrote."""
        if isinstance(value, str) and value.startswith("["):
            return tuple(json.loads(value))
        return self.normalize(value)

    def normalize(self, value: str | Iterable[str]) -> tuple[str, ...]:
        """Return the strings; a single one may stand for itself."""
        return (value,) if isinstance(value, str) else tuple(value)

    def serialize(self, value: str | tuple[str, ...]) -> str:
        """Return the strings as JSON; a string as it is."""
        return value if isinstance(value, str) else json.dumps(value)


class StoreParameter(luigi.Parameter):
    """The address of the store; by default, the one in ``NIGHTSIEVE_STORAGE``.

    It is not part of a task's identity: the scheduler neither compares nor shows it.
    """

    def __init__(self) -> None:
        super().__init__(
            default="",
            significant=False,
            visibility=ParameterVisibility.PRIVATE,
            description="the store, s3://bucket/prefix; default: NIGHTSIEVE_STORAGE",
        )

    def normalize(self, value: str) -> str:
        """Return the address in canonical form.

        Raises
        ------
        StorageError
            The value is not an S3 address, or the variable is not set.
        """
        return str(Store(value) if value else Store.from_environment())
