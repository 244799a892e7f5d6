"""Loads many models by many Python scorers in one process: ``python drive.py TEXTS < JOBS``.

A job is a line, ``scorer<TAB>model``, two paths; a text is a line of hexadecimal UTF-16 units. For each job it writes a
line: ``refused`` and why, ``CRASH`` and the exception's class, or ``scored`` and, for every text, what it was
evaluated to, how it was explained, and what each call by itself gives. Drive.java and drive.js do the same, letter for
letter.
"""

import functools
import importlib.util
import struct
import sys
from pathlib import Path


def main() -> None:
    texts = [
        bytes.fromhex(line).decode("utf-16-be", "surrogatepass")
        for line in Path(sys.argv[1]).read_text().splitlines()
    ]
    for job in sys.stdin.read().splitlines():
        scorer, _, model = job.partition("\t")
        print(outcome(scorer, Path(model).read_bytes(), texts), flush=True)


def outcome(scorer: str, model: bytes, texts: list[str]) -> str:
    """What becomes of a model."""
    try:
        try:
            loaded = module(scorer).load(model)
        except ValueError as error:
            return f"refused {error}"
        ways = (evaluated, explained, called)
        return "scored " + ";".join(
            "/".join(way(loaded, text) for way in ways) for text in texts
        )
    except Exception as error:
        return f"CRASH {type(error).__name__}"


@functools.cache
def module(path: str):
    """The scorer in a file."""
    spec = importlib.util.spec_from_file_location("driven", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def evaluated(scorer, text: str) -> str:
    """Everything that a text is evaluated to."""
    tokens, S, N, scores, label = scorer.evaluate(text)
    return line(tokens, S, N, map(bits, scores), label)


def line(tokens, S, N, scores, label) -> str:
    """The same from its parts, the scores in hexadecimal, as a vector has them."""
    return " ".join(
        (listed(units, tokens), listed(str, S), str(N), ",".join(scores), units(label))
    )


def explained(scorer, text: str) -> str:
    """Everything that explains its label."""
    label, decision, runner_up, bias, terms = scorer.explain(text)
    advantages = listed(
        lambda term: f"{units(term[0])}:{term[1]}:{bits(term[2])}", terms
    )
    return " ".join(
        (units(label), units(decision), units(runner_up), bits(bias), advantages)
    )


def called(scorer, text: str) -> str:
    """What the calls give that an app makes."""
    scores = scorer.scores(text)
    label, decision = scorer.label(text), scorer.label(text, thresholds=True)
    return calls(
        scorer.tokens(text), scores.keys(), map(bits, scores.values()), label, decision
    )


def calls(tokens, labels, scores, label, decision) -> str:
    """The same from its parts, the scores in hexadecimal."""
    pairs = (
        f"{units(name)}:{score}" for name, score in zip(labels, scores, strict=True)
    )
    return " ".join(
        (listed(units, tokens), ",".join(pairs), units(label), units(decision))
    )


def listed(form, values) -> str:
    return ",".join(map(form, values))


def units(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex()


def bits(number: float) -> str:
    return struct.pack(">d", number).hex()


if __name__ == "__main__":
    main()
