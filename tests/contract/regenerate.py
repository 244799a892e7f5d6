"""Writes the golden files of the current format version: ``python -m tests.contract.regenerate``.

For a new version alone, which gets a folder of its own: a file that was once written must load for ever as it is.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from pipeline.characters import CharacterMap
from pipeline.export import LinearModel, encode
from pipeline.export.format import VERSION
from pipeline.text import Tokeniser
from scorers.python import nightsieve_scorer

CHARACTERS = CharacterMap(
    replace=((ord("0"), ord("9"), "0"), (0xDF, 0xDF, "ss")),
    drop=((ord("'"), ord("'")), (0x200D, 0x200D)),
    shift=((ord("A"), ord("Z"), 1, 32), (0x100, 0x12E, 2, 1), (0x10400, 0x10427, 1, 40)),
    keep=((ord("a"), ord("z")), (0x101, 0x12F), (0x4E00, 0x9FFF), (0x10428, 0x1044F), (0x1F511, 0x1F513)),
)
WEIGHTS = {  # bank, chat, spam
    "000000": (2.0, -1.0, -1.0),
    "code is": (1.0, -0.5, -0.25),
    "dont": (-0.5, 1.0, 0.125),
    "free": (-1.0, -0.25, 1.5),
    "free free": (0.0, -1.0, 1.0),
    "nought": (1.0, 0.0, 0.0),
    "strasse": (0.0, 0.75, 0.0),
    "\u0101b": (0.5, 0.25, 0.0),
    "\u4f60\u597d": (0.0, 1.0, 0.25),
    "\U00010428\U00010429": (0.25, 0.0, 1.0),
}
MODEL = LinearModel(
    labels=("bank", "chat", "spam"),
    tokeniser=Tokeniser(CHARACTERS, 2, frozenset({"the", "a", "of", "to", "and"}), (1, 2)),
    terms=tuple(WEIGHTS),
    idf=np.array([1.0, 1.25, 1.5, 1.75, 2.0, 0.0, 2.25, 2.5, 2.75, 3.0]),
    weights=np.array(list(WEIGHTS.values())).T,
    intercepts=np.array([0.5, 0.5, 0.25]),
    sublinear_tf=True,
    norm="l2",
)
PROVENANCE = {
    "date": "2026-11-20",
    "fingerprint": "0123456789abcdef",
    "candidate": "made by hand",
    "messages": 9,
    "documents": 7,
    "libraries": {"scikit-learn": "1.9.1"},
}
TEXTS = [
    b"Your code is 123456",
    b"CODE the IS a 12345",  # stop words vanish before bigrams are built; five digits are another token
    b"free free free FREE stra\xc3\x9fe",
    "don't \u0100B \u0101b, \u0101B".encode(),
    "\u4f60\u597d \u4f60 \u597d".encode(),
    "\U00010400\U00010401 \U00010428".encode(),  # one astral character is too short, though two UTF-16 units long
    "\U0001f511\u200d\U0001f512 fr\u200dee".encode(),
    b"",  # no known term: the intercepts, of which the first of two equal ones wins
    b"nothing known",
    b"nought",  # a vector of length 0 is not divided by it
    b"free\0code is\r",
    b"broken \xff\xfe UTF-8 free",
]


def main() -> None:
    """Writes ``model.json``, ``texts.txt`` and ``expected.jsonl``."""
    folder = Path(__file__).parent / VERSION
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_bytes(encode(MODEL, PROVENANCE))
    (folder / "texts.txt").write_bytes(b"".join(text + b"\n" for text in TEXTS))
    command = [sys.executable, "-I", "-S", nightsieve_scorer.__file__, folder / "model.json"]
    with open(folder / "texts.txt", "rb") as texts, open(folder / "expected.jsonl", "wb") as expected:
        subprocess.run(command, stdin=texts, stdout=expected, check=True)


if __name__ == "__main__":
    main()
