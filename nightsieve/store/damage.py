"""Remove artefacts that must be made again, so that the tasks that wrote them run."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable

from nightsieve.store.artefacts import Artefact
from nightsieve.store.objects import DamagedObject
from pipeline.records.receipt import Receipt

logger = logging.getLogger(__name__)

#: What follows the removal of a damaged object, in place of a remedy.
REMOVE_AND_MAKE_AGAIN = "removed, to be made again"


def remove_damaged(artefacts: Iterable[Artefact]) -> list[Artefact]:
    """Remove the artefacts that are damaged in the store now; return them.

    Each is read again. A missing artefact is left out, because the task that wrote it
    runs again anyway. So is one whose bytes are those of its receipt, but which the
    codec cannot read: the same bytes would be written again.

    Raises
    ------
    StorageError
        The store does not answer, or refuses. This artefact was not removed.
    UnsignedReceipt
        A receipt is whole, but not signed with our key. Nothing is wrong with the
        object, and it was not removed.

    Examples
    --------
    >>> from pipeline.data.codecs import Raw
    >>> artefact = Artefact(store_with_night, "export/model-9f3a.json", Raw("json"))
    >>> remove_damaged([artefact])
    []
    >>> store_with_night.write(artefact.key, b"damaged")
    >>> [damaged.key for damaged in remove_damaged([artefact])]
    ['export/model-9f3a.json']
    >>> artefact.exists()
    False
    """
    removed = []
    for artefact in artefacts:
        damage = artefact.find_damage()
        if damage is not None:
            _remove(artefact, damage.address, damage.problem)
            removed.append(artefact)
    return removed


def remove_stale(artefacts: Iterable[Artefact]) -> list[Artefact]:
    """Remove what was made from a reading that another one has replaced; return it.

    Parameters
    ----------
    artefacts
        The readings, and all that was made from them: see `Account.readings`.

    Examples
    --------
    >>> from pipeline.data.codecs import Raw
    >>> artefact = Artefact(store_with_night, "export/model-9f3a.json", Raw("json"))
    >>> remove_stale([artefact])
    []
    """
    receipts = _receipts(artefacts)
    replaced = _replaced_readings(receipts.values())
    removed = []
    for artefact, receipt in receipts.items():
        former = [key for key in receipt.readings.items() if key in replaced]
        if former:
            _remove(artefact, str(artefact), made_from_former(former[0][0]))
            removed.append(artefact)
    return removed


def made_from_former(key: str) -> str:
    """Return what is wrong with an artefact that was made from a former reading.

    Examples
    --------
    >>> made_from_former("ingest/reviews-9f3a.parquet")
    'was made from a former content of ingest/reviews-9f3a.parquet'
    """
    return f"was made from a former content of {key}"


def _replaced_readings(receipts: Collection[Receipt]) -> set[tuple[str, str]]:
    """Return the readings, each a key and a content, that others have replaced.

    Where the object of a reading is not there itself, nobody knows which of several
    contents is the current one: then all of them count as replaced.
    """
    contents: defaultdict[str, set[str]] = defaultdict(set)
    current = set()
    for receipt in receipts:
        for key, content in receipt.readings.items():
            contents[key].add(content)
            if key == receipt.key:
                current.add((key, content))
    replaced = set()
    for key, contents_of_key in contents.items():
        if len(contents_of_key) > 1:
            replaced |= {(key, content) for content in contents_of_key}
    return replaced - current


def _receipts(artefacts: Iterable[Artefact]) -> dict[Artefact, Receipt]:
    """Return the receipts of the artefacts whose receipts can be read now."""
    receipts = {}
    for artefact in artefacts:
        try:
            receipts[artefact] = artefact.receipt()
        except DamagedObject:
            continue
    return receipts


def _remove(artefact: Artefact, address: str, problem: str) -> None:
    artefact.remove()
    logger.warning("%s: %s; %s", address, problem, REMOVE_AND_MAKE_AGAIN)
