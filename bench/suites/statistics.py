# SPDX-License-Identifier: Apache-2.0
"""Medians, percentiles, and the interval in which a median lies."""

import random
import statistics

RESAMPLES = 2000
SEED = 20061  # the same samples always give the same interval


def percentile(values, share):
    """The nearest-rank percentile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def interval(values):
    """(low, median, high): the bootstrap 95 % confidence interval of the median."""
    source = random.Random(SEED)
    medians = sorted(statistics.median(source.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return medians[int(0.025 * RESAMPLES)], statistics.median(values), medians[int(0.975 * RESAMPLES)]


def histogram(values):
    """{lower bound: count} in steps of about 2 %: small enough to keep, fine enough for percentiles."""
    counts = {}
    for value in values:
        shift = max(0, int(value).bit_length() - 6)
        bound = int(value) >> shift << shift
        counts[bound] = counts.get(bound, 0) + 1
    return dict(sorted(counts.items()))


def is_quiet(baseline_to_itself):
    """The A/A gate: the baseline against itself shows no difference, or the run says nothing."""
    low, _, high = baseline_to_itself
    return low >= 0.95 and high <= 1.05
