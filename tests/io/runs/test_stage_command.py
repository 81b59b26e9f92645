"""The stage of a catalog entry becomes the command that runs it."""

from pathlib import Path

import pytest
import yaml

from stillroom.io.runs.stage_command import stage_command, stage_of
from stillroom.pipeline_registry import register_pipelines

ROOT = Path(__file__).resolve().parents[3]
CATALOG = yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text())


def test_the_command_names_the_stage_where_it_is_known() -> None:
    assert stage_command("train") == "`kedro run --pipeline=train`"
    assert stage_command(None) == "the stage that writes it"


@pytest.mark.parametrize("metadata", [None, {}, {"kedro-viz": {}}, {"kedro-viz": None}])
def test_an_entry_without_a_layer_has_no_stage(metadata: dict[str, object] | None) -> None:
    assert stage_of(metadata) is None


@pytest.mark.parametrize("name", CATALOG)
def test_the_layer_of_each_entry_is_the_stage_that_writes_it(name: str) -> None:
    stage = stage_of(CATALOG[name].get("metadata"))
    assert stage is not None
    if name != "every_student":  # the folder of all students, which no node writes as a whole
        assert name in register_pipelines()[stage].all_outputs()
