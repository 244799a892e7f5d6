"""Edits of a good file's bytes: how a file may be written, and how it may not.

The rules are those of docs/format.md, "Reading".
"""

from pipeline.export.exporters.nightsieve_linear.format import sealed
from tests.scorers.edited import CHECKSUM_LENGTH, BytesEdit, replace_text

NUMBERS = [
    "14.0",
    "1.4",
    "14.",
    ".4",
    "1e1",
    "1E1",
    "1e+1",
    "14e-1",
    "-0",
    "-0.0",
    "014",
    "-",
    "+14",
    "--1",
    "0x0e",
    "1_4",
    "1 4",
    str(2**53),
    str(-(2**53)),
    "9" * 30,
    "9" * 5000,
    "1e999",
    "true",
    "false",
    "null",
    "NaN",
    "-Infinity",
    "undefined",
]
ESCAPES = [
    r"\x41",
    r"\u12",
    r"\u123g",
    r"\U00000041",
    r"\'",
    "\\",
    "\t",
    "\0",
    "\n",
    "\x1f",
    "\x80",
    "\xe9",
    "\xff",
    "\xc3\xa9",
    "\xed\xa0\x80",
]
VALID_ESCAPES = [r"\/\b", r"\uD83D", r"\u0000", "\x7f"]
VALID_NUMBERS = [0, -1, 2**53 - 1, -(2**53) + 1]
NORM = '"norm": "l2",\n'
VERSION_1_1 = replace_text('"1.0"', '"1.1"')


def bits(literal: str) -> BytesEdit:
    """Return an edit that writes a number of the provenance so."""
    return replace_text('"bits":14', f'"bits":{literal}')


def candidate(escaped: str) -> BytesEdit:
    """Return an edit that writes a string of the provenance so."""
    return replace_text('"made for tests"', f'"{escaped}"')


def later(value: str) -> BytesEdit:
    """Return an edit to a later minor version, with an entry that 1.0 does not know."""
    add_entry = replace_text(NORM, f'{NORM}"future": {value},\n')

    def edit(model: bytes) -> bytes:
        return add_entry(VERSION_1_1(model))

    return edit


def checksum_before(value: str) -> BytesEdit:
    """Return an edit that puts the checksum's entry elsewhere.

    The last bytes stay as they always are, but they belong to another key.
    """
    add_entry = replace_text(NORM, f'{NORM}"checksum": {value},\n')

    def edit(model: bytes) -> bytes:
        later_minor = add_entry(VERSION_1_1(model))
        return sealed(later_minor[:-CHECKSUM_LENGTH] + b'"x\\')

    return edit


def checksum_in_capitals(model: bytes) -> bytes:
    for value in range(100):
        sealed_model = bits(str(value))(model)
        checksum = sealed_model[-12:-4]
        if not checksum.isdigit():
            return sealed_model[:-12] + checksum.upper() + sealed_model[-4:]
    raise AssertionError("every checksum consists of digits")


def replaced_by(content: bytes) -> BytesEdit:
    def edit(_: bytes) -> bytes:
        return content

    return edit


def between(before: bytes, behind: bytes) -> BytesEdit:
    def edit(model: bytes) -> bytes:
        return before + model + behind

    return edit


def part(bounds: slice) -> BytesEdit:
    def edit(model: bytes) -> bytes:
        return model[bounds]

    return edit


def end_replaced(length: int, end: bytes) -> BytesEdit:
    def edit(model: bytes) -> bytes:
        return model[:-length] + end

    return edit


def nothing_but_checksum(model: bytes) -> bytes:
    content = model[:-CHECKSUM_LENGTH].decode()
    return replace_text(content, "{\n")(model)


def in_utf_16(model: bytes) -> bytes:
    return model.decode().encode("utf-16")


def twice(model: bytes) -> bytes:
    return model + model


def with_carriage_returns(model: bytes) -> bytes:
    return model.replace(b"\n", b"\r\n")


def space_before_checksum(model: bytes) -> bytes:
    return model[:-CHECKSUM_LENGTH] + b" " + model[-CHECKSUM_LENGTH:]


def no_space_in_checksum(model: bytes) -> bytes:
    checksum = model[-CHECKSUM_LENGTH:]
    return model[:-CHECKSUM_LENGTH] + checksum.replace(b": ", b":")


