"""The sections that are built in: their names, inputs, templates, and the default page."""

from pathlib import Path

import pytest
import yaml

from stillroom.errors import ConfigError
from stillroom.reporting.section import TEMPLATES
from stillroom.reporting.section_registry import REGISTRY, every_input, sections_of

CONF = Path(__file__).parents[2] / "conf"


def test_the_default_page_has_every_section_in_the_tables_order() -> None:
    default = yaml.safe_load((CONF / "hydra/report/default.yaml").read_text(encoding="utf-8"))
    assert default == {"sections": list(REGISTRY.builtin)}
    assert [section.name for section in sections_of(default["sections"])] == default["sections"]


def test_each_input_is_an_entry_of_the_catalog_and_stands_once() -> None:
    catalog = yaml.safe_load((CONF / "base/catalog.yml").read_text(encoding="utf-8"))
    inputs = every_input()
    assert set(inputs) <= catalog.keys() | {"parameters"}
    assert len(set(inputs)) == len(inputs)


def test_each_template_belongs_to_a_section() -> None:
    own = {section.template for section in sections_of(REGISTRY.builtin)}
    files = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html.j2")}
    assert own <= files
    shared = {"report.html.j2", "macros.html.j2", "sections/thumbnails.html.j2"}
    assert files - own == shared


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"costs is not a section of the report.* Did you mean cost\?"
    ):
        sections_of(["verdict", "costs"])


@pytest.mark.parametrize(
    "kind", ["stillroom.reporting.sections.run.data:SECTION", "stillroom.reporting.page:FRAME"]
)
def test_what_is_no_section_of_its_name_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REGISTRY.builtin, "mine", kind)
    with pytest.raises(ConfigError, match="mine is registered as a section of the report, but"):
        sections_of(["mine"])
