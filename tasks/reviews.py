"""Tasks that decide on one label for each reviewed message."""

from pipeline import reviews
from pipeline.data.codecs import Table
from tasks.base import NightTask
from tasks.ingest import IngestReviews


class LabelByReviews(NightTask):
    """Decide on the label of each message whose reviews train."""

    stage = "reviews"
    name = "human-labels"
    codec = Table("human_labels")
    sections = ("training.reviews", "evaluation.aggregation")

    def requires(self) -> IngestReviews:
        return self.clone(IngestReviews)

    def run(self) -> None:
        settings = self.settings
        labels = reviews.human_labels(
            self.input().load(),
            settings.training.reviews,
            settings.evaluation.aggregation,
        )
        self.output().dump(labels)


class AggregateReviews(NightTask):
    """Decide on one label for each reviewed message that may measure a model."""

    stage = "reviews"
    name = "reviewed-messages"
    codec = Table("reviewed_messages")
    version = 2
    sections = (
        "training.reviews.sources",
        "training.holdout_fraction",
        "text",
        "evaluation.sources",
        "evaluation.aggregation",
        "evaluation.merge",
    )

    def requires(self) -> IngestReviews:
        return self.clone(IngestReviews)

    def run(self) -> None:
        settings = self.settings
        reviewed = reviews.aggregate_reviews(
            self.input().load(),
            settings.training.reviews,
            settings.training.holdout_fraction,
            settings.text,
            settings.evaluation,
        )
        self.output().dump(reviewed)


def reviews_for_training(task: NightTask) -> list[LabelByReviews]:
    """Return the task that labels messages by reviews; none if no review trains."""
    if not task.settings.training.reviews.sources:
        return []
    return [task.clone(LabelByReviews)]
