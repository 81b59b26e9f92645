"""`conf/code.yaml`: one digest of code for each stage, as DVC sees them.

    compose ──> write_code ──> conf/code.yaml ──> dvc.yaml's `params:`

DVC decides from this file too which stages are out of date. If a stage then ran with other code,
DVC's lock file would be wrong, so `require_equal_code` raises an error.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from stillroom.errors import ConfigError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.confined_paths import confined
from stillroom.io.yaml_files import read_yaml

CODE = Path("conf") / "code.yaml"
_HEADER = (
    "# Written by `kedro compose`: a digest of the code that each stage can reach, plug-ins too.\n"
)


def write_code(digests: Mapping[str, str], root: Path) -> Path:
    """Write the digest of each stage for DVC and return the path of the file."""
    write_text(confined(CODE, root), _HEADER + yaml.safe_dump(dict(digests), sort_keys=True))
    return root / CODE


def require_equal_code(digest: str, root: Path, stage: str) -> None:
    """Check that a stage's code is that in `conf/code.yaml`.

    Args:
        digest: the digest of the code that runs.
        root: the project's folder.
        stage: the name of the stage.

    Raises:
        ConfigError: the file is missing, or the code was changed after it was written.
    """
    path = root / CODE
    if not path.exists():
        raise ConfigError(f"{CODE} does not exist. Run `dvc repro compose` to write it.")
    written = read_yaml(path).get(stage)
    if written != digest:
        raise ConfigError(
            f"The code of {stage} is not the code that {CODE} describes, from which DVC decided "
            "what to run. Run `dvc repro` again, and edit no code while it runs."
        )
