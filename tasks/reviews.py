"""Tasks that part the reviews which train from those which measure. Where none train, there are no such tasks."""

from pipeline import reviews
from pipeline.data.codecs import Table
from tasks.base import NightTask
from tasks.ingest import IngestReviews


class LabelByReviews(NightTask):
    """Decide which label the reviews that train give their messages."""

    stage, name, codec = "preprocessing", "human-labels", Table("human_labels")
    sections = ("evaluation.train", "evaluation.aggregation")

    def requires(self) -> IngestReviews:
        return self.clone(IngestReviews)

    def run(self) -> None:
        self.output().dump(
            reviews.human_labels(self.input().load(), self.settings.evaluation)
        )


class WithholdReviews(NightTask):
    """Keep the reviews of texts that no human's label has trained: only they may measure."""

    stage, name, codec = "preprocessing", "measuring-reviews", Table("reviews")
    sections = ("evaluation.train.sources", "text", "release.holdout")

    def requires(self) -> IngestReviews:
        return self.clone(IngestReviews)

    def run(self) -> None:
        settings, given = self.settings, self.input().load()
        sources = settings.evaluation.train.sources
        self.output().dump(
            reviews.measuring(given, sources, settings.text, settings.release.holdout)
        )


def teaching(task: NightTask) -> list[LabelByReviews]:
    """The task that gives the labels of reviews which train, if any do."""
    return (
        [task.clone(LabelByReviews)] if task.settings.evaluation.train.sources else []
    )


def measuring(task: NightTask) -> NightTask:
    """The task that gives the reviews which may measure."""
    return task.clone(
        WithholdReviews if task.settings.evaluation.train.sources else IngestReviews
    )
