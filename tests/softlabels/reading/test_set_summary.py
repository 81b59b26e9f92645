"""Summary: the page's facts about a set, from its manifest only."""

import json
import shutil
from pathlib import Path

from support.softlabels.linear_teachers import Captured, capture

from stillroom.softlabels.format.manifest import SHARDS
from stillroom.softlabels.reading.set_summary import summary
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.topk import TopK


def test_it_says_what_the_set_is_without_reading_a_shard(captured: Captured) -> None:
    files = list((captured.folder / SHARDS).iterdir())
    sizes = sum(path.stat().st_size for path in files)
    shutil.rmtree(captured.folder / SHARDS)
    values = summary(captured.labels)
    assert values["rows"] == 25
    assert values["members"] == 2
    assert values["classes"] == 4
    assert values["shards"] == len(files)
    assert values["bytes"] == sizes
    assert values["bytes_per_row"] == round(sizes / 25, 1)
    assert values["sparsifier"] == "full"
    assert values["features"] == "none"
    assert values["bias"] == "none: every class is stored"
    assert values["combination"] == "mean of probability"
    assert values["teachers"] == f"{1:064x}, {2:064x}"
    assert values["fingerprint"] == captured.labels.manifest.fingerprint
    assert json.loads(json.dumps(values)) == values


def test_a_sparsifier_comes_with_its_parameters(tmp_path: Path) -> None:
    top = capture(tmp_path / "top", 1, TopK(k=2, temperatures=(1.0, 4.0))).labels
    assert summary(top)["sparsifier"] == "topk (k 2, temperatures (1.0, 4.0))"
    assert summary(top)["bias"] == "the mass beyond the 2 largest classes is known, not stored"
    one_tau = Threshold(entries=2.0, tau=0.125, temperature=1.0)
    drawn = capture(tmp_path / "drawn", 1, one_tau).labels
    assert summary(drawn)["sparsifier"] == "threshold (entries 2.0, tau 0.125, temperature 1.0)"
