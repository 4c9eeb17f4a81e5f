"""A sheet as CSV bytes: read from what Excel saves anywhere, written so that nothing in it runs. Pure.

What it is a sheet of (people, safety equipment) is its form.

Read: RFC 4180, UTF-8 with or without a byte order mark, else GB18030, which is what Excel in China saves. Written:
UTF-8 with the mark, so that Excel shows Chinese. A cell that a spreadsheet would take for a formula (OWASP CSV
Injection) gets an apostrophe in front; reading takes it off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from mobile_contract.text import Text

SHEET_MAX_BYTES = 1024 * 1024
# A plant's whole staff; planned and written in a few seconds.
ROWS_MAX = 5000
CELL_MAX_CHARS = 500
_SHOWN_CHARS = 100
_BOM = b"\xef\xbb\xbf"
# Characters beyond ASCII that read as UTF-8 one after the other: GB18030 text hardly ever has as many by chance.
_SURELY_UTF_8 = 4
# What makes a spreadsheet calculate, full-width forms included: Excel in China takes those too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

# ISO 8601, and what Excel in China makes of it when it saves.
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2})|/([0-9]{1,2})/([0-9]{1,2}))", re.ASCII)

# What a column is called: the name in files we write, then what a person in China would write.
COLUMNS: dict[str, str] = {
    "login": "账号",
    "display_name": "姓名",
    "role": "角色",
    "phone": "手机",
    "locale": "语言",
    "teams": "班组",
    "qualification": "资质",
    "issuer": "发证机构",
    "number": "证书编号",
    "valid_from": "生效日期",
    "valid_until": "有效期至",
}


class SheetForm(msgspec.Struct, frozen=True):
    """What a sheet is of: its columns, the one that none is without, what codes of problems begin with, and what its
    lines are called."""

    columns: dict[str, str]
    key: str
    code: str
    lines: Text


PEOPLE = SheetForm(COLUMNS, "login", "people_import", Text("人员", "people"))


class RowProblem(msgspec.Struct, frozen=True):
    """What is wrong in the file: the line (1 is the header), the column (None: the line as a whole), what would do."""

    line: int
    column: str | None
    value: str
    limit: str
    code: str
    text: Text


class Line(msgspec.Struct, frozen=True):
    """One line of cells by column; a column that is not there is an empty cell."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


class Sheet(msgspec.Struct, frozen=True):
    """The lines that could be read, and what could not."""

    encoding: str
    lines: list[Line]
    problems: list[RowProblem]


def problem(
    line: int, column: str | None, value: str, limit: str, code: str, en: str, zh: str, *, form: SheetForm = PEOPLE
) -> RowProblem:
    """A problem with its value shortened for reading."""
    return RowProblem(line, column, value[:_SHOWN_CHARS], limit, f"{form.code}.{code}", Text(zh, en))


def read_day(cell: str, earliest: date, latest: date) -> date | None:
    """The day in a cell, as 2026-03-31 or 2026/3/31; None: there is none, or not within these."""
    match = _DAY.fullmatch(cell)
    if match is None:
        return None
    year, *parts = (int(part) for part in match.groups() if part is not None)
    try:
        day = date(year, *parts)
    except ValueError:
        return None
    return day if earliest <= day <= latest else None


def read_sheet(content: bytes, form: SheetForm = PEOPLE) -> Sheet:
    """Lines of a file; whatever the bytes are, what is wrong with them is a problem and no exception."""
    text, encoding = _decode(content, form)
    if isinstance(text, RowProblem):
        return Sheet(encoding, [], [text])
    problems: list[RowProblem] = []
    lines: list[Line] = []
    header: list[str] | None = None
    for number, cells in _records(text, problems, form):
        if header is None:
            header = _header(number, cells, problems, form)
            if not header:
                break
        elif len(lines) == ROWS_MAX:
            limit = str(ROWS_MAX)
            en, zh = f"a file has at most {ROWS_MAX} lines of {form.lines.en}", f"文件最多 {ROWS_MAX} 行{form.lines.zh}"
            problems.append(problem(number, None, "", limit, "too_many_rows", en, zh, form=form))
            break
        else:
            line = _line(number, cells, header, problems, form)
            if line is not None:
                lines.append(line)
    if header is None and not problems:
        problems.append(problem(1, None, "", form.key, "empty", "the file is empty", "文件为空", form=form))
    return Sheet(encoding, lines if header else [], problems)


