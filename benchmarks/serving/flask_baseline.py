"""What most people would write: the pickled pipeline behind Flask.

It takes and returns the bodies of the service. Run it under gunicorn, one sync worker;
the environment variable PIPELINE names the file.
"""

import os

import joblib
from flask import Flask, request
from flask.typing import ResponseReturnValue


def create_app() -> Flask:
    """Return the application, with the pipeline that the environment names."""
    app = Flask(__name__)
    pipeline = joblib.load(os.environ["PIPELINE"])
    labels = [str(label) for label in pipeline.classes_]

    @app.get("/health/ready")
    def ready() -> ResponseReturnValue:
        return {"status": "ready"}

    @app.post("/v1/predictions")
    def predict() -> ResponseReturnValue:
        messages = request.get_json()["messages"]
        # One pass: the labels follow from the scores.
        scores = pipeline.decision_function([message["text"] for message in messages])
        predictions = []
        for message, row in zip(messages, scores, strict=True):
            by_label = dict(zip(labels, map(float, row), strict=True))
            predictions.append(
                {
                    "id": message.get("id"),
                    "label": labels[int(row.argmax())],
                    "scores": by_label,
                }
            )
        return {"predictions": predictions}

    return app
