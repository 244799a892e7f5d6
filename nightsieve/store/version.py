"""Which layout a store has: ``layout.json``, the first object of every store."""

from importlib import metadata

from pydantic import ConfigDict

from nightsieve.store import layout
from nightsieve.store.objects import VARIABLE, Conflict, Store, damage_at
from pipeline.errors import StorageError
from pipeline.records.record import Record

#: Raised by a change of the keys, or of what stands under them, that an earlier
#: version could not read; each such change brings the upgrade of older stores along.
LAYOUT_NUMBER = 1

_ANOTHER_PREFIX = f"or another prefix in {VARIABLE}"


class StoreLayout(Record):
    """The layout of a store, and what wrote the first object there.

    A later version may add fields.
    """

    model_config = ConfigDict(extra="ignore")

    layout: int
    written_by: str


def open_store() -> Store:
    """Return the store that ``NIGHTSIEVE_STORAGE`` names, which this version reads.

    Nothing is written: see `claim_layout`.

    Raises
    ------
    StorageError
        See `Store.from_environment` and `check_layout`.
    """
    store = Store.from_environment()
    check_layout(store)
    return store


def check_layout(store: Store) -> StoreLayout | None:
    """Return the layout of a store, if this version reads it; None if it is empty.

    Raises
    ------
    StorageError
        It has another layout, or objects but no layout.
    """
    answer = store.read_with_etag(layout.LAYOUT)
    if answer is None:
        if not store.has_any(""):
            return None
        # Perhaps another worker began between the two requests, with the layout.
        answer = store.read_with_etag(layout.LAYOUT)
    if answer is None:
        raise StorageError(
            f"{store}: holds objects of an earlier version and no {layout.LAYOUT}; "
            f"use the version that wrote them, {_ANOTHER_PREFIX}"
        )
    with damage_at(store.address(layout.LAYOUT), f"restore it, {_ANOTHER_PREFIX}"):
        found = StoreLayout.from_json(answer[0])
    if found.layout != LAYOUT_NUMBER:
        raise StorageError(
            f"{store}: has layout {found.layout}, this version reads {LAYOUT_NUMBER}; "
            f"use the version that wrote it ({found.written_by}), {_ANOTHER_PREFIX}"
        )
    return found


def claim_layout(store: Store) -> None:
    """Write the layout into an empty store, before anything else is written there.

    Raises
    ------
    StorageError
        See `check_layout`.
    """
    if check_layout(store) is None:
        ours = StoreLayout(layout=LAYOUT_NUMBER, written_by=_this_version())
        try:
            store.put_if_match(layout.LAYOUT, ours.to_json(), None)
        except Conflict:  # another worker began, perhaps of another version
            check_layout(store)


def _this_version() -> str:
    try:
        return f"nightsieve {metadata.version('nightsieve')}"
    except metadata.PackageNotFoundError:
        return "nightsieve, not installed"
