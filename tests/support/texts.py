"""Texts that a scorer may get wrong: messages, mangled in every way that text can be; the same ones every time."""

import csv
import gzip
import hashlib
import itertools
import random
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from nightsieve.cli.demo_data import generate
from tests.support import ROOT

PUBLIC = ROOT.parent / "shared" / "data"
BLOCK = 256
BLOCKS = (sys.maxunicode + 1) // BLOCK
REPEATED = 600  # words; beyond the 256 counts of an exported term-frequency table

CODE_POINTS = range(sys.maxunicode + 1)
CATEGORIES = {
    kind: [chr(c) for c in CODE_POINTS if unicodedata.category(chr(c)) in categories]
    for kind, categories in {
        "mark": ("Mn", "Mc", "Me"),
        "digit": ("Nd", "Nl", "No"),
        "control": ("Cc", "Cf", "Zl", "Zp"),
        "cased": ("Lu", "Lt"),
    }.items()
}
SPACES = [chr(c) for c in CODE_POINTS if chr(c).isspace()] + list(
    "\u180e\u200b\u2060\ufeff"
)
NONCHARACTERS = [
    chr(c) for c in CODE_POINTS if c & 0xFFFE == 0xFFFE or 0xFDD0 <= c <= 0xFDEF
]
LONE = [
    "\ud800",
    "\udbff",
    "\udc00",
    "\udfff",
    "\ud83d",
    "\ude00",
    "\ud83d\ud83d",
    "\ude00\ud83d",
    "\ud83d\ude00",
]
ENGLAND = "🏴" + "".join(chr(0xE0000 + ord(c)) for c in "gbeng\x7f")
EMOJI = [
    ENGLAND, "😂", "❤", "☎\ufe0e", "👍🏽", "🏿", "🫱🏻", "🇬🇧", "🇮🇳🇩", "🇫", "*\u20e3", "🫨", "⌚", "㊗", "©", "™", "ℹ",
    "❤\ufe0f", "1\ufe0f\u20e3", "#\ufe0f\u20e3", "\u200d", "\ufe0f", "🤦\u200d♂", "👩\u200d👩\u200d👧\u200d👦",
    "❤\u200d🔥", "🏴\u200d☠", "🤦🏽\u200d♂\ufe0f", "🫱🏻\u200d🫲🏿", "\u200d👩\u200d",
]  # fmt: skip
CASES = [
    "İstanbul", "ISPARTA", "ıi\u0307Iİ", "i\u0307\u0307", "Straße", "STRAẞE", "ŉ", "ǰ", "ﬁne oﬃce", "ﬆ", "ǅ Ǆ ǆ",
    "ΐΰ", "ᾳ ᾼ", "ΟΔΥΣΣΕΥΣ", "ΣΑΣ. ΣΑΣ' σας", "Σ", "ΑΣ\u0301", "ΑΣ\u00adΑ", "և", "K\u212aÅ\u212b", "ſ", "ꭰᏸᎠ",
    "Ა ა", "Ꞌ", "ᲀ", "ϐϑϕ", "Ꙋ Ꮿ", "ẖẗẘẙẚ", "ﬓﬔ", "Ⅷ ⅷ", "Ⓐ ⓐ", "𐓐𐓸", "𞤀𞤢", "Ǆungla ǈ", "ỆỌ Ệ", "DŽ", "ı\u0307",
    "ΎΫ ῧ",
]  # fmt: skip
SCRIPTS = [
    "שלום \u202bעולם\u202c", "السَّلامُ\u200f عليكم", "مجاناــ", "\u2067می\u200cخواهم\u2069", "\u202e123\u202c",
    "क्षत्रिय", "क्\u200dष", "क्\u200cष", "श्री ज़", "বাংলা\u200dর্", "தமிழ் க்ஷ", "ശ്രീ ൻ ന്\u200d", "ಕನ್ನಡ",
    "ภาษาไทย กำ ำ", "ພາສາລາວ", "မြန်မာ", "ខ្មែរ", "བོད་ཡིག", "你好，世界。", "免費領獎", "㍿ ㈱", "カタカナ ｶﾞ",
    "が か\u3099", "한국어 \u1112\u1161\u11ab", "ﾊﾟ", "Привіт ЪЫ ё е\u0308", "ሰላም", "ᐊᓂᔑ", "𐐀𐐁𐐂 𐐨", "𑂍𑂹", "𠮷野家",
    "𝔣𝔯𝔢𝔢 𝟜𝟚", "Ａｃｃｏｕｎｔ\u3000１２３", "ᠮᠣᠩᠭᠣᠯ\u180b", "ꦗꦮ", "𓀀𒀀",
]  # fmt: skip
STOP_WORDS = ["the", "THE", "to", "a", "of", "and"]
FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def texts(count: int) -> Iterator[str]:
    """``count`` distinct texts: every code point between letters, messages as they are, and mangled ones."""
    chance, seen = random.Random(20261120), set()
    originals = messages(min(count, 60_000))
    mangled = (mangle(chance, message) for message in itertools.cycle(originals))
    sources = itertools.chain(
        oddities(originals), every_code_point(), originals[::5], mangled
    )
    while len(seen) < count:
        text = next(sources)
        # Two strings are one text if a device cannot tell them apart: a surrogate pair is its code point.
        digest = hashlib.blake2b(
            text.encode("utf-16-be", "surrogatepass"), digest_size=16
        ).digest()
        if digest not in seen:
            seen.add(digest)
            yield text


