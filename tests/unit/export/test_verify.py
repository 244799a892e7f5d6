"""The night's proof: every scorer, every text, every vector, and scikit-learn."""

import hashlib
import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from pipeline.errors import VerificationError
from pipeline.export import verify_model
from pipeline.export.conformance.selection import choose, make_vectors
from pipeline.export.conformance.vectors_file import encode_vectors
from pipeline.export.exporters.nightsieve_linear.format import decode
from pipeline.export.verification import chunks, scorer_check, scorer_process
from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.model.rounding import compare
from pipeline.records.export import DEFAULT_FORMAT, Verification
from scorers.python import nightsieve_scorer
from tests.support.exported_models import (
    ESTIMATORS,
    WORDS,
    corpus,
    exported,
    fit,
    fixed,
)

MODEL = exported(fixed(ESTIMATORS[0]))
VECTORS = encode_vectors(choose(fixed(ESTIMATORS[0])).vectors, MODEL)
FITTED = fit(ESTIMATORS[0])
CLEANED = FITTED["tfidf"].analyzer.cleaned


Message = tuple[str, str]


def verify(
    model: bytes = MODEL,
    vectors: bytes = VECTORS,
    *,
    messages: Sequence[Message],
    fitted: Pipeline = FITTED,
    report_progress: Callable[[float], object] = id,
) -> Verification:
    """Verify an export in the format of every night."""
    return verify_model(
        DEFAULT_FORMAT,
        model,
        vectors,
        fitted,
        messages,
        total=len(messages),
        report_progress=report_progress,
    )


def with_cleaned(texts: Iterable[str]) -> list[Message]:
    """Return the texts as a night has them, each with its cleaned text."""
    return [(text, CLEANED(text)) for text in texts]


