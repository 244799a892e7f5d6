"""Conditional requests and content codings are those of RFC 9110, read slowly."""

import gzip
import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http.conditions import (
    IMMUTABLE,
    accepts_gzip,
    conditional_answer,
    is_named,
)
from nightsieve.serving.models.representation import Representation

CONTENT = b'{"a file": "of a model"}' * 100
LARGE = Representation.of(CONTENT)
SMALL = Representation.of(b"{}")
PLAIN = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
assert LARGE.compressed is not None
COMPRESSED = LARGE.compressed.etag

ETAGS = ['"a"', '"b"', '""', '"a,b"', '"W/"', '"a b"', '"a', "a", 'w/"a"', '"\xff"']
FIELDS = st.lists(
    st.sampled_from([*ETAGS, 'W/"a"', 'W/"b"', "*", ",", " ", "\t", ""]), max_size=6
).map("".join) | st.lists(
    st.sampled_from([*ETAGS[:5], 'W/"a"', 'W/"a,b"', "", " ", "\t"]), max_size=5
).map(" , ".join)

QUALITIES = ["", ";q=1", ";q=0", ";q=0.0", "; q=0.5", ";Q=0.25 ", ";q=1.000", ";q=2"]
CODINGS = ["gzip", "GZIP", "x-gzip", "identity", "*", "br", "", "deflate"]
ENCODINGS = st.lists(
    st.tuples(st.sampled_from(CODINGS), st.sampled_from(QUALITIES)).map("".join),
    max_size=4,
).map(", ".join)


def slow_entity_tags(field: str) -> list[tuple[bool, str]] | None:
    """Read a list of ETags character by character; None if it is not one."""
    tags: list[tuple[bool, str]] = []
    rest = field
    while True:
        rest = rest.lstrip(" \t")
        if rest.startswith(","):
            rest = rest[1:]
            continue
        if not rest:
            return tags or None
        is_weak = rest.startswith("W/")
        rest = rest.removeprefix("W/")
        if not rest.startswith('"'):
            return None
        text, closing, rest = rest[1:].partition('"')
        for character in text:
            code = ord(character)
            if not (code == 0x21 or 0x23 <= code <= 0x7E or 0x80 <= code <= 0xFF):
                return None
        if not closing:
            return None
        tags.append((is_weak, f'"{text}"'))
        rest = rest.lstrip(" \t")
        if rest and not rest.startswith(","):
            return None


def slow_is_named(field: str | None, etag: str, strongly: bool) -> bool:
    if field is None:
        return False
    if field.strip(" \t") == "*":
        return True
    for is_weak, text in slow_entity_tags(field) or []:
        if text == etag and (not strongly or not is_weak):
            return True
    return False


def slow_quality(field: str, names: tuple[str, ...]) -> float | None:
    """Return the highest quality of one of these codings; None if none is named."""
    highest = None
    for element in field.split(","):
        name, semicolon, weight = (part.strip(" \t") for part in element.partition(";"))
        if name.lower() not in names:
            continue
        quality = 1.0
        if semicolon:
            if not weight.lower().startswith("q="):
                continue
            quality = float(weight[2:])
            if quality > 1:
                continue
        highest = quality if highest is None else max(highest, quality)
    return highest


def slow_accepts_gzip(field: str | None) -> bool:
    if field is None:
        return False  # all is acceptable, and the plain form is what anyone can read
    any_other = slow_quality(field, ("*",))
    gzip_quality = slow_quality(field, ("gzip", "x-gzip"))
    if gzip_quality is None:
        gzip_quality = 0 if any_other is None else any_other
    identity = slow_quality(field, ("identity",))
    if identity is None:
        identity = 0 if any_other is None else any_other
    return gzip_quality > 0 and gzip_quality >= identity


def unique_codings(field: str) -> bool:
    names = [element.partition(";")[0].strip().lower() for element in field.split(",")]
    return len(names) == len(set(names))


@given(FIELDS | st.none(), st.sampled_from(ETAGS[:5]), st.booleans())
@example('W/"a"', '"a"', False)
@example('W/"a"', '"a"', True)
@example('"b" ,, "a,b",', '"a,b"', False)
@example("*", '"a"', True)
@example('*, "a"', '"a"', False)
def test_an_etag_is_named_as_the_rfc_says(field, etag, strongly):
    expected = slow_is_named(field, etag, strongly)
    assert is_named(field, etag, strongly=strongly) == expected


@given(ENCODINGS.filter(unique_codings) | st.none())
@example("gzip;q=0")
@example("identity;q=0, *;q=0.1")
@example("*")
@example("*;q=0")
def test_gzip_is_sent_as_the_rfc_says(field):
    assert accepts_gzip(field) == slow_accepts_gzip(field)


@given(
    ENCODINGS | st.none(),
    st.none()
    | st.sampled_from(
        [PLAIN, COMPRESSED, f"W/{PLAIN}", f'"x", {COMPRESSED}', "*", '"x"', "x"]
    ),
    st.sampled_from([LARGE, SMALL]),
)
def test_an_answer_is_one_form_with_its_etag(encoding, etag, representation):
    headers = {}
    if encoding is not None:
        headers["accept-encoding"] = encoding
    if etag is not None:
        headers["if-none-match"] = etag
    answer = conditional_answer(headers, representation, IMMUTABLE)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"] == IMMUTABLE
    is_gzip = representation.compressed and accepts_gzip(encoding)
    body = representation.compressed if is_gzip else representation.plain
    assert answer.headers["ETag"] == body.etag
    if is_named(etag, body.etag):
        assert answer.status == 304
        assert answer.body == b""
        assert "Content-Encoding" not in answer.headers
        return
    assert answer.status == 200
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    content = answer.body
    if is_gzip:
        assert answer.headers["Content-Encoding"] == "gzip"
        content = gzip.decompress(content)
    assert content == representation.plain.content


def test_the_forms_of_a_representation_have_etags_of_their_own():
    assert LARGE.plain.etag == PLAIN
    assert LARGE.compressed.etag != PLAIN
    assert len(LARGE.compressed.content) < len(CONTENT)
    assert SMALL.compressed is None


def test_the_same_content_is_compressed_to_the_same_bytes():
    assert Representation.of(CONTENT) == LARGE


def test_a_client_that_wants_another_representation_gets_412():
    with pytest.raises(Problem) as problem:
        conditional_answer({"if-match": f'W/{PLAIN}, "x"'}, LARGE, IMMUTABLE)
    assert problem.value.status == 412
    assert conditional_answer({"if-match": PLAIN}, LARGE, IMMUTABLE).status == 200
    assert conditional_answer({"if-match": "*"}, LARGE, IMMUTABLE).status == 200
