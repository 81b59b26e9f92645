import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from support.evaluation.family_records import kin
from support.evaluation.planted_answers import planted_evidence
from support.examples.image_examples import image_encoder, written
from support.report_documents import DATA_REPORT, Documents, page_of

from stillroom.errors import DataError
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.models.shape import Shape
from stillroom.reporting.page import environment
from stillroom.reporting.section import TEMPLATES

Drawn = Callable[[str], str]

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Elements(HTMLParser):
    """Collects the elements and text of a page, and the elements that are not closed in order."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.misplaced: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.misplaced.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def drawn(request: pytest.FixtureRequest) -> Drawn:
    """Return the page of the fixture of this name; each page is drawn once."""
    return cache(lambda name: page_of(request.getfixturevalue(name)))


def test_the_page_begins_with_the_verdict_and_has_each_section(drawn: Drawn) -> None:
    html = drawn("documents")
    ids = re.findall(r'<section id="([^"]+)"', html)
    assert ids == [
        "curves",
        "cost",
        "slices",
        "disagreements",
        "reliability",
        "confusion",
        "similarity",
        "provenance",
        "data",
        "soft-labels",
        "parity",
        "parameters",
    ]
    assert html.index("<h1>Distillation gained 13.5 points (") < html.index("<table")
    assert html.index('<p class="caution" role="alert">') < html.index("<table")


def test_under_an_alarm_there_is_no_verdict_and_the_alarm_stands_first(
    documents: Documents, drawn: Drawn
) -> None:
    html = page_of(documents, ["Alarm: it <cannot> be."])
    body = html.partition("<body>")[2]
    alarm = '<p class="alarm" role="alert">Alarm: it &lt;cannot&gt; be.</p>'
    assert body.count(alarm) == 1
    assert body.index(alarm) < body.index("<table")
    assert "<title>Stillroom: No verdict: 1 alarm</title>" in html
    assert "Distillation gained" not in html
    assert 'class="caution"' not in body
    assert 'class="alarm"' not in drawn("documents")


def test_temperatures_are_shown_if_there_are_any(documents: Documents) -> None:
    after = {"temperature": 1.25, "scaled_ece": 0.01, "scaled_nll": 0.5}
    scaled = {name: measures | after for name, measures in documents["metrics"].items()}
    for metrics, count in ((documents["metrics"], 0), (scaled, 1)):
        words = "".join(Elements(page_of(documents | {"metrics": metrics})).words)
        assert words.count("No first choice changes") == words.count("ECE, scaled") == count


@pytest.mark.parametrize("name", ["documents", "hostile_documents", "many_documents"])
def test_the_page_loads_nothing_and_runs_nothing(name: str, drawn: Drawn) -> None:
    elements = Elements(drawn(name))
    tags = {tag for tag, _ in elements.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "image"}
    for tag, attributes in elements.tags:
        assert not [key for key in attributes if key.startswith("on")], tag
        for key in ("src", "href", "xlink:href", "action", "poster", "srcset"):
            if key in attributes:
                own = "data:image/png;base64," if tag == "img" else "#"
                assert (attributes[key] or "").startswith(own), (tag, attributes)
        assert "url(http" not in (attributes.get("style") or "")


def test_the_styles_import_nothing(drawn: Drawn) -> None:
    for style in re.findall(r"<style[^>]*>(.*?)</style>", drawn("documents"), flags=re.DOTALL):
        assert "@import" not in style
        assert "url(" not in style


@pytest.mark.parametrize("name", ["documents", "hostile_documents", "many_documents"])
def test_every_element_is_closed_and_every_id_is_its_own(name: str, drawn: Drawn) -> None:
    html = drawn(name)
    elements = Elements(html)
    assert not elements.misplaced
    assert not elements.open
    ids = [attributes["id"] for _, attributes in elements.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = {
        value
        for _, attributes in elements.tags
        for key, text in attributes.items()
        if key not in ("alt", "aria-label")  # these hold plain words
        for value in re.findall(r"url\(#([^)]+)\)", text or "")
    }
    used |= {
        (attributes["xlink:href"] or "")[1:]
        for _, attributes in elements.tags
        if "xlink:href" in attributes
    }
    assert used <= set(ids)


def test_hostile_class_names_are_words_not_markup(drawn: Drawn) -> None:
    words = "".join(Elements(drawn("hostile_documents")).words)
    assert "<script>ale…cript>" in words
    assert "&lt;b&gt;" in words  # the name of the class, not its meaning as markup
    assert "{{ 7 * 7 }}" in words
    assert "$\\frac{1}{0}$" in words
    assert "日本語" in words
    assert 'id="x" url(…f="#z"' in words
    assert "\x00" not in words
    assert "\x1b" not in words


def test_hostile_documents_are_escaped_too(documents: Documents) -> None:
    mean = {"<script>1</script>": "<img src=x onerror=alert(1)>"}
    (key, value), *_ = mean.items()
    report = DATA_REPORT | {
        "path": value,
        "files": mean,
        "skipped": {value: 1},
        "notices": {kind: [value] for kind in ("guessed", "converted", "left_out")},
        "splits_from": dict.fromkeys(DATA_REPORT["splits_from"], value),
        "classes": {split: {key: 5, value: 5} for split in DATA_REPORT["classes"]},
    }
    html = page_of(documents | {"data_report": report, "parameters": mean}, alarms=[value])
    assert "<script" not in html
    assert "<img src=x" not in html
    # As sentences and, folded, as values; the path and the places of the splits; the alarm.
    assert html.count("&lt;img src=x") > 10


def test_equal_documents_give_an_equal_page(documents: Documents, drawn: Drawn) -> None:
    assert page_of(documents) == drawn("documents")


def test_many_classes_are_cut_to_those_that_matter(drawn: Drawn) -> None:
    html = drawn("many_documents")
    assert "20 of 77 classes" in html
    assert len(html) < 3_000_000


def test_a_failed_parity_says_do_not_ship(documents: Documents, drawn: Drawn) -> None:
    broken = {"largest_difference": 0.5, "inputs": 256, "tolerance": 1e-4}
    assert "Do not ship it." in page_of(documents | {"parity": broken})
    assert "Do not ship it." not in drawn("documents")


def test_a_student_of_full_logits_has_a_column_of_its_own(
    documents: Documents, drawn: Drawn
) -> None:
    def with_full(numbers: GroupedNumbers) -> GroupedNumbers:
        return numbers | {"full_logits": numbers["student"] | {"accuracy": 0.4321}}

    right = {"teacher": 0.9, "control": 0.7, "full_logits": 0.82, "student": 0.8}
    html = page_of(
        documents
        | {name: with_full(documents[name]) for name in ("metrics", "cost")}
        | {"statistics": planted_evidence(right).to_json()}
    )
    head = html[html.index("<thead>") : html.index("</thead>")]
    titles = re.findall(r'<th scope="col">([^<]+)</th>', head)
    assert titles[1:] == [
        "Teacher",
        "Student alone",
        "Student of full logits",
        "Student, distilled",
    ]
    assert ">43.2%<" in html
    assert "Student of full logits" not in drawn("documents")


def test_students_of_one_cache_are_a_family(documents: Documents, drawn: Drawn) -> None:
    family = [kin("teacher", 0.8, 99, alone=0.7), kin("<i>tiny</i>", 0.8, 10, alone=0.7)]
    html = page_of(documents | {"family": family})
    elements = Elements(html)
    assert not elements.misplaced
    assert '<section id="family"' in html
    assert "<i>tiny" not in html
    assert "by size and by time" in "".join(elements.words)
    assert "Stillroom report on the student <q>default</q>" in html
    assert '<section id="family"' not in drawn("documents")
    assert "on the student" not in drawn("documents")


def test_a_given_teacher_has_no_curves_and_that_is_fine(documents: Documents) -> None:
    html = page_of(documents | {"teacher_curves": []})
    assert "Teachers: validation" not in html
    assert "Students: validation" in html


def test_records_of_another_run_are_refused(documents: Documents, tmp_path: Path) -> None:
    nine = Shape((1, 2, 2), tuple(str(digit) for digit in range(9)))
    other = written(image_encoder(nine), tmp_path / "encoder")
    with pytest.raises(DataError, match=r"section confusion .* '9', which is not a class"):
        page_of(documents | {"encoder": other})
    rows = [row for row in documents["confusion"] if row["model"] != "student"]
    with pytest.raises(DataError, match=r"section confusion .* lacks student"):
        page_of(documents | {"confusion": rows})


def test_the_template_is_inside_the_package() -> None:
    assert (TEMPLATES / "report.html.j2").is_file()
    assert TEMPLATES.parent.name == "reporting"
    environment = Environment(loader=FileSystemLoader(Path(TEMPLATES)), autoescape=True)
    unescaped = set()
    for file in TEMPLATES.rglob("*.j2"):
        source = file.read_text(encoding="utf-8")
        environment.parse(source)
        unescaped |= set(re.findall(r"\{\{ ([\w.]+) \| safe", source))
    # Only our own SVG is inserted without escaping.
    assert unescaped == {
        "svg",
        "view.figure",
        "view.grid",
        "view.tree",
    }


def test_continuations_stand_side_by_side_and_are_text_alone(
    documents: Documents, drawn: Drawn
) -> None:
    record = {
        "beginning": "Once <script>alert(1)</script>",
        "text": "upon a time",
        "teacher": "upon & time",
        "control": "the the",
        "student": "upon <b>a</b> time",
    }
    elements = Elements(page_of(documents | {"continuations": [record]}))
    assert not elements.misplaced
    assert "script" not in {name for name, _ in elements.tags}
    words = "".join(elements.words)
    for text in record.values():
        assert text in words
    assert words.index("The text itself") < words.index("upon & time") < words.index("the the")
    assert '<section id="continuations"' not in drawn("documents")


def test_a_text_of_data_is_printable_on_the_page() -> None:
    template = environment([]).from_string("{{ name }} {{ own | safe }} {{ number }}")
    html = template.render(name="a\x1b[31m<b>\u202e", own="<i>x</i>", number=3)
    assert html == "a\ufffd[31m&lt;b&gt;\ufffd <i>x</i> 3"
