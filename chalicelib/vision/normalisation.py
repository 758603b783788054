"""Scores normalised against rivals: how much more a face resembles a person than either resembles others.

    score = similarity - of_reference · r(reference) - of_face · r(face)

where r(x) is the mean similarity of x to its `nearest` most similar other people, among the rest of the roster and a
cohort of people who are enrolled elsewhere. Some people resemble many (their threshold ought to be higher), and some
pictures resemble everybody's; both are measured here and taken off. This is adaptive symmetric score normalisation
(Matějka et al., "Analysis of Score Normalization in Multilingual Speaker Recognition", 2017) without its standard
deviations, which a cohort of some hundred people does not give well enough: then it is the cross-domain similarity
local scaling of Conneau et al. ("Word Translation Without Parallel Data", 2018) with weights.
"""

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.thresholds import Rivals

Rows = NDArray[np.float32]
_ROWS_AT_ONCE = 512  # bounds the memory of a gallery of ten thousand


def reference_rivalry(references: Rows, cohort: Rows, nearest: int) -> Rows:
    """(n,) for (n, d) references: the mean similarity of each to its `nearest` others among them and the cohort."""
    others = np.concatenate([references, cohort])
    rivalry = np.empty(len(references), np.float32)
    for start in range(0, len(references), _ROWS_AT_ONCE):
        similarities = references[start : start + _ROWS_AT_ONCE] @ others.T
        rows = np.arange(len(similarities))
        similarities[rows, start + rows] = -np.inf  # oneself
        rivalry[start : start + len(rows)] = _largest(similarities, nearest).mean(axis=1)
    return rivalry


def normalised(similarities: Rows, cohort_similarities: Rows, rivalry: Rows, rivals: Rivals) -> Rows:
    """(m, n) scores of m faces and n people.

    similarities: (m, n) to the roster. cohort_similarities: (m, c). rivalry: (n,) of the roster's references. For each
    person the face's rivals are all others: where the person is among the nearest, the next one counts instead.
    """
    everybody = np.concatenate([similarities, cohort_similarities], axis=1)
    largest = _largest(everybody, rivals.nearest + 1)
    least = largest.min(axis=1, keepdims=True)
    total = largest.sum(axis=1, keepdims=True)
    of_face = np.where(similarities >= least, total - similarities, total - least) / rivals.nearest
    scores: Rows = similarities - rivals.of_reference * rivalry[None, :] - rivals.of_face * of_face
    return scores


def _largest(rows: Rows, count: int) -> Rows:
    """(m, count): the largest of each row, in no order."""
    return np.partition(rows, rows.shape[1] - count, axis=1)[:, rows.shape[1] - count :]