def messages(count: int) -> list[str]:
    """``count`` messages, about half of them public ones where those are at hand, the others the project's own."""
    own = (
        body
        for block in generate(2 * count, 20261120, datetime(2026, 11, 20, tzinfo=UTC))
        for body in block.bodies
        if body is not None
    )
    mixed = itertools.chain.from_iterable(zip(public_messages(), own, strict=False))
    return list(itertools.islice(itertools.chain(mixed, own), count))


def public_messages() -> Iterator[str]:
    """English and Chinese messages of the UCI and NUS collections, if they lie beside the project; else none."""
    if not PUBLIC.is_dir():
        return
    with open(PUBLIC / "uci-sms" / "SMSSpamCollection", encoding="utf-8") as lines:
        yield from (line.rstrip("\n").partition("\t")[2] for line in lines)
    with gzip.open(
        PUBLIC / "nus-sms" / "messages.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        bodies = [row["body"] for row in csv.DictReader(file)]
    # English stands before Chinese: this way any part of them has both.
    yield from itertools.chain.from_iterable(
        zip(bodies[:30_000], reversed(bodies), strict=False)
    )


def oddities(originals: list[str]) -> Iterator[str]:
    """What only whole texts can be: empty, endless, of one character, surrogates in every order."""
    yield from (
        "",
        " ",
        "\0",
        "\0" * 100,
        " " * 5000,
        "\ufffd",
        "\U0010ffff",
        "\n",
        "\r\n",
        '"\\',
        "\x7f",
    )
    yield from (
        "".join(units)
        for n in (1, 2, 3, 4)
        for units in itertools.product("\ud83d\ude00a", repeat=n)
    )
    yield from (
        word * n
        for word in ("free ", "x", "\u0301", "😂", "\ud83d", "İ")
        for n in (255, 256, 257, 5000)
    )
    yield from (
        joint.join(originals)[:100_000] for joint in (" ", "", "\u3000", "\u200d")
    )
    yield "free " * 20_000


def every_code_point() -> Iterator[str]:
    """Each code point between two letters, a block a text; of the surrogates, each lone."""
    for block in range(BLOCKS):
        yield " ".join(
            f"a{chr(code_point)}b"
            for code_point in range(block * BLOCK, (block + 1) * BLOCK)
        )


def mangle(chance: random.Random, message: str) -> str:
    """The message after one to three of the `WAYS`."""
    for way in chance.choices(WAYS, k=chance.choice((1, 1, 2, 3))):
        message = way(chance, message)
    return message


def _inserted(strings: list[str], most: int) -> Callable[[random.Random, str], str]:
    """A way that puts up to so many of the strings anywhere into a message, within pairs of surrogates too."""

    def insert(chance: random.Random, message: str) -> str:
        for _ in range(chance.randint(1, most)):
            place = chance.randint(0, len(message))
            message = message[:place] + chance.choice(strings) + message[place:]
        return message

    return insert


def _each(character: str, strings: list[str]) -> Callable[[random.Random, str], str]:
    """A way that puts one of the strings in the place of each such character."""
    return lambda chance, message: "".join(
        chance.choice(strings) if c == character else c for c in message
    )


def _recased(chance: random.Random, message: str) -> str:
    return chance.choice((str.upper, str.lower, str.title, str.swapcase, str.casefold))(
        message
    )


def _normalised(chance: random.Random, message: str) -> str:
    return unicodedata.normalize(chance.choice(FORMS), message)


def _of_a_block(chance: random.Random, message: str) -> str:
    first = chance.randrange(BLOCKS) * BLOCK
    return _inserted(
        [chr(chance.randrange(first, first + BLOCK)) for _ in range(4)], 6
    )(chance, message)


def _stacked(chance: random.Random, message: str) -> str:
    marks = "".join(chance.choices(CATEGORIES["mark"], k=chance.choice((1, 2, 3, 40))))
    return _inserted([marks], 3)(chance, message)


def _moved(chance: random.Random, message: str) -> str:
    """In full-width, mathematical or other letters that stand as far apart as those of ASCII do."""
    capital, small = chance.choice(
        ((0xFF21, 0xFF41), (0x1D400, 0x1D41A), (0x1D5D4, 0x1D5EE), (0x24B6, 0x24D0))
    )
    letters = {65 + i: capital + i for i in range(26)} | {
        97 + i: small + i for i in range(26)
    }
    return message.translate(letters)


def _in_other_digits(chance: random.Random, message: str) -> str:
    digits = {ord("0") + i: chance.choice(CATEGORIES["digit"]) for i in range(10)}
    return (message + " 123456 4711").translate(digits)


def _spliced(chance: random.Random, message: str) -> str:
    place = chance.randint(0, len(message))
    return message[place:] + message[:place]


def _shuffled(chance: random.Random, message: str) -> str:
    words = message.split(" ")
    chance.shuffle(words)
    return " ".join(words)


def _repeated(chance: random.Random, message: str) -> str:
    word = chance.choice(message.split() or ["free"])
    return " ".join(
        [message, *[word] * chance.choice((2, 3, 9, 9, 9, 9, 9, 9, 9, REPEATED))]
    )


def _long_token(chance: random.Random, message: str) -> str:
    return "".join(message.split()) * chance.choice((1, 1, 2, 2, 10))


WAYS = [
    _recased, _normalised, _of_a_block, _of_a_block, _stacked, _moved, _in_other_digits, _spliced, _shuffled, _repeated,
    _long_token, _each(" ", SPACES), _each(" ", ["  ", "", "\0", "-"]), _inserted(SPACES, 4), _inserted(EMOJI, 4),
    _inserted(CASES, 3), _inserted(SCRIPTS, 3), _inserted([f" {word} " for word in SCRIPTS + CASES], 4),
    _inserted(LONE, 6), _inserted(CATEGORIES["control"], 6), _inserted(CATEGORIES["mark"], 6),
    _inserted(CATEGORIES["cased"], 6), _inserted(NONCHARACTERS, 3), _inserted([f" {word} " for word in STOP_WORDS], 6),
    _inserted(list("'’ʼ\u00ad"), 4),
]  # fmt: skip
