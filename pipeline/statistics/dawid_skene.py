"""Estimate the labels of messages, and how much each annotator can be trusted.

In the model of Dawid and Skene, a message has one hidden label, and each annotator has
a confusion matrix of their own: how probable each of their labels is, given the hidden
one. Each row of a matrix has a Dirichlet prior that favours the hidden label. So an
annotator with few reviews is trusted about as much as the others, and with little data
the labels are those of the majority.

Two other implementations do not fit. The model of crowd-kit 1.4.2, which runs with
pandas 3, has no prior, so it does not trust an annotator who gave one label only. Take
nine people and three messages, each reviewed by three of them who agree: a, a and b.
crowd-kit labels all three a. Users who send a single correction are the rule here.
Besides, crowd-kit brings 20 packages of 100 MB. Without the prior, both models are
equal to 1e-6 (``tests/unit/statistics/crowds.py``). `pipeline.labelling.label_model`
does not fit either: a rule can only vote for its own label.

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
    """The estimated labels and annotators.

    Attributes
    ----------
    posterior
        float64 [n_messages, n_labels], the probability of each label; rows add up to 1.
    confusion
        float64 [n_annotators, n_labels, n_labels], how probable it is that an annotator
        gives the second label to a message that has the first.
    frequency
        float64 [n_labels], how frequent each label is.

    Examples
    --------
    >>> careful = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> random = np.array([[0.5, 0.5], [0.5, 0.5]])
    >>> consensus = Consensus(
    ...     posterior=np.array([[1.0, 0.0]]),
    ...     confusion=np.array([careful, random]),
    ...     frequency=np.array([0.5, 0.5]),
    ... )
    >>> consensus.accuracy.round(2)
    array([0.85, 0.5 ])
    """

    posterior: np.ndarray
    confusion: np.ndarray
    frequency: np.ndarray

    @property
    def accuracy(self) -> np.ndarray:
        """The share of all messages that each annotator would label correctly."""
        return np.einsum("wkk,k->w", self.confusion, self.frequency)


@dataclass(frozen=True)
class _Annotation:
    """The frequency of labels and the confusion of annotators, as in `Consensus`."""

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
        # By annotator, the label that they gave, and the hidden label.
        counts = np.zeros((n_annotators, self.n_labels, self.n_labels))
        np.add.at(counts, (self.annotator, self.label), posterior[self.message])
        # In a confusion matrix the hidden label comes first.
        confusion = counts.transpose(0, 2, 1) + prior
        return _Annotation(
            frequency=label_frequencies(posterior.sum(axis=0), self.options),
            confusion=confusion / confusion.sum(axis=2, keepdims=True),
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
    the posterior no longer changes.

    Parameters
    ----------
    message, annotator, label
        int64 [n_reviews], each counting from 0 without a gap. Leave out messages with
        one review: they say nothing about an annotator, but each of them would make the
        annotator seem worse.
    n_labels
        2 or more.

    Examples
    --------
    Two annotators agree on two messages; the third takes each label for the other:

    >>> message = np.array([0, 0, 0, 1, 1, 1])
    >>> annotator = np.array([0, 1, 2, 0, 1, 2])
    >>> label = np.array([0, 0, 1, 1, 1, 0])
    >>> consensus = fit(message, annotator, label, n_labels=2)
    >>> consensus.posterior.argmax(axis=1)
    array([0, 1])
    >>> bool(consensus.accuracy[0] > consensus.accuracy[2])
    True
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
