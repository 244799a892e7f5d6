"""Explain why a task of a night ran: what changed that its fingerprint covers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from pipeline.config import differences
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest

SHOWN = 8  # differences of a section that are named


@dataclass(frozen=True)
class Explanation:
    """The differences between a task and the same task of another night.

    Attributes
    ----------
    task
        The family of the task.
    name
        The family and, where there are several tasks of it, the task's parameters.
    reasons
        What differs; empty where the night took over the existing object.

    Examples
    --------
    >>> Explanation("FitModel", "FitModel", ("depends on BuildTrainingSet",)).reasons
    ('depends on BuildTrainingSet',)
    """

    task: str
    name: str
    reasons: tuple[str, ...]


def explain(manifest: RunManifest, before: RunManifest) -> Iterator[Explanation]:
    """Yield, for each task of a night, what differs from another night.

    A task differs if its own date, version, parameters or configuration differs, or a
    task that it depends on. The tasks come in the order in which they can run.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> changes = {"version": 2, "key": "ingest/messages-01ab.json"}
    >>> changed = night.receipt("IngestMessages").model_copy(update=changes)
    >>> tonight = night.model_copy(update={"tasks": (changed,)})
    >>> [explanation.reasons for explanation in explain(tonight, night)]
    [('version 1 became 2',)]
    """
    changed_families: set[str] = set()
    for receipt in manifest.tasks:
        name = _name(receipt, manifest)
        receipt_before = _counterpart(receipt, manifest, before)
        if receipt_before is None:
            reasons = ["is new"]
        elif receipt_before.key == receipt.key:
            yield Explanation(receipt.task, name, ())
            continue
        else:
            reasons = [
                *_own_changes(receipt, receipt_before),
                *_changed_settings(receipt, manifest.settings, before.settings),
            ]
        inherited = [task for task in receipt.requires if task in changed_families]
        if inherited:
            reasons.append(f"depends on {', '.join(inherited)}")
        changed_families.add(receipt.task)
        yield Explanation(receipt.task, name, tuple(reasons))


def _name(receipt: Receipt, manifest: RunManifest) -> str:
    """Return the family of a task and, where it has several, the task's parameters."""
    is_only_one = len(manifest.receipts(receipt.task)) == 1
    return receipt.task if is_only_one else receipt.task_name


def _counterpart(
    receipt: Receipt, manifest: RunManifest, before: RunManifest
) -> Receipt | None:
    """Return the receipt of the same task of another night; None if there is none.

    The only task of a family may have other parameters there. Among several tasks, the
    same task is the one with the same parameters.
    """
    candidates = before.receipts(receipt.task)
    if len(candidates) == len(manifest.receipts(receipt.task)) == 1:
        return candidates[0]
    for candidate in candidates:
        if candidate.parameters == receipt.parameters:
            return candidate
    return None


def _own_changes(receipt: Receipt, before: Receipt) -> Iterator[str]:
    if receipt.date != before.date:
        yield f"date {before.date} became {receipt.date}"
    if receipt.version != before.version:
        yield f"version {before.version} became {receipt.version}"
    for name, value in receipt.parameters.items():
        if before.parameters.get(name) != value:
            yield f"parameter {name} changed"


def _changed_settings(
    receipt: Receipt,
    settings: Mapping[str, JsonValue],
    before: Mapping[str, JsonValue],
) -> Iterator[str]:
    for path in receipt.sections:
        value = _section(settings, path)
        changes = list(differences(path, value, _section(before, path)))
        yield from changes[:SHOWN]
        if len(changes) > SHOWN:
            yield f"{len(changes) - SHOWN} more changes in {path}"


def _section(settings: Mapping[str, JsonValue], path: str) -> JsonValue:
    """Return the part of a configuration at a dotted path; None if it is not there."""
    value: JsonValue = dict(settings)
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
