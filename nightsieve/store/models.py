"""Published models in S3: ``models/<serial>/``, complete before ``models/current.json`` names it.

A serial is claimed by an object of one's own under it; whoever then sees another's claim there takes the next. Claims
stay for ever, so no serial is given out twice. `entry.json` is written last: a serial without it is no model.
"""

import contextlib
import datetime
import hashlib
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nightsieve.store.objects import Conflict, Store
from pipeline import release
from pipeline.config.settings import Keep
from pipeline.data.codecs import Json
from pipeline.errors import ArtefactError, ConfigError

CURRENT = "models/current.json"
ENTRY = "entry.json"
_SERIAL = re.compile(r"models/(\d+)/(.+)")
_TRIES = 100
_AT_ONCE = 8  # requests
_ABANDONED = datetime.timedelta(
    days=1
)  # no publisher and no removal is at work for so long


class Registry:
    """The published models of one store."""

    def __init__(self, store: Store):
        self.store = store

    def current(self) -> dict[str, Any] | None:
        """What `models/current.json` says; None before the first publication."""
        found = self.store.read_tagged(CURRENT)
        return json.loads(found[0]) if found else None

    def champion(self) -> dict[str, Any] | None:
        """The entry of the current model; None before the first publication."""
        current = self.current()
        return current and self.entry(current["serial"])

    def entry(self, serial: int) -> dict[str, Any]:
        """What is known of a published model.

        Raises
        ------
        ConfigError : there is none of this serial.
        """
        found = self.find(serial)
        if found is None:
            raise ConfigError(f"there is no model {serial}; see nightsieve models list")
        return found

    def find(self, serial: int | None) -> dict[str, Any] | None:
        """The entry of a model that may have been removed, or never have been."""
        found = self.store.read_tagged(_key(serial, ENTRY)) if serial else None
        return found and json.loads(found[0])

    def file(self, entry: dict[str, Any], name: str) -> bytes:
        """One file of a published model.

        Raises
        ------
        ArtefactError : it is not what was published.
        """
        key = _key(entry["serial"], name)
        content = self.store.read(key)
        if hashlib.sha256(content).hexdigest() != entry["files"][name]:
            raise ArtefactError(
                f"{self.store.address(key)}: is not the file that was published"
            )
        return content

    def earlier(
        self, entry: dict[str, Any], publications: int | None
    ) -> dict[str, Any] | None:
        """The entry of the model so many publications ago, the published one being the last; None without one.

        It is one of those that led to the published model, see
        `pipeline.release.checks.decide`: the oldest that is kept and not longer ago.
        """
        before = (
            entry.get("predecessors", [])[1 - publications :] if publications else []
        )
        return next(filter(None, map(self.find, before)), None)

    def lend(self, serial: int, other: Store, earlier: int | None = None) -> bool:
        """Make a model the published one of another store, for gates to compare with; False if it was removed.

        So it is with an ``earlier`` one, which lies beside it.
        """
        entries = [self.find(each) for each in (earlier, serial) if each]
        if None in entries:
            return False
        for entry in entries:
            other.write(
                _key(entry["serial"], "model.json"), self.file(entry, "model.json")
            )
            other.write(_key(entry["serial"], ENTRY), Json().encode(entry))
        other.write(
            CURRENT, Json().encode({"serial": serial, "files": entries[-1]["files"]})
        )
        return True

    def serials(self) -> list[int]:
        """Those of complete models, ascending."""
        return _complete(self._listed())

    def pinned(self) -> set[int]:
        """Those that no retention removes."""
        return {
            int(key.rpartition("/")[2]) for key in self.store.keys("models/pinned/")
        }

    def pin(self, serial: int, pinned: bool) -> None:
        """Pin a model, or let it go, which a pinned one that somebody has removed can be too.

        Raises
        ------
        ConfigError : there is none of this serial.
        """
        if serial not in self.pinned():
            self.entry(serial)
        key = f"models/pinned/{serial}"
        if pinned:
            self.store.write(key, b"")
        else:
            self.store.delete(key)

    def published(self, publication: str) -> dict[str, Any] | None:
        """The entry of the model that came of the publication; None if there is none, or it was removed."""
        claim = f"claim-{publication}-"
        for serial, names in self._listed().items():
            if ENTRY in names and any(name.startswith(claim) for name in names):
                entry = self.find(serial)
                if (
                    entry and entry["publication"] == publication
                ):  # not one whose claim came first
                    return entry
        return None

    def publish(
        self, publication: str, files: dict[str, bytes], entry: dict[str, Any]
    ) -> dict[str, Any]:
        """The entry of the model after it became the current one.

        Asked for once more with the name of the same ``publication``, it is what came of the first time. The files'
        manifest gets the serial; ``entry`` is what else a later night must know.
        """
        published = self.published(publication)
        if published is None:
            serial = self._claim(publication)
            manifest = {**json.loads(files["manifest.json"]), "serial": serial}
            files = {**files, "manifest.json": Json().encode(manifest)}
            for name, content in files.items():
                self.store.write(_key(serial, name), content)
            digests = {
                name: hashlib.sha256(content).hexdigest()
                for name, content in files.items()
            }
            published = {
                "serial": serial,
                "publication": publication,
                "files": digests,
                **entry,
            }
            self.store.write(_key(serial, ENTRY), Json().encode(published))
        self._advance()
        return published

    def roll_back(self, serial: int, reason: str) -> dict[str, Any]:
        """The entry of the model after it was published once more, under a serial of its own.

        So serials only ever ascend, and a phone that refuses to go back by accident takes the model that it shall.
        """
        old = self.entry(serial)
        files = {name: self.file(old, name) for name in old["files"]}
        traits = {
            name: value
            for name, value in old.items()
            if name not in ("serial", "publication", "files")
        }
        return self.publish(
            f"rollback{secrets.token_hex(8)}",
            files,
            {**traits, "restores": serial, "reason": reason},
        )

    def remove(self, serial: int) -> None:
        """Remove a model's files; its claim stays, so that its serial is never given to another."""
        names = self._listed().get(serial, set())
        for name in sorted(names, key=lambda name: name != ENTRY):
            if not name.startswith("claim-"):
                self.store.delete(_key(serial, name))

    def prune(self, keep: Keep, champion: int | None = None) -> list[int]:
        """Remove the models that nothing holds: neither current, pinned, among the last, nor of one of the last nights.

        Of a night is the model that it published, and the one that it was held against; tonight's, whose run is not
        written down yet, is the ``champion``. What was left of a model half written or half removed goes too.

        Returns their serials.
        """
        runs = [
            key for key in self.store.keys("runs/") if not key.endswith(".receipt.json")
        ]
        dates = sorted({_date(key) for key in runs})[-keep.runs :]
        written, current = self.store.written("models/"), self.current()
        protected = self.pinned() | ({current["serial"]} if current else set())
        entries = map(
            self.find,
            release.expendable(_complete(_by_serial(written)), keep.models, protected),
        )
        # Another night may be removing the same ones: what is gone by now has no entry.
        found = [
            entry["serial"] for entry in entries if entry and entry["date"] not in dates
        ]
        # Read only if there is something to be removed: that is one request a run.
        compared = {
            champion,
            *self._champions(key for key in runs if found and _date(key) in dates),
        }
        removed = [serial for serial in found if serial not in compared]
        for serial in removed:
            self.remove(serial)
        for key in _abandoned(written, current["serial"] if current else 0):
            self.store.delete(key)
        return removed

    def _champions(self, runs: Iterable[str]) -> set[int | None]:
        """The serials of the models that the models of these runs were held against."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            manifests = map(json.loads, pool.map(self.store.read, runs))
            return {
                found.get("results", {}).get("decision", {}).get("champion")
                for found in manifests
            }

    def _listed(self) -> dict[int, set[str]]:
        """The names of the objects under each serial."""
        return _by_serial(self.store.keys("models/"))

    def _claim(self, publication: str) -> int:
        """A serial above all others, ours alone: of two that claim the same, one at least sees the other's claim."""
        serial = max(self._listed(), default=0)
        own = f"claim-{publication}-{secrets.token_hex(4)}"
        while True:
            serial += 1
            self.store.write(_key(serial, own), b"")
            if self._listed()[serial] == {own}:
                return serial

    def _advance(self) -> None:
        """Make the last complete model the current one.

        Where a store honours no conditions, a slow publisher may have written an older one over a newer; so it looks
        again, until nothing is left to do.
        """
        for _ in range(_TRIES):
            found = self.store.read_tagged(CURRENT)
            serial = max(self.serials())
            if found and json.loads(found[0])["serial"] >= serial:
                return
            pointer = {"serial": serial, "files": self.entry(serial)["files"]}
            with contextlib.suppress(Conflict):
                self.store.replace(CURRENT, Json().encode(pointer), found and found[1])
        raise Conflict(
            f"{self.store.address(CURRENT)}: others write it all the time; try again"
        )


