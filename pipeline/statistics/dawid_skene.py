"""Estimate messages' labels and how far each annotator can be believed.

The model of Dawid and Skene: a message has one hidden label, and what each annotator
makes of it is given by a confusion matrix of their own. Each row of a matrix has a
Dirichlet prior that favours the hidden label, so that somebody with few reviews is
believed about as much as anybody else: with little data the labels are the majority's.

Why not crowd-kit 1.4.2, which runs with pandas 3: its model has no such prior, so an
annotator who has given one label only is not believed at all. Take three messages on
which three people each agree, a, a and b, where everybody reviewed one: it makes three
times a. Users who send a single correction are the rule here. Besides, it brings 20
packages of 100 MB. Without the prior the two are the same to 1e-6
(`tests/unit/statistics/crowds.py`). Nor does `pipeline.labelling.label_model` fit: a
rule can only ever say its own label.

References
----------
Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM
algorithm", Applied Statistics 28, 1979.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.statistics.latent_class import (
    DEFAULTS,
    Fit,
    Options,
    label_frequencies,
    largest_change,
    maximise_expectation,
    posterior_of,
)


@dataclass(frozen=True)
class Consensus:
    """What was estimated.

    Attributes
    ----------
    posterior
        float64 [n_messages, n_labels], the probability of each label; rows add up to 1.
    confusion
        float64 [n_annotators, n_labels, n_labels], how probable it is that an annotator
        says the second label of a message that has the first.
    frequency
        float64 [n_labels], how frequent each label is.
    """

    posterior: np.ndarray
    confusion: np.ndarray
    frequency: np.ndarray

    @property
    def accuracy(self) -> np.ndarray:
        """The share of all messages that each annotator would label rightly."""
        return np.einsum("wkk,k->w", self.confusion, self.frequency)


@dataclass(frozen=True)
class _Annotation:
    """How frequent labels are, and what annotators make of them, as in `Consensus`."""

    frequency: np.ndarray
    confusion: np.ndarray


@dataclass(frozen=True)
class _Reviews:
    """Reviews as arrays, each int64 [n_reviews]."""

    message: np.ndarray
    annotator: np.ndarray
    label: np.ndarray
    n_labels: int
    options: Options

    def shares(self) -> np.ndarray:
        """Return each label's share of a message's reviews."""
        counts = np.zeros((self.message.max() + 1, self.n_labels))
        np.add.at(counts, (self.message, self.label), 1.0)
        return counts / counts.sum(axis=1, keepdims=True)

    def maximise(self, posterior: np.ndarray) -> _Annotation:
        """Return the parameters, given the messages' labels."""
        wrong = self.options.wrong / (self.n_labels - 1)
        prior = np.full((self.n_labels, self.n_labels), wrong)
        np.fill_diagonal(prior, self.options.right)
        n_annotators = self.annotator.max() + 1
        said = np.zeros((n_annotators, self.n_labels, self.n_labels))
        np.add.at(said, (self.annotator, self.label), posterior[self.message])
        confusion = said.transpose(0, 2, 1) + prior  # the hidden label comes first
        return _Annotation(
            label_frequencies(posterior.sum(axis=0), self.options),
            confusion / confusion.sum(axis=2, keepdims=True),
        )

    def expect(self, annotation: _Annotation) -> np.ndarray:
        """Return the messages' labels, given the parameters."""
        n_messages = self.message.max() + 1
        log_joint = np.tile(np.log(annotation.frequency), (n_messages, 1))
        log_likelihood = np.log(annotation.confusion).transpose(0, 2, 1)
        np.add.at(log_joint, self.message, log_likelihood[self.annotator, self.label])
        return posterior_of(log_joint)


def fit(
    message: np.ndarray,
    annotator: np.ndarray,
    label: np.ndarray,
    n_labels: int,
    options: Options = DEFAULTS,
) -> Consensus:
    """Return the consensus of the reviews; equal reviews give an equal consensus.

    The iteration starts from each label's share of a message's reviews, and ends when
    the posterior changes no more.

    Parameters
    ----------
    message, annotator, label
        int64 [n_reviews], each counting from 0 without a gap. Messages with one review
        say nothing of an annotator, who would seem the worse the more of them there
        are.
    n_labels
        2 or more.
    """
    reviews = _Reviews(message, annotator, label, n_labels, options)
    posterior = reviews.shares()
    start = Fit(reviews.maximise(posterior), posterior)
    fitted = maximise_expectation(
        start, reviews.maximise, reviews.expect, _change_of_posterior, options
    )
    annotation = fitted.parameters
    return Consensus(fitted.posterior, annotation.confusion, annotation.frequency)


def _change_of_posterior(before: Fit[_Annotation], after: Fit[_Annotation]) -> float:
    return largest_change(before.posterior, after.posterior)
