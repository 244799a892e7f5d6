"""The nights that were run, as their manifests in S3 tell, and the arguments that name one of them."""

import datetime
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

import click

from nightsieve.store.objects import store
from pipeline import report
from pipeline.config import resolve
from pipeline.config.settings import Settings
from pipeline.errors import ArtefactError, ConfigError
from pipeline.rules.files import read_rules
from tasks.retrain import freeze, layers

DATE = click.DateTime(["%Y-%m-%d"])


def layer_options(command: Callable) -> Callable:
    """Options that say which of a date's runs is meant: the layers that it was run with; without them, the last one."""
    for parameter in (
        click.option(
            "--patch",
            "patches",
            multiple=True,
            metavar="A.B=VALUE",
            help="As given to Retrain.",
        ),
        click.option(
            "--config",
            "overlays",
            multiple=True,
            metavar="URI",
            help="As given to Retrain, or the digest.",
        ),
    ):
        command = parameter(command)
    return command


def settings_today(overlays: tuple[str, ...], patches: tuple[str, ...]) -> Settings:
    """What a night would run with today, but for the database's identity."""
    return resolve(layers(overlays, patches), read_rules).settings


def runs() -> list[tuple[str, str]]:
    """Date and configuration's digest of every run, by date."""
    return sorted(map(_named, _keys("")))


def manifest(
    date: datetime.date, overlays: tuple[str, ...], patches: tuple[str, ...]
) -> dict[str, Any]:
    """The manifest of the run of that date with these layers, or of the date's last run.

    Raises
    ------
    ConfigError : there is none, or an earlier version of this project wrote it.
    """
    digest = freeze(overlays, patches) if overlays or patches else None
    keys = [key for key in _keys(f"{date}/") if digest in (None, _named(key)[1])]
    run = f"luigi --module tasks Retrain --date {date}"
    if not keys:
        raise ConfigError(
            f"there is no such run of {date}; see nightsieve runs list, or make it: {run}"
        )
    if (found := _readable(keys[-1])) is None:
        raise ConfigError(
            f"{store().address(keys[-1])}: written by an earlier version; make it again: {run}"
        )
    return found


def last_date() -> datetime.date | None:
    """The last date of which there is a run."""
    return max((datetime.date.fromisoformat(date) for date, _ in runs()), default=None)


def earlier(of: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of the last run of an earlier date whose messages come from the same table; None: there is none.

    Nor is there one if an earlier version of this project wrote it.
    """
    same = _messages(of["config"])
    dates = [
        date
        for date, digest in runs()
        if date < of["date"] and _messages(digest) == same
    ]
    if not dates:
        return None
    found = [key for key in _keys(f"{dates[-1]}/") if _messages(_named(key)[1]) == same]
    return _readable(found[-1])


def _readable(key: str) -> dict[str, Any] | None:
    manifest = json.loads(store().read(key))
    return manifest if manifest["format"] == report.FORMAT else None


def content(receipt: dict[str, Any]) -> bytes:
    """The object that a receipt, or the entry of a part, is about.

    Raises
    ------
    ArtefactError : it is not what the run wrote.
    """
    found = store().read(receipt["key"])
    if hashlib.sha256(found).hexdigest() != receipt["sha256"]:
        raise ArtefactError(
            f"{store().address(receipt['key'])}: is not the object that the run wrote"
        )
    return found


@functools.cache
def _messages(digest: str) -> dict[str, Any]:
    """Which database and which table the messages of a frozen configuration are in, whatever else it says."""
    source = json.loads(store().read(f"configs/{digest}.json"))["source"]
    return {name: source[name] for name in ("identity", "messages")}


def _keys(date: str) -> list[str]:
    """The keys of the run manifests, the one written last at the end."""
    return [
        key for key in store().keys(f"runs/{date}") if not key.endswith(".receipt.json")
    ]


def _named(key: str) -> tuple[str, str]:
    _, date, name = key.split("/")
    return date, name.removesuffix(".json")
