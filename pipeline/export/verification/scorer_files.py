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
    """sha256 over all of them, in hexadecimal: whoever relied on a scorer looks again when it was edited."""
    return hashlib.sha256(
        b"\0".join(path.read_bytes() for path in (PYTHON, JAVA, JAVASCRIPT))
    ).hexdigest()
