"""Tasks that export the fitted model, prove the export, and measure it on human labels."""

import itertools

from pipeline import export, training
from pipeline.codecs import Raw
from scorers.python import nightsieve_scorer
from tasks.base import NightTask
from tasks.ingest import IngestMessages, IngestReviews
from tasks.training import BestCandidateTask, FitModel


class ExportCoefficients(BestCandidateTask):
    """Write the fitted model as the JSON file that the device loads."""

    stage, name, codec = "export", "model", Raw("json")
    dated = True

    def requires(self) -> dict[str, NightTask]:
        return {**super().requires(), "fitted": self.clone(FitModel)}

    def run(self) -> None:
        training_set, candidate = self.load()
        model = export.assemble(self.input()["fitted"].load())
        provenance = export.provenance(self.date, self.fingerprint, candidate, training_set)
        self.output().dump(export.encode(model, provenance))


class VerifyExport(NightTask):
    """Run the plain-Python scorer over every message of the run; one label that differs fails the night."""

    stage, name = "export", "verification"

    def requires(self) -> dict[str, NightTask]:
        return {
            "model": self.clone(ExportCoefficients),
            "fitted": self.clone(FitModel),
            "messages": self.clone(IngestMessages),
        }

    def run(self) -> None:
        model, fitted, messages = (self.input()[name] for name in ("model", "fitted", "messages"))
        texts = itertools.chain.from_iterable(part["body"] for part in messages.parts())
        checked = export.verify(model.load(), fitted.load(), texts, messages.load()["counts"]["kept"], self.progress)
        self.output().dump(checked)


class EvaluateOnReviews(NightTask):
    """Compare the exported model with the human labels."""

    stage, name = "export", "reviews"
    sections = ("evaluation",)

    def requires(self) -> dict[str, NightTask]:
        return {"model": self.clone(ExportCoefficients), "reviews": self.clone(IngestReviews)}

    def run(self) -> None:
        reviews = self.input()["reviews"].load()
        scorer = nightsieve_scorer.load(self.input()["model"].load())
        evaluation = self.settings.evaluation
        self.output().dump(training.evaluate_on_reviews(reviews, scorer.label, scorer.labels, evaluation))
