"""A small, real project for the fault suite, and what its soft labels must fulfil after any fault.

ingest, two perceptrons ──> project ──capture──> trees of bytes: the set, the store
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from support.command_line import quick_project
from support.faults.fork_server import ROOT, Ran, Server
from support.licences_and_lineage import own_licence

from stillroom.data.encoders import read_encoder
from stillroom.io.files.atomic_folder import restored
from stillroom.io.files.hashing import sha256_bytes
from stillroom.io.json.json_files import write_json
from stillroom.io.tables import TableFile
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.models.shape import Shape
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.store.store import read_capture

Tree = dict[str, bytes]
LABELS = Path("data") / "04_soft_labels"
STATE = Path(".stillroom")
CAPTURES = STATE / "store" / "captures"
# The folders that a run fills. Another seed of the draws gives other captures and so another set.
CAPTURE_COMMAND = ("run", "--pipeline=capture", "--params")
TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{32}\.(partial|replaced)")
ROOM = 200  # characters of an error that a test prints


def make_project(folder: Path, server: Server) -> Path:
    """Make a project with examples and teachers, but no soft labels."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "conf", folder / "conf")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("src", "data/03_teachers/given"):
        (folder / name).mkdir(parents=True)
    quick_project(folder)
    ran = server.run(folder, "run", "--pipeline=ingest")
    assert ran.code == 0, ran.output
    _train_teachers(folder / "data")
    return folder


def _train_teachers(data: Path) -> None:
    """Write two perceptrons that distinguish the stripes."""
    catalog = yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text())
    table = TableFile(data.parent / catalog["examples"]["filepath"]).read()
    encoder = read_encoder(data / "02_examples/encoder")
    inputs = torch.from_numpy(encoder.encode(table))
    labels = torch.from_numpy(table["label"].to_numpy().astype("int64"))
    for member in range(2):
        shape = Shape(tuple(inputs.shape[1:]), tuple(encoder.classes))
        model = build("mlp", {"hidden": [8]}, shape, seed=member)
        optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(20):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs).logits, labels).backward()
            optimiser.step()
        save_model(model, encoder, data / "03_teachers/ensemble" / f"member_{member}")
    write_json(data / "03_teachers/licence.json", own_licence(2).to_json())


@dataclass(frozen=True)
class Stage:
    """The stage `capture` of one project, with its parameters."""

    server: Server
    project: Path
    params: str

    @property
    def words(self) -> tuple[str, ...]:
        """The command, after `kedro`."""
        return (*CAPTURE_COMMAND, self.params)

    def run(self, **options: object) -> Ran:
        """Run it, as `Server.run`."""
        return self.server.run(self.project, *self.words, **options)

    def must_run(self, **options: object) -> Ran:
        """Run it and check that it succeeds."""
        ran = self.run(**options)
        assert ran.code == 0, f"{ran.code}: {ran.output}"
        return ran

    def forget(self) -> None:
        """Remove every soft label and the store."""
        for folder in (self.project / STATE, self.project / LABELS):
            shutil.rmtree(folder, ignore_errors=True)
        for left in (self.project / "data").glob(".*.replaced"):
            shutil.rmtree(left)

    def keep(self, snapshot: Path) -> Path:
        """Copy the soft labels and the store to `snapshot`."""
        for folder in (STATE, LABELS):
            if (self.project / folder).exists():
                shutil.copytree(self.project / folder, snapshot / folder)
        return snapshot

    def go_back(self, snapshot: Path) -> None:
        """Restore what `keep` copied."""
        self.forget()
        for folder in (STATE, LABELS):
            if (snapshot / folder).exists():
                shutil.copytree(snapshot / folder, self.project / folder)


def tree(folder: Path) -> Tree:
    """Return every file below a folder with its bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def store_tree(project: Path) -> Tree:
    """Return the store's manifests and the shards that they name, which are all of its content."""
    files: Tree = {}
    for folder in sorted((project / CAPTURES).glob("*")):
        if (folder / MANIFEST).exists():
            kept = [SHARDS + "/" + shard.name for shard in read_capture(folder).shards.values()]
            for name in [MANIFEST, *kept]:
                files[f"{folder.name}/{name}"] = (folder / name).read_bytes()
    return files


@contextmanager
def copied(project: Path, scratch: Path) -> Iterator[Path]:
    """Yield a copy of the project's soft labels, for checks that may change what they read."""
    data = scratch / "look" / "data"
    data.mkdir(parents=True)
    try:
        for left in [LABELS.name, *(p.name for p in (project / "data").glob(".*.replaced"))]:
            if (project / "data" / left).exists():
                shutil.copytree(project / "data" / left, data / left)
        yield data / LABELS.name
    finally:
        shutil.rmtree(scratch / "look")


def committed(project: Path, scratch: Path) -> Tree | None:
    """Return the committed set, read whole, as the next stage would read it; None without one."""
    with copied(project, scratch) as folder:
        if not restored(folder).exists():
            return None
        SoftLabelSet(folder).require_intact()
        return tree(folder)


def require_whole_store(project: Path) -> None:
    """Check that each manifest of the store can be read and names only whole shards."""
    for folder in sorted((project / CAPTURES).glob("*")):
        if not (folder / MANIFEST).exists():
            continue
        for shard in read_capture(folder).shards.values():
            content = (folder / SHARDS / shard.name).read_bytes()
            assert sha256_bytes(content) == shard.sha256, shard.name


def litter(project: Path) -> list[str]:
    """Return the files that dead writers left in the data folders and in the store."""
    folders = (project / "data", project / STATE / "store", project / STATE / "work")
    kinds = ("*.partial", "*.replaced", "soft_labels-*")
    leftovers = [path for folder in folders for kind in kinds for path in folder.rglob(kind)]
    return sorted(path.relative_to(project).as_posix() for path in leftovers)


def final_name(path: Path) -> Path:
    """Return the path that a temporary file is to have in the end."""
    match = TEMPORARY.fullmatch(path.name)
    return path if match is None else path.with_name(match["name"])


def error_line(ran: Ran) -> str:
    """Return the error that the user sees, and check that it is one line."""
    assert ran.code == 1, f"ended with {ran.code}: {ran.output}"
    assert "Traceback" not in ran.output, ran.output
    assert " ERROR " not in ran.output, ran.output
    lines = [line for line in ran.output.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, ran.output
    return lines[0]
