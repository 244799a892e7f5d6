"""Latent-class models: a hidden label for each item, fitted by EM.

The label model of the rules and the consensus of annotators differ in what a label
makes probable. They share the iteration, the priors, and the way from joint
probabilities to a posterior.

References
----------
Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM
algorithm", Applied Statistics 28, 1979.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Parameters = TypeVar("Parameters")


@dataclass(frozen=True)
class Options:
    """What is believed before there are data, and when the iteration ends.

    Attributes
    ----------
    right, wrong
        Counts that are added to what a rule or an annotator says: one not seen yet is
        right in four cases of five, and five messages weigh as much as this belief.
    smoothing
        Messages that are added to each label, so that none becomes impossible.
    max_iterations
        Of maximisation and expectation together.
    tolerance
        The largest change of a probability at which the iteration ends.
    """

    right: float = 4.0
    wrong: float = 1.0
    smoothing: float = 1.0
    max_iterations: int = 500
    tolerance: float = 1e-6


DEFAULTS = Options()


@dataclass(frozen=True)
class Fit(Generic[Parameters]):
    """Where the iteration stands.

    Attributes
    ----------
    parameters
        What maximisation gave last.
    posterior
        float64 [n_items, n_labels], the probability of each label of each item.
    """

    parameters: Parameters
    posterior: np.ndarray


def maximise_expectation(
    start: Fit[Parameters],
    maximise: Callable[[np.ndarray], Parameters],
    expect: Callable[[Parameters], np.ndarray],
    change: Callable[[Fit[Parameters], Fit[Parameters]], float],
    options: Options,
) -> Fit[Parameters]:
    """Return the fit after which a step changes at most the tolerance.

    Parameters
    ----------
    start
        Its parameters are used by ``change`` alone.
    maximise
        Returns the parameters, given a posterior.
    expect
        Returns the posterior, given parameters.
    change
        Returns the largest change between two fits.
    """
    fit = start
    for _ in range(options.max_iterations):
        parameters = maximise(fit.posterior)
        previous, fit = fit, Fit(parameters, expect(parameters))
        if change(previous, fit) < options.tolerance:
            break
    return fit


def posterior_of(log_joint: np.ndarray) -> np.ndarray:
    """Return the probability of each label, float64 [n_items, n_labels].

    Parameters
    ----------
    log_joint
        float64 [n_items, n_labels], the logarithm of each label's joint probability but
        for a constant. The largest of a row is subtracted, so nothing underflows.
    """
    joint = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)


def label_frequencies(messages: np.ndarray, options: Options) -> np.ndarray:
    """Return how frequent each label is, given its messages: float64 [n_labels]."""
    smoothed = messages + options.smoothing
    return smoothed / smoothed.sum()


def largest_change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest absolute difference of two arrays."""
    return float(np.abs(after - before).max())
