"""``nightsieve score``: an exported model at a prompt or in a pipe."""

import json
import operator
import sys
from pathlib import Path
from typing import Protocol

import click

from nightsieve.cli.options import help_epilog
from pipeline.errors import ArtefactError, DataError
from scorers.python import nightsieve_scorer
from scorers.python.old import nightsieve_scorer_0_1


class Scorer(Protocol):
    """A loaded model, of any version."""

    def scores(self, text: str) -> dict[str, float]:
        """Return the score of each label."""


@click.command(
    epilog=help_epilog(
        "echo 'Your code is 123456' | nightsieve score out/model.json",
        exit_codes={
            7: "MODEL cannot be read",
            8: "MODEL is not a model, or is damaged",
        },
    )
)
@click.argument("model", type=click.Path(path_type=Path, dir_okay=False))
def score(model: Path) -> None:
    """Label lines of text with an exported model.

    Reads messages from standard input, UTF-8, one to a line. Writes a JSON object for
    each to standard output: {"label": ..., "scores": {label: number}}. A malformed byte
    reads as U+FFFD. MODEL is a model.json, of any version of the format.
    """
    scorer = _load(model)
    for line in sys.stdin.buffer:
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        scores = scorer.scores(text)
        label, _ = max(scores.items(), key=operator.itemgetter(1))
        result = {"label": label, "scores": scores}
        click.echo(json.dumps(result, ensure_ascii=False))


def _load(path: Path) -> Scorer:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read: {error.strerror}; check its name and permissions"
        ) from None
    try:
        return _load_version(content)
    except ValueError as error:
        raise ArtefactError(
            f"{path}: not an exported model: {error}; fetch the model again"
        ) from None


def _load_version(content: bytes) -> Scorer:
    """Return the scorer for the file's version.

    An unknown version is left to the newest scorer, which says what is wrong.
    """
    old_version = f'"version": "{nightsieve_scorer_0_1.VERSION}"'.encode()
    if old_version in content[:200]:
        old_scorer: Scorer = nightsieve_scorer_0_1.load(content)
        return old_scorer
    scorer: Scorer = nightsieve_scorer.load(content)
    return scorer
