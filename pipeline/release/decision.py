"""Whether tonight's model is published."""

import datetime

from pipeline.config.settings import MAX_LOOKBACK, Gate
from pipeline.records.models import ModelEntry
from pipeline.records.release import Decision, Verdict
from pipeline.release.checks import GateInput, Measurements, check_model
from pipeline.release.comparison import Evidence
from pipeline.release.contenders import Contender, Opponents


def judge(
    gate: Gate,
    tonight: Contender,
    opponents: Opponents,
    measurements: Measurements,
    evidence: Evidence,
    *,
    today: datetime.date,
) -> Decision:
    """Compare tonight's model with those published before, and decide.

    Parameters
    ----------
    today
        The day of the decision (UTC).
    """
    published = opponents.champion
    champion = None if published is None else published.contender
    earlier = None
    earlier_serial = None
    if opponents.earlier is not None and opponents.earlier.contender is not None:
        earlier = opponents.earlier.contender
        earlier_serial = opponents.earlier.entry.serial
    with_thresholds = None
    champion_on_reviews = None
    if champion is not None:
        champion_on_reviews = evidence.evaluate_champion(tonight, champion)
        if _any_has_thresholds(tonight, champion, earlier):
            with_thresholds = evidence.compare(tonight, champion, earlier, True)
    night = GateInput(
        date=tonight.traits.date,
        today=today,
        measurements=measurements,
        champion=None if published is None else published.entry,
        unsupported=None if published is None else published.unsupported,
        earlier=earlier_serial,
        compared=evidence.compare(tonight, champion, earlier, False),
        compared_with_thresholds=with_thresholds,
        champion_on_reviews=champion_on_reviews,
    )
    return decide(gate, night)


def decide(gate: Gate, night: GateInput) -> Decision:
    """Return whether tonight's model is published, and why.

    It is published if no check fails, or if an override names this night.
    """
    checks = check_model(gate, night)
    has_failed = any(check.verdict is Verdict.FAILED for check in checks)
    override = _override_of(gate, night.date) if has_failed else None
    return Decision(
        publish=not has_failed or override is not None,
        override=override,
        champion=None if night.champion is None else night.champion.serial,
        earlier=night.earlier,
        predecessors=_predecessors(night.champion, override),
        checks=checks,
        figures=night.measurements.figures,
        compared=night.compared,
        compared_with_thresholds=night.compared_with_thresholds,
    )


def _any_has_thresholds(*models: Contender | None) -> bool:
    return any(model.has_thresholds for model in models if model is not None)


def _override_of(gate: Gate, date: datetime.date) -> str | None:
    """Return the reason of the override for a night; None without one."""
    if gate.override is None or gate.override.night != date:
        return None
    return gate.override.reason


def _predecessors(champion: ModelEntry | None, override: str | None) -> tuple[int, ...]:
    """Return the serials of the models that led to tonight's, the latest one last.

    An override starts a new line: what it accepted must not fail later nights.
    """
    if champion is None or override is not None:
        return ()
    return (*champion.predecessors, champion.serial)[-MAX_LOOKBACK:]