def flip_a_bit(model: bytes) -> bytes:
    return model[:300] + bytes([model[300] ^ 1]) + model[301:]


# Files that are written wrongly. The checksum is right unless the edit is about it.
REFUSED_BYTES = {
    **{f"a number {literal:.20}": bits(literal) for literal in NUMBERS},
    **{f"a string with {escape!a}": candidate(escape) for escape in ESCAPES},
    "a key twice": replace_text(NORM, NORM * 2),
    "a key twice, inside": replace_text('"bits":14', '"bits":14,"bits":14'),
    "a key twice, once escaped": replace_text('"bits":14', '"bits":14,"b\\u0069ts":14'),
    "a key twice, in an unknown entry": later('{"a": 1, "a": 1}'),
    "an unknown entry, 5,000 deep": later("[" * 5000 + "]" * 5000),
    "an unknown entry, 101 deep": later("[" * 100 + "1" + "]" * 100),
    "a number as the checksum, before a key that ends alike": checksum_before("7"),
    "another checksum, before a key that ends alike": checksum_before('"00000000"'),
    "the checksum twice": replace_text(NORM, NORM + '"checksum": "00000000",\n'),
    "a key that is not a string": replace_text('"bits":14', "14:14"),
    "a comma too many": replace_text('"bits":14', '"bits":14,'),
    "a comma too few": replace_text(NORM, NORM.replace(",", "")),
    "no colon": replace_text('"bits":14', '"bits" 14'),
    "single quotes": replace_text('"bits":14', "'bits':14"),
    "a comment": replace_text(NORM, NORM + "// comment\n"),
    "a form feed": replace_text(NORM, NORM + "\f"),
    "a no-break space": replace_text(NORM, NORM + "\xa0"),
    "an unknown escaped requirement": replace_text(
        '"requires": []', '"requires": ["\\u0061"]'
    ),
    "nothing": replaced_by(b""),
    "a space": replaced_by(b" "),
    "one brace": replaced_by(b"{"),
    "no entry": replaced_by(b"{}"),
    "not an object": replaced_by(b"[]"),
    "null": replaced_by(b"null"),
    "nothing but the checksum": nothing_but_checksum,
    "100,000 brackets": replaced_by(b"[" * 100_000),
    "100,000 objects": replaced_by(b'{"a":' * 100_000),
    "a million zeros": replaced_by(b"0" * 1_000_000),
    "a byte order mark": between(b"\xef\xbb\xbf", b""),
    "a byte order mark, counted in": replace_text(
        '{\n"format"', '\xef\xbb\xbf{\n"format"'
    ),
    "UTF-16": in_utf_16,
    "a space before": between(b" ", b""),
    "a line feed behind": between(b"", b"\n"),
    "another file behind": twice,
    "a NUL behind": between(b"", b"\0"),
    "no last line feed": part(slice(-1)),
    "the last byte alone": part(slice(-1, None)),
    "the last 25 bytes alone": part(slice(-CHECKSUM_LENGTH, None)),
    "all but the last 25 bytes": part(slice(-CHECKSUM_LENGTH)),
    "carriage returns": with_carriage_returns,
    "a carriage return at the end": end_replaced(1, b"\r\n"),
    "a checksum in capitals": checksum_in_capitals,
    "a checksum of zeros": end_replaced(12, b'00000000"\n}\n'),
    "another space before the checksum": space_before_checksum,
    "no space in the checksum": no_space_in_checksum,
    "a checksum as a number": end_replaced(13, b"  12345678  \n}\n"),
    "a flipped bit": flip_a_bit,
}

# Files that are written strangely, and are valid.
LOADED_BYTES = {
    **{f"a number {value}": bits(str(value)) for value in VALID_NUMBERS},
    **{f"a string with {escape}": candidate(escape) for escape in VALID_ESCAPES},
    "an unknown entry, ten deep": later('[{"a":' * 5 + "0" + "}]" * 5),
    "an unknown entry, 100 deep": later("[" * 99 + "1" + "]" * 99),
    "white space": replace_text('"bits":14', ' "bits"\t:\r\n\n 14 '),
    "escaped keys": replace_text('"bits":14', r'"b\u0069ts":14'),
    "an escaped entry": replace_text('"norm": "l2"', r'"n\u006frm": "\u006c2"'),
    "capital escapes": replace_text('"nul nul"', r'"\u006E\u0075\u006C nul"'),
}
