"""The nightly root: the one task that a person, Jenkins or a range asks for."""

import datetime
import functools
import gc
import importlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import luigi
import luigi.interface
from luigi.parameter import ParameterVisibility

from nightsieve.store.artefacts import Artefact
from nightsieve.store.objects import Store, split_address, store
from pipeline import (
    config,
    export,
    ingest,
    labelling,
    preprocessing,
    release,
    report,
    text,
    training,
)
from pipeline.errors import ConfigError
from pipeline.rules.files import read_rules
from tasks.base import NightTask, load_settings, store_settings
from tasks.luigi_setup.redaction import without_account
from tasks.report import WriteManifest, WriteReport

_DIGEST = re.compile(r"[0-9a-f]{16}")
_LATER_STAGES = (labelling, preprocessing, training, export, release, report)
# What libraries import at their first use: the checks of tables, Parquet, the database's driver.
_LAZY = (
    "pipeline.data.schemas", "pandera.backends.pandas.register", "pandera.accessors.pandas_accessor",
    "pandera.backends.pandas.builtin_checks", "pandera.backends.pandas.builtin_hypotheses",
    "pyarrow.dataset", "pyarrow.pandas_compat", "sqlalchemy.dialects.postgresql.psycopg2",
)  # fmt: skip


class ListParameter(luigi.Parameter):
    """A parameter given any number of times, ``--patch a=1 --patch b=2`` or ``--patch a=1 b=2``; a tuple of strings."""

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
        return (
            tuple(json.loads(value))
            if isinstance(value, str) and value.startswith("[")
            else self.normalize(value)
        )

    def normalize(self, value: str | Iterable[str]) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else tuple(value)

    def serialize(self, value: str | tuple[str, ...]) -> str:
        return value if isinstance(value, str) else json.dumps(value)


class Retrain(NightTask):
    """Retrain the classifier for one night.

    ``--config`` and ``--patch`` become the digest of the resolved, frozen configuration, which is stored in S3; that
    digest is the one parameter that this task, and every other, carries.
    """

    config: str = ListParameter(
        default=(),
        description="overlays: YAML files or s3:// addresses; or a frozen digest",
    )
    patch: tuple[str, ...] = ListParameter(
        default=(),
        significant=False,
        visibility=ParameterVisibility.PRIVATE,
        description="single keys: a.b=value",
    )

    @classmethod
    def get_param_values(
        cls, params: Any, args: Any, kwargs: Any
    ) -> list[tuple[str, Any]]:
        values = dict(super().get_param_values(params, args, kwargs))
        values["config"] = freeze(values["config"], values["patch"])
        return list({**values, "patch": ()}.items())

    @property
    def refused(self) -> bool:
        """Whether the night is complete and its model was not good enough to be published, or came too late."""
        return report.outcome(self.requires()["manifest"].manifest["results"]).held_back

    def requires(self) -> dict[str, NightTask]:
        return {
            "manifest": self.clone(WriteManifest),
            "report": self.clone(WriteReport),
        }

    def output(self) -> Artefact:
        return self.requires()["manifest"].output()

    def complete(self) -> bool:
        # The report rests on the manifest, and its fingerprint on the manifest's.
        return self.finished or self.requires()["report"].complete()

    def deps(self) -> list[NightTask]:
        import_for_ingest()  # asked for only when there is work
        return super().deps()

    def prepare(self) -> None:
        """Import and build what ingest can do without: while it is at work, and before any other task is forked."""
        prepare(self.settings)

    @classmethod
    def bulk_complete(
        cls, parameter_tuples: Iterable[datetime.date]
    ) -> list[datetime.date]:
        """The nights among these that are complete, from one listing and a look at those that it names."""
        there = set(store().keys("runs/"))
        nights = {date: cls(date=date) for date in parameter_tuples}
        return [
            date
            for date, night in nights.items()
            if night.output().key in there and night.complete()
        ]

    def run(self) -> None:
        report.show(self.input()["manifest"].load(), store().address(""), self.page)
        self.finished = True

    @property
    def page(self) -> str | None:
        """Where luigid draws the run's graph; None when the scheduler lives in this process."""
        core = luigi.interface.core()
        if core.local_scheduler:
            return None
        base = without_account(
            core.scheduler_url or f"http://{core.scheduler_host}:{core.scheduler_port}"
        )
        return f"{base.rstrip('/')}/static/visualiser/index.html#tab=graph&visType=svg&taskId={self.task_id}"


def import_for_ingest() -> None:
    """Import once, in the process that forks, what the tasks that ingest would else import for themselves."""
    _import(ingest)
    for module in _LAZY:
        importlib.import_module(module)


def prepare(settings: config.Settings) -> None:
    """Import and build once, in the process that forks, what every task would else import and build for itself."""
    import_for_ingest()
    for stage in _LATER_STAGES:
        _import(stage)
    text.Tokeniser.from_settings(
        settings.text
    )  # keeps the character map, which takes a second to build
    gc.freeze()  # else a worker's collector would touch, and so copy, all that it shares with this process


def _import(stage: ModuleType) -> None:
    for name in stage.__all__:
        getattr(stage, name)


@functools.cache
def freeze(overlays: tuple[str, ...], patches: tuple[str, ...]) -> str:
    """The digest of the configuration that the layers resolve to, stored as ``configs/<digest>.json``."""
    if len(overlays) == 1 and _DIGEST.fullmatch(overlays[0]):
        if patches:
            raise ConfigError(
                f"--patch: {overlays[0]} is a frozen configuration; patch the files that it came from"
            )
        load_settings(overlays[0])  # raises when there is no such configuration
        return overlays[0]
    settings = identified(config.resolve(layers(overlays, patches), read_rules))
    digest = config.digest(config.canonical(settings))
    store_settings(digest, settings)
    return digest


def identified(resolved: config.Resolved) -> config.Settings:
    """Fill in which database ``source.url`` means; that needs the URL's variable."""
    source = resolved.settings.source
    url = ingest.database_url(source, origin=resolved.origin("source.url"))
    return config.with_identity(resolved.settings, ingest.database_identity(url))


def layers(overlays: Iterable[str], patches: Iterable[str]) -> list[config.Layer]:
    """The repository's defaults, then the overlays, then the patches."""
    return [
        config.file_layer(config.DEFAULTS),
        *map(_overlay, overlays),
        *map(config.patch_layer, patches),
    ]


def _overlay(address: str) -> config.Layer:
    if not address.startswith("s3://"):
        return config.file_layer(Path(address))
    bucket, key = split_address(address)
    return config.text_layer(address, Store(f"s3://{bucket}").read(key), Path.cwd())
