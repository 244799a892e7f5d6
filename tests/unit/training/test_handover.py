"""Tasks hand over a fitted model as data, from which the same pipeline is rebuilt."""

import functools
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from pipeline.data.codecs import FittedNpz
from pipeline.errors import ArtefactError
from pipeline.export import encode_pipeline
from pipeline.model.decision_function import decision_function
from pipeline.training import as_data, fit, rebuild
from tests.support.exported_models import WORDY_TEXT
from tests.support.training_corpus import (
    ESTIMATORS,
    TEXT,
    Estimator,
    make_grid,
    make_messages,
    make_training,
    make_training_set,
)

CODEC = FittedNpz()
IN_BLOCKS = ("sgd", "multinomial_nb", "complement_nb")


@functools.cache
def fitted(
    estimator: Estimator,
    *,
    seed: int = 4,
    norm: str | None = "l2",
    sublinear: bool = True,
    in_blocks: bool = False,
    labels: int = 3,
) -> Pipeline:
    messages = make_messages(90, seed=seed, repeats=4)
    names = sorted({label for _, label in messages})[:labels]
    training_set = make_training_set([m for m in messages if m[1] in names])
    grid = make_grid(
        estimator,
        ngrams=((1, 2),),
        min_df=(2,),
        norm=(norm,),
        sublinear_tf=(sublinear,),
    )
    training = make_training(grid)
    (candidate,) = training.search.candidates
    if in_blocks:
        training = training.model_copy(update={"max_in_memory_documents": 10})
    text = TEXT.model_copy(update={"stop_words": ("the", "hello", "of", "zu")})
    return fit(training_set, candidate, training, text)


def handed_over(pipeline: Pipeline) -> Pipeline:
    """Return what another task rebuilds from the object of the task that fitted."""
    return rebuild(CODEC.decode(CODEC.encode(as_data(pipeline))))


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    estimator = draw(st.sampled_from(ESTIMATORS))
    return fitted(
        estimator,
        seed=draw(st.integers(1, 3)),
        norm=draw(st.sampled_from(["l2", None])),
        sublinear=draw(st.booleans()),
        in_blocks=estimator in IN_BLOCKS and draw(st.booleans()),
        labels=draw(st.sampled_from([2, 3])),
    )


@given(pipelines(), st.lists(WORDY_TEXT, min_size=1))
def test_a_rebuilt_pipeline_predicts_exactly_what_the_fitted_one_does(model, texts):
    other = handed_over(model)
    texts = [*texts, "bank login code", "hello see you", "credited 100 rupees"]
    assert other.predict(texts).tolist() == model.predict(texts).tolist()
    vectors = model["tfidf"].transform(texts)
    other_vectors = other["tfidf"].transform(texts)
    assert (vectors != other_vectors).nnz == 0
    scores = decision_function(model["estimator"], vectors)
    other_scores = decision_function(other["estimator"], other_vectors)
    assert other_scores.tobytes() == scores.tobytes()
    assert other["tfidf"].analyzer == model["tfidf"].analyzer
    assert other["estimator"].get_params() == model["estimator"].get_params()
    assert other["estimator"].converged_ == model["estimator"].converged_


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_rebuilt_classifier_has_the_bytes_of_the_fitted_one(estimator):
    model = fitted(estimator)
    # scikit-learn makes these of SGD again when it fits on.
    for name in ("_loss_function_", "_expanded_class_weight"):
        vars(model["estimator"]).pop(name, None)
    rebuilt = handed_over(model)
    assert pickle.dumps(rebuilt["estimator"]) == pickle.dumps(model["estimator"])
    assert encode_pipeline(handed_over(rebuilt)) == encode_pipeline(rebuilt)


def test_equal_models_have_equal_bytes_in_every_process():
    code = (
        "import hashlib\n"
        "from tests.unit.training.test_handover import *\n"
        "model = fitted('linear_svm')\n"
        "content = CODEC.encode(as_data(model)) + encode_pipeline(handed_over(model))\n"
        "print(hashlib.sha256(content).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_rebuilt_sgd_can_be_fitted_on():
    model = handed_over(fitted("sgd", in_blocks=True))
    vectors = model["tfidf"].transform(["bank", "hello"])
    model["estimator"].partial_fit(vectors, model.predict(["bank", "hello"]))


def test_a_classifier_that_training_does_not_make_is_no_data():
    model = fitted("linear_svm")
    with pytest.raises(TypeError, match="SVC: not a classifier of training"):
        as_data(Pipeline([model.steps[0], ("estimator", SVC())]))


def test_only_what_training_makes_is_rebuilt():
    model = as_data(fitted("linear_svm"))
    for changes in (
        {"estimator": "os.system"},
        {"scalars": {**model.description.scalars, "predict": 1}},
        {"attributes": ("coef_",)},
    ):
        description = model.description.model_copy(update=changes)
        hostile = type(model)(description, model.terms, model.idf, model.estimator)
        with pytest.raises(ArtefactError, match="; run the night again"):
            rebuild(hostile)


def test_a_pickle_in_place_of_the_arrays_is_never_read(tmp_path):
    class Attack:
        def __reduce__(self):
            return open, (str(tmp_path / "opened"), "w")

    as_object = np.array([Attack()], dtype=object)
    pickled = tmp_path / "a.npz"
    np.savez_compressed(pickled, description=as_object)
    joblib.dump(Attack(), tmp_path / "b.joblib")
    for content in (
        pickled.read_bytes(),
        (tmp_path / "b.joblib").read_bytes(),
        pickle.dumps(Attack()),
    ):
        with pytest.raises(Exception, match=r"Python objects|not a zip file"):
            CODEC.decode(content)
    assert not (tmp_path / "opened").exists()
