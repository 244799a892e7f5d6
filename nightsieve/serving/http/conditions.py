"""Which form of a representation is sent, and whether the client has it already.

References
----------
RFC 9110, HTTP Semantics, sections 8.8.3, 12.5.3 and 13.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from nightsieve.serving.contract.messages import Answer
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.models.representation import Body, Representation

#: For what never changes: a model of a serial, and its files. It is private, because a
#: token may guard it.
IMMUTABLE = "private, max-age=31536000, immutable"
#: For what may change at any time: a client asks each time whether it has.
REVALIDATED = "private, no-cache"

# An element of a list of ETags, which may be empty, and what ends it.
_ELEMENT = re.compile(
    r'[ \t]*(?:(?P<weak>W/)?(?P<tag>"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?P<end>,|\Z)'
)
_QUALITY = re.compile(
    r"[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*", re.IGNORECASE
)
_GZIP = ("gzip", "x-gzip")


class EntityTag(NamedTuple):
    """An ETag that a client names; its text has the quotes."""

    is_weak: bool
    text: str


def conditional_answer(
    headers: Mapping[str, str], representation: Representation, cache_control: str
) -> Answer:
    """Return the answer to a GET or HEAD of a representation.

    Parameters
    ----------
    headers
        Of the request, by name in lower case.

    Raises
    ------
    Problem
        412: the client wants another representation than there is.
    """
    body = representation.plain
    answer_headers = {"Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    if representation.compressed and accepts_gzip(headers.get("accept-encoding")):
        body = representation.compressed
    answer_headers["ETag"] = body.etag
    _check_match(headers.get("if-match"), body)
    if is_named(headers.get("if-none-match"), body.etag):
        return Answer(304, answer_headers, b"")
    answer_headers["Content-Type"] = representation.media_type
    answer_headers["Accept-Ranges"] = "none"
    if body is representation.compressed:
        answer_headers["Content-Encoding"] = "gzip"
    return Answer(200, answer_headers, body.content)


def _check_match(if_match: str | None, body: Body) -> None:
    if if_match is None or is_named(if_match, body.etag, strongly=True):
        return
    detail = "If-Match: names another ETag than the resource has; leave it out"
    raise Problem(412, "no-match", detail, headers={"ETag": body.etag})


def is_named(field: str | None, etag: str, *, strongly: bool = False) -> bool:
    """Return whether a field such as ``If-None-Match`` names a strong ETag.

    Parameters
    ----------
    field
        None if the request lacks it. A field that is not a list of ETags names none.
    strongly
        Whether the weak form of the ETag does not count.

    Examples
    --------
    >>> is_named('"a", W/"b"', '"b"'), is_named('"a", W/"b"', '"b"', strongly=True)
    (True, False)
    >>> is_named("*", '"b"'), is_named("b", '"b"')
    (True, False)
    """
    if field is None:
        return False
    if field.strip(" \t") == "*":
        return True
    for tag in parse_entity_tags(field):
        if tag.text == etag and not (strongly and tag.is_weak):
            return True
    return False


def parse_entity_tags(field: str) -> list[EntityTag]:
    """Return the ETags of a field; none if it is not a list of them.

    Examples
    --------
    >>> parse_entity_tags('"a,b" , W/""')
    [EntityTag(is_weak=False, text='"a,b"'), EntityTag(is_weak=True, text='""')]
    """
    tags = []
    position = 0
    while True:
        element = _ELEMENT.match(field, position)
        if element is None:
            return []
        if element["tag"] is not None:
            tags.append(EntityTag(element["weak"] is not None, element["tag"]))
        if not element["end"]:
            return tags
        position = element.end()


def accepts_gzip(field: str | None) -> bool:
    """Return whether a client that sends this ``Accept-Encoding`` prefers gzip.

    Between equals, the shorter form is sent. A field that accepts nothing we have is
    ignored, as the RFC allows.

    Examples
    --------
    >>> accepts_gzip("br, gzip"), accepts_gzip("*"), accepts_gzip("gzip;q=0, *")
    (True, True, False)
    >>> accepts_gzip("identity, gzip;q=0.5"), accepts_gzip(None)
    (False, False)
    """
    qualities = _qualities(field or "")
    other = qualities.get("*", 0.0)
    gzip_quality = max(qualities.get(name, 0.0) for name in _GZIP)
    if not qualities.keys() & set(_GZIP):
        gzip_quality = other
    # Where the field does not name the plain form, every other form is preferred.
    identity_quality = qualities.get("identity", qualities.get("*", 0.0))
    return gzip_quality > 0 and gzip_quality >= identity_quality


def _qualities(field: str) -> dict[str, float]:
    """Return the quality of each content coding that is named, in lower case."""
    qualities = {}
    for element in field.split(","):
        coding, separator, weight = element.partition(";")
        name = coding.strip(" \t").lower()
        match = _QUALITY.fullmatch(weight)
        if separator and match is None:
            continue  # not what the RFC allows, so it names nothing
        if name:
            qualities[name] = 1.0 if match is None else float(match[1])
    return qualities
