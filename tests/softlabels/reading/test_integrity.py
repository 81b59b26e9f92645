"""Whole: every shard of every member is read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from linear_teachers import Captured

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.manifest import SHARDS
from stillroom.softlabels.reading.integrity import require_whole
from stillroom.softlabels.reading.label_set import SoftLabelSet


def flip_last_byte(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_a_whole_set_passes(captured: Captured) -> None:
    require_whole(captured.labels)


@pytest.mark.parametrize("harm", [Path.unlink, flip_last_byte], ids=["missing", "damaged"])
def test_any_shard_of_any_member_that_is_missing_or_damaged_is_named(
    captured: Captured, harm: Callable[[Path], None]
) -> None:
    for member in captured.labels.manifest.members:
        for shard in member.shards:
            path = captured.folder / SHARDS / shard.name
            content = path.read_bytes()
            harm(path)
            with pytest.raises(SoftLabelError, match=rf"{shard.name} is (missing|damaged)"):
                require_whole(SoftLabelSet(captured.folder))
            path.write_bytes(content)
    require_whole(SoftLabelSet(captured.folder))
