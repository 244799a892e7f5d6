"""Reports in S3: ``reports/<date>/<config digest>/``, and ``reports/index.html``, the page of all nights.

A report's `report.json` is written last: it holds the fingerprint, every file's sha256, and the night's key figures.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nightsieve.store.artefacts import Artefact
from nightsieve.store.models import Registry
from nightsieve.store.objects import Conflict, Store, store
from pipeline import report
from pipeline.data.codecs import Json
from pipeline.errors import ArtefactError
from tasks.base import NightTask

_AT_ONCE = 8  # requests
_TRIES = 20


class ReportArtefact(Artefact):
    """The files of a night's report; the value is what `report.json` says of them."""

    def __init__(self, task: NightTask):
        super().__init__(
            f"{_folder(task.date.isoformat(), task.config)}/report.json", Json(), task
        )

    def dump(self, files: dict[str, bytes], figures: dict[str, Any]) -> None:
        """Write the files, the page of all nights anew, then what the report is made of."""
        folder = self.key.rpartition("/")[0]
        for name, content in files.items():
            store().write(f"{folder}/{name}", content)
        write_index(store(), figures)
        digests = {
            name: hashlib.sha256(content).hexdigest() for name, content in files.items()
        }
        value = {
            "fingerprint": self.task.fingerprint,
            "figures": figures,
            "files": digests,
        }
        self._write(self.codec.encode(value), None)


def nights(at: Store) -> list[dict[str, Any]]:
    """The key figures of every night, the one whose manifest was written last at the end.

    Each has the address of its ``report``, from the page of all nights; null for one that has none (yet). Nights of an
    earlier version of this project are left out.
    """
    keys = [key for key in at.keys("runs/") if not key.endswith(".receipt.json")]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(filter(None, pool.map(lambda key: _night(at, key), keys)))


def manifest(at: Store, night: dict[str, Any] | None) -> dict[str, Any] | None:
    """The run manifest of the night of this ``date`` and ``config``; None without one, or if it is gone."""
    found = (
        at.read_tagged(f"runs/{night['date']}/{night['config']}.json")
        if night
        else None
    )
    return found and _readable(found[0])


def files(at: Store, date: str, config: str) -> dict[str, bytes]:
    """The files of a night's report by their names; none of a night that has no report.

    Raises
    ------
    ArtefactError : one is not what was written.
    """
    found = at.read_tagged(f"{_folder(date, config)}/report.json")
    digests = json.loads(found[0])["files"] if found else {}
    contents = {name: at.read(f"{_folder(date, config)}/{name}") for name in digests}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != digests[name]:
            raise ArtefactError(
                f"{at.address(f'{_folder(date, config)}/{name}')}: is not the file that was written"
            )
    return contents


def write_index(at: Store, tonight: dict[str, Any] | None = None) -> None:
    """Write the page of all nights, tonight's report, if there is one, being there already.

    Two nights may end together, and the slower one not know of the other: so it looks again until nothing is new.
    """
    written = None
    for _ in range(_TRIES):
        found = nights(at)
        if tonight:
            there = [each for each in found if _link(each) != _link(tonight)]
            found = [*there, {**tonight, "report": _link(tonight)}]
        shown = (found, *_published(at, found))
        if shown == written:
            return
        for name, content in report.nights_page(*shown).items():
            at.write(f"reports/{name}", content)
        written = shown
    raise Conflict(
        f"{at.address('reports/index.html')}: others write it all the time; try again"
    )


def _published(
    at: Store, nights: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The registry's entry of the current model, and those of the models that rollbacks made, none of a night's own."""
    registry = Registry(at)
    pointer, own = registry.current(), {night["serial"] for night in nights}
    others = map(
        registry.find, [serial for serial in registry.serials() if serial not in own]
    )
    return pointer and registry.find(pointer["serial"]), [
        entry for entry in others if entry and "restores" in entry
    ]


def _readable(content: bytes) -> dict[str, Any] | None:
    """The run manifest; None if an earlier version of this project wrote it."""
    found = json.loads(content)
    return found if found["format"] == report.FORMAT else None


def _night(at: Store, key: str) -> dict[str, Any] | None:
    _, date, name = key.split("/")
    folder = _folder(date, name.removesuffix(".json"))
    if found := at.read_tagged(f"{folder}/report.json"):
        figures = json.loads(found[0])["figures"]
        return {**figures, "report": _link(figures)}
    found = _readable(at.read(key))
    return found and {**report.key_figures(found), "report": None}


def _link(night: dict[str, Any]) -> str:
    return f"{night['date']}/{night['config']}/index.html"


def _folder(date: str, config: str) -> str:
    return f"reports/{date}/{config}"
