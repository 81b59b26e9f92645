"""The Hub's cache: only its folders give names."""

from pathlib import PurePath

import pytest

from stillroom.io.hub_cache import hub_id_of


@pytest.mark.parametrize(
    ("path", "hub_id"),
    [
        ("/c/hub/models--google--bert_uncased/snapshots/ab12", "google/bert_uncased"),
        ("models--intfloat--e5-small-v2", "intfloat/e5-small-v2"),
        ("/c/models--a--b--c", "a/b--c"),
        ("/c/models--bert-base-uncased/snapshots/ab12", None),  # has no owner
        ("/c/models--/x", None),
        ("/home/me/google/bert", None),
        ("/c/datasets--a--b/snapshots/ab12", None),
    ],
)
def test_a_model_in_the_cache_has_a_name(path: str, hub_id: str | None) -> None:
    assert hub_id_of(PurePath(path), "models") == hub_id


def test_a_data_set_in_the_cache_has_a_name() -> None:
    path = PurePath("/c/datasets--PolyAI--banking77/snapshots/ab12/train.csv")
    assert hub_id_of(path, "datasets") == "PolyAI/banking77"
    assert hub_id_of(path, "models") is None
