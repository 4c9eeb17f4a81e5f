"""A report as HTML and as PDF, in one language. PDF is set by typst in a process of its own: bounded in time, off the
event loop, and gone with its memory when it is done."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import msgspec

from core.errors import Invalid, Unavailable
from incidents.record.pdf_worker import PdfJob
from mobile_contract.reports import ReportContent, ReportSection
from mobile_contract.text import Text

# Grades as China's Emergency Response Law colours warnings: red, orange, yellow, blue.
COLOURS = {1: "#c62828", 2: "#e65100", 3: "#f9a825", 4: "#1565c0"}
# A long report is set in a second or two; a page of text costs some milliseconds.
PDF_TIMEOUT_S = 30.0
PDF_MAX_BYTES = 20 * 1024 * 1024
# Each takes a core while it runs.
AT_ONCE = 2
# PyPI packages that carry Noto Sans CJK (SIL OFL 1.1): looked for beside the system's fonts.
FONT_PACKAGES = ("noto_cjk_sans_otc", "manimgx_fonts_cjk")
_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


def render_html(content: ReportContent, language: str, content_hash: str | None = None) -> str:
    """One self-contained page; all text is escaped. A few milliseconds for hundreds of lines: call it in a thread."""
    return _template().render(
        content=content,
        lang=language,
        zh=language.startswith("zh"),
        t=lambda text: text.in_(language),
        grade_colour=COLOURS[content.grade],
        content_hash=content_hash,
    )


class PdfPress:
    """Sets PDFs, AT_ONCE at a time; ``font_dir`` empty: fonts of the system and of FONT_PACKAGES."""

    def __init__(self, font_dir: str = "") -> None:
        self._font_dir = font_dir
        self._places = asyncio.Semaphore(AT_ONCE)

    async def render(self, content: ReportContent, language: str, content_hash: str | None = None) -> bytes:
        """The PDF; raises Unavailable when there is no Chinese font for Chinese text, or it took too long."""
        job = PdfJob(msgspec.json.encode(pdf_data(content, language, content_hash)).decode(), self._font_paths())
        async with self._places:
            status, out, error = await _run(msgspec.json.encode(job))
        if status == 3:
            raise no_font(self._font_dir)
        if status != 0 or not out.startswith(b"%PDF"):
            raise Unavailable("report.pdf_failed", f"the PDF could not be set: {error[:300]}", "无法生成 PDF")
        if len(out) > PDF_MAX_BYTES:
            raise Invalid(
                "report.pdf_too_large", "the PDF is too large", "PDF 过大", value=len(out), limit=PDF_MAX_BYTES
            )
        return out

    def _font_paths(self) -> list[str]:
        found = [self._font_dir] if self._font_dir else []
        for name in FONT_PACKAGES:
            spec = importlib.util.find_spec(name)
            if spec is not None and spec.origin is not None:
                found.append(str(Path(spec.origin).parent))
        return found


def no_font(font_dir: str) -> Unavailable:
    """There is no Chinese font; says where one was looked for and how one gets there."""
    where = f"the system's fonts and {font_dir}" if font_dir else "the system's fonts"
    return Unavailable(
        "report.no_font",
        f"no Chinese font in {where}: install fonts-noto-cjk or the Python package noto-cjk-sans-otc, or name a folder"
        " in MUSTER_FONT_DIR; the HTML report needs none",
        "未找到中文字体：请安装 fonts-noto-cjk 或 Python 包 noto-cjk-sans-otc，或用 MUSTER_FONT_DIR 指定目录；"
        "HTML 报告不受影响",
        field="MUSTER_FONT_DIR",
        value=font_dir,
    )


async def _run(job: bytes) -> tuple[int, bytes, str]:
    """(exit status, PDF, what it said) of the worker; killed after PDF_TIMEOUT_S."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(Path(__file__).parent / "pdf_worker.py"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PDF_TIMEOUT_S):
            out, error = await worker.communicate(job)
    except TimeoutError as problem:
        raise Unavailable(
            "report.pdf_slow", f"the PDF was not set within {PDF_TIMEOUT_S:.0f} s", "生成 PDF 超时"
        ) from problem
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    return worker.returncode or 0, out, error.decode("utf-8", "replace")


def pdf_data(content: ReportContent, language: str, content_hash: str | None) -> dict[str, Any]:
    """What the typst template reads: plain strings of one language."""

    def t(text: Text | None) -> str:
        return "" if text is None else text.in_(language)

    zh = language.startswith("zh")
    said = "Muster 不是 SIL 等级的安全功能。" if zh else "Muster is not a SIL-rated safety function."
    return {
        "lang": "zh" if zh else "en",
        "title": t(content.title),
        "subtitle": t(content.subtitle),
        "status": t(content.status),
        "exercise": content.exercise,
        "drill": "演习报告" if zh else "Report of a drill",
        "colour": COLOURS[content.grade],
        "footer": said if content_hash is None else f"{said} SHA-256 {content_hash[:16]}…",
        "sections": [_section(section, t) for section in content.sections],
    }


def _section(section: ReportSection, t: Any) -> dict[str, Any]:
    table = section.table
    columns = [t(column) for column in table.columns] if table else []
    rows = [[{"text": t(cell.text), "mark": cell.mark} for cell in row] for row in table.rows] if table else []
    return {
        "title": t(section.title),
        "facts": [{"label": t(f.label), "value": t(f.value), "mark": f.mark} for f in section.facts],
        "paragraphs": [t(paragraph) for paragraph in section.paragraphs],
        "columns": columns,
        "widths": _widths(columns, rows),
        "rows": rows,
        "note": t(section.note),
    }


def _widths(columns: list[str], rows: list[list[dict[str, str]]]) -> list[float]:
    """Shares of the width by what the columns hold: the longest text of each, between a short word and a sentence."""
    longest = [max([_width(name), *(_width(row[i]["text"]) for row in rows)]) for i, name in enumerate(columns)]
    return [float(min(max(width, 6), 40)) for width in longest]


def _width(text: str) -> int:
    """In Latin letters; a Chinese character is as wide as two."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)
