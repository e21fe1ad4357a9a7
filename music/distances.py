"""How far a set of phrases is from the training phrases, and from each other.

`overlap` (D), `FrechetReference` (FFD), `nearest_training` (memorisation), `diversity` between
draws, and `classifier_auc` (C2ST).
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from music.features import HISTOGRAMS, Features
from music.harmony import Floats, Pitches

WHITENED_DIMENSIONS = 24
_DECILES = np.arange(1, 10) / 10
_TRANSPOSITIONS = range(-5, 7)
_FOLDS = 5


def overlap(features: Features, training: Features) -> float:
    """Returns D, the mean of 24 overlaps with the training phrases, 0..1.

    The 18 scalars are compared in the decile bins of the training phrases, the six histograms by
    their means. The training phrases have 1 with themselves.
    """
    scalars = [
        binned_overlap(ours, theirs)
        for ours, theirs in zip(features.scalars.T, training.scalars.T, strict=True)
    ]
    histograms = [histogram_overlap(features, training, name) for name in HISTOGRAMS]
    return float(np.mean(scalars + histograms))


def histogram_overlap(features: Features, training: Features, name: str) -> float:
    """Returns the mass that the mean histograms `name` of both sets share, 0..1."""
    ours, theirs = features.histograms[name].mean(axis=0), training.histograms[name].mean(axis=0)
    return float(np.minimum(ours, theirs).sum())


def binned_overlap(values: Floats, training: Floats) -> float:
    """Returns the mass that two sets of numbers share in the decile bins of `training`, 0..1."""
    # deciles that coincide, as those of rare events do, are one edge; bins include their lower end
    edges = np.unique(np.quantile(training, _DECILES))
    shares = [
        np.bincount(np.searchsorted(edges, side, side="right"), minlength=len(edges) + 1)
        / len(side)
        for side in (values, training)
    ]
    return float(np.minimum(*shares).sum())


class FrechetReference:
    """Training vectors `(n, features)`, standardised and PCA-whitened, to measure others against.

    Of the principal components the first 24 count. Features that never vary in training are left
    out: they have no scale to be measured on.
    """

    def __init__(self, vectors: Floats) -> None:
        spread = vectors.std(axis=0)
        self._varying = spread > 1e-9
        self._mean = vectors.mean(axis=0)[self._varying]
        self._spread = spread[self._varying]
        standard = (vectors[:, self._varying] - self._mean) / self._spread
        variances, axes = np.linalg.eigh(np.cov(standard.T))
        kept = np.argsort(-variances)[:WHITENED_DIMENSIONS]
        kept = kept[variances[kept] > 1e-9]  # a small set fills fewer dimensions
        self._whiten = axes[:, kept] / np.sqrt(variances[kept])

    def distance(self, vectors: Floats) -> float:
        """Returns the Frechet distance of `vectors` `(n, features)` from the training vectors.

        Both are taken for Gaussian. The training side is whitened, so its mean is 0 and its
        covariance the identity, and the trace of the root needs no matrix root.
        """
        standard = (vectors[:, self._varying] - self._mean) / self._spread
        white = standard @ self._whiten
        spectrum = np.linalg.eigvalsh(np.atleast_2d(np.cov(white.T)))
        roots = np.sqrt(np.maximum(spectrum, 0.0))
        return float((white.mean(axis=0) ** 2).sum() + ((roots - 1.0) ** 2).sum())


def nearest_training(accompaniment: Pitches, training: Pitches) -> Floats:
    """Finds how far each accompaniment is from its nearest training accompaniment.

    Args:
        accompaniment: `(n, time, voice)`, MIDI pitches or -1.
        training: `(m, time, voice)`; each is tried in 12 transpositions, -5 to +6 semitones.

    Returns:
        `(n,)`: the smallest share of differing cells, 0 for a copy, 1 if nothing ever agrees.
    """
    cells = accompaniment.reshape(len(accompaniment), -1).astype(np.int8)
    known = training.reshape(len(training), -1).astype(np.int8)
    shifted = [np.where(known >= 0, known + np.int8(shift), known) for shift in _TRANSPOSITIONS]
    # one row per cell keeps the inner loop on short, contiguous vectors that stay in the cache
    columns = np.ascontiguousarray(np.concatenate(shifted).T)
    agree = np.empty(columns.shape[1], np.bool_)
    as_number = agree.view(np.uint8)
    best = np.empty(len(cells))
    for index, phrase in enumerate(cells):
        count = np.zeros(columns.shape[1], np.min_scalar_type(cells.shape[1]))  # most often a byte
        for column, cell in zip(columns, phrase, strict=True):
            np.equal(column, cell, out=agree)
            np.add(count, as_number, out=count)
        best[index] = 1.0 - count.max() / cells.shape[1]
    return best


def diversity(accompaniments: Pitches) -> float | None:
    """Returns the mean share of cells that differ between two draws for the same melody.

    Args:
        accompaniments: `(draws, n, time, voice)`.

    Returns:
        0..1, or None if there is one draw only.
    """
    pairs = combinations(accompaniments, 2)
    shares = [float(np.mean(one != other)) for one, other in pairs]
    return float(np.mean(shares)) if shares else None


def classifier_auc(fake: Floats, real: Floats, songs: NDArray[np.str_]) -> float:
    """Returns how well a classifier tells fake vectors from real ones: C2ST, .5 if not at all.

    The better one of logistic regression and gradient boosting, each judged by the area under
    the ROC curve over the left-out folds of a 5-fold cross-validation. Both sides have the same
    melodies, so only the accompaniment can tell.

    Args:
        fake: `(n, features)`.
        real: `(n, features)`, of the same melodies in the same order.
        songs: `(n,)`, the song of each melody; no song is on both sides of a fold.

    References:
        Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, 2017.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    vectors = np.concatenate([fake, real])
    labels = np.repeat([1, 0], [len(fake), len(real)])
    groups = np.concatenate([songs, songs])
    models = (
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500)),
        HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, random_state=0),
    )
    scores = np.zeros((len(models), len(labels)))
    folds = GroupKFold(min(_FOLDS, len(np.unique(songs))))
    with threadpool_limits(1):  # on so few rows more threads spend their time waiting
        for train, test in folds.split(vectors, labels, groups):
            for score, model in zip(scores, models, strict=True):
                model.fit(vectors[train], labels[train])
                score[test] = model.predict_proba(vectors[test])[:, 1]
    return max(float(roc_auc_score(labels, score)) for score in scores)
