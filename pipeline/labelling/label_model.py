"""Estimate rules' accuracies and messages' labels from agreement among the rules.

A latent-class model. A message has one hidden label y, and each rule that fires on it
is one draw from the rules, a mixture of multinomials (Nigam et al.). By Bayes' theorem
rule j is drawn with

    P(j | y) = f[j] P(y | j) / sum_k f[k] P(y | k),

where f[j] is the number of messages that it fires on. As in data programming (Ratner et
al.) a rule has one parameter only, its accuracy P(own label | j), with a Beta prior
that favours its own label; the other labels share the rest in proportion to their
frequency. The frequency of labels is what the labels at the start say; it is not
estimated again.

Other models did worse. With a Bernoulli for each rule, silence counts as evidence, and
one label takes all messages on which many rules fire together. Odds of accuracies
without the sum in the denominator let a label with many or correlated rules swallow the
others. A free P(j | y) for every pair, or frequencies that move with the fit, let a
label that hardly occurs take half of another label.

This model is as good as the majority on a good pack, and much better on a pack with
uninformative rules. It counts rules that repeat each other as independent: where they
agree, the posterior is too sure.

No maintained library fits. Dawid-Skene of crowd-kit is for annotators who may answer
with any label: an annotator who only ever gives one answer tells it nothing. Snorkel's
model needs torch, skweak's needs spaCy.

References
----------
Dawid and Skene, Applied Statistics 28, 1979. Nigam, McCallum, Thrun and Mitchell,
Machine Learning 39, 2000. Ratner et al., NIPS 2016.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy import sparse

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
class LabelModel:
    """The estimates of the label model.

    Attributes
    ----------
    accuracies
        float64 [n_rules], the probability that a message on which the rule fires has
        the rule's label, as the mean of its Beta posterior. It is near 0.8 where the
        rule seldom fires, and nan if it never fires.
    posterior
        float64 [n_patterns, n_labels], the probability of each label; rows add up to 1,
        or are 0 where no rule fires.
    """

    accuracies: np.ndarray
    posterior: np.ndarray


@dataclass(frozen=True)
class _Votes:
    """Distinct patterns of votes.

    Attributes
    ----------
    fires
        float64 [n_patterns, n_rules], 1 where the rule fires.
    counts
        int64 [n_patterns], how many messages have the pattern.
    is_own
        bool [n_rules, n_labels], whether the label is the rule's.
    frequency
        float64 [n_labels], the share of messages that have each label.
    """

    fires: sparse.csr_array
    counts: np.ndarray
    is_own: np.ndarray
    frequency: np.ndarray
    options: Options

    @functools.cached_property
    def is_voted_on(self) -> np.ndarray:
        """Whether a rule fires in the pattern, bool [n_patterns]."""
        return self.fires.sum(axis=1) > 0

    @functools.cached_property
    def messages(self) -> np.ndarray:
        """The number of messages that each rule fires on, float64 [n_rules]."""
        return self.fires.T @ self.counts.astype(np.float64)

    def maximise(self, posterior: np.ndarray) -> np.ndarray:
        """Return each rule's accuracy, in (0, 1), given the labels."""
        right = self.options.right
        wrong = self.options.wrong
        per_rule = self.fires.T @ (posterior * self.counts[:, None])
        return (per_rule[self.is_own] + right) / (per_rule.sum(axis=1) + right + wrong)

    def expect(self, accuracies: np.ndarray) -> np.ndarray:
        """Return each pattern's posterior, given the rules' accuracies."""
        others = np.where(self.is_own, 0, self.frequency)
        others /= others.sum(axis=1, keepdims=True)
        accuracy = accuracies[:, None]
        label_given_rule = np.where(self.is_own, accuracy, (1 - accuracy) * others)
        # f[j] is the same for every label, so only the denominator needs it.
        denominator = self.messages @ label_given_rule
        log_likelihood = np.log(label_given_rule) - np.log(denominator)
        posterior = posterior_of(np.log(self.frequency) + self.fires @ log_likelihood)
        return posterior * self.is_voted_on[:, None]


def fit(
    incidence: sparse.csr_array,
    counts: np.ndarray,
    rule_labels: np.ndarray,
    n_labels: int,
    *,
    start: np.ndarray,
    options: Options = DEFAULTS,
) -> LabelModel:
    """Return the label model of a night; equal input gives equal output.

    The iteration ends when the accuracies no longer change.

    Parameters
    ----------
    incidence
        bool [n_patterns, n_rules], which rules fire in each distinct pattern of votes.
    counts
        int64 [n_patterns], how many messages have the pattern.
    rule_labels
        int64 [n_rules], the index of each rule's label.
    n_labels
        2 or more.
    start
        int64 [n_patterns], the index of the label to start from, which the weighted
        majority gives. A pattern with -1 takes no part in the first step. The shares of
        these labels are the frequency of the labels.

    Examples
    --------
    Rules 0 and 1 vote for label 0, rule 2 for label 1. Rule 1 fires beside rule 2 as
    often as beside rule 0, so it is the least accurate.

    >>> fires = [[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]]
    >>> fitted = fit(
    ...     sparse.csr_array(fires, dtype=bool),
    ...     counts=np.array([40, 10, 10, 40]),
    ...     rule_labels=np.array([0, 0, 1]),
    ...     n_labels=2,
    ...     start=np.array([0, 0, -1, 1]),
    ... )
    >>> fitted.accuracies.round(2).tolist()
    [0.83, 0.63, 0.74]
    >>> fitted.posterior.argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    fires = incidence.astype(np.float64)
    fires.eliminate_zeros()
    # An index of -1 selects the last row, which has no label.
    one_label = np.eye(n_labels + 1)[start, :n_labels]
    posterior = one_label * (fires.sum(axis=1) > 0)[:, None]
    votes = _Votes(
        fires=fires,
        counts=counts,
        is_own=np.eye(n_labels, dtype=bool)[rule_labels],
        frequency=label_frequencies(counts @ posterior, options),
        options=options,
    )
    if not votes.is_voted_on.any():
        return LabelModel(np.full(len(rule_labels), np.nan), posterior)
    unknown = np.full(len(rule_labels), np.inf)  # so the first step is not the last
    fitted = maximise_expectation(
        Fit(unknown, posterior),
        votes.maximise,
        votes.expect,
        _change_of_accuracies,
        options,
    )
    accuracies = np.where(votes.messages > 0, fitted.parameters, np.nan)
    return LabelModel(accuracies, fitted.posterior)


def _change_of_accuracies(before: Fit[np.ndarray], after: Fit[np.ndarray]) -> float:
    return largest_change(before.parameters, after.parameters)