def test_it_counts_distinct_texts_and_reports_its_progress(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(chunks, "MAX_TEXTS", 10_000)
    sentences = corpus(3)[0]
    texts = [f"{text} {i}" for i, text in itertools.product(range(100), sentences)]
    fractions: list[float] = []
    summary = verify(
        messages=with_cleaned(texts + texts[:500]), report_progress=fractions.append
    )
    assert Verification.from_json(summary.to_json()) == summary
    assert summary.texts == len(set(texts))
    assert summary.texts == summary.proved + summary.observed + summary.flips
    assert summary.differences == summary.flips == 0
    assert summary.languages == tuple(scorer_process.languages())
    assert summary.vectors > 20
    scores = centred_decision_function(FITTED[1], FITTED[0].transform(texts))
    ranked = np.sort(scores, axis=1)
    margins = ranked[:, -1] - ranked[:, -2]
    assert summary.smallest_margin == pytest.approx(margins.min(), abs=1e-9)
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.7
    assert fractions[-1] == 1


def test_it_measures_how_far_a_coarse_model_is_from_the_fitted_one():
    coarse = fixed(ESTIMATORS[0], bits=2)
    words = itertools.chain.from_iterable(WORDS.values())
    texts = list(dict.fromkeys(map(" ".join, itertools.combinations(words, 2))))
    model = exported(coarse)
    vectors = encode_vectors(choose(coarse).vectors, model)
    summary = verify(model, vectors, messages=with_cleaned(texts))
    scorer = nightsieve_scorer.load(model)
    expected = centred_decision_function(FITTED[1], FITTED[0].transform(texts))
    agreement = compare(
        linear_model(FITTED), coarse, count_terms(coarse, texts), expected
    )
    labels = list(map(scorer.label, texts))
    assert summary.flips == np.count_nonzero(FITTED.predict(texts) != labels)
    assert summary.flips > 0
    assert summary.proved == agreement.proved.sum()
    assert summary.proved < len(texts) - summary.flips
    scores = [scorer.evaluate(text).scores for text in texts]
    largest = np.abs(scores - expected).max()
    assert largest > 0.01
    assert summary.largest_score_difference == pytest.approx(largest)


def test_texts_that_training_cleaned_differently_fail():
    trained = [("Free prize", "free prize"), ("hello", "free"), ("free", "")]
    with pytest.raises(VerificationError, match=r"python: 2"):
        verify(messages=trained)


def test_a_model_that_is_not_the_fitted_one_fails_without_naming_a_text():
    other = decode(exported(fixed(ESTIMATORS[1])))
    other.weights[:2, other.terms.index("free")] += [100, -100]
    texts = [
        "the secret is free",
        "secret: hello",
        "free free",
        "free hello",
        "free \ud83d",
        "free",
    ]
    tampered = exported(other)
    vectors = encode_vectors(choose(other).vectors, tampered)
    with pytest.raises(VerificationError, match=r"5 of 6 texts") as failure:
        verify(
            tampered,
            vectors,
            messages=with_cleaned(texts),
            fitted=fit(ESTIMATORS[1]),
        )
    assert "secret" not in str(failure.value)
    assert hashlib.sha256(b"the secret is free").hexdigest()[:12] in str(failure.value)


@pytest.mark.parametrize("wrong_language", scorer_process.languages())
@pytest.mark.parametrize("texts", [["free secret"], []])
def test_one_wrong_scorer_fails_on_texts_and_on_vectors(
    wrong_language: str, texts: list[str], monkeypatch: pytest.MonkeyPatch
):
    read = scorer_process.ScorerProcess._read

    def read_wrongly(process: scorer_process.ScorerProcess, count: int) -> list[bytes]:
        lines = read(process, count)
        if process.language != wrong_language:
            return lines
        return [line.replace(b'"N":', b'"N":1') for line in lines]

    monkeypatch.setattr(scorer_process.ScorerProcess, "_read", read_wrongly)
    message = rf"on texts \({wrong_language}: \d+; "
    with pytest.raises(VerificationError, match=message) as failure:
        verify(messages=with_cleaned(texts))
    assert "secret" not in str(failure.value)


def test_a_scorer_with_other_labels_with_thresholds_fails_on_vectors():
    model = quantise(linear_model(FITTED).with_thresholds({"spam": 0.2}), 12)
    texts = [*WORDS["spam"], "hello", ""]
    right = make_vectors(model, dict.fromkeys(texts, ""))
    n_other = sum(vector.decision != vector.label for vector in right)
    assert 0 < n_other < len(right)
    wrong = [vector.model_copy(update={"decision": vector.label}) for vector in right]
    content = exported(model)
    verified = verify(content, encode_vectors(right, content), messages=[])
    assert verified.differences == 0
    message = rf"on texts \(python: {n_other}(, \w+: {n_other})*; "
    with pytest.raises(VerificationError, match=message):
        verify(content, encode_vectors(wrong, content), messages=[])


def test_a_scorer_that_refuses_the_model_fails():
    damaged = MODEL[:-30] + MODEL[-29:]
    with (
        pytest.raises(VerificationError, match="python scorer: failed"),
        scorer_process.scorers(damaged) as running,
    ):
        running["python"](["free"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("n_new", [1, 10, 300])
def test_a_chunk_with_few_new_texts_does_not_block(
    n_new: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(chunks, "MAX_TEXTS", 1000)
    texts = [f"free {i}" for i in range(3000 + n_new)]
    for order in (texts, texts[:1000] + texts[:1000] + texts[-n_new:] + texts):
        summary = verify(messages=with_cleaned(order))
        assert summary.texts == len(texts)


def test_a_scorer_that_hangs_fails(monkeypatch: pytest.MonkeyPatch):
    def write_nothing(process: scorer_process.ScorerProcess, texts: bytes) -> None:
        pass

    def end_without_closing(
        process: scorer_process.ScorerProcess,
    ) -> Future[None]:
        return process.reader.submit(process._finish)

    def score_vectors(scorer: scorer_process.Scorer, texts: list[str]) -> list[bytes]:
        return [b"{}"] * len(texts)

    monkeypatch.setattr(scorer_check, "REPLY_TIMEOUT", 0.5)
    monkeypatch.setattr(scorer_process.ScorerProcess, "_write", write_nothing)
    monkeypatch.setattr(scorer_process.ScorerProcess, "end", end_without_closing)
    monkeypatch.setattr(scorer_process.Scorer, "__call__", score_vectors)
    message = r"scorer: wrote nothing for 0\.5 seconds"
    with pytest.raises(VerificationError, match=message):
        verify(messages=with_cleaned(["free"]))


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit('out of order')", "failed with status 1: out of order"),
        (
            "import sys; print(sys.stdin.readline()); sys.exit('out of order')",
            "failed with status 1: out of order",
        ),
        ("input()", "wrote 0 of 3 lines"),
        ("import sys; print(sys.stdin.read(), end='x')", "more lines than"),
        (
            "import sys; print(sys.stdin.read(), end=''); sys.exit('at last')",
            "failed with status 1: at last",
        ),
    ],
)
def test_a_scorer_that_writes_too_little_or_too_much_fails(program: str, reason: str):
    scorer = scorer_process.Scorer("python", [sys.executable, "-c", program])
    with pytest.raises(VerificationError, match=reason):
        scorer(["free", "free", "x" * 1_000_000])


#: What runtimes do that get no memory: some say so on stdout, some not at all.
WITHOUT_WORDS = [
    ("import os; os.abort()", "signal SIGABRT"),
    ("import os; os.kill(os.getpid(), 9)", "signal SIGKILL"),
    ("import os; os._exit(134)", "status 134"),
    (
        "print('Error occurred during initialization of VM\\nCould not reserve enough "
        "space for 307200KB object heap\\n' * 3); raise SystemExit(1)",
        "status 1",
    ),
    (
        "import sys; sys.exit('\\n#\\n# Fatal process OOM in Failed to reserve')",
        "status 1: # Fatal process OOM in Failed to reserve",
    ),
    ("x = bytearray(1 << 60)", "status 1: Traceback (most recent call last):"),
    (
        "import sys, os; sys.stdin.readline(); print('free-of-charge', flush=True);"
        "os.kill(os.getpid(), 9)",
        "signal SIGKILL",
    ),
]


@pytest.mark.parametrize(("program", "ending"), WITHOUT_WORDS)
def test_a_scorer_that_fails_without_words_is_said_to_lack_memory(
    program: str, ending: str
):
    scorer = scorer_process.Scorer("java", [sys.executable, "-c", program])
    with pytest.raises(VerificationError) as error:
        scorer(["free", "win"])
    assert str(error.value) == (
        f"java scorer: failed with {ending}; "
        "memory is the likely cause, so run fewer workers or raise its limit"
    )


def test_a_scorer_that_cannot_be_started_is_one_line(tmp_path: Path):
    scorer = scorer_process.Scorer("javascript", [str(tmp_path / "node")])
    message = (
        r"^javascript scorer: cannot be started \(No such file or directory\); check"
    )
    with pytest.raises(VerificationError, match=message):
        scorer(["free"])


VERIFY = """
import resource, sys
from tests.unit.export import test_verify
limit = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    test_verify.verify(messages=test_verify.with_cleaned(["free", "win"]))
except test_verify.VerificationError as error:
    print(error)
"""


@pytest.mark.skipif("java" not in scorer_process.languages(), reason="no JDK is here")
@pytest.mark.timeout(120)
def test_a_verification_under_a_memory_limit_is_one_line():
    limited = subprocess.run(
        [sys.executable, "-c", VERIFY, "2000"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert re.fullmatch(
        r"java scorer: failed with status 1; memory is the likely cause, .*\n",
        limited.stdout,
    )
    assert limited.stderr == ""
