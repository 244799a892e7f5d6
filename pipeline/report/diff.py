"""How the rules of a night differ from those of an earlier one."""

from pipeline.records.rules import (
    LabellingSummary,
    RuleDrift,
    RulesDrift,
    RuleStatistics,
)


def rules_drift(
    tonight: LabellingSummary, earlier: LabellingSummary | None
) -> RulesDrift:
    """Return how each rule's share of the messages changed since an earlier night.

    Parameters
    ----------
    earlier
        None without an earlier night: every rule counts as new.
    """
    if earlier is None:
        return RulesDrift(
            rules=tuple(RuleDrift(id=rule.id, change=None) for rule in tonight.rules),
            gone=(),
        )
    shares = {rule.id: _share(rule, earlier) for rule in earlier.rules}
    ids = {rule.id for rule in tonight.rules}
    drifts = []
    for rule in tonight.rules:
        share = shares.get(rule.id)
        change = None if share is None else _share(rule, tonight) - share
        drifts.append(RuleDrift(id=rule.id, change=change))
    gone = tuple(rule_id for rule_id in shares if rule_id not in ids)
    return RulesDrift(rules=tuple(drifts), gone=gone)


def _share(rule: RuleStatistics, summary: LabellingSummary) -> float:
    return rule.coverage / max(summary.messages, 1)
