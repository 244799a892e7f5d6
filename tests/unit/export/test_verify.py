"""The night's proof: every scorer, every text, every vector, and scikit-learn beside them."""

import hashlib
import itertools
import sys

import numpy as np
import pytest

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


def verify(model, vectors, fitted, pairs, total, report_progress=id) -> Verification:
    """Verify an export in the format of every night."""
    return verify_model(
        DEFAULT_FORMAT, model, vectors, fitted, pairs, total, report_progress
    )


def messages(texts):
    """The texts as a night has them, each with its cleaned text."""
    return [(text, CLEANED(text)) for text in texts]


def test_it_counts_distinct_texts_and_reports_its_progress(monkeypatch):
    monkeypatch.setattr(chunks, "MAX_TEXTS", 10_000)
    fractions = []
    texts = [f"{text} {number}" for number in range(100) for text in corpus(3)[0]]
    summary = verify(
        MODEL,
        VECTORS,
        FITTED,
        messages(texts + texts[:500]),
        len(texts) + 500,
        fractions.append,
    )
    assert Verification.from_json(summary.to_json()) == summary
    assert (
        summary.texts
        == len(set(texts))
        == summary.proved + summary.observed + summary.flips
    )
    assert summary.differences == summary.flips == 0
    assert (
        summary.languages == tuple(scorer_process.languages()) and summary.vectors > 20
    )
    ranked = np.sort(
        centred_decision_function(FITTED[1], FITTED[0].transform(texts)), axis=1
    )
    assert summary.smallest_margin == pytest.approx(
        (ranked[:, -1] - ranked[:, -2]).min(), abs=1e-9
    )
    assert fractions == sorted(fractions) and fractions[0] < 0.7 and fractions[-1] == 1


def test_it_says_how_far_a_coarse_model_is_from_the_fitted_one():
    coarse, words = (
        fixed(ESTIMATORS[0], bits=2),
        itertools.chain.from_iterable(WORDS.values()),
    )
    texts = list(dict.fromkeys(map(" ".join, itertools.combinations(words, 2))))
    model = exported(coarse)
    summary = verify(
        model,
        encode_vectors(choose(coarse).vectors, model),
        FITTED,
        messages(texts),
        len(texts),
    )
    scorer = nightsieve_scorer.load(model)
    expected = centred_decision_function(FITTED[1], FITTED[0].transform(texts))
    agreement = compare(
        linear_model(FITTED), coarse, count_terms(coarse, texts), expected
    )
    assert (
        summary.flips
        == np.count_nonzero(
            FITTED.predict(texts) != [scorer.label(text) for text in texts]
        )
        > 0
    )
    assert summary.proved == agreement.proved.sum() < len(texts) - summary.flips
    differences = np.abs([scorer.evaluate(text).scores for text in texts] - expected)
    assert (
        differences.max() > 0.01
        and summary.largest_score_difference == pytest.approx(differences.max())
    )


def test_texts_that_were_cleaned_otherwise_than_scorers_clean_them_fail():
    trained = [("Free prize", "free prize"), ("hello", "free"), ("free", "")]
    with pytest.raises(VerificationError, match=r"python on 2"):
        verify(MODEL, VECTORS, FITTED, trained, len(trained))


def test_a_model_that_is_not_the_fitted_one_fails_without_naming_a_text():
    model = fixed(ESTIMATORS[1])
    other = decode(exported(model))
    other.weights[:2, other.terms.index("free")] += [100, -100]
    texts = iter(
        [
            "the secret is free",
            "secret: hello",
            "free free",
            "free hello",
            "free \ud83d",
            "free",
        ]
    )
    tampered = exported(other)
    with pytest.raises(VerificationError, match=r"5 of 6 texts") as failure:
        verify(
            tampered,
            encode_vectors(choose(other).vectors, tampered),
            fit(ESTIMATORS[1]),
            messages(texts),
            6,
        )
    assert "secret" not in str(failure.value)
    assert hashlib.sha256(b"the secret is free").hexdigest()[:12] in str(failure.value)


