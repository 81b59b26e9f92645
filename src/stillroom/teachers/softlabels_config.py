"""Requests: the section `softlabels` of the parameters in, what the library is asked for out.

SoftLabels, encoder ──> Wanted, Combination, Transform, How;  project ──> Store
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.schema import SoftLabels
from stillroom.io.dvc_root import shared_root

if TYPE_CHECKING:
    from stillroom.data.encoders import Encoder
    from stillroom.data.views.image_views import Transform
    from stillroom.softlabels.capture.solve_threshold import Wanted
    from stillroom.softlabels.format.combination import Combination
    from stillroom.softlabels.reading.label_set import SoftLabelSet
    from stillroom.softlabels.store.store import Store
    from stillroom.teachers.model_teacher import How

VARIABLE = "STILLROOM_STORE"
DEFAULT = Path(".stillroom") / "store"


def store_of(project: Path) -> "Store":
    """Return the store: where STILLROOM_STORE points, else below the DVC root."""
    from stillroom.softlabels.store.store import Store

    named = os.environ.get(VARIABLE)
    return Store(project / Path(named).expanduser() if named else shared_root(project) / DEFAULT)


def wanted_of(softlabels: SoftLabels) -> "Wanted":
    """Return the sparsifier; a threshold without a tau is a request for one."""
    from stillroom.softlabels.capture.solve_threshold import ThresholdRequest
    from stillroom.softlabels.sparsify import sparsifiers

    temperature = softlabels.temperature
    match softlabels.sparsifier:
        case "full":
            return sparsifiers.Full()
        case "topk":
            return sparsifiers.TopK(k=softlabels.k, temperatures=tuple(softlabels.temperatures))
        case "sample":
            return sparsifiers.Sample(draws=softlabels.samples, temperature=temperature)
        case "threshold_fixed":
            return sparsifiers.FixedThreshold(k=softlabels.k, temperature=temperature)
        case "threshold":
            if softlabels.tau is None:
                return ThresholdRequest(softlabels.entries, temperature)
            return sparsifiers.Threshold(entries=None, tau=softlabels.tau, temperature=temperature)


def combination_of(softlabels: SoftLabels, members: int) -> "Combination":
    """Return how the members become one."""
    from stillroom.softlabels.format.combination import Combination

    return Combination.of(softlabels.mean, softlabels.weights or [1.0] * members)


def views_of(softlabels: SoftLabels, encoder: "Encoder") -> "Transform":
    """Return which views there are of a training example that an encoder reads."""
    from stillroom.data.encoders import SequenceEncoder
    from stillroom.data.views.image_views import Views

    if isinstance(encoder, SequenceEncoder) and encoder.is_masked:
        return encoder.masks(softlabels.views)
    return Views(count=softlabels.views, shift=softlabels.shift, seed=softlabels.seed)


def read_combination_of(softlabels: SoftLabels, members: int) -> "Combination":
    """Return how a set's members are combined when read; of one there is nothing to combine."""
    from stillroom.softlabels.format.combination import Combination

    if members == 1:
        return Combination.of("probability", [1.0])
    return combination_of(softlabels, members)


def require_configured(labels: "SoftLabelSet", softlabels: SoftLabels, encoder: "Encoder") -> None:
    """Refuse a set that was captured or combined otherwise than the parameters say.

    Raises:
        SoftLabelError: with the two side by side, one line per ingredient that differs.
    """
    from dataclasses import replace

    from stillroom.softlabels.capture.solve_threshold import settled_as
    from stillroom.softlabels.format.combination import require_same_combination
    from stillroom.softlabels.format.fingerprint import require_same

    how, wanted = how_of(softlabels, encoder), wanted_of(softlabels)
    found = labels.manifest.captures
    count = len(found[0].teachers)
    together = softlabels.combine == "capture" and count > 1
    expected = tuple(
        replace(
            capture,
            sparsifier=settled_as(wanted, capture.sparsifier),
            seed=how.seed,
            batch_size=how.batch_size,
            augmentation=how.augmentation,
            features=how.features,
            ensemble=combination_of(softlabels, count) if together else None,
        )
        for capture in found
    )
    require_same(found, expected)
    combination = read_combination_of(softlabels, len(found))
    require_same_combination(labels.manifest.combination, combination)


def how_of(softlabels: SoftLabels, encoder: "Encoder") -> "How":
    """Return how the teachers are asked."""
    from stillroom.teachers.model_teacher import How

    name, features = views_of(softlabels, encoder).name, softlabels.features
    return How(name, softlabels.seed, softlabels.batch_size, features)
