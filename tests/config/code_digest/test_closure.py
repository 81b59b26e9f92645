"""The closure: each module that can be reached, and no other."""

from pathlib import Path

import grimp
import pytest

from stillroom.config.code_digest.closure import SourceTree
from stillroom.errors import ConfigError
from stillroom.pipeline_registry import STAGES
from stillroom.registry import HOMES, registry_of

FILES = {
    "__init__.py": "A = 1",
    "start.py": "from p import first\nfrom p.names import some_name",
    "first.py": "def f():\n    from .late.module import x",
    "names.py": "some_name = 1",
    "late/__init__.py": "import p.never",
    "late/module.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.types",
    "types.py": "import os, outside.thing",
    "never.py": "",
    "table.py": 'from q import Registry\nR = Registry("g", "a kind", {"a": "p.kind:K"})',
    "kind.py": "import p.types",
    "page.py": "",
    "templates/sub/a.html.j2": "a",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, source in FILES.items():
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return tmp_path / "p"


def reached(package: Path, *modules: str) -> set[str]:
    return set(SourceTree(package).closure(modules).modules)


def test_imports_count_at_any_depth_and_names_of_modules_as_the_modules(package: Path) -> None:
    assert reached(package, "p.start") == {
        "p", "p.start", "p.first", "p.names", "p.late.module", "p.types",
    }  # fmt: skip


def test_a_package_counts_if_it_is_imported_itself(package: Path) -> None:
    (package / "start.py").write_text("from p.late import y")
    assert reached(package, "p.start") == {"p", "p.start", "p.late", "p.never"}


def test_a_table_reaches_its_kinds_and_names_its_group(package: Path) -> None:
    closure = SourceTree(package).closure(["p.table"])
    assert set(closure.modules) == {"p", "p.table", "p.kind", "p.types"}
    assert closure.groups == {"g"}


def test_a_page_brings_its_templates(package: Path) -> None:
    templates = SourceTree(package).closure(["p.page"]).templates
    assert templates == {
        # printf a | sha256sum
        "templates/sub/a.html.j2": (
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        )
    }
    assert SourceTree(package).closure(["p.start"]).templates == {}


def test_an_edit_changes_the_digest_of_its_module_alone(package: Path) -> None:
    before = SourceTree(package).closure(["p.start"]).modules
    (package / "first.py").write_text("'''Prose.'''\ndef f():\n    from .late.module import x # y")
    assert SourceTree(package).closure(["p.start"]).modules == before
    (package / "first.py").write_text("def f():\n    from .late.module import z")
    after = SourceTree(package).closure(["p.start"]).modules
    assert {name for name in before if before[name] != after[name]} == {"p.first"}


def test_a_module_that_does_not_exist_is_an_error(package: Path) -> None:
    with pytest.raises(ConfigError, match=r"p\.strat is not a module of p\..*p\.start"):
        SourceTree(package).closure(["p.strat"])


@pytest.mark.parametrize("group", HOMES)
def test_a_stage_that_reaches_a_table_reaches_every_kind_in_it(group: str) -> None:
    closure = SourceTree().closure([HOMES[group]])
    kinds = {place.partition(":")[0] for place in registry_of(group).builtin.values()}
    assert kinds
    assert kinds <= closure.modules.keys()
    assert group in closure.groups


def test_the_import_graph_of_import_linter_reaches_the_same_modules() -> None:
    """Its graph knows imports alone, so every module that a table names is left out."""
    tree, graph = SourceTree(), grimp.build_graph("stillroom", cache_dir=None)
    for stage in STAGES:
        start = f"stillroom.pipelines.{stage}.pipeline"
        ours = set(tree.closure([start]).modules)
        theirs = {start, *graph.find_upstream_modules(start)}
        named = {name for module in ours for name in tree.scan_of(module).named}
        of_tables = {*named, *(m for name in named for m in tree.closure([name]).modules)}
        assert theirs <= ours
        assert ours - theirs - of_tables <= {"stillroom"}
