"""The section of data: a conversation is shown with what is learnt, and nothing of it is markup."""

from support.report_documents import CORPUS_REPORT

from stillroom.reporting.page import html_of
from stillroom.reporting.sections.run.data import SECTION, build

EXAMPLE = [
    {"text": "<|im_start|>user\nIs 1 < 2?<|im_end|>\n", "learnt": False},
    {"text": "</mark><script>alert(1)</script>\u202e", "learnt": True},
]


def test_what_is_learnt_is_marked_and_every_text_is_escaped() -> None:
    view = build(CORPUS_REPORT | {"learnt": CORPUS_REPORT["tokens"], "example": EXAMPLE})
    html = html_of(SECTION, view)
    (shown,) = html.split('<pre class="conversation">')[1:]
    assert shown.split("</pre>")[0] == (
        "&lt;|im_start|&gt;user\nIs 1 &lt; 2?&lt;|im_end|&gt;\n"
        '<mark class="learnt">&lt;/mark&gt;&lt;script&gt;alert(1)&lt;/script&gt;\ufffd</mark>'
    )
    assert not any("example" in key for key, _ in view.everything)


def test_other_data_have_no_conversation() -> None:
    view = build(CORPUS_REPORT)
    assert view.example == []
    assert "conversation" not in html_of(SECTION, view)
