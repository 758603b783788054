"""A small metric-learning head: a linear map under which a view is nearest to its own person's other registrations.

Every view is classified among all people by the cosine to their prototypes (Snell et al., "Prototypical Networks for
Few-shot Learning", 2017), its own person's being made of the other registrations alone, with a margin (Wang et al.,
"CosFace", 2018) and a scale that follows from how many people there are (Zhang et al., "AdaCos", 2019). The map begins
as the identity and is held to it: with little to learn, little is changed. Adam (Kingma & Ba, 2015), always as many
steps over all views: the same data give the same map.
"""

import numpy as np
from numpy.typing import NDArray

from training.projections import Labelled, Matrix, means_by, tidy

STEPS, RATE = 60, 0.003
HELD = 0.5
"""What the squared changes of all entries cost. On LFW's calibration half a tenth of it learns people by heart."""
MARGIN = 0.2
"""In parts of the distance between what people have in common with themselves and with others."""


def fit_head(data: Labelled) -> Matrix:
    """From whoever registered more than once, against everybody."""
    counts = np.bincount(data.whose, minlength=data.people)
    several = counts[data.owner] > 1
    views, owner = data.rows[several], data.owner[several]
    prototypes = means_by(data.whose, data.means, data.people)
    number = counts[data.whose][:, None]
    others = (prototypes[data.whose] * number - data.means) / np.maximum(number - 1, 1)
    own = others[data.place[several]]
    scale, margin = _scale_and_margin(views, own, prototypes, owner)
    identity = np.eye(views.shape[1])
    weights, first, second = identity.copy(), np.zeros_like(identity), np.zeros_like(identity)
    for step in range(1, STEPS + 1):
        slope = _slope(weights, views, own, prototypes, owner, scale, margin)
        slope += 2 * HELD * (weights - identity)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        weights -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return tidy(weights)


def _scale_and_margin(
    views: Matrix, own: Matrix, prototypes: Matrix, owner: NDArray[np.intp]
) -> tuple[float, float]:
    """dlib's people are alike to .84, others' to .3: so both are measured by how far people are apart here."""
    seen, theirs, everybody = (_unit(rows)[0] for rows in (views, own, prototypes))
    mated = np.einsum("nd,nd->n", seen, theirs)
    among = seen @ everybody.T
    among[np.arange(len(owner)), owner] = -np.inf
    apart = max(0.05, float(np.median(mated) - np.median(among[np.isfinite(among)])))
    return float(np.sqrt(2) * np.log(max(len(prototypes) - 1, 2)) / apart), MARGIN * apart


def _slope(
    weights: Matrix,
    views: Matrix,
    own: Matrix,
    prototypes: Matrix,
    owner: NDArray[np.intp],
    scale: float,
    margin: float,
) -> Matrix:
    """Of the mean cross entropy, by the weights."""
    (seen, seen_norm), (theirs, their_norm), (everybody, norms) = (
        _unit(rows @ weights) for rows in (views, own, prototypes)
    )
    here = np.arange(len(views))
    logits = scale * (seen @ everybody.T)
    logits[here, owner] = scale * (np.einsum("nd,nd->n", seen, theirs) - margin)
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    mine = chances[here, owner] - 1
    chances[here, owner] = 0.0
    by_seen = chances @ everybody + mine[:, None] * theirs
    by_everybody, by_theirs = chances.T @ seen, mine[:, None] * seen
    slope = views.T @ _through_unit(by_seen, seen, seen_norm)
    slope += prototypes.T @ _through_unit(by_everybody, everybody, norms)
    slope += own.T @ _through_unit(by_theirs, theirs, their_norm)
    return np.asarray(slope * scale / len(views), np.float64)


def _unit(rows: Matrix) -> tuple[Matrix, Matrix]:
    norms = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return rows / norms, norms


def _through_unit(slope: Matrix, unit: Matrix, norms: Matrix) -> Matrix:
    """Of what stood before it was made of unit norm."""
    along = np.einsum("nd,nd->n", slope, unit)[:, None]
    return np.asarray((slope - along * unit) / norms, np.float64)
