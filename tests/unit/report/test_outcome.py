"""What became of a night's model, in a sentence."""

import datetime

import pytest

from pipeline.records.release import OutcomeKind, Overtaken
from pipeline.report.outcome import outcome
from tests.support.report_records import UNREACHED, manifest, with_results

NEXT_DAY = datetime.date(2026, 11, 21)


@pytest.mark.parametrize(
    ("date", "later", "kind", "sentence"),
    [
        (
            NEXT_DAY,
            True,
            OutcomeKind.OLDER,
            "Not published: the model of a later night is already published.",
        ),
        (
            datetime.date(2026, 11, 19),
            False,
            OutcomeKind.OVERTAKEN,
            "Not published: model 9 was published after this one was judged. "
            "The next night is compared with model 9.",
        ),
    ],
)
def test_a_model_may_be_published_while_another_one_is_judged(
    date: datetime.date, later: bool, kind: OutcomeKind, sentence: str
):
    night = manifest()
    overtaken = Overtaken(serial=9, date=date, later=later)
    changes = {"serial": None, "overtaken": overtaken}
    publication = night.results.publication.model_copy(update=changes)
    overtaken_night = outcome(with_results(night, publication=publication).results)
    assert (overtaken_night.kind, overtaken_night.sentence) == (kind, sentence)


def test_a_failed_check_is_a_reason_in_a_line_and_by_its_name():
    refused = outcome(manifest(floor=UNREACHED).results)
    (reason,) = refused.reasons
    assert reason.startswith("floor of spam: the precision on reviews is 0.9")
    assert reason.endswith("; it must be at least 0.999")
    assert refused.failed_checks == ("floor of spam",)
