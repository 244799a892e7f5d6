"""Print how the objects of a night and of its replay compare."""

from collections.abc import Sequence

import click

from nightsieve.cli.replay import ReplayedTask, ReplayOutcome
from pipeline.records.run import RunManifest
from pipeline.records.words import plural
from pipeline.report import environment

_REASONS = {
    ReplayOutcome.MISSING: "not made, the task has another fingerprint today",
    ReplayOutcome.OTHER: "other bytes",
    ReplayOutcome.LEFT_OUT: "left out, a model that it was compared with is gone",
    ReplayOutcome.ERASED: "erased, messages of it are gone",
}
_NOT_COMPARED = (ReplayOutcome.LEFT_OUT, ReplayOutcome.ERASED)


def print_replay(manifest: RunManifest, replayed: Sequence[ReplayedTask]) -> bool:
    """Print what differs; return whether every compared object is the same."""
    for task in replayed:
        if task.outcome is not ReplayOutcome.SAME:
            click.echo(f"{task.task}: {_REASONS[task.outcome]} ({task.key})")
    versions = environment()
    for name, version in manifest.environment.items():
        if versions[name] != version:
            click.echo(f"{name}: {version} then, {versions[name]} now")
    outcomes = [task.outcome for task in replayed]
    same = outcomes.count(ReplayOutcome.SAME)
    compared = len(outcomes) - sum(map(outcomes.count, _NOT_COMPARED))
    erased = outcomes.count(ReplayOutcome.ERASED)
    if erased:
        click.echo(
            f"{plural(erased, 'object')} cannot be compared: "
            f"{plural(manifest.erased, 'message')} of the night were erased"
        )
    click.echo(f"{same} of {compared} objects are the same, byte for byte")
    return same == compared
