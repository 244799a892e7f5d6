"""Texts that a scorer may get wrong: messages, mangled in every way that text can be.

They are the same texts every time.
"""

import csv
import gzip
import hashlib
import itertools
import random
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal

from nightsieve.cli.demo_data import generate
from tests.support import ROOT

PUBLIC = ROOT.parent / "shared" / "data"
BLOCK = 256
BLOCKS = (sys.maxunicode + 1) // BLOCK
REPEATED = 600  # words; beyond the 256 counts of an exported term-frequency table

CODE_POINTS = range(sys.maxunicode + 1)
SEED = 20261120
TODAY = datetime(2026, 11, 20, tzinfo=UTC)


def characters_of(*categories: str) -> list[str]:
    """Return the characters of these Unicode categories."""
    return [chr(c) for c in CODE_POINTS if unicodedata.category(chr(c)) in categories]


MARKS = characters_of("Mn", "Mc", "Me")
DIGITS = characters_of("Nd", "Nl", "No")
CONTROLS = characters_of("Cc", "Cf", "Zl", "Zp")
CASED = characters_of("Lu", "Lt")
SPACES = [chr(c) for c in CODE_POINTS if chr(c).isspace()]
SPACES += ["\u180e", "\u200b", "\u2060", "\ufeff"]
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
TAGS = [chr(0xE0000 + ord(c)) for c in "gbeng\x7f"]
ENGLAND = "🏴" + "".join(TAGS)
EMOJI = [
    ENGLAND,
    "😂",
    "❤",
    "☎\ufe0e",
    "👍🏽",
    "🏿",
    "🫱🏻",
    "🇬🇧",
    "🇮🇳🇩",
    "🇫",
    "*\u20e3",
    "🫨",
    "⌚",
    "㊗",
    "©",
    "™",
    "ℹ",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    "#\ufe0f\u20e3",
    "\u200d",
    "\ufe0f",
    "🤦\u200d♂",
    "👩\u200d👩\u200d👧\u200d👦",
    "❤\u200d🔥",
    "🏴\u200d☠",
    "🤦🏽\u200d♂\ufe0f",
    "🫱🏻\u200d🫲🏿",
    "\u200d👩\u200d",
]
CASES = [
    "İstanbul",
    "ISPARTA",
    "ıi\u0307Iİ",
    "i\u0307\u0307",
    "Straße",
    "STRAẞE",
    "ŉ",
    "ǰ",
    "ﬁne oﬃce",
    "ﬆ",
    "ǅ Ǆ ǆ",
    "ΐΰ",
    "ᾳ ᾼ",
    "ΟΔΥΣΣΕΥΣ",
    "ΣΑΣ. ΣΑΣ' σας",
    "Σ",
    "ΑΣ\u0301",
    "ΑΣ\u00adΑ",
    "և",
    "K\u212aÅ\u212b",
    "ſ",
    "ꭰᏸᎠ",
    "Ა ა",
    "Ꞌ",
    "ᲀ",
    "ϐϑϕ",
    "Ꙋ Ꮿ",
    "ẖẗẘẙẚ",
    "ﬓﬔ",
    "Ⅷ ⅷ",
    "Ⓐ ⓐ",
    "𐓐𐓸",
    "𞤀𞤢",
    "Ǆungla ǈ",
    "ỆỌ Ệ",
    "DŽ",
    "ı\u0307",
    "ΎΫ ῧ",
]
SCRIPTS = [
    "שלום \u202bעולם\u202c",
    "السَّلامُ\u200f عليكم",
    "مجاناــ",
    "\u2067می\u200cخواهم\u2069",
    "\u202e123\u202c",
    "क्षत्रिय",
    "क्\u200dष",
    "क्\u200cष",
    "श्री ज़",
    "বাংলা\u200dর্",
    "தமிழ் க்ஷ",
    "ശ്രീ ൻ ന്\u200d",
    "ಕನ್ನಡ",
    "ภาษาไทย กำ ำ",
    "ພາສາລາວ",
    "မြန်မာ",
    "ខ្មែរ",
    "བོད་ཡིག",
    "你好，世界。",
    "免費領獎",
    "㍿ ㈱",
    "カタカナ ｶﾞ",
    "が か\u3099",
    "한국어 \u1112\u1161\u11ab",
    "ﾊﾟ",
    "Привіт ЪЫ ё е\u0308",
    "ሰላም",
    "ᐊᓂᔑ",
    "𐐀𐐁𐐂 𐐨",
    "𑂍𑂹",
    "𠮷野家",
    "𝔣𝔯𝔢𝔢 𝟜𝟚",
    "Ａｃｃｏｕｎｔ\u3000１２３",
    "ᠮᠣᠩᠭᠣᠯ\u180b",
    "ꦗꦮ",
    "𓀀𒀀",
]
STOP_WORDS = ["the", "THE", "to", "a", "of", "and"]
FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = (
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
)
Mangler = Callable[[random.Random, str], str]


