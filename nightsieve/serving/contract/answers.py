"""The bodies of answers."""

from collections.abc import Iterable

from nightsieve.serving.contract.messages import Answer, Json, json_answer
from nightsieve.serving.contract.prediction import Prediction
from nightsieve.serving.contract.preparation import Message, ServedModel


def predictions_answer(
    model: ServedModel, messages: Iterable[Message], predictions: Iterable[Prediction]
) -> Answer:
    """Return the answer to a request for predictions."""
    labels = model.scorer.labels
    entries = []
    for message, prediction in zip(messages, predictions, strict=True):
        entry: dict[str, Json] = {}
        if message.id is not None:
            entry["id"] = message.id
        entry["label"] = prediction.label
        entry["scores"] = dict(zip(labels, prediction.scores, strict=True))
        if prediction.terms:
            entry["terms"] = [term._asdict() for term in prediction.terms]
        entries.append(entry)
    return json_answer({"model": model_reference(model), "predictions": entries})


def labels_answer(model: ServedModel) -> Answer:
    """Return the answer that lists the model's labels."""
    return json_answer(
        {"model": model_reference(model), "labels": list(model.scorer.labels)}
    )


def model_reference(model: ServedModel) -> Json:
    """Return what every answer says of the model that gave it."""
    return {"serial": model.serial, "sha256": model.sha256}
