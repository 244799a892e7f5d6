"""How docs/format.md, "Reading", has a file be written and not written: edits of a good file's bytes."""

from collections.abc import Callable

from pipeline.export.exporters.nightsieve_linear.format import sealed
from tests.scorers.edited import TAIL, swapped

NUMBERS = [
    *(
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
    ),
    *(
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
    ),
]
ESCAPES = [
    *(
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
    ),
    *("\xc3\xa9", "\xed\xa0\x80"),
]
NORM = '"norm": "l2",\n'


def later(entry: str) -> Callable[[bytes], bytes]:
    """An edit that makes the file one of a later minor version, with an entry that this one does not know."""
    return lambda model: swapped(NORM, f'{NORM}"future": {entry},\n')(
        swapped('"1.0"', '"1.1"')(model)
    )


def checksum_in_capitals(model: bytes) -> bytes:
    candidates = (
        swapped('"bits":14', f'"bits":{number}')(model) for number in range(100)
    )
    chosen = next(
        candidate for candidate in candidates if not candidate[-12:-4].isdigit()
    )
    return chosen[:-12] + chosen[-12:-4].upper() + chosen[-4:]


def checksum_before(entry: str) -> Callable[[bytes], bytes]:
    """An edit that puts the checksum's entry elsewhere; the last bytes are as always, but another key's."""

    def edit(model: bytes) -> bytes:
        later_minor = swapped(NORM, f'{NORM}"checksum": {entry},\n')(
            swapped('"1.0"', '"1.1"')(model)
        )
        return sealed(later_minor[:-TAIL] + b'"x\\')

    return edit


# How the file itself may be written wrongly; the checksum is right where the edit does not break that.
REFUSED_BYTES = {
    **{f"a number {number:.20}": swapped('"bits":14', f'"bits":{number}') for number in NUMBERS},
    **{f"a string with {escape!a}": swapped('"made for tests"', f'"{escape}"') for escape in ESCAPES},
    "a key twice": swapped(NORM, NORM * 2),
    "a key twice, inside": swapped('"bits":14', '"bits":14,"bits":14'),
    "a key twice, once escaped": swapped('"bits":14', '"bits":14,"b\\u0069ts":14'),
    "a key twice, in an unknown entry": later('{"a": 1, "a": 1}'),
    "an unknown entry, 5,000 deep": later("[" * 5000 + "]" * 5000),
    "an unknown entry, 101 deep": later("[" * 100 + "1" + "]" * 100),
    "a number as the checksum, before a key that ends alike": checksum_before("7"),
    "another checksum, before a key that ends alike": checksum_before('"00000000"'),
    "the checksum twice": swapped(NORM, NORM + '"checksum": "00000000",\n'),
    "a key that is no string": swapped('"bits":14', "14:14"),
    "a comma too many": swapped('"bits":14', '"bits":14,'),
    "a comma too few": swapped(NORM, NORM.replace(",", "")),
    "no colon": swapped('"bits":14', '"bits" 14'),
    "single quotes": swapped('"bits":14', "'bits':14"),
    "a comment": swapped(NORM, NORM + "// comment\n"),
    "a form feed": swapped(NORM, NORM + "\f"),
    "a no-break space": swapped(NORM, NORM + "\xa0"),
    "an unknown escaped requirement": swapped('"requires": []', '"requires": ["\\u0061"]'),
    "nothing": lambda model: b"",
    "a blank": lambda model: b" ",
    "one brace": lambda model: b"{",
    "no entry": lambda model: b"{}",
    "no object": lambda model: b"[]",
    "null": lambda model: b"null",
    "nothing but the checksum": lambda model: swapped(model[:-TAIL].decode(), "{\n")(model),
    "100,000 brackets": lambda model: b"[" * 100_000,
    "100,000 objects": lambda model: b'{"a":' * 100_000,
    "a million zeros": lambda model: b"0" * 1_000_000,
    "a byte order mark": lambda model: b"\xef\xbb\xbf" + model,
    "a byte order mark, counted in": lambda model: swapped('{\n"format"', '\xef\xbb\xbf{\n"format"')(model),
    "UTF-16": lambda model: model.decode().encode("utf-16"),
    "a blank before": lambda model: b" " + model,
    "a line feed behind": lambda model: model + b"\n",
    "another file behind": lambda model: model + model,
    "a NUL behind": lambda model: model + b"\0",
    "no last line feed": lambda model: model[:-1],
    "the last byte alone": lambda model: model[-1:],
    "the last 25 bytes alone": lambda model: model[-TAIL:],
    "all but the last 25 bytes": lambda model: model[:-TAIL],
    "carriage returns": lambda model: model.replace(b"\n", b"\r\n"),
    "a carriage return at the end": lambda model: model[:-1] + b"\r\n",
    "a checksum in capitals": checksum_in_capitals,
    "a checksum of zeros": lambda model: model[:-12] + b"00000000" + model[-4:],
    "another blank before the checksum": lambda model: model[:-TAIL] + b" " + model[-TAIL:],
    "no blank in the checksum": lambda model: model[:-TAIL] + model[-TAIL:].replace(b": ", b":"),
    "a checksum as a number": lambda model: model[:-13] + b"  12345678  " + model[-3:],
    "a flipped bit": lambda model: model[:300] + bytes([model[300] ^ 1]) + model[301:],
}  # fmt: skip

SPELLINGS = [r"\/\b", r"\uD83D", r"\u0000", "\x7f"]
# How it may be written, if strangely.
LOADED_BYTES = {
    **{f"a number {number}": swapped('"bits":14', f'"bits":{number}') for number in (0, -1, 2**53 - 1, -(2**53) + 1)},
    **{f"a string with {escape}": swapped('"made for tests"', f'"{escape}"') for escape in SPELLINGS},
    "an unknown entry, ten deep": later('[{"a":' * 5 + "0" + "}]" * 5),
    "an unknown entry, 100 deep": later("[" * 99 + "1" + "]" * 99),
    "blanks": swapped('"bits":14', ' "bits"\t:\r\n\n 14 '),
    "escaped keys": swapped('"bits":14', r'"b\u0069ts":14'),
    "an escaped entry": swapped('"norm": "l2"', r'"n\u006frm": "\u006c2"'),
    "capital escapes": swapped('"nul nul"', r'"\u006E\u0075\u006C nul"'),
}  # fmt: skip