def texts(count: int) -> Iterator[str]:
    """Yield distinct texts.

    These are every code point between letters, messages as they are, and mangled
    messages.
    """
    rng = random.Random(SEED)
    seen: set[bytes] = set()
    originals = messages(min(count, 60_000))
    mangled = (mangle(rng, message) for message in itertools.cycle(originals))
    sources = itertools.chain(
        oddities(originals), every_code_point(), originals[::5], mangled
    )
    while len(seen) < count:
        text = next(sources)
        # Two strings are one text if a device cannot tell them apart: a surrogate pair
        # is its code point.
        units = text.encode("utf-16-be", "surrogatepass")
        digest = hashlib.blake2b(units, digest_size=16).digest()
        if digest not in seen:
            seen.add(digest)
            yield text


def messages(count: int) -> list[str]:
    """Return messages of the project and, where they are available, public messages.

    About half of the messages are public then.
    """
    own = own_messages(2 * count)
    mixed = itertools.chain.from_iterable(zip(public_messages(), own, strict=False))
    return list(itertools.islice(itertools.chain(mixed, own), count))


def own_messages(count: int) -> Iterator[str]:
    """Yield the bodies of generated messages that have one."""
    for block in generate(count, SEED, TODAY):
        for body in block.bodies:
            if body is not None:
                yield body


