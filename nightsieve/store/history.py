"""Read objects of other nights, of which a damaged one must not stop tonight's."""

import logging
from collections.abc import Callable
from typing import TypeVar

from nightsieve.store.objects import DamagedObject
from nightsieve.store.receipts import UnsignedReceipt

logger = logging.getLogger(__name__)

_Value = TypeVar("_Value")

# What this process has warned of. The same objects are read several times.
_warned: set[str] = set()


def readable(read: Callable[[], _Value], left_out: str) -> _Value | None:
    """Return what ``read`` returns; None, with a warning, if the object is damaged.

    A process warns once of an object. It warns once of receipts that are not signed:
    after a key is set, no receipt that is older than the key is.

    Parameters
    ----------
    left_out
        What happens without the object, for the warning.

    Raises
    ------
    StorageError
        The store does not answer, or refuses; that says nothing of the object.

    Examples
    --------
    >>> from nightsieve.store.models import Registry
    >>> store.write("models/current.json", b"damaged")
    >>> readable(Registry(store).current, "no model is marked as current") is None
    True
    """
    try:
        return read()
    except DamagedObject as damage:
        warn_once(f"{damage}; until then {left_out}", damage.address)
    except UnsignedReceipt as error:
        warn_once(f"{error}; until then {left_out}", UnsignedReceipt.__name__)
    return None


def warn_once(message: str, subject: str) -> None:
    """Log a warning, unless this process has logged one about the same subject.

    Examples
    --------
    >>> warn_once("s3://bucket/a: is damaged; restore it", "s3://bucket/a")
    """
    if subject not in _warned:
        _warned.add(subject)
        logger.warning("%s", message)
