"""The model of Dawid and Skene, against crowd-kit and against planted annotators."""

import numpy as np
import pandas as pd
import pytest

from pipeline.data.reviewed_messages import annotator_names
from pipeline.statistics import dawid_skene
from pipeline.statistics.latent_class import DEFAULTS, Options
from tests.unit.data.test_reviewed_messages import crowd as planted_crowd
from tests.unit.statistics import crowds

GOLDEN = crowds.read()
EVERY_CROWD = pytest.mark.parametrize("crowd", GOLDEN.values(), ids=GOLDEN)
# The smallest counts that crowd-kit has; its estimates come from 400 iterations.
WITHOUT_PRIOR = Options(right=1e-10, wrong=1e-10, smoothing=1e-10, tolerance=1e-9)


def posterior(crowd: crowds.Golden, options: Options = DEFAULTS) -> np.ndarray:
    message, annotator, label = crowds.columns(crowd["reviews"])
    n_labels = len(crowd["posterior"][0])
    return dawid_skene.fit(message, annotator, label, n_labels, options).posterior


@EVERY_CROWD
def test_without_its_prior_the_model_is_that_of_crowd_kit(crowd):
    expected = np.array(crowd["posterior"])
    assert posterior(crowd, WITHOUT_PRIOR) == pytest.approx(expected, abs=1e-6)


@EVERY_CROWD
def test_the_prior_changes_no_label_that_crowd_kit_is_certain_of(crowd):
    expected = np.array(crowd["posterior"])
    is_certain = expected.max(axis=1) > 0.999
    is_same = posterior(crowd).argmax(axis=1) == expected.argmax(axis=1)
    assert is_same[is_certain].all()
    assert is_certain.mean() > 0.4
    assert is_same.mean() > 0.99


def test_careful_annotators_are_trusted():
    _, reviews = planted_crowd()
    message, _ = pd.factorize(reviews["key"])
    annotator, _ = pd.factorize(annotator_names(reviews))
    label, _ = pd.factorize(reviews["label"], sort=True)
    consensus = dawid_skene.fit(message, annotator, label, n_labels=3)
    assert min(consensus.accuracy[:2]) > 0.85
    assert max(consensus.accuracy[2:]) < 0.75
    assert consensus.posterior.sum(axis=1) == pytest.approx(1)
