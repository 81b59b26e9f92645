"""The section `softlabels`: each choice becomes a value, and the store has its folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.examples.corpus_examples import sentences
from support.examples.image_examples import ENCODER

from stillroom.config.compose import compose
from stillroom.config.schema import SoftLabels
from stillroom.data.encoders import SequenceEncoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ConfigError, SoftLabelError
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold, ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.teachers import softlabels_config

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = SoftLabels(**compose(ROOT)["softlabels"])
VALUES: dict[str, Any] = {
    "k": 7,
    "temperatures": [1.0, 3.0],
    "samples": 9,
    "temperature": 3.0,
    "entries": 5.0,
}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"sparsifier": "full"}, Full()),
        ({"sparsifier": "topk"}, TopK(k=7, temperatures=(1.0, 3.0))),
        ({"sparsifier": "sample"}, Sample(samples=9, temperature=3.0)),
        ({"sparsifier": "threshold_fixed"}, FixedThreshold(k=7, temperature=3.0)),
        ({"sparsifier": "threshold"}, ThresholdRequest(entries=5.0, temperature=3.0)),
        (
            {"sparsifier": "threshold", "tau": 0.25},
            Threshold(entries=None, tau=0.25, temperature=3.0),
        ),
    ],
    ids=["full", "topk", "sample", "threshold_fixed", "threshold", "threshold of a tau"],
)
def test_a_sparsifier_has_the_values_that_are_its_own(
    values: dict[str, Any], wanted: SparsifierRequest
) -> None:
    assert softlabels_config.sparsifier_of(replace(DEFAULT, **VALUES, **values)) == wanted


def test_the_default_is_full() -> None:
    assert softlabels_config.sparsifier_of(DEFAULT) == Full()


def test_weights_are_even_unless_they_are_given() -> None:
    assert softlabels_config.combination_of(DEFAULT, 4).shares == (0.25, 0.25, 0.25, 0.25)
    uneven = softlabels_config.combination_of(replace(DEFAULT, weights=[3.0, 1.0], mean="logit"), 2)
    assert (uneven.shares, uneven.mean) == ((0.75, 0.25), "logit")


def test_teachers_run_with_the_transform_of_the_views() -> None:
    how = softlabels_config.capture_settings(
        replace(DEFAULT, views=3, shift=1, seed=6, batch_size=32), ENCODER
    )
    assert (how.augmentation, how.seed, how.batch_size) == ("shift-2 shift=1 seed=6", 6, 32)
    assert (
        softlabels_config.capture_settings(replace(DEFAULT, views=0, shift=1), ENCODER).augmentation
        == "none"
    )
    assert softlabels_config.views_of(replace(DEFAULT, views=3), ENCODER).view_numbers == [1, 2, 3]


def test_features_of_sequences_are_kept_piece_by_piece() -> None:
    tokenizer = train_tokenizer(sentences(20), 300)
    tokens = SequenceEncoder(tokenizer=tokenizer, task="next_token", length=8)
    pooled = replace(DEFAULT, views=0, features="pooled")
    for wanted, encoder, kept in (
        (pooled, tokens, "pooled_pieces"),
        (pooled, ENCODER, "pooled"),
        (replace(pooled, features="none"), tokens, "none"),
    ):
        assert softlabels_config.capture_settings(wanted, encoder).features == kept


def test_views_of_hidden_tokens_are_the_encoders_own_masks() -> None:
    tokenizer = train_tokenizer(sentences(20), 300, "masked_token")
    hidden = SequenceEncoder(tokenizer=tokenizer, task="masked_token", length=8, mask_seed=5)
    views = softlabels_config.views_of(replace(DEFAULT, views=3, seed=6), hidden)
    assert views == hidden.masks(3)
    for count in (0, 3):
        how = softlabels_config.capture_settings(replace(DEFAULT, views=count, seed=6), hidden)
        assert (how.augmentation, how.seed) == ("mask-1 share=0.15 seed=5", 6)
    plain = replace(hidden, task="next_token")
    assert (
        softlabels_config.capture_settings(replace(DEFAULT, views=0), plain).augmentation == "none"
    )


def test_the_store_lies_below_the_project_or_where_the_variable_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STILLROOM_STORE", raising=False)
    assert softlabels_config.store_of(tmp_path).folder == tmp_path / ".stillroom/store"
    monkeypatch.setenv("STILLROOM_STORE", "")
    assert softlabels_config.store_of(tmp_path).folder == tmp_path / ".stillroom/store"
    monkeypatch.setenv("STILLROOM_STORE", str(tmp_path / "else where"))
    assert softlabels_config.store_of(tmp_path).folder == tmp_path / "else where"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STILLROOM_STORE", "~/store")
    assert softlabels_config.store_of(tmp_path).folder == tmp_path / "home/store"


@pytest.mark.parametrize("linked", [".stillroom", ".stillroom/store"])
def test_a_store_that_is_a_link_out_of_the_project_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: str
) -> None:
    monkeypatch.delenv("STILLROOM_STORE", raising=False)
    project, outside = tmp_path / "project", tmp_path / "outside"
    (project / linked).parent.mkdir(parents=True)
    outside.mkdir()
    (project / linked).symlink_to(outside)
    with pytest.raises(ConfigError, match=r"leads outside of the project.* STILLROOM_STORE"):
        softlabels_config.store_of(project)
    assert list(outside.iterdir()) == []


def test_a_temporary_experiment_has_the_store_of_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STILLROOM_STORE", raising=False)
    root = tmp_path.resolve()
    experiment = root / ".dvc" / "tmp" / "exps" / "tmpa1b2"
    assert softlabels_config.store_of(experiment).folder == softlabels_config.store_of(root).folder


@pytest.mark.parametrize(
    "values",
    [
        {"sparsifier": "full", "weights": [3.0, 1.0], "mean": "logit"},
        {"sparsifier": "topk", "k": 2, "combine": "capture", "weights": [3.0, 1.0]},
        {"sparsifier": "threshold", "entries": 1.5},
        {"sparsifier": "sample", "views": 2, "draws": 2},
    ],
    ids=lambda values: values["sparsifier"],
)
def test_a_set_matches_the_settings_that_it_was_captured_with(
    capture_stage: Any, values: dict[str, Any]
) -> None:
    labels = capture_stage.capture(capture_stage.settings(**values))
    softlabels_config.require_configured(labels, capture_stage.settings(**values), ENCODER)
    others: list[dict[str, Any]] = [{"seed": 1}, {"weights": [1.0, 9.0]}, {"shift": 1, "views": 1}]
    for other in others:
        with pytest.raises(SoftLabelError, match=r"expected|shares|weights"):
            softlabels_config.require_configured(
                labels, capture_stage.settings(**values | other), ENCODER
            )
