"""The inbox with texts that end or stop the process that labels them.

A worker is started with ``celery -A tests.examples.inbox.faulty``.
"""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import django

from nightsieve.serving.contract.preparation import ServedModel
from tests.support.inbox import ENDS_ITS_PROCESS, GATE, RAISES, WAITS
from website.celery import app

django.setup()
from inbox import labelling, tasks  # noqa: E402 - needs Django's settings

__all__ = ("app",)


def _label_texts(model: ServedModel, texts: Iterable[str]) -> list[labelling.Labelled]:
    texts = list(texts)
    if ENDS_ITS_PROCESS in texts:
        os.kill(os.getpid(), signal.SIGKILL)
    if RAISES in texts:
        raise ZeroDivisionError
    if WAITS in texts:
        gate = Path(os.environ[GATE])
        gate.with_suffix(".reached").touch()
        while gate.exists():
            time.sleep(0.05)
    return labelling.label_texts(model, texts)


tasks.label_texts = _label_texts