@pytest.mark.parametrize("wrong_one", scorer_process.languages())
@pytest.mark.parametrize("texts", [["free secret"], []])
def test_a_single_scorer_that_gets_something_else_fails_on_texts_and_on_vectors(
    wrong_one, texts, monkeypatch
):
    def wrong(work, count):
        found = read(work, count)
        return (
            [line.replace(b'"N":', b'"N":1') for line in found]
            if work.language == wrong_one
            else found
        )

    read = scorer_process.ScorerProcess._read
    monkeypatch.setattr(scorer_process.ScorerProcess, "_read", wrong)
    with pytest.raises(
        VerificationError, match=rf"model, {wrong_one} on \d+ texts"
    ) as failure:
        verify(MODEL, VECTORS, FITTED, messages(texts), 1)
    assert "secret" not in str(failure.value)


def test_a_scorer_that_decides_otherwise_with_thresholds_fails_on_vectors():
    model = quantise(linear_model(FITTED).with_thresholds({"spam": 0.2}), 12)
    texts = [*WORDS["spam"], "hello", ""]
    right = make_vectors(model, dict.fromkeys(texts, ""))
    otherwise = sum(vector.decision != vector.label for vector in right)
    assert 0 < otherwise < len(right)
    wrong = [vector.model_copy(update={"decision": vector.label}) for vector in right]
    content = exported(model)
    assert (
        verify(content, encode_vectors(right, content), FITTED, [], 0).differences == 0
    )
    with pytest.raises(
        VerificationError,
        match=rf"model, python on {otherwise}(, \w+ on {otherwise})* texts",
    ):
        verify(content, encode_vectors(wrong, content), FITTED, [], 0)


def test_a_scorer_that_refuses_the_model_fails():
    damaged = MODEL[:-30] + MODEL[-29:]
    with (
        pytest.raises(VerificationError, match="python scorer: failed"),
        scorer_process.scorers(damaged) as running,
    ):
        running["python"](["free"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("new", [1, 10, 300])
def test_a_chunk_with_few_new_texts_keeps_nobody_waiting(new, monkeypatch):
    monkeypatch.setattr(chunks, "MAX_TEXTS", 1000)
    texts = [f"free {number}" for number in range(3000 + new)]
    for order in (texts, texts[:1000] + texts[:1000] + texts[-new:] + texts):
        summary = verify(MODEL, VECTORS, FITTED, messages(order), len(order))
        assert summary.texts == len(texts)


def test_a_scorer_that_hangs_fails(monkeypatch):
    monkeypatch.setattr(scorer_check, "REPLY_TIMEOUT", 0.5)
    monkeypatch.setattr(
        scorer_process.ScorerProcess, "_write", lambda work, texts: None
    )
    monkeypatch.setattr(
        scorer_process.ScorerProcess,
        "end",
        lambda work: work.reader.submit(work._finish),
    )
    monkeypatch.setattr(
        scorer_process.Scorer, "__call__", lambda scorer, texts: [b"{}"] * len(texts)
    )
    with pytest.raises(
        VerificationError, match=r"scorer: wrote nothing for 0\.5 seconds"
    ):
        verify(MODEL, VECTORS, FITTED, messages(["free"]), 1)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit('out of order')", "failed: out of order"),
        (
            "import sys; print(sys.stdin.readline()); sys.exit('out of order')",
            "failed: out of order",
        ),
        ("input()", "wrote 0 of 3 lines"),
        ("import sys; print(sys.stdin.read(), end='x')", "more lines than"),
        (
            "import sys; print(sys.stdin.read(), end=''); sys.exit('at last')",
            "failed: at last",
        ),
    ],
)
def test_a_scorer_that_breaks_off_or_says_too_much_fails(program, reason):
    with pytest.raises(VerificationError, match=reason):
        scorer_process.Scorer("python", [sys.executable, "-c", program])(
            ["free", "free", "x" * 1_000_000]
        )
