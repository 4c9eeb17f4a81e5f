"""``python -m incidents.record.pdf_worker``: one PDF, a job on stdin, the file on stdout. Exit 3: no Chinese font.

A process of its own, so that setting type neither holds the event loop nor outlives its time.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

NO_FONT = 3
# Fonts are mapped into memory whole; the rest of a long report is tens of megabytes.
MEMORY_MAX_BYTES = 2 * 1024**3
CPU_MAX_S = 40
# Simplified Chinese families, the best first: OFL fonts before those that come with a system.
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "LXGW WenKai",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "SimSun",
)
LATIN = ("Noto Sans", "Liberation Sans", "DejaVu Sans", "Libertinus Serif")


class PdfJob(msgspec.Struct, frozen=True):
    """The template's data as JSON, and folders with fonts beside the system's."""

    data: str
    font_paths: list[str]


def choose_fonts(families: Sequence[str], text: str) -> list[str] | None:
    """Families for this text, first choice first; None: it has Chinese characters and there is no font for them."""
    chinese = [name for name in CHINESE if name in families][:1]
    if not chinese and any("\u2e80" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" or c >= "\U00020000" for c in text):
        return None
    return [*chinese, *(name for name in LATIN if name in families)]


def main() -> int:
    """Read the job, set it, write the file."""
    import typst

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MAX_S, CPU_MAX_S))
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=PdfJob)
    fonts = typst.Fonts(include_system_fonts=True, font_paths=job.font_paths)
    data = msgspec.json.decode(job.data)
    chosen = choose_fonts(fonts.families(), job.data)
    if chosen is None:
        return NO_FONT
    template = Path(__file__).parent / "templates" / "report.typ"
    inputs = {"data": msgspec.json.encode({**data, "fonts": chosen}).decode()}
    # What the record says of time is in it: the file is the same whenever it is set.
    made = typst.compile(
        str(template), root=str(template.parent), font_paths=fonts, format="pdf", sys_inputs=inputs, timestamp=0
    )
    sys.stdout.buffer.write(made if isinstance(made, bytes) else made[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
