"""``nightsieve score``: an exported model at a prompt or in a pipe."""

import json
from pathlib import Path
from types import ModuleType

import click

from pipeline.errors import ArtefactError, DataError
from scorers.python import nightsieve_scorer
from scorers.python.old import nightsieve_scorer_0_1


@click.command(
    epilog="Example: echo 'Your code is 123456' | nightsieve score out/model.json"
)
@click.argument("model", type=click.Path(path_type=Path, dir_okay=False))
def score(model: Path) -> None:
    """Label lines of text with an exported model.

    Reads UTF-8 text from standard input, a message a line, and writes a JSON object for
    each: {"label": ..., "scores": {label: number}}. A malformed byte reads as U+FFFD.
    """
    scorer = _load(model)
    for line in click.get_binary_stream("stdin"):
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        scores = scorer.scores(text)
        best = max(scores, key=scores.get)
        result = {"label": best, "scores": scores}
        click.echo(json.dumps(result, ensure_ascii=False))


def _load(path: Path) -> nightsieve_scorer.Scorer | nightsieve_scorer_0_1.Scorer:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    try:
        return _reader(content).load(content)
    except ValueError as error:
        raise ArtefactError(f"{path}: {error}") from None


def _reader(content: bytes) -> ModuleType:
    """Return the module that reads the file's version.

    An unknown version is left to the newest one, which says what is wrong.
    """
    old = nightsieve_scorer_0_1
    is_old = f'"version": "{old.VERSION}"'.encode() in content[:200]
    return old if is_old else nightsieve_scorer
