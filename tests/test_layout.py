"""The layout of the repository: how long files and functions are, and where modules stand."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE, TESTS = ROOT / "src" / "stillroom", ROOT / "tests"
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_MODULES = 300, 50, 14

# Kedro prescribes these names, and every stage has its own files.
OF_EVERY_STAGE = {"pipeline.py", "nodes.py", "datasets.py"}
# One subject in two layers, and the reason for both.
IN_TWO_LAYERS = {
    "confusion.py": "evaluation counts it, a section of the report shows it",
    "curves.py": "a section of the report, and the figure in it",
    "dark_knowledge.py": "evaluation measures it, a section of the report shows it",
    "disagreements.py": "evaluation finds them, a section of the report shows them",
    "errors.py": "the project's exceptions, and how the command line prints them",
    "family.py": "a section of the report, and the figure in it",
    "parity.py": "export measures it, a section of the report shows it",
    "reliability.py": "a section of the report, and the figure in it",
    "similarity.py": "evaluation measures it, a figure draws it",
    "slices.py": "a section of the report, and the figure in it",
    "tree.py": "evaluation builds it, a figure draws it",
    "verdict.py": "the report concludes it, a section of the report shows it",
}
# These test no single module: whole stages, faults, documents, other packages, or shared helpers.
WITHOUT_A_MODULE = (
    "benchmarks",
    "examples",
    "faults",
    "hostile",
    "packaging",
    "plug_ins",
    "support",
    "reporting/test_planted_failures.py",
    "softlabels/format/test_specification.py",
    "softlabels/reading/test_independent_reader.py",
    "test_bad_input.py",
    "test_distill.py",
    "test_docs.py",
    "test_docs_site.py",
    "test_dvc.py",
    "test_extending.py",
    "test_layout.py",
    "test_library.py",
    "test_wheel.py",
)


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a module with its number of lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def mirrored(test: Path) -> bool:
    """Return whether a test stands where its module does: test_<module>.py, or test_<module>_….py.

    A package's own test is named after the package and stands in it.
    """
    subject = test.stem.removeprefix("test_")
    folder = SOURCE / test.parent.relative_to(TESTS)
    names = [path.stem for path in folder.glob("*.py")]
    if (folder / "__init__.py").exists():
        names.append(folder.name)
    return any(subject == name or subject.startswith(f"{name}_") for name in names)


def test_no_file_is_longer_than_300_lines() -> None:
    lines = {relative(path): len(path.read_text().splitlines()) for path in both()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    too_long = [
        (relative(path), name, lines)
        for path in both()
        for name, lines in functions(path)
        if lines > MOST_LINES_OF_A_FUNCTION
    ]
    assert too_long == []


def test_no_folder_has_more_than_14_modules() -> None:
    counts = Counter(relative(path.parent) for path in both() if path.name != "__init__.py")
    assert {name: count for name, count in counts.items() if count > MOST_MODULES} == {}


def test_a_file_name_stands_twice_only_for_one_subject_in_two_layers() -> None:
    folders: dict[str, list[str]] = defaultdict(list)
    for path in modules(SOURCE):
        if path.name not in {"__init__.py", "__main__.py", *OF_EVERY_STAGE}:
            folders[path.name].append(relative(path.parent))
    repeated = {name: places for name, places in folders.items() if len(places) > 1}
    assert {name: places for name, places in repeated.items() if name not in IN_TWO_LAYERS} == {}
    assert [name for name in IN_TWO_LAYERS if name not in repeated] == []
    assert [name for name, places in repeated.items() if len(places) > 2] == []


def test_every_test_has_the_path_of_its_module() -> None:
    tests = [path for path in modules(TESTS) if path.name.startswith("test_")]
    alone = tuple(TESTS / name for name in WITHOUT_A_MODULE)
    mirrors = [path for path in tests if not any(path.is_relative_to(one) for one in alone)]
    assert len(mirrors) > 100
    assert [relative(path) for path in mirrors if not mirrored(path)] == []


def both() -> list[Path]:
    return [*modules(SOURCE), *modules(TESTS)]
