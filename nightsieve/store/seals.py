"""Records as objects that end with a seal: the sha256 of all the rest of the object.

The sha256 reveals accidents. It does not stop a person who may write to the bucket,
because such a person can seal a record of their own. An HMAC in the seal does, as long
as they do not know its key.
"""

import functools
import hashlib
import hmac
from typing import TypeVar

from pydantic import create_model

from pipeline.errors import ArtefactError
from pipeline.records.record import Record

_RecordType = TypeVar("_RecordType", bound=Record)


class Seal(Record):
    """What a sealed record ends with.

    Attributes
    ----------
    hmac
        The HMAC-SHA256 of the record without its seal; None if the writer used no key.
    sha256
        The digest of the same bytes and of the HMAC: a damaged HMAC is damage, and not
        the signature of somebody else.

    Examples
    --------
    >>> Seal(sha256="ab" * 32, hmac=None).sha256[:4]
    'abab'
    """

    hmac: str | None
    sha256: str

    def has_hmac_of(self, expected: "Seal") -> bool:
        """Return whether both have the same HMAC; False if this one has none."""
        if self.hmac is None or expected.hmac is None:
            return False
        return hmac.compare_digest(self.hmac, expected.hmac)


def seal_of(record: Record, key: bytes | None = None) -> Seal:
    """Return the seal of a record.

    Parameters
    ----------
    key
        The key of the HMAC; None for a seal without one.

    Examples
    --------
    >>> seal_of(Seal(hmac=None, sha256="ab")).hmac is None
    True
    """
    content = record.to_json()
    signature = None
    if key is not None:
        signature = hmac.new(key, content, hashlib.sha256).hexdigest()
    return Seal(hmac=signature, sha256=_digest(content, signature))


def seal_record(record: Record, key: bytes | None = None) -> bytes:
    """Return a record as the object to write.

    Examples
    --------
    >>> sealed = seal_record(Seal(hmac=None, sha256="ab"))
    >>> open_record(sealed, Seal)
    Seal(hmac=None, sha256='ab')
    """
    seal = seal_of(record, key)
    fields = {**dict(record), "seal": seal}
    return _sealed(type(record))(**fields).to_json()


def open_record(content: bytes, record_type: type[_RecordType]) -> _RecordType:
    """Return the record that `seal_record` made an object of.

    Its HMAC is not checked.

    Raises
    ------
    ArtefactError
        The content is not what was written. The message begins with a verb, so that the
        caller puts the object's address before it.

    Examples
    --------
    >>> open_record(b"{", Seal)
    Traceback (most recent call last):
    pipeline.errors.ArtefactError: is not whole JSON; it was damaged or cut short
    """
    return open_with_seal(content, record_type)[0]


def open_with_seal(
    content: bytes, record_type: type[_RecordType]
) -> tuple[_RecordType, Seal]:
    """Return the record that `seal_record` made an object of, and its seal.

    Raises
    ------
    ArtefactError
        As `open_record`.

    Examples
    --------
    >>> open_with_seal(seal_record(Seal(hmac=None, sha256="ab")), Seal)[1].hmac is None
    True
    """
    sealed = _sealed(record_type).from_json(content)
    fields = dict(sealed)
    seal: Seal = fields.pop("seal")
    record = record_type(**fields)
    expected = _digest(record.to_json(), seal.hmac)
    if seal.sha256 != expected or sealed.to_json() != content:
        raise ArtefactError("is not the object that was written")
    return record, seal


def _digest(content: bytes, signature: str | None) -> str:
    signed = content if signature is None else content + signature.encode()
    return hashlib.sha256(signed).hexdigest()


@functools.cache
def _sealed(record_type: type[Record]) -> type[Record]:
    """Return the record type with one more field at its end."""
    name = f"Sealed{record_type.__name__}"
    return create_model(name, __base__=record_type, seal=(Seal, ...))
