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


class NightParameter(luigi.DateParameter):
    """A night, such as 2026-11-20.

    A run uses what was received before the end of that date (UTC).
    """

    def parse(self, value: str) -> datetime.date:
        """Return the date.

        Raises
        ------
        ConfigError
            It is not one, or is out of range.
        """
        try:
            date = super().parse(value)
        except ValueError:
            raise ConfigError(
                f"--date {value}: not a date; a night looks like 2026-11-20"
            ) from None
        if date.year not in _YEARS:
            raise ConfigError(
                f"--date {value}: must be from {_YEARS.start} to {_YEARS.stop - 1}"
            )
        return date


class ListParameter(luigi.Parameter):
    """A parameter that can be given several times; a tuple of strings.

    ``--patch a=1 --patch b=2`` and ``--patch a=1 b=2`` are the same.
    """

    @classmethod
    def _parser_kwargs(
        cls, param_name: str, task_name: str | None = None
    ) -> dict[str, Any]:
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
    """The address of the store; where it is not given, of ``NIGHTSIEVE_STORAGE``.

    It is not part of what a task is: the scheduler neither compares nor shows it.
    """

    def __init__(self) -> None:
        super().__init__(
            default="",
            significant=False,
            visibility=ParameterVisibility.PRIVATE,
            description="the store, s3://bucket/prefix; default: NIGHTSIEVE_STORAGE",
        )

    def normalize(self, value: str) -> str:
        """Return the address in its one spelling.

        Raises
        ------
        StorageError
            It is not an S3 address, or the variable is not set.
        """
        return str(Store(value) if value else Store.from_environment())
