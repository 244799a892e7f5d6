"""Why a task of a night ran, or did not: what its fingerprint has that the one of another night had not."""

from collections.abc import Iterator
from typing import Any

SHOWN = 8  # differences named of a section


def explain(manifest: dict[str, Any], before: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """For each task of the night, in the order in which they ran, its name and what of it differs from a night before.

    Both are run manifests. A task is another one if its own date, version, parameters or configuration is, or a task
    that it rests on is; nothing differs where the night took over what was there.
    """
    theirs = {_name(receipt): receipt for receipt in before["tasks"]}
    others: set[str] = set()
    for receipt in manifest["tasks"]:
        other = theirs.get(_name(receipt))
        if other and other["key"] == receipt["key"]:
            yield _name(receipt), []
            continue
        reasons = list(_own(receipt, other, manifest["settings"], before["settings"])) if other else ["is new"]
        inherited = [family for family in receipt["requires"] if family in others]
        reasons += [f"rests on {', '.join(inherited)}"] if inherited else []
        others.add(receipt["task"])
        yield _name(receipt), reasons


def differences(path: str, value: Any, before: Any) -> Iterator[str]:
    """The keys below a path at which two configurations differ; of rules their ids."""
    if value == before:
        return
    if isinstance(value, dict) and isinstance(before, dict):
        for key in sorted(value.keys() | before.keys()):
            yield from differences(f"{path}.{key}", value.get(key), before.get(key))
    elif path == "labelling.rules":
        ours, theirs = ({rule["id"]: rule for rule in rules} for rules in (value, before))
        for id_ in sorted(ours.keys() | theirs.keys()):
            if ours.get(id_) != theirs.get(id_):
                what = "added" if id_ not in theirs else "removed" if id_ not in ours else "changed"
                yield f"rule {id_} {what}"
        if ours == theirs:
            yield "rules in another order"
    else:
        yield f"{path}: {_short(before)} became {_short(value)}"


def _own(receipt: dict[str, Any], other: dict[str, Any], settings: dict, theirs: dict) -> Iterator[str]:
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


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _name(receipt: dict[str, Any]) -> str:
    """A task by its family and, where there are several, its shard or candidate."""
    parameters = receipt["parameters"]
    if receipt["task"] == "EvaluateCandidate":
        return f"{receipt['task']}({', '.join(f'{name}={value}' for name, value in parameters.items())})"
    return receipt["task"] + (f"(shard={parameters['shard']})" if "shard" in parameters else "")
