"""The service as a client sees it."""

from scorers.python.nightsieve_scorer import load
from tests.support.exported_models import SENTENCES


def test_a_prediction_is_that_of_the_scorer(client, model_content):
    scorer = load(model_content)
    texts = list(SENTENCES.values())
    messages = [{"id": str(n), "text": text} for n, text in enumerate(texts)]
    answer = client.post("/v1/predictions", json={"messages": messages})
    assert answer.status_code == 200
    for text, prediction in zip(texts, answer.json()["predictions"], strict=True):
        assert prediction["label"] == scorer.label(text)
        assert prediction["scores"] == scorer.scores(text)
