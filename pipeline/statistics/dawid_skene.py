"""What a message's label is, and how far each annotator can be believed, from how annotators agree with each other.

The latent-class model of Dawid and Skene ("Maximum likelihood estimation of observer error-rates using the EM
algorithm", Applied Statistics 28, 1979): a message has one hidden label, and each annotator says what a confusion
matrix of their own makes of it. Each row of a matrix has a Dirichlet prior that favours the hidden label, so that
somebody with few reviews is believed about as much as anybody else: with little data the labels are the majority's.

Why not crowd-kit 1.4.2, which runs with pandas 3: its model has no such prior, so whoever has given one label only is
not believed at all. Of three messages on which three people each agreed, a, a and b, and everybody reviewed one, it
makes three times a; and users who send a single correction are the rule here. Besides, it brings 20 packages of 100 MB.
Without the prior the two are the same to 1e-6 (`tests/unit/crowds.py`).
Nor does `pipeline.labelling.label_model` fit: a rule can only ever say its own label.
"""

from dataclasses import dataclass

import numpy as np

# An annotator not seen yet is right in four cases of five, and five messages of a label weigh as much as this belief.
RIGHT, WRONG = 4.0, 1.0
SMOOTHING = 1.0  # messages added to each label, so that none becomes impossible
MAX_ITERATIONS = 500
TOLERANCE = 1e-6  # largest change of a probability at which the fit ends


@dataclass(frozen=True)
class Consensus:
    """What was estimated.

    Attributes
    ----------
    posterior : float64 [n_messages, n_labels], the probability of each label; rows add up to 1.
    confusion : float64 [n_annotators, n_labels, n_labels], how probable it is that an annotator says the second label
        of a message that has the first.
    frequency : float64 [n_labels], how frequent each label is.
    """

    posterior: np.ndarray
    confusion: np.ndarray
    frequency: np.ndarray

    @property
    def accuracy(self) -> np.ndarray:
        """The share of all messages that each annotator would label rightly, float64 [n_annotators]."""
        return np.einsum("wkk,k->w", self.confusion, self.frequency)


def fit(
    message: np.ndarray, annotator: np.ndarray, label: np.ndarray, n_labels: int
) -> Consensus:
    """The consensus of the reviews, by expectation maximisation from the shares of votes; the same each time.

    Parameters
    ----------
    message, annotator, label : int64 [n_reviews], each counting from 0 without a gap.
        Messages with one review say nothing of an annotator, who would seem the worse the more of them there are.
    n_labels : at least 2.
    """
    n_messages, n_annotators = (numbers.max() + 1 for numbers in (message, annotator))
    posterior = np.zeros((n_messages, n_labels))
    np.add.at(posterior, (message, label), 1.0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    for _ in range(MAX_ITERATIONS):
        before = posterior
        frequency, confusion = _maximise(
            posterior, message, annotator, label, n_annotators
        )
        posterior = _expect(frequency, confusion, message, annotator, label, n_messages)
        if np.abs(posterior - before).max() < TOLERANCE:
            break
    return Consensus(posterior, confusion, frequency)


def _maximise(
    posterior: np.ndarray,
    message: np.ndarray,
    annotator: np.ndarray,
    label: np.ndarray,
    n_annotators: int,
) -> tuple[np.ndarray, np.ndarray]:
    """How frequent labels are and what annotators make of them, given the messages' labels."""
    n_labels = posterior.shape[1]
    frequency = posterior.sum(axis=0) + SMOOTHING
    prior = np.full((n_labels, n_labels), WRONG / (n_labels - 1))
    np.fill_diagonal(prior, RIGHT)
    said = np.zeros((n_annotators, n_labels, n_labels))  # said first, then hidden
    np.add.at(said, (annotator, label), posterior[message])
    confusion = said.transpose(0, 2, 1) + prior
    return frequency / frequency.sum(), confusion / confusion.sum(axis=2, keepdims=True)


def _expect(
    frequency: np.ndarray,
    confusion: np.ndarray,
    message: np.ndarray,
    annotator: np.ndarray,
    label: np.ndarray,
    n_messages: int,
) -> np.ndarray:
    """The messages' labels, given the annotators; in logarithms, so nothing underflows."""
    joint = np.tile(np.log(frequency), (n_messages, 1))
    np.add.at(joint, message, np.log(confusion).transpose(0, 2, 1)[annotator, label])
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)
