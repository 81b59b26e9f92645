"""The digests that `compose` writes are those that a stage under DVC compares with."""

from pathlib import Path

import pytest

from stillroom.cli.dvc_files import require_code_of, write_for_dvc
from stillroom.config.code_digest import closure
from stillroom.errors import ConfigError


def test_a_stage_whose_code_was_edited_is_refused_and_others_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = project / "src" / "stillroom"
    monkeypatch.setattr(closure, "PACKAGE", package)
    write_for_dvc(project)
    path = package / "softlabels" / "sparsify" / "entries.py"
    path.write_text(f'"""Prose."""\n{path.read_text()}')
    require_code_of(project, "capture")
    path.write_text(f"{path.read_text()}\nX = 1\n")
    require_code_of(project, "ingest")
    with pytest.raises(ConfigError, match="The code of capture is not the code"):
        require_code_of(project, "capture")
