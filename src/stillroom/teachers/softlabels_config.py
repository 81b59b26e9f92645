"""Softlabels config: the section `softlabels` of the parameters in, the library's values out.

SoftLabels, encoder ──> SparsifierRequest, Combination, Transform, CaptureSettings
project ──> Store
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.kind_options import options_of
from stillroom.config.schema import SoftLabels
from stillroom.errors import ConfigError
from stillroom.io.dvc_root import shared_root
from stillroom.io.files.confined_paths import confined

if TYPE_CHECKING:
    from stillroom.data.encoders import Encoder
    from stillroom.data.views.image_views import Transform
    from stillroom.io.tables import TableFile
    from stillroom.softlabels.format.ensemble_combination import Combination
    from stillroom.softlabels.format.pooled_features import Kept
    from stillroom.softlabels.reading.label_set import SoftLabelSet
    from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
    from stillroom.softlabels.store.store import Store
    from stillroom.teachers.teacher import CaptureSettings

STORE_VARIABLE = "STILLROOM_STORE"
DEFAULT_STORE = Path(".stillroom") / "store"

_LOG = logging.getLogger(__name__)


def store_of(project: Path) -> "Store":
    """Return the store: the folder in STILLROOM_STORE, or the default below the DVC root.

    Raises:
        ConfigError: the default is a link that leads outside of the project.
    """
    from stillroom.softlabels.store.store import Store

    named = os.environ.get(STORE_VARIABLE)
    if named:
        return Store(project / Path(named).expanduser())
    root = shared_root(project)
    try:
        return Store(confined(DEFAULT_STORE, root))
    except ConfigError as error:
        raise ConfigError(
            f"{DEFAULT_STORE} is a link that leads outside of the project ({root}). Remove the "
            f"link; to keep the store elsewhere, set the variable {STORE_VARIABLE} to its folder."
        ) from error


def sparsifier_of(softlabels: SoftLabels) -> "SparsifierRequest":
    """Return the sparsifier; for a threshold without a tau, the request to solve for a tau.

    Raises:
        ConfigError: there is no sparsifier of this name, or an option is not allowed.
    """
    from stillroom.softlabels.sparsify.sparsifier_registry import REGISTRY

    options = REGISTRY.load(softlabels.sparsifier).options()
    request: SparsifierRequest = options_of(softlabels, options, "softlabels").request()
    return request


def combination_of(softlabels: SoftLabels, members: int) -> "Combination":
    """Return how the members are combined."""
    from stillroom.softlabels.format.ensemble_combination import Combination

    return Combination.of(softlabels.mean, softlabels.weights or [1.0] * members)


def views_of(softlabels: SoftLabels, encoder: "Encoder") -> "Transform":
    """Return the views of a training example that an encoder reads."""
    from stillroom.data.encoders import SequenceEncoder
    from stillroom.data.views.image_views import Views

    if isinstance(encoder, SequenceEncoder) and encoder.is_masked:
        return encoder.masks(softlabels.views)
    return Views(count=softlabels.views, shift=softlabels.shift, seed=softlabels.seed)


def read_combination_of(softlabels: SoftLabels, members: int) -> "Combination":
    """Return how the members of a set are combined when it is read; one member stays as it is."""
    from stillroom.softlabels.format.ensemble_combination import Combination

    if members == 1:
        return Combination.of("probability", [1.0])
    return combination_of(softlabels, members)


def require_configured(labels: "SoftLabelSet", softlabels: SoftLabels, encoder: "Encoder") -> None:
    """Refuse a set that was not captured and combined as the parameters say.

    Raises:
        SoftLabelError: with one line for each value that differs, as it is and as expected.
    """
    from dataclasses import replace

    from stillroom.softlabels.format.ensemble_combination import require_same_combination
    from stillroom.softlabels.format.fingerprint import require_same

    how, wanted = capture_settings(softlabels, encoder), sparsifier_of(softlabels)
    captures = labels.manifest.captures
    count = len(captures[0].teachers)
    together = softlabels.combine == "capture" and count > 1
    expected = tuple(
        replace(
            capture,
            sparsifier=wanted.expected(capture.sparsifier),
            seed=how.seed,
            batch_size=how.batch_size,
            augmentation=how.augmentation,
            features=how.features,
            ensemble=combination_of(softlabels, count) if together else None,
        )
        for capture in captures
    )
    require_same(captures, expected)
    combination = read_combination_of(softlabels, len(captures))
    require_same_combination(labels.manifest.combination, combination)


def require_examples(labels: "SoftLabelSet", examples: "TableFile", encoder: "Encoder") -> None:
    """Refuse a set of other examples, labels or splits, and examples that were changed.

    A set from before the manifest had a digest of the examples cannot be compared; the log says so.

    Raises:
        SoftLabelError: the set was captured for other examples.
        DataError: the content of an example is not the one that it had in `ingest`.
    """
    from stillroom.data.example_digest import examples_digest

    if labels.manifest.examples is None:
        _LOG.warning(
            "%s was captured before sets had a digest of their examples, so changed labels cannot "
            "be noticed. Run `kedro run --pipeline=capture` to add it; no teacher runs for that.",
            labels.folder,
        )
        return
    labels.require_examples(examples_digest(examples, encoder))


def capture_settings(softlabels: SoftLabels, encoder: "Encoder") -> "CaptureSettings":
    """Return how a capture runs the teachers."""
    from stillroom.teachers.teacher import CaptureSettings

    name, features = views_of(softlabels, encoder).name, _kept_features(softlabels, encoder)
    return CaptureSettings(name, softlabels.seed, softlabels.batch_size, features)


def _kept_features(softlabels: SoftLabels, encoder: "Encoder") -> "Kept":
    """Return which features are kept: the pieces of a pack have one vector each."""
    from stillroom.data.encoders import SequenceEncoder
    from stillroom.softlabels.format.pooled_features import NONE, OF_PIECES, POOLED

    if softlabels.features == NONE:
        return NONE
    return OF_PIECES if isinstance(encoder, SequenceEncoder) else POOLED
