"""The Hub's cache: only its folders give names."""

from pathlib import Path, PurePath

import pytest

from stillroom.io.hub_cache import file_behind, hub_id_of


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


@pytest.mark.parametrize("kind", ["models", "datasets", "spaces"])
def test_a_link_of_a_snapshot_leads_to_the_blobs_of_its_repository(
    tmp_path: Path, kind: str
) -> None:
    repository, other = tmp_path / f"{kind}--a--b", tmp_path / f"{kind}--a--c"
    snapshot = repository / "snapshots/ab12"
    snapshot.mkdir(parents=True)
    for one in (repository, other):
        (one / "blobs").mkdir(parents=True)
        (one / "blobs/12").write_text("x")
    (snapshot / "own").symlink_to("../../blobs/12")
    (snapshot / "foreign").symlink_to(other / "blobs/12")
    assert file_behind(snapshot / "own", snapshot) == (repository / "blobs/12").resolve()
    assert file_behind(snapshot / "foreign", snapshot) is None
