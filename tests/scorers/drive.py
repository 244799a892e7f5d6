"""Load many models by many Python scorers in one process.

The command is ``python drive.py TEXTS < JOBS``. A job is a line, ``scorer<TAB>model``,
two paths. A text is a line of hexadecimal UTF-16 units. The answer to a job is a line:

- ``refused`` and the reason,
- ``CRASH`` and the class of the exception,
- or ``scored`` and, for each text, all that it was evaluated to, its explanation, and
  what each other call returns.

Drive.java and drive.js do the same, letter for letter.
"""

import functools
import importlib.util
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

Scorer = Any  # the class of the module that was loaded


def main() -> None:
    hexadecimal_texts = Path(sys.argv[1]).read_text().splitlines()
    texts = [
        bytes.fromhex(line).decode("utf-16-be", "surrogatepass")
        for line in hexadecimal_texts
    ]
    for job in sys.stdin.read().splitlines():
        scorer, _, model = job.partition("\t")
        print(outcome(scorer, Path(model).read_bytes(), texts), flush=True)


def outcome(scorer_path: str, model: bytes, texts: list[str]) -> str:
    """Return the answer to a job."""
    try:
        try:
            scorer = scorer_module(scorer_path).load(model)
        except ValueError as error:
            return f"refused {error}"
        return "scored " + ";".join(all_calls(scorer, text) for text in texts)
    except Exception as error:
        return f"CRASH {type(error).__name__}"


@functools.cache
def scorer_module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("driven", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_calls(scorer: Scorer, text: str) -> str:
    parts = (evaluated(scorer, text), explained(scorer, text), called(scorer, text))
    return "/".join(parts)


def evaluated(scorer: Scorer, text: str) -> str:
    """Return what a text is evaluated to."""
    tokens, sums, squared_length, scores, label = scorer.evaluate(text)
    return evaluated_line(tokens, sums, squared_length, map(bits, scores), label)


def evaluated_line(
    tokens: Iterable[str],
    sums: Iterable[int],
    squared_length: int,
    scores: Iterable[str],
    label: str,
) -> str:
    """Return the same from its parts; the scores are hexadecimal, as in a vector."""
    parts = (
        listed(units, tokens),
        listed(str, sums),
        str(squared_length),
        ",".join(scores),
        units(label),
    )
    return " ".join(parts)


def explained(scorer: Scorer, text: str) -> str:
    """Return the explanation of a text's label."""
    label, decision, runner_up, bias, terms = scorer.explain(text)
    parts = (
        units(label),
        units(decision),
        units(runner_up),
        bits(bias),
        listed(advantage, terms),
    )
    return " ".join(parts)


def advantage(term: tuple[str, int, float]) -> str:
    name, count, value = term
    return f"{units(name)}:{count}:{bits(value)}"


def called(scorer: Scorer, text: str) -> str:
    """Return what the other calls give, which are those that an app makes."""
    scores = scorer.scores(text)
    return called_line(
        scorer.tokens(text),
        scores.keys(),
        map(bits, scores.values()),
        scorer.label(text),
        scorer.label(text, thresholds=True),
    )


def called_line(
    tokens: Iterable[str],
    labels: Iterable[str],
    scores: Iterable[str],
    label: str,
    decision: str,
) -> str:
    """Return the same from its parts; the scores are hexadecimal."""
    pairs = [
        f"{units(name)}:{score}" for name, score in zip(labels, scores, strict=True)
    ]
    parts = (listed(units, tokens), ",".join(pairs), units(label), units(decision))
    return " ".join(parts)


def listed(form: Callable[[Any], str], values: Iterable[Any]) -> str:
    return ",".join(map(form, values))


def units(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex()


def bits(number: float) -> str:
    return struct.pack(">d", number).hex()


if __name__ == "__main__":
    main()
