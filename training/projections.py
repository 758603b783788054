"""What may be learned on top of a frozen embedder: linear maps, after which embeddings are of unit norm again.

`wccn`: within-class covariance normalisation (Hatch, Kajarekar & Stolcke, "Within-class covariance normalization for
SVM-based speaker recognition", 2006): what differs between two occasions of one person counts for less. The covariance
is shrunken (Ledoit & Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004).
`head`: see training.head.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage

from chalicelib.vision.learned import Projection, unit
from layers.packs.graph import GraphWriter
from training.segregate import Member

Matrix = NDArray[np.float64]
"""(d, d): a row of an embedding is multiplied by it from the right."""

_DECIMALS = 6  # what the order of additions on another processor changes lies far below
_MOST_VIEWS = 3


@dataclass(frozen=True, eq=False)
class Labelled:
    """What projections are learned from. Of n views: rows (n, d), owner (n,), place (n,), the registration each is of.

    means: (r, d) of the r registrations. whose: (r,) the person of each. people: how many there are.
    """

    rows: Matrix
    place: NDArray[np.intp]
    means: Matrix
    whose: NDArray[np.intp]
    people: int

    @property
    def owner(self) -> NDArray[np.intp]:
        return self.whose[self.place]


def labelled(members: Iterable[Member]) -> Labelled:
    """Of each occasion no more than a few views: those of one clip tell little that is new."""
    rows: list[Matrix] = []
    means: list[Matrix] = []
    place: list[int] = []
    whose: list[int] = []
    people = 0
    for person, member in enumerate(members):
        people = person + 1
        for occasions in member.registrations.values():
            views = [
                np.frombuffer(view, "<f4").astype(np.float64)
                for occasion in occasions
                for view in occasion.embeddings[:_MOST_VIEWS]
            ]
            rows += views
            place += [len(means)] * len(views)
            means.append(np.asarray(np.mean(views, axis=0), np.float64))
            whose.append(person)
    return Labelled(
        np.array(rows), np.array(place, np.intp), np.array(means), np.array(whose, np.intp), people
    )


def fit_wccn(data: Labelled) -> Matrix:
    """From whoever registered more than once."""
    counts = np.bincount(data.whose, minlength=data.people)
    centres = means_by(data.whose, data.means, data.people)
    several = counts[data.whose] > 1
    residuals = (data.means - centres[data.whose])[several]
    covariance = residuals.T @ residuals / len(residuals)
    share = float(ledoit_wolf_shrinkage(residuals, assume_centered=True))
    variances, directions = np.linalg.eigh(covariance)
    shrunken = (1 - share) * variances + share * variances.mean()
    return tidy(directions @ np.diag(shrunken**-0.5) @ directions.T)


def means_by(whose: NDArray[np.intp], rows: Matrix, number: int) -> Matrix:
    """(number, d): the mean of the rows of each; nothing where there are none."""
    sums = np.zeros((number, rows.shape[1]))
    np.add.at(sums, whose, rows)
    return np.asarray(sums / np.maximum(np.bincount(whose, minlength=number), 1)[:, None], np.float64)


def tidy(matrix: Matrix) -> Matrix:
    """Of a scale that does not matter, and of digits that do."""
    return np.asarray(np.round(matrix / np.abs(np.diag(matrix)).mean(), _DECIMALS), np.float64)


def projection_of(matrix: Matrix) -> Projection:
    """While it is being chosen; in service, and in the test, the graph is what is run."""
    weights = matrix.astype(np.float32)
    return lambda rows: unit(rows @ weights)


def graph_of(matrix: Matrix) -> bytes:
    """The ONNX graph `embedding` (n, d) → `projected` (n, d), the same bytes for the same matrix."""
    size = len(matrix)
    writer = GraphWriter("projection", ("n", size), "embedding")
    turned = writer.node("MatMul", "embedding", writer.constant(matrix.astype(np.float32)))
    return writer.finish(projected=(writer.node("LpNormalization", turned, axis=1, p=2), ("n", size)))
