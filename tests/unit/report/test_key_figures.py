"""The key figures by which nights are compared."""

import datetime

import pytest

from pipeline.records.release import OutcomeKind
from pipeline.records.run import KeyFigures
from pipeline.report import key_figures
from pipeline.report.key_figures import MAX_NIGHTS, trend
from tests.support.report_records import DATE, LABELS, UNREACHED, manifest

BEFORE = "2026-11-19"


def test_the_key_figures_of_a_night_are_those_of_its_manifest():
    champion = manifest(BEFORE, serial=6)
    night = manifest(champion=champion, floor=UNREACHED)
    figures = key_figures(night)
    validation = night.results.cross_validation.metrics
    assert (figures.outcome, figures.serial) == (OutcomeKind.REFUSED, None)
    assert figures.failed_checks == ("floor of spam",)
    assert figures.reasons[0].startswith(
        "floor of spam: the precision on reviews is 0."
    )
    assert figures.f1["spam"] == validation.per_label["spam"].f1
    assert figures.f1["macro average"] == validation.macro_f1
    assert figures.shares.keys() == set(LABELS)
    assert sum(figures.shares.values()) == pytest.approx(1)


def test_a_night_before_the_published_one_gives_no_reasons():
    figures = key_figures(manifest("2026-11-18", champion=manifest(BEFORE)))
    assert figures.outcome is OutcomeKind.OLDER
    assert (figures.reasons, figures.failed_checks) == ((), ())


def test_nights_on_another_database_or_table_have_another_table():
    night = manifest()
    other = manifest()
    other.settings["source"]["messages"]["where"] = "sender is not null"
    assert key_figures(night).table == key_figures(manifest(BEFORE)).table
    assert key_figures(other).table != key_figures(night).table


def test_a_trend_has_the_last_thirty_dates_each_once_and_of_the_same_table():
    figures = key_figures(manifest())

    def night(date: datetime.date, config: str = "a", table: str = "t") -> KeyFigures:
        changes = {"date": date, "config": config, "table": table}
        return figures.model_copy(update=changes)

    last = datetime.date.fromisoformat(DATE)
    days = [last - datetime.timedelta(back) for back in range(40, -5, -1)]
    others = [night(days[38], "b"), night(days[39], "c", "another")]
    nights = trend([*map(night, days), *others], night(last, "tonight"))
    assert [figures.date for figures in nights] == days[11:41]
    assert len(nights) == MAX_NIGHTS
    assert [figures.config for figures in nights[-3:]] == ["b", "a", "tonight"]
