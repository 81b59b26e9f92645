"""A section of the report from a package of the tests' own, from the parameters to the page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.plug_in.install import PACKAGE, install, installed
from support.report_documents import CORPUS_REPORT, DATA_REPORT, Documents, make_documents

from stillroom.config.compose import compose
from stillroom.config.schema import Report
from stillroom.errors import ConfigError, DataError
from stillroom.pipelines.report import create_pipeline
from stillroom.pipelines.report.nodes import render_report

CHOICE = {"groups": {"report": "rare_classes"}}
LISTED = {"report": {"sections": ["verdict", "other"]}}
HARM = "<script>alert(1)</script>"
COUNTS = {"cat": 40, HARM: 2, "dog": 9, "bat": 31}
# A section that is written into the package: its build has these lines.
MODULE = """
from stillroom.errors import DataError
from stillroom.reporting.section import Section


def build(predictions):
    {line}


SECTION = Section("other", ("predictions",), build, {template!r})
"""
ENTRY = f"[stillroom.sections]\nother = {PACKAGE}.other:SECTION\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """The folder into which the package is installed."""
    with installed(install(tmp_path / "site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    classes = [str(digit) for digit in range(10)]
    return make_documents(tmp_path_factory.mktemp("run"), classes) | {
        "data_report": DATA_REPORT | {"classes": {"train": COUNTS}}
    }


def page(documents: dict[str, Any], sections: list[str]) -> str:
    return render_report(listed=Report(sections=sections), alarms=[], **documents)


def other(folder: Path, line: str, template: str = "other.html.j2") -> Path:
    """Install a package with one section, whose build is this line."""
    install(folder, ENTRY)
    code = MODULE.format(line=line, template=template)
    (folder / PACKAGE / "other.py").write_text(code, encoding="utf-8")
    return folder


def test_a_choice_of_the_package_lists_its_section(
    site: Path, project: Path, documents: Documents
) -> None:
    sections = compose(project, CHOICE)["report"]["sections"]
    html = page(documents, sections)
    assert re.findall(r"<section id=\"([^\"]+)\"", html) == ["rare-classes", "parameters"]
    marks = [
        "<h1>Distillation gained",
        '<table class="end">',
        "The rarest classes",
        "all parameters",
    ]
    assert [html.index(mark) for mark in marks] == sorted(html.index(mark) for mark in marks)
    assert "Of 4 classes, these have the fewest examples" in html


def test_its_text_is_escaped(site: Path, documents: Documents) -> None:
    html = page(documents, ["rare_classes"])
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th><td>(\d+)</td>", html)
    assert rows == [("&lt;script&gt;alert(1)&lt;/script&gt;", "2"), ("dog", "9"), ("bat", "31")]
    assert "<script" not in html


def test_it_stands_where_the_parameters_list_it(
    site: Path, project: Path, documents: Documents
) -> None:
    names = ["parameters", "rare_classes", "data"]
    sections = compose(project, {"report": {"sections": names}})["report"]["sections"]
    ids = re.findall(r"<section id=\"([^\"]+)\"", page(documents, sections))
    assert ids == ["parameters", "rare-classes", "data"]


def test_it_is_left_out_if_it_has_nothing_to_show(site: Path, documents: Documents) -> None:
    html = page(documents | {"data_report": CORPUS_REPORT}, ["rare_classes", "data"])
    assert re.findall(r"<section id=\"([^\"]+)\"", html) == ["data"]


def test_without_the_package_there_is_no_such_section(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"groups\.report=rare_classes is not a choice"):
        compose(project, CHOICE)
    with pytest.raises(ConfigError, match=r"report\.sections is rare_classes, which is not a sec"):
        compose(project, {"report": {"sections": ["rare_classes"]}})


def test_its_inputs_are_inputs_of_the_stage(tmp_path: Path) -> None:
    without = create_pipeline().inputs()
    with installed(other(tmp_path, "return None")):
        assert create_pipeline().inputs() - without == {"predictions"}


def test_a_section_that_cannot_be_loaded_stops_only_runs_that_list_it(
    tmp_path: Path, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    without = create_pipeline().inputs()
    broken = other(tmp_path / "site", "return None")
    (broken / PACKAGE / "other.py").write_text("import no_such_module", encoding="utf-8")
    with installed(broken):
        assert create_pipeline().inputs() == without
        assert "stillroom-example 1.0 cannot be imported" in caplog.text
        assert compose(project)["report"]["sections"]
        with pytest.raises(ConfigError, match=r"imported.* named other: .*no_such_module"):
            compose(project, LISTED)


def test_a_missing_template_is_refused_before_anything_runs(tmp_path: Path, project: Path) -> None:
    words = r"has the template other\.html\.j2, which is missing in .*/templates"
    with (
        installed(other(tmp_path / "site", "return None")),
        pytest.raises(ConfigError, match=words),
    ):
        compose(project, LISTED)
    with installed(other(tmp_path / "ours", "return None", "rare_classes.html.j2")):
        assert compose(project, LISTED)["report"] == LISTED["report"]


def test_an_input_that_no_stage_writes_is_refused_before_anything_runs(
    tmp_path: Path, project: Path
) -> None:
    site = other(tmp_path / "site", "return None", "rare_classes.html.j2")
    file = site / PACKAGE / "other.py"
    file.write_text(file.read_text(encoding="utf-8").replace("predictions", "prediction"))
    with installed(site), pytest.raises(ConfigError) as raised:
        compose(project, LISTED)
    assert "has the input prediction, which is not an entry" in str(raised.value)
    assert "Did you mean predictions?" in str(raised.value)


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ("return predictions['x']", ConfigError, "failed in stillroom_example.other: KeyError"),
        ("raise DataError('no row. Run it.')", DataError, "of the report: no row. Run it."),
        ("return 3", ConfigError, r"the template other\.html\.j2 is missing in .*/templates, "),
    ],
)
def test_a_section_that_fails_is_named(
    tmp_path: Path, line: str, error: type[Exception], words: str
) -> None:
    with installed(other(tmp_path, line)), pytest.raises(error, match=words) as raised:
        page({"predictions": {}}, ["other"])
    assert str(raised.value).startswith("The section other of the report")
    assert "\n" not in str(raised.value)
