"""Reports as HTML and PDF: what people wrote is text, whatever it looks like."""

from __future__ import annotations

import importlib.util
from typing import Any

import msgspec
import pytest

from core.errors import Unavailable
from incidents.record import rendering
from incidents.record.pdf_worker import choose_fonts
from incidents.record.rendering import PdfPress, pdf_data, render_html
from mobile_contract.reports import ReportContent
from mobile_contract.text import Text
from tests.conftest import absent
from tests.unit.test_report import facts, incident, report

HOSTILE = '<img src=x onerror=alert(1)>"\' #panic("x") $a$ `b` *c* _d_ \\u{41} // e /* f */ @g <h> {{ 7*7 }} {% raw %}'


def hostile() -> ReportContent:
    """A report in which every text that people write looks like markup of every kind."""
    return report(facts(summary=HOSTILE, causes=HOSTILE, incident=incident(title=Text(HOSTILE, HOSTILE))))


def english() -> ReportContent:
    """A report without a Chinese character in its English."""
    plain: dict[str, Any] = {
        "summary": "A gasket failed.",
        "causes": "Age.",
        "people": {},
        "lessons": [],
        "actions": [],
    }
    closed = incident(close_reason="valve replaced")
    return report(facts(**plain, incident=closed, timeline=[]))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_page_holds_no_markup_of_anybodys_and_asks_nobody(language: str) -> None:
    page = render_html(hostile(), language, "f" * 64)
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "{{ 7*7 }}" in page
    for outside in ("http://", "https://", "<script", "url("):
        assert outside not in page


def test_a_page_is_of_one_language_and_says_that_it_is_of_a_drill() -> None:
    page = render_html(report(facts(incident=incident(exercise=True))), "zh-CN")
    assert '<html lang="zh-CN">' in page
    assert "演习报告" in page
    assert "响应时间" in page
    assert "Response times" not in page


async def test_markup_in_a_text_is_set_as_text_and_nothing_of_it_is_run() -> None:
    content = msgspec.structs.replace(english(), title=Text("x", HOSTILE))
    assert (await PdfPress().render(content, "en")).startswith(b"%PDF-")
    assert pdf_data(content, "en", None)["title"] == HOSTILE


async def test_the_same_report_is_the_same_file() -> None:
    press = PdfPress()
    assert await press.render(english(), "en") == await press.render(english(), "en")


async def test_chinese_is_set_with_a_chinese_font() -> None:
    try:
        pdf = await PdfPress().render(hostile(), "zh-CN")
    except Unavailable as problem:
        absent(problem.en)
    assert b"/FontName" in pdf
    assert any(
        name.replace(" ", "").encode() in pdf for name in ("Noto Sans CJK", "WenQuanYi", "Source Han", "Noto Sans SC")
    )


async def test_a_document_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "PDF_TIMEOUT_S", 0.0)
    with pytest.raises(Unavailable) as late:
        await PdfPress().render(english(), "en")
    assert late.value.code == "report.pdf_slow"


def test_fonts_are_chosen_by_what_there_is_to_set() -> None:
    assert choose_fonts(["DejaVu Sans", "Noto Sans CJK SC"], "中") == ["Noto Sans CJK SC", "DejaVu Sans"]
    assert choose_fonts(["SimSun", "Noto Sans SC"], "x") == ["Noto Sans SC"]
    assert choose_fonts(["Libertinus Serif"], "plain — text") == ["Libertinus Serif"]
    for text in ("中", "：", "\U00020000"):
        assert choose_fonts(["Libertinus Serif"], text) is None


def test_packages_with_fonts_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "FONT_PACKAGES", ("jinja2", "not_there"))
    spec = importlib.util.find_spec("jinja2")
    assert spec is not None
    assert spec.origin is not None
    assert PdfPress("/fonts")._font_paths() == ["/fonts", spec.origin.removesuffix("/__init__.py")]