def public_messages() -> Iterator[str]:
    """Yield English and Chinese messages of the UCI and NUS collections.

    There are none if the collections are not in a folder beside the project.
    """
    if not PUBLIC.is_dir():
        return
    with open(PUBLIC / "uci-sms" / "SMSSpamCollection", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n").partition("\t")[2]
    with gzip.open(
        PUBLIC / "nus-sms" / "messages.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        bodies = [row["body"] for row in csv.DictReader(file)]
    # English comes before Chinese in the file. In this order, every part has both.
    yield from itertools.chain.from_iterable(
        zip(bodies[:30_000], reversed(bodies), strict=False)
    )


def oddities(originals: list[str]) -> Iterator[str]:
    """Yield texts that are odd as a whole.

    They are empty, very long, of one character, or have surrogates in every order.
    """
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
    for length in (1, 2, 3, 4):
        yield from map("".join, itertools.product("\ud83d\ude00a", repeat=length))
    for word in ("free ", "x", "\u0301", "😂", "\ud83d", "İ"):
        for repeats in (255, 256, 257, 5000):
            yield word * repeats
    for separator in (" ", "", "\u3000", "\u200d"):
        yield separator.join(originals)[:100_000]
    yield "free " * 20_000


def every_code_point() -> Iterator[str]:
    """Yield each code point between two letters, a block of them in each text.

    Every surrogate stands alone.
    """
    for first in range(0, BLOCKS * BLOCK, BLOCK):
        characters = map(chr, range(first, first + BLOCK))
        yield " ".join(f"a{character}b" for character in characters)


def mangle(rng: random.Random, message: str) -> str:
    """Return the message after one to three of the `MANGLERS`."""
    for mangler in rng.choices(MANGLERS, k=rng.choice((1, 1, 2, 3))):
        message = mangler(rng, message)
    return message


def _insert(strings: list[str], maximum: int) -> Mangler:
    """Return a mangler that inserts the strings anywhere, up to a maximum number.

    They may come between the surrogates of a pair.
    """

    def insert(rng: random.Random, message: str) -> str:
        for _ in range(rng.randint(1, maximum)):
            index = rng.randint(0, len(message))
            message = message[:index] + rng.choice(strings) + message[index:]
        return message

    return insert


def _replace_spaces(strings: list[str]) -> Mangler:
    """Return a mangler that replaces each space by one of the strings."""

    def replace(rng: random.Random, message: str) -> str:
        characters = [rng.choice(strings) if c == " " else c for c in message]
        return "".join(characters)

    return replace


def _change_case(rng: random.Random, message: str) -> str:
    change = rng.choice((str.upper, str.lower, str.title, str.swapcase, str.casefold))
    return change(message)


def _normalise(rng: random.Random, message: str) -> str:
    return unicodedata.normalize(rng.choice(FORMS), message)


def _insert_of_a_block(rng: random.Random, message: str) -> str:
    first = rng.randrange(BLOCKS) * BLOCK
    characters = [chr(rng.randrange(first, first + BLOCK)) for _ in range(4)]
    return _insert(characters, 6)(rng, message)


def _stack_marks(rng: random.Random, message: str) -> str:
    marks = "".join(rng.choices(MARKS, k=rng.choice((1, 2, 3, 40))))
    return _insert([marks], 3)(rng, message)


def _in_other_letters(rng: random.Random, message: str) -> str:
    """Write the message in full-width, mathematical or circled letters."""
    capital, small = rng.choice(
        ((0xFF21, 0xFF41), (0x1D400, 0x1D41A), (0x1D5D4, 0x1D5EE), (0x24B6, 0x24D0))
    )
    letters: dict[int, int] = {}
    for i in range(26):
        letters[ord("A") + i] = capital + i
        letters[ord("a") + i] = small + i
    return message.translate(letters)


def _in_other_digits(rng: random.Random, message: str) -> str:
    digits = {ord("0") + i: rng.choice(DIGITS) for i in range(10)}
    return f"{message} 123456 4711".translate(digits)


def _splice(rng: random.Random, message: str) -> str:
    index = rng.randint(0, len(message))
    return message[index:] + message[:index]


def _shuffle(rng: random.Random, message: str) -> str:
    words = message.split(" ")
    rng.shuffle(words)
    return " ".join(words)


def _repeat_a_word(rng: random.Random, message: str) -> str:
    word = rng.choice(message.split() or ["free"])
    repeats = rng.choice((2, 3, 9, 9, 9, 9, 9, 9, 9, REPEATED))
    return " ".join([message, *[word] * repeats])


def _join_words(rng: random.Random, message: str) -> str:
    return "".join(message.split()) * rng.choice((1, 1, 2, 2, 10))


MANGLERS: list[Mangler] = [
    _change_case,
    _normalise,
    _insert_of_a_block,
    _insert_of_a_block,
    _stack_marks,
    _in_other_letters,
    _in_other_digits,
    _splice,
    _shuffle,
    _repeat_a_word,
    _join_words,
    _replace_spaces(SPACES),
    _replace_spaces(["  ", "", "\0", "-"]),
    _insert(SPACES, 4),
    _insert(EMOJI, 4),
    _insert(CASES, 3),
    _insert(SCRIPTS, 3),
    _insert([f" {word} " for word in SCRIPTS + CASES], 4),
    _insert(LONE, 6),
    _insert(CONTROLS, 6),
    _insert(MARKS, 6),
    _insert(CASED, 6),
    _insert(NONCHARACTERS, 3),
    _insert([f" {word} " for word in STOP_WORDS], 6),
    _insert(["'", "’", "ʼ", "\u00ad"], 4),
]
