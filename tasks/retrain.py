"""The root task of a night, which a person, Jenkins or a range runs."""

import datetime
import functools
from collections.abc import Iterable
from typing import Any

import luigi
import luigi.interface
from luigi.parameter import ParameterVisibility
from rich.console import Console

from nightsieve.nights.addresses import night_addresses
from nightsieve.store.configurations import freeze, store_settings
from nightsieve.store.layout import Run
from nightsieve.store.objects import Store
from nightsieve.store.reports import find_readable_report
from nightsieve.store.runs import list_runs
from pipeline import report
from pipeline.errors import ConfigError
from tasks.base import NightTask, Requirements, checked_store
from tasks.luigi_setup import warm_up
from tasks.luigi_setup.parameters import ListParameter, today
from tasks.luigi_setup.redaction import strip_credentials
from tasks.report import WriteManifest, WriteReport
from tasks.targets import TaskOutput

# The configurations that this process has frozen and not written yet.
_unwritten: set[tuple[Store, str]] = set()


class Retrain(NightTask):
    """Retrain the classifier for one night.

    ``--config`` and ``--patch`` become the digest of the resolved, frozen
    configuration, which every task has as a parameter, beside the date.
    """

    # `get_param_values` puts the digest, a string, in place of the layers.
    config: str = ListParameter(  # type: ignore[assignment]
        default=(),
        description="overlays: YAML files or s3:// addresses; or a frozen digest",
    )
    patch: tuple[str, ...] = ListParameter(
        default=(),
        significant=False,
        visibility=ParameterVisibility.PRIVATE,
        description="values of single keys: a.b=value",
    )
    allow_future: bool = luigi.BoolParameter(
        significant=False,
        visibility=ParameterVisibility.PRIVATE,
        description="make a night after today (UTC), too",
    )

    @classmethod
    def get_param_values(
        cls, params: Any, args: Any, kwargs: Any
    ) -> list[tuple[str, Any]]:
        """Return the parameters, with the digest in place of the layers.

        Raises
        ------
        ConfigError
            The night is in the future, and ``allow_future`` is not set.
        """
        values = dict(super().get_param_values(params, args, kwargs))
        if values["date"] > today() and not values["allow_future"]:
            raise ConfigError(
                f"--date {values['date']}: after today, {today()} (UTC); "
                "correct it, or add --allow-future"
            )
        store = checked_store(values["storage"])
        values["config"] = freeze_once(store, values["config"], values["patch"])
        values["patch"] = ()
        values["allow_future"] = False
        return list(values.items())

    def fingerprint_parameters(self) -> dict[str, object]:
        """Return nothing: the digest holds what the layers say."""
        return {}

    @property
    def refused(self) -> bool:
        """Whether the night is complete and no model was published for it.

        Read from the report's index, which is much smaller than the run manifest.
        """
        index = find_readable_report(self.store, Run(self.date, self.config))
        return index is not None and index.figures.outcome.held_back

    @property
    def nights(self) -> list[str]:
        """The night, by its date and its configuration: what this root makes."""
        return [f"{self.date} ({self.config})"]

    def requires(self) -> Requirements:
        return {
            "manifest": self.clone(WriteManifest),
            "report": self.clone(WriteReport),
        }

    def output(self) -> TaskOutput:
        return self.clone(WriteManifest).output()

    def complete(self) -> bool:
        """Return whether the report and the run manifest exist and are whole."""
        if not self.finished:
            ends = [self.clone(WriteReport), self.clone(WriteManifest)]
            return all(task.complete() for task in ends)
        return True

    def deps(self) -> list[NightTask]:
        """Return the required tasks; luigi calls this only if there is work.

        So the configuration, which other workers read, is written here, after the
        layout.
        """
        required = super().deps()
        _write_settings(self.store, self.config)
        warm_up.import_for_ingest()
        return required

    def prepare(self) -> None:
        """Import and build what the tasks after ingest need, before they are forked."""
        warm_up.prepare(self.settings)

    @classmethod
    def bulk_complete(
        cls, parameter_tuples: Iterable[datetime.date]
    ) -> list[datetime.date]:
        """Return the nights among these that are complete.

        One listing of the runs excludes most nights without a request for each.
        """
        nights = [cls(date=date) for date in parameter_tuples]
        if not nights:
            return []
        runs = set(list_runs(nights[0].store))
        complete = []
        for night in nights:
            if Run(night.date, night.config) in runs and night.complete():
                complete.append(night.date)
        return complete

    def run(self) -> None:
        """Print the summary of the night."""
        manifest = self.input()["manifest"].load()
        addresses = night_addresses(self.store, manifest, self.page)
        console = Console(width=report.SUMMARY_WIDTH, highlight=False)
        console.print(report.summary(manifest, addresses), soft_wrap=True)
        self.finished = True

    @property
    def page(self) -> str | None:
        """The address of luigid's graph of the run; None without a luigid."""
        core = luigi.interface.core()
        if core.local_scheduler:
            return None
        host = f"http://{core.scheduler_host}:{core.scheduler_port}"
        base = strip_credentials(core.scheduler_url or host).rstrip("/")
        fragment = f"tab=graph&visType=svg&taskId={self.task_id}"
        return f"{base}/static/visualiser/index.html#{fragment}"


@functools.cache
def freeze_once(
    store: Store, overlays: tuple[str, ...], patches: tuple[str, ...]
) -> str:
    """Freeze the layers and return their digest; a process reads them once.

    Luigi resolves the parameters whenever it makes a task.
    """
    digest = freeze(store, overlays, patches)
    if overlays != (digest,):
        _unwritten.add((store, digest))
    return digest


def _write_settings(store: Store, digest: str) -> None:
    """Write a configuration that this process has frozen, once."""
    if (store, digest) in _unwritten:
        store_settings(store, digest)
        _unwritten.remove((store, digest))
