"""Plug-ins: an installed package counts by its name, its version and its own files."""

import os
import sys
from collections.abc import Callable
from importlib import invalidate_caches
from pathlib import Path

import pytest

from stillroom.config.code_digest.plug_ins import PlugIns

METADATA = "Metadata-Version: 2.1\nName: acme-labels\nVersion: {}\n"
ENTRY = "[stillroom.sparsifiers]\nacme = acme.kinds:Acme\n"
FILES = {
    "acme/__init__.py": "",
    "acme/kinds.py": "raise RuntimeError('nothing of it may run')\nALPHA = 1",
    "acme/stillroom_conf/softlabels/acme.yaml": "sparsifier: acme",
    "acme/templates/acme.html.j2": "<p>",
    "acme/vocabulary.json": "[]",
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the path with the package."""
    for name, content in FILES.items():
        write(tmp_path / name, content)
    install(tmp_path, ENTRY)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def install(site: Path, entries: str, version: str = "1.0") -> None:
    write(site / "acme_labels-1.0.dist-info" / "METADATA", METADATA.format(version))
    write(site / "acme_labels-1.0.dist-info" / "entry_points.txt", entries)


def digests(*groups: str) -> dict[str, str]:
    invalidate_caches()
    return PlugIns().digests(groups or ("sparsifiers",))


def test_a_package_is_named_with_its_version(site: Path) -> None:
    assert list(digests()) == ["acme-labels 1.0 acme"]
    assert "acme" not in sys.modules
    assert digests("teachers") == {}
    assert digests("teachers", "sparsifiers") == digests()


def edit(name: str, content: str) -> Callable[[Path], None]:
    return lambda site: write(site / name, content)


@pytest.mark.parametrize(
    "change",
    [
        edit("acme/kinds.py", "raise RuntimeError('nothing of it may run')\nALPHA = 2"),
        edit("acme/deep/er.py", "x = 1"),
        edit("acme/broken.py", "x = ("),
        edit("acme/stillroom_conf/softlabels/acme.yaml", "sparsifier: acme  # better"),
        edit("acme/stillroom_conf/teacher/other.yaml", ""),
        edit("acme/templates/acme.html.j2", "<b>"),
        edit("acme/templates/card.md", "text"),
        edit("acme/vocabulary.json", "[1]"),
        edit("acme/fast.cpython-311-x86_64-linux-gnu.so", "machine code"),
        lambda site: (site / "acme/__init__.py").unlink(),
        lambda site: install(site, ENTRY, "1.1"),
        lambda site: install(site, ENTRY.replace("acme =", "acme2 =")),
        lambda site: install(site, ENTRY.replace(":Acme", ":Other")),
        lambda site: install(site, ENTRY + "second = acme.kinds:Second\n"),
    ],
)
def test_a_change_of_its_code_its_choices_or_its_entries_counts(
    site: Path, change: Callable[[Path], None]
) -> None:
    before = digests()
    change(site)
    assert digests() != before


@pytest.mark.parametrize(
    "change",
    [
        edit("acme/kinds.py", f"'''Prose.'''\n{FILES['acme/kinds.py']}  # why"),
        edit("acme/__pycache__/kinds.cpython-311.pyc", "x"),
        edit("acme/kinds.pyc", "x"),
        edit("acme/.mypy_cache/3.11/kinds.data.json", "{}"),
        edit("other/module.py", "x = 1"),
        lambda site: install(site, f"{ENTRY}[stillroom.teachers]\nt = acme.kinds:T\n"),
        lambda site: install(site, f"{ENTRY}[console_scripts]\nt = acme.kinds:T\n"),
    ],
)
def test_prose_and_what_other_groups_use_do_not_count(
    site: Path, change: Callable[[Path], None]
) -> None:
    before = digests()
    change(site)
    assert digests() == before


def test_a_package_of_one_module_counts(site: Path) -> None:
    install(site, "[stillroom.sparsifiers]\none = one_file:One\n")
    write(site / "one_file.py", "x = 1")
    before = digests()
    write(site / "one_file.py", "x = 2")
    assert list(before) == ["acme-labels 1.0 one_file"]
    assert digests() != before


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("top_level.txt", "acme\nacme_shared\n"),
        ("RECORD", "acme/__init__.py,,\nacme_shared/rules.py,,\n../bin/acme,,\n"),
        ("RECORD", "acme/__init__.py,,\nacme_shared.py,,\n"),
    ],
)
def test_further_packages_and_modules_of_the_distribution_count(
    site: Path, file: str, content: str
) -> None:
    name = "acme_shared.py" if "acme_shared.py" in content else "acme_shared/rules.py"
    write(site / "acme_labels-1.0.dist-info" / file, content)
    write(site / name, "x = 1")
    write(site / "acme_other" / "rules.py", "x = 1")
    before = digests()
    write(site / "acme_other" / "rules.py", "x = 2")
    assert digests() == before
    write(site / name, "x = 2")
    assert list(digests()) == list(before)
    assert digests() != before


def test_files_of_one_name_in_two_folders_of_a_package_both_count(
    site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    install(site, "[stillroom.sparsifiers]\nacme = acme_parts.kinds:Acme\n")
    second = tmp_path_factory.mktemp("second")
    for folder in (site, second):  # no __init__.py: a namespace of two folders
        write(folder / "acme_parts" / "kinds.py", "x = 1")
    monkeypatch.syspath_prepend(str(second))
    for folder in (site, second):
        before = digests()
        write(folder / "acme_parts" / "kinds.py", "x = 2")
        assert digests() != before


@pytest.mark.parametrize("module", ["gone", "sys"])
def test_a_package_without_files_is_no_error_here(site: Path, module: str) -> None:
    before = digests()
    install(site, f"[stillroom.sparsifiers]\nacme = {module}:Acme\n")
    assert list(digests()) == [f"acme-labels 1.0 {module}"]
    assert digests() != before


def test_an_edit_that_keeps_the_length_and_the_second_counts(site: Path) -> None:
    before = digests()
    path = site / "acme" / "kinds.py"
    stamp = path.stat()
    path.write_text(path.read_text().replace("ALPHA = 1", "ALPHA = 3"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert digests() != before
