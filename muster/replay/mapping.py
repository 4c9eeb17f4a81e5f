"""From a recorded CSV's rows to samples. Pure: text in, Structs out.

A map file (TOML) names the time, the missing markers and, for each series, a column or a formula, its unit and its
limits with their sources. Its times (delays, staleness) are the recording's; ``muster.replay.pace`` has what becomes of
them at a speed.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from core.errors import Invalid
from mobile_contract.devices import Sample, Slug
from mobile_contract.text import Text
from muster.replay.expression import Formula

# Beyond it a file belongs into a database, not into memory: 2 million rows are 23 days of seconds.
ROWS_MAX = 2_000_000


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a limit comes from."""

    jurisdiction: str
    document: str
    edition: str
    clause: str
    note: str = ""


class LimitMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One limit of a series, in its unit; times in seconds of the recording."""

    kind: Literal["high", "low"] = "high"
    level: Literal[1, 2]
    set_point: float
    deadband: float
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    source: Source


class SeriesMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One series: a column, or a formula over columns."""

    series: str
    name: Text
    quantity: str
    unit: str
    column: str = ""
    formula: str = ""
    agent: str | None = None
    stale_after_s: float
    limits: list[LimitMap] = []


class TimeMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time columns joined by a space and their format, or a fixed interval between rows."""

    columns: list[str] = []
    format: str = ""
    interval_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class ReplayMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A map file."""

    device: Slug
    zone: Slug
    name: Text
    time: TimeMap
    series: list[SeriesMap]
    missing: list[str] = []
    delimiter: str = ","


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row: its place in the file (from 0), its recorded time in seconds, its values (None: missing)."""

    index: int
    recorded_s: float
    values: tuple[float | None, ...]


def parse_map(text: str) -> ReplayMap:
    """The map file; raises Invalid naming what is wrong in it."""
    try:
        found = msgspec.toml.decode(text, type=ReplayMap)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise Invalid("replay.map", f"the map file: {problem}", field="map") from problem
    if bool(found.time.columns) == bool(found.time.interval_s):
        raise Invalid("replay.map", "[time] needs either columns with a format, or interval_s", field="time")
    for series in found.series:
        if bool(series.column) == bool(series.formula):
            raise Invalid("replay.map", f"series {series.series} needs either a column or a formula", field="series")
    return found


def read_rows(lines: Iterable[str], mapping: ReplayMap) -> list[Row]:
    """All rows of the file; raises Invalid naming the column or the row that does not fit the map."""
    reader = csv.DictReader(lines, delimiter=mapping.delimiter)
    formulas = [Formula(series.formula or series.column) if series.formula else None for series in mapping.series]
    header = set(reader.fieldnames or [])
    for needed in _columns(mapping, formulas):
        if needed not in header:
            raise Invalid("replay.no_column", f"the file has no column {needed!r}", field=needed, limit=sorted(header))
    rows: list[Row] = []
    for index, cells in enumerate(reader):
        if index >= ROWS_MAX:
            raise Invalid("replay.too_long", f"more than {ROWS_MAX} rows", limit=ROWS_MAX)
        values = tuple(
            _value(cells, series, formula, mapping, index)
            for series, formula in zip(mapping.series, formulas, strict=True)
        )
        rows.append(Row(index, _recorded_s(cells, mapping.time, index), values))
        if index and rows[-1].recorded_s <= rows[-2].recorded_s:
            raise Invalid("replay.time", f"row {index}: time does not move forward", field="time", value=index)
    return rows


def _columns(mapping: ReplayMap, formulas: Sequence[Formula | None]) -> list[str]:
    needed = list(mapping.time.columns)
    for series, formula in zip(mapping.series, formulas, strict=True):
        needed += sorted(formula.columns) if formula else [series.column]
    return needed


def _recorded_s(cells: dict[str, str], time: TimeMap, index: int) -> float:
    if time.interval_s:
        return index * time.interval_s
    text = " ".join((cells[column] or "").strip() for column in time.columns)
    try:
        moment = datetime.strptime(text, time.format)  # noqa: DTZ007 - made aware below
    except ValueError as problem:
        raise Invalid("replay.time", f"row {index}: time {text!r}: {problem}", field="time", value=text) from problem
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _value(
    cells: dict[str, str], series: SeriesMap, formula: Formula | None, mapping: ReplayMap, index: int
) -> float | None:
    if formula is None:
        return _number(cells, series.column, mapping.missing, index)
    row: dict[str, float] = {}
    for column in formula.columns:
        number = _number(cells, column, mapping.missing, index)
        if number is None:
            return None
        row[column] = number
    return formula.value(row)


def _number(cells: dict[str, str], column: str, missing: Sequence[str], index: int) -> float | None:
    """The cell's number; None for an empty cell, a marker of the map, or a number that is none (NaN, infinity)."""
    text = (cells[column] or "").strip()
    if text == "" or text in missing:
        return None
    try:
        number = float(text)
    except ValueError as problem:
        raise Invalid(
            "replay.value", f"row {index}, column {column}: {text!r} is no number", field=column, value=text
        ) from problem
    return number if math.isfinite(number) else None


def samples_of(row: Row, mapping: ReplayMap, at_ms: int) -> list[Sample]:
    """The row as samples; a missing value is a null, so that silence is seen as silence."""
    return [
        Sample(series.series, at_ms, value, series.unit)
        for series, value in zip(mapping.series, row.values, strict=True)
    ]
