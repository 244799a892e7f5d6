"""Write the golden files of the current format version.

The command is ``python -m tests.contract.regenerate``. It is only for a new version,
which gets its own folders: a file that was written once must always load as it is. The
models are made by hand, to have what no night's model has: ties, N = 0, counts beyond a
table of three, sums near 2^53.

Vectors have their own version. When it rises, ``python -m tests.contract.regenerate
vectors`` writes the vectors of the models that are there.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.export.conformance.selection import choose, make_vectors
from pipeline.export.conformance.vectors_file import encode_vectors
from pipeline.export.exporters.nightsieve_linear.format import VERSION, encode
from pipeline.export.reference import evaluate, units
from pipeline.export.verification.scorer_process import scorers
from pipeline.model.fixed_point import FixedPointModel
from pipeline.records.export import Provenance
from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap

CHARACTERS = CharacterMap(
    replace=(
        (ord("0"), ord("9"), "0"),
        (0xDF, 0xDF, "ss"),
        (0x2026, 0x2026, "dot dot"),
    ),
    drop=((ord("'"), ord("'")), (0x200D, 0x200D)),
    shift=(
        (ord("A"), ord("Z"), 1, 32),
        (0x100, 0x12E, 2, 1),
        (0x10400, 0x10427, 1, 40),
    ),
    keep=(
        (ord("a"), ord("z")),
        (0x101, 0x12F),
        (0x4E00, 0x9FFF),
        (0xFFFD, 0xFFFD),
        (0x10428, 0x1044F),
    ),
)
TERMS = {  # bank, chat and spam; idf squared
    "000000": (2000, -1000, -1000, 64),
    "code is": (1000, -750, -250, 100),
    "dont": (-625, 1000, -375, 144),
    "dot dot": (-1, 2, -1, 1),
    "free": (-1001, -500, 1501, 196),
    "free free": (0, -1000, 1000, 256),
    "huge": (-(2**31 - 1), 2**31 - 1, 0, 2**31 - 1),
    "nought": (1000, -1000, 0, 0),
    "strasse": (-375, 750, -375, 324),
    "tied": (500, 500, -1000, 400),
    "\u0101b": (250, 0, -250, 400),
    "\u4f60\u597d": (-400, 1000, -600, 484),
    "\ufffdx": (-7, -7, 14, 484),
    "\U00010428\U00010429": (-500, -500, 1000, 576),
}
NUMBERS = np.array(list(TERMS.values())).T


def model(norm: Literal["l2"] | None) -> FixedPointModel:
    """Return the toy model."""
    return FixedPointModel(
        labels=("bank", "chat", "spam"),
        tokeniser=Tokeniser(
            CHARACTERS, 2, frozenset({"the", "aa", "of", "to", "and"}), (1, 2)
        ),
        terms=tuple(TERMS),
        norm=norm,
        term_frequency=np.array([1024, 1734, 2149]),
        term_frequency_squared=np.array([16, 46, 70] if norm else [], dtype=np.int64),
        idf_squared=NUMBERS[3] if norm else NUMBERS[3][:0],
        weights=NUMBERS[:3],
        biases=np.array([2**40, 2**40, -(2**39)]),
        thresholds=np.array([0, 0, 2**40]),
        bias_shift=-40,
        score_shift=-14 if norm else -20,
    )


PROVENANCE = Provenance(
    date="2026-11-20",
    fingerprint="0123456789abcdef",
    candidate="made by hand",
    messages=9,
    documents=7,
    bits=31,
    libraries={"scikit-learn": "1.9.1"},
)
TEXTS = [
    "Your code is 123456",
    # Stop words vanish before bigrams are built; five digits are another token.
    "CODE the IS aa 12345",
    "free free free FREE stra\u00dfe",  # a fourth one counts as three do
    "don't \u0100B \u0101b, \u0101B",
    "\u4f60\u597d \u4f60 \u597d",
    # One astral character is too short, though it has two UTF-16 units.
    "\U00010400\U00010401 \U00010428",
    "\U0001f511\u200d\U0001f512 fr\u200dee",
    "",  # no known term, so the first of two equal biases wins
    "nothing known",
    "nought",  # N = 0, so its weights do not count
    "nought free",
    "tied",  # S ties too
    "huge",  # beyond 32 bits and single precision
    "huge free huge huge huge",
    "free\0code is\r\n\u2028free",
    # Lone surrogates become U+FFFD, which is kept; a pair separates.
    "\ud83dx \udd11x x\ud83d\udd11x \ud83d",
    "\udd11\ud83dx free",
    "\u2026 dot\u2026dot",  # a replacement may contain a separator
    "the of aa free to and free",  # a bigram across stop words
    "free" * 2000 + " free" * 300,
    "\u00e9\u0130\uffff\U0010ffff free\u3000free",
]


NORMS: tuple[Literal["l2"] | None, ...] = ("l2", None)


def main(only_vectors: bool) -> None:
    """Write a folder for each norm, or only the vectors in it."""
    for norm in NORMS:
        folder = Path(__file__).parent / f"{VERSION}-norm-{norm or 'none'}"
        if not only_vectors:
            folder.mkdir()
            write(model(norm), folder)
        write_vectors(model(norm), folder)


def write(toy: FixedPointModel, folder: Path) -> None:
    """Write the model, the texts, and the lines that scorers must print."""
    outcomes = evaluate(toy, TEXTS)
    self_test = make_vectors(toy, dict.fromkeys(TEXTS[:4], ""))
    encoded = encode(toy, PROVENANCE, self_test)
    with scorers(encoded) as running:
        explained = running["python"](TEXTS, "--explain")
    (folder / "model.json").write_bytes(encoded)
    _write(folder / "texts.hex", map(units, TEXTS))
    _write(
        folder / "expected.jsonl", (outcome.to_line().decode() for outcome in outcomes)
    )
    _write(folder / "explained.jsonl", (line.decode() for line in explained))


def write_vectors(toy: FixedPointModel, folder: Path) -> None:
    """Write ``vectors.json`` for the ``model.json`` that is there."""
    (folder / "vectors.json").write_bytes(
        encode_vectors(choose(toy).vectors, (folder / "model.json").read_bytes())
    )


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode("ascii"))


if __name__ == "__main__":
    main(only_vectors=sys.argv[1:] == ["vectors"])
