"""Tasks that part the reviews which train from those which measure. Where none train, there are no such tasks."""

from pipeline import reviews
from pipeline.data.codecs import Table
from tasks.base import NightTask
from tasks.ingest import IngestReviews


class LabelByReviews(NightTask):
    """Decide which label the reviews that train give their messages."""

    stage, name, codec = "preprocessing", "human-labels", Table("human_labels")
    sections = ("training.reviews", "evaluation.aggregation")

    def requires(self) -> IngestReviews:
        return self.clone(IngestReviews)

    def run(self) -> None:
        settings = self.settings
        self.output().dump(
            reviews.human_labels(
                self.input().load(), settings.training.reviews, settings.evaluation
            )
        )


class WithholdReviews(NightTask):
    """Keep the reviews of texts that no human's label has trained: only they may measure."""

    stage, name, codec = "preprocessing", "measuring-reviews", Table("reviews")
    sections = ("training.reviews.sources", "text", "training.holdout_fraction")

    def requires(self) -> IngestReviews:
        return self.clone(IngestReviews)

    def run(self) -> None:
        settings, given = self.settings, self.input().load()
        sources = settings.training.reviews.sources
        self.output().dump(
            reviews.measuring(
                given, sources, settings.text, settings.training.holdout_fraction
            )
        )


def teaching(task: NightTask) -> list[LabelByReviews]:
    """The task that gives the labels of reviews which train, if any do."""
    return (
        [task.clone(LabelByReviews)] if task.settings.training.reviews.sources else []
    )


def measuring(task: NightTask) -> NightTask:
    """The task that gives the reviews which may measure."""
    return task.clone(
        WithholdReviews if task.settings.training.reviews.sources else IngestReviews
    )