def _abandoned(written: dict[str, datetime.datetime], current: int) -> Iterator[str]:
    """The files of serials without an entry, all of them old: their publishers were killed, or their removal was.

    Only below the current serial. So a publisher that sleeps for longer than anybody thought, and finds its files gone,
    has made a model that nobody is given.

    Parameters
    ----------
    written : when each object under ``models/`` was.
    """
    recent = datetime.datetime.now(datetime.UTC) - _ABANDONED
    for serial, names in _by_serial(written).items():
        old = all(written[_key(serial, name)] < recent for name in names)
        if serial < current and ENTRY not in names and old:
            yield from (
                _key(serial, name) for name in names if not name.startswith("claim-")
            )


def _by_serial(keys: Iterable[str]) -> dict[int, set[str]]:
    """The names of the objects under each serial, of all those under ``models/``."""
    found = defaultdict(set)
    for key in keys:
        if match := _SERIAL.fullmatch(key):
            found[int(match[1])].add(match[2])
    return found


def _complete(listed: dict[int, set[str]]) -> list[int]:
    """The serials of complete models, ascending."""
    return sorted(serial for serial, names in listed.items() if ENTRY in names)


def _date(run: str) -> str:
    return run.split("/")[1]


def _key(serial: int, name: str) -> str:
    return f"models/{serial}/{name}"
