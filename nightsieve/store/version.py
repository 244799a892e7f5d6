"""The layout of a store: ``layout.json``, the first object of every store."""

from importlib import metadata

from pydantic import ConfigDict

from nightsieve.store import layout
from nightsieve.store.objects import VARIABLE, Conflict, Store, damage_at
from pipeline.errors import StorageError
from pipeline.records.record import Record

#: A change of the keys or of the objects that an earlier version cannot read raises the
#: number, and comes with an upgrade of older stores.
LAYOUT_NUMBER = 1

_ANOTHER_PREFIX = f"or another prefix in {VARIABLE}"
_RESTORE = (
    "restore it from a backup or, if this version wrote the store, write "
    f'{{"layout": {LAYOUT_NUMBER}, "written_by": "hand"}} there; {_ANOTHER_PREFIX}'
)


class StoreLayout(Record):
    """The layout of a store, and the version that wrote its first object.

    A later version may add fields.

    Examples
    --------
    >>> StoreLayout.from_json(b'{"layout": 1, "written_by": "nightsieve 0.1.0"}').layout
    1
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
        The variable does not name a store, the store does not answer, or this version
        cannot read it.

    Examples
    --------
    >>> store = open_store()
    >>> store == Store.from_environment()
    True
    """
    store = Store.from_environment()
    check_layout(store)
    return store


def check_layout(store: Store) -> StoreLayout | None:
    """Return the layout of a store that this version reads; None if it is empty.

    Raises
    ------
    StorageError
        The store has another layout, or has objects but no layout.

    Examples
    --------
    >>> check_layout(store) is None
    True
    >>> claim_layout(store)
    >>> check_layout(store).layout
    1
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
    # No night writes a damaged layout again: the other objects do not say which layout
    # they have.
    with damage_at(store.address(layout.LAYOUT), _RESTORE):
        store_layout = StoreLayout.from_json(answer[0])
    if store_layout.layout != LAYOUT_NUMBER:
        raise StorageError(
            f"{store}: has layout {store_layout.layout}, this version reads "
            f"{LAYOUT_NUMBER}; use the version that wrote it "
            f"({store_layout.written_by}), {_ANOTHER_PREFIX}"
        )
    return store_layout


def claim_layout(store: Store) -> None:
    """Write the layout into an empty store, before anything else is written there.

    Raises
    ------
    StorageError
        This version cannot read the store: see `check_layout`.

    Examples
    --------
    >>> claim_layout(store)
    >>> store.list_by_time("")
    ['layout.json']
    """
    if check_layout(store) is None:
        ours = StoreLayout(layout=LAYOUT_NUMBER, written_by=_this_version())
        try:
            store.put_if_match(layout.LAYOUT, ours.to_json(), None)
        except Conflict:  # another worker was first, perhaps of another version
            check_layout(store)


def _this_version() -> str:
    try:
        return f"nightsieve {metadata.version('nightsieve')}"
    except metadata.PackageNotFoundError:
        return "nightsieve, not installed"
