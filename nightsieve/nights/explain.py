"""Why a task of a night ran, or did not: what its fingerprint has that the one of another night had not."""

from collections.abc import Iterator
from typing import Any

from pipeline.config import differences
from pipeline.report import task_name

SHOWN = 8  # differences named of a section


def explain(
    manifest: dict[str, Any], before: dict[str, Any]
) -> Iterator[tuple[str, list[str]]]:
    """For each task of the night, in the order in which they ran, its name and what of it differs from a night before.

    Both are run manifests. A task is another one if its own date, version, parameters or configuration is, or a task
    that it rests on is; nothing differs where the night took over what was there.
    """
    theirs = {task_name(receipt): receipt for receipt in before["tasks"]}
    others: set[str] = set()
    for receipt in manifest["tasks"]:
        other = theirs.get(task_name(receipt))
        if other and other["key"] == receipt["key"]:
            yield task_name(receipt), []
            continue
        reasons = (
            list(_own(receipt, other, manifest["settings"], before["settings"]))
            if other
            else ["is new"]
        )
        inherited = [family for family in receipt["requires"] if family in others]
        reasons += [f"rests on {', '.join(inherited)}"] if inherited else []
        others.add(receipt["task"])
        yield task_name(receipt), reasons


def _own(
    receipt: dict[str, Any], other: dict[str, Any], settings: dict, theirs: dict
) -> Iterator[str]:
    """What of the task itself differs."""
    for name in ("date", "version"):
        if receipt[name] != other[name]:
            yield f"{name} {other[name]} became {receipt[name]}"
    for name, value in receipt["parameters"].items():
        if other["parameters"].get(name) != value:
            yield f"other {name}"
    for path in receipt["sections"]:
        found = list(differences(path, _at(settings, path), _at(theirs, path)))
        yield from found[:SHOWN]
        if len(found) > SHOWN:
            yield f"{len(found) - SHOWN} more of {path}"


def _at(settings: dict, path: str) -> Any:
    for key in path.split("."):
        settings = settings[key]
    return settings
