"""What every benchmark prints: the machine, what else it was doing, a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

# Other work beyond this share of one core makes wall-clock figures doubtful; CPU-second figures bear it better.
BUSY_LOAD_PER_CORE = 0.5
MIN_WIDTH = 120
# Names the file that `python -m bench` collects its summary in.
SUMMARY = "BENCH_SUMMARY"


def machine() -> str:
    """Processor, cores this process may use, memory, kernel, Python."""
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{_processor()}, {cores} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def load() -> str:
    """The load average now, with a word when something else is using the machine."""
    one, five, _ = os.getloadavg()
    cores = len(os.sched_getaffinity(0))
    note = "; BUSY: something else is running" if one / cores > BUSY_LOAD_PER_CORE else ""
    return f"load average {one:.2f} (1 min) {five:.2f} (5 min) on {cores} cores{note}"


def print_head(title: str, *, console: Console | None = None) -> None:
    """Print the benchmark's name, the machine and the load; call before any load is made."""
    out = console or _console()
    out.print(f"[bold]{title}[/bold]")
    out.print(f"machine: {machine()}", highlight=False)
    out.print(f"before:  {load()}", highlight=False)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, note: str = "", console: Console | None = None
) -> None:
    """Print rows; the first column is text, the others are numbers set right."""
    table = Table(show_edge=False, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    out = console or _console()
    out.print(table)
    if note:
        out.print(note, highlight=False)


def keep(line: str) -> None:
    """One line of result for the summary of `python -m bench`; without it, nothing."""
    if path := os.environ.get(SUMMARY):
        with Path(path).open("a", encoding="utf-8") as out:
            out.write(line + "\n")


def _console() -> Console:
    # Figures cut off at 80 columns help nobody; a file or a pipe has no width of its own.
    console = Console()
    return console if console.width >= MIN_WIDTH else Console(width=MIN_WIDTH)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
