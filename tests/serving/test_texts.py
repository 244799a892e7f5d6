"""Texts and ids of every kind are scored as the format says, and come back whole."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from nightsieve.serving.contract.api import respond
from nightsieve.serving.contract.messages import Answer, Request
from nightsieve.serving.contract.preparation import ServedModel
from tests.support.exported_models import SENTENCES
from tests.support.schemas import validator

#: Every code point, lone surrogates and NUL among them; and words that the model knows.
TEXTS = st.text(st.characters(codec=None)) | st.sampled_from([*SENTENCES.values()])


def ask(model: ServedModel, body: bytes) -> Answer:
    headers = {"content-type": "application/json"}
    return respond(model, Request("POST", "/v1/predictions", headers, body))


def joined(text: str) -> str:
    """Return a text with pairs of surrogates as JSON reads them: joined."""
    return json.loads(json.dumps(text))


@settings(max_examples=200, deadline=None)
@given(
    messages=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5),
    thresholds=st.booleans(),
    explain=st.integers(0, 3),
)
def test_predictions_are_those_of_the_scorer_and_ids_come_back(
    model, messages, thresholds, explain
):
    entries = [{"id": id_[:200], "text": text} for id_, text in messages]
    body = {"messages": entries, "thresholds": thresholds, "explain": explain}
    answer = ask(model, json.dumps(body).encode())
    document = json.loads(answer.body)
    validator("predictions").validate(document)
    scorer = model.scorer
    for entry, prediction in zip(entries, document["predictions"], strict=True):
        text = entry["text"]
        label = scorer.label(text, thresholds=thresholds)
        explanation = scorer.explain_tokens(scorer.tokens(text), label)
        terms = [term._asdict() for term in explanation.terms[:explain]]
        assert prediction["id"] == joined(entry["id"])
        assert prediction["label"] == label
        assert prediction["scores"] == scorer.scores(text)
        assert prediction.get("terms", []) == terms


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_the_same_request_gives_the_same_bytes_however_it_is_written(model, text):
    body = {"messages": [{"id": text[:200], "text": text}], "explain": 2}
    escaped = json.dumps(body).encode()
    raw = json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
    answer = ask(model, escaped)
    assert answer == ask(model, escaped)
    assert answer.body.isascii()
    if max(text, default="") < "\ud800" or text.isascii():
        assert ask(model, raw) == answer


def test_what_observes_predictions_receives_no_text(model):
    received = []

    def observe(*arguments) -> None:
        received.extend(arguments[1:])

    text = "Zebra Quagga"
    body = json.dumps({"messages": [{"text": text}]}).encode()
    headers = {"content-type": "application/json"}
    request = Request("POST", "/v1/predictions", headers, body)
    assert respond(model, request, observe).status == 200
    (preprocessed,), _ = received
    assert preprocessed.characters == len(text)
    assert text not in str(received)
