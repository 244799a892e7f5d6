"""The scorers' source files."""

import functools
import hashlib
from pathlib import Path

SCORERS = Path(__file__).parents[3] / "scorers"
PYTHON = SCORERS / "python" / "nightsieve_scorer.py"
JAVA = SCORERS / "java" / "NightsieveScorer.java"
JAVASCRIPT = SCORERS / "javascript" / "nightsieve_scorer.js"


@functools.cache
def scorers_digest() -> str:
    """Return sha256 over all scorers, in hexadecimal.

    A task that uses the scorers runs again after one of them was edited.
    """
    contents = [path.read_bytes() for path in (PYTHON, JAVA, JAVASCRIPT)]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()
