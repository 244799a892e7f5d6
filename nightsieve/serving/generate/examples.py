"""Examples of bodies, by what each of them shows.

Those of predictions are what the example model of docs/format.md answers.
"""

from nightsieve.serving.contract.messages import JSON_TYPE, Json

SERIAL = 41
_SHA256 = "0237619e1115760158e243e00479421b6ea43c39561e9078d1bce6b17742895c"
_REFERENCE = {"serial": SERIAL, "sha256": _SHA256}
_LABELS = ["chat", "code"]

PREDICTION_REQUESTS: dict[str, Json] = {
    "one-message": {"messages": [{"text": "The code: 1234"}]},
    "with-thresholds-and-terms": {
        "messages": [
            {"id": "a1", "text": "The code: 1234"},
            {"id": "a2", "text": "See you at eight"},
        ],
        "thresholds": True,
        "explain": 1,
    },
}
PREDICTIONS: dict[str, Json] = {
    "one-message": {
        "model": _REFERENCE,
        "predictions": [{"label": "code", "scores": {"chat": -1.15, "code": 1.4}}],
    },
    "with-thresholds-and-terms": {
        "model": _REFERENCE,
        "predictions": [
            {
                "id": "a1",
                "label": "code",
                "scores": {"chat": -1.15, "code": 1.4},
                "terms": [{"term": "code 0000", "count": 1, "advantage": 1.6}],
            },
            {"id": "a2", "label": "chat", "scores": {"chat": 0.25, "code": 0.0}},
        ],
    },
}
LABELS: dict[str, Json] = {"two-labels": {"model": _REFERENCE, "labels": _LABELS}}

_MODEL = {
    "serial": SERIAL,
    "date": "2026-11-20",
    "sha256": _SHA256,
    "labels": _LABELS,
    "restores": None,
    "reason": None,
    "files": {
        "model.json": {
            "media_type": JSON_TYPE,
            "bytes": 885,
            "sha256": _SHA256,
        },
    },
}
MODEL: dict[str, Json] = {"one-model": _MODEL}
MODELS: dict[str, Json] = {"one-model": {"current": SERIAL, "models": [_MODEL]}}

_CORRECTION = {"message_key": "5041", "label": "chat", "annotator": "ada"}
_OTHER_CORRECTION = {"message_key": "5042", "label": "code", "annotator": "ada"}
CORRECTION_REQUESTS: dict[str, Json] = {
    "one-correction": _CORRECTION,
    "two-corrections": {"corrections": [_CORRECTION, _OTHER_CORRECTION]},
}
OUTCOMES: dict[str, Json] = {
    "one-correction": {"corrections": [{**_CORRECTION, "outcome": "new"}]},
    "two-corrections": {
        "corrections": [
            {**_CORRECTION, "outcome": "unchanged"},
            {**_OTHER_CORRECTION, "outcome": "changed"},
        ]
    },
}

LIVE: dict[str, Json] = {"live": {"status": "live"}}
_READY = {"status": "ready", "model": _REFERENCE}
_REFUSED = {
    "problem": "damaged",
    "serial": SERIAL + 1,
    "since": "2026-11-21T04:12:00+00:00",
}
READY: dict[str, Json] = {
    "ready": _READY,
    "ready-with-an-earlier-model": {**_READY, "newest_model": _REFUSED},
}