def _decode(content: bytes, form: SheetForm) -> tuple[str | RowProblem, str]:
    if len(content) > SHEET_MAX_BYTES:
        en, zh = f"a file has at most {SHEET_MAX_BYTES} bytes", f"文件最多 {SHEET_MAX_BYTES} 字节"
        return problem(1, None, str(len(content)), str(SHEET_MAX_BYTES), "too_large", en, zh, form=form), ""
    marked = content.startswith(_BOM)
    body = content[len(_BOM) :] if marked else content
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as failed:
        # GB18030 takes most bytes: a broken UTF-8 file must not come in as other people's names.
        if not marked and _wide(body[: failed.start].decode("utf-8")) < _SURELY_UTF_8:
            try:
                return body.decode("gb18030"), "gb18030"
            except UnicodeDecodeError:
                pass
        line = body.count(b"\n", 0, failed.start) + 1
        shown = body[failed.start : failed.start + 4].hex()
        en = f"byte {failed.start + 1} of the file is neither UTF-8 nor GB18030 text"
        zh = f"文件第 {failed.start + 1} 字节既不是 UTF-8 也不是 GB18030 文本"
        return problem(line, None, shown, "UTF-8, GB18030", "encoding", en, zh, form=form), ""


def _wide(text: str) -> int:
    return sum(char > "\x7f" for char in text)


def _records(text: str, problems: list[RowProblem], form: SheetForm) -> Iterator[tuple[int, list[str]]]:
    """(line it begins on, cells) of each record that is not blank; a broken quote ends the file with a problem."""
    # Excel on a Mac ends lines with a bare carriage return.
    reader = csv.reader(io.StringIO(text, newline=None), strict=True)
    begins = 1
    try:
        for cells in reader:
            bare = [_bare(cell) for cell in cells]
            if any(bare):
                yield begins, bare
            begins = reader.line_num + 1
    except csv.Error as failed:
        en = f"the line that begins here can not be read: {failed}"
        zh = f"从此行开始的内容无法读取：{failed}"
        problems.append(problem(begins, None, "", "RFC 4180", "quotes", en, zh, form=form))


def _bare(cell: str) -> str:
    """The cell without blanks around it and without the apostrophe that keeps it from being a formula."""
    cell = cell.strip()
    return cell[1:].strip() if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell


def _header(number: int, cells: Sequence[str], problems: list[RowProblem], form: SheetForm) -> list[str]:
    """The columns; empty when they can not be used."""
    known = {name: name for name in form.columns} | {zh: name for name, zh in form.columns.items()}
    found = len(problems)
    names: list[str] = []
    for cell in cells:
        name = known.get(cell.lower())
        if name is None:
            limit = ", ".join(form.columns)
            en, zh = f"there is no column {cell[:_SHOWN_CHARS]!r}", f"没有名为 {cell[:_SHOWN_CHARS]!r} 的列"
            problems.append(problem(number, cell[:_SHOWN_CHARS], cell, limit, "unknown_column", en, zh, form=form))
        elif name in names:
            en, zh = f"the column {name} is there twice", f"列 {name} 重复"
            problems.append(problem(number, name, cell, "1", "column_twice", en, zh, form=form))
        names.append(name or "")
    if form.key not in names:
        key = form.key
        en, zh = f"the column {key} is missing", f"缺少列 {key}（{form.columns[key]}）"
        problems.append(problem(number, key, "", key, "column_missing", en, zh, form=form))
    return names if len(problems) == found else []


def _line(
    number: int, cells: Sequence[str], header: Sequence[str], problems: list[RowProblem], form: SheetForm
) -> Line | None:
    if any(cells[len(header) :]):
        en = f"the line has {len(cells)} cells, the header {len(header)}"
        zh = f"此行有 {len(cells)} 个单元格，表头有 {len(header)} 个"
        problems.append(
            problem(number, None, cells[len(header)], str(len(header)), "too_many_cells", en, zh, form=form)
        )
        return None
    bad = [(name, cell) for name, cell in zip(header, cells, strict=False) if not _storable(cell)]
    for name, cell in bad:
        en = f"{name} has more than {CELL_MAX_CHARS} characters or one that is not text"
        zh = f"{name} 超过 {CELL_MAX_CHARS} 个字符或含有非文本字符"
        problems.append(problem(number, name, cell, str(CELL_MAX_CHARS), "cell", en, zh, form=form))
    return None if bad else Line(number, dict(zip(header, cells, strict=False)))


def _storable(cell: str) -> bool:
    return len(cell) <= CELL_MAX_CHARS and not any(ord(char) < 32 or ord(char) == 127 for char in cell)


def write_sheet(rows: Iterable[Sequence[str]]) -> bytes:
    """The file of these rows under our header; each row has a cell for every column."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return _BOM + out.getvalue().encode()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULA) else cell
