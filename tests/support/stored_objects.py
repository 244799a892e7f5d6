"""Models, decisions and manifests that nobody trained."""

import datetime
import functools

from nightsieve.store.layout import Run
from nightsieve.store.objects import Store
from nightsieve.store.runs import manifest_of
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    ExportManifest,
    FileDescription,
    Verification,
)
from pipeline.records.models import ModelFacts, ModelTraits
from pipeline.records.receipt import Account
from pipeline.records.release import (
    Compared,
    Decision,
    ModelComparison,
    Publication,
    ReferenceFigures,
)
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.run import FORMAT, NightResults, RunManifest
from pipeline.records.sample import SampleCounts, ShardManifest
from pipeline.records.training import CrossValidationResult, SearchResult
from pipeline.statistics.interval import UNDEFINED
from pipeline.statistics.metrics import Metrics

NIGHT = datetime.date(2026, 11, 20)
CONFIG = "0123456789abcdef"
ACCOUNT = Account(
    task="Task",
    version=1,
    date=None,
    sections=(),
    parameters={},
    requires=(),
    rows_in=None,
    seconds=0.5,
    peak_memory_mib=64,
    host="here",
)
FIGURES = ReferenceFigures(messages=9, coverage=1.0, shares={}, reviews=None)
DESCRIPTION = ExportManifest(
    format="nightsieve-manifest",
    version="1.0",
    training="ab" * 32,
    labels=("ham", "spam"),
    terms=2,
    bits=10,
    files={MODEL_FILE: FileDescription(sha256="ab" * 32, bytes=2, gzipped_bytes=1)},
    verification=Verification(
        texts=9,
        vectors=2,
        languages=("python",),
        differences=0,
        flips=0,
        proved=9,
        observed=0,
        largest_score_difference=0.0,
    ),
)
FILES = {MODEL_FILE: b"{}", MANIFEST_FILE: DESCRIPTION.to_json()}
_COMPARED = Compared(
    documents=0,
    messages=0,
    macro_f1=None,
    per_label={},
    churn=None,
    churn_per_label={},
)


def november(day: int) -> datetime.date:
    """Return a night in November."""
    return datetime.date(2026, 11, day)


def facts(
    date: datetime.date = NIGHT, predecessors: tuple[int, ...] = ()
) -> ModelFacts:
    """Return what is kept of the model of a night."""
    traits = ModelTraits(date=date, holdout=0.1, text="cd" * 8, taught_by=())
    return ModelFacts(
        traits=traits,
        config=CONFIG,
        figures=FIGURES,
        champion=predecessors[-1] if predecessors else None,
        predecessors=predecessors,
    )


def decision(
    champion: int | None = None,
    publish: bool = True,
    predecessors: tuple[int, ...] = (),
) -> Decision:
    """Return a decision on a model that was compared with a champion."""
    comparison = ModelComparison(reviews=_COMPARED, holdout=_COMPARED, earlier=None)
    return Decision(
        publish=publish,
        override=None,
        champion=champion,
        earlier=None,
        predecessors=predecessors,
        checks=(),
        figures=FIGURES,
        compared=comparison,
        compared_with_thresholds=None,
    )


@functools.cache
def manifest(
    date: datetime.date = NIGHT,
    champion: int | None = None,
    serial: int | None = None,
) -> RunManifest:
    """Return the manifest of a run of this date with `CONFIG`."""
    results = NightResults(
        messages=ShardManifest(
            parts=(),
            counts=SampleCounts(sampled=9, null_bodies=0, oversized_bodies=0, kept=9),
        ),
        rules=LabellingSummary(
            messages=9,
            labelled=9,
            silent=0,
            tied=0,
            labels={},
            dead=(),
            duplicates=(),
            always_together=(),
            fallbacks=(),
            rules=(),
        ),
        search=SearchResult(best=0, candidates=()),
        cross_validation=CrossValidationResult(
            folds=2,
            converged=True,
            metrics=Metrics(
                labels=(),
                n=0,
                per_label={},
                macro_f1=UNDEFINED,
                accuracy=UNDEFINED,
                confusion=(),
            ),
            thresholds={},
            with_thresholds=None,
            curves={},
        ),
        description=DESCRIPTION,
        reviews=ReviewEvaluation(
            reviews=0,
            messages=0,
            ties=0,
            unknown_labels={},
            metrics=None,
            with_thresholds=None,
        ),
        decision=decision(champion, publish=serial is not None),
        publication=Publication(serial=serial, overtaken=None, removed=()),
    )
    return RunManifest(
        format=FORMAT,
        date=date,
        config=CONFIG,
        fingerprint="ef" * 8,
        environment={},
        results=results,
        tasks=(),
        settings={"source": {"identity": "db", "messages": {"table": "messages"}}},
    )


def write_run(
    store: Store,
    date: datetime.date,
    champion: int | None = None,
    serial: int | None = None,
) -> None:
    """Write the manifest of a run into a store."""
    artefact = manifest_of(store, Run(date, CONFIG))
    artefact.dump(manifest(date, champion, serial), ACCOUNT)
