"""The record over HTTP: verification, post-incident reports, lessons and corrective actions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

ReportStateName: TypeAlias = Literal["draft", "signed_off"]
ActionStateName: TypeAlias = Literal["open", "done", "verified"]
Mark: TypeAlias = Literal["", "good", "late", "missing"]
Narrative: TypeAlias = Annotated[str, msgspec.Meta(max_length=10_000)]
Sentence: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, pattern=r"\S")]


class BreakView(msgspec.Struct, frozen=True):
    """The first thing wrong in a chain: the line at ``position`` was changed, is missing, or stands after the end."""

    position: int
    damage: Literal["changed", "missing", "extra"]


class VerificationView(msgspec.Struct, frozen=True):
    """Whether an incident's record is whole, to the last of its ``length`` lines, whose hash is ``hash``.

    ``anchors``: places of it that the tenant's audit chain vouches for.
    """

    intact: bool
    broken: BreakView | None
    length: int
    hash: str
    anchors: int


class Cell(msgspec.Struct, frozen=True):
    """One cell of a table, and whether what it says is within its limit."""

    text: Text
    mark: Mark = ""


class Table(msgspec.Struct, frozen=True):
    """A table: every row has a cell for each column."""

    columns: list[Text]
    rows: list[list[Cell]]


class Fact(msgspec.Struct, frozen=True):
    """A name and what stands beside it."""

    label: Text
    value: Text
    mark: Mark = ""


class ReportSection(msgspec.Struct, frozen=True):
    """A part of a report; what is empty is not shown. ``note`` says what a reader must know of its numbers."""

    key: str
    title: Text
    facts: list[Fact] = []
    paragraphs: list[Text] = []
    table: Table | None = None
    note: Text | None = None


class ReportContent(msgspec.Struct, frozen=True):
    """A whole report in both languages."""

    title: Text
    subtitle: Text
    exercise: bool
    grade: int
    status: Text
    sections: list[ReportSection]


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an incident's report, 1, 2, ...; ``content_hash``: SHA-256 of what was signed, as the incident's
    timeline has it."""

    id: UUID
    incident: UUID
    number: int
    state: ReportStateName
    summary: str
    causes: str
    content_hash: str | None
    version: int
    created_by: UUID
    created_at: datetime
    signed_by: UUID | None
    signed_at: datetime | None


class ReportDetail(msgspec.Struct, frozen=True):
    """A version and what it says: of a draft as the facts stand now, of a signed one as it was signed.

    ``intact``: whether a signed one is what the timeline has the hash of; null for a draft.
    """

    report: ReportView
    content: ReportContent
    intact: bool | None


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft: what happened and why, in the writer's words; everything else comes from the record."""

    summary: Narrative = ""
    causes: Narrative = ""


class ReportEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    summary: Narrative | msgspec.UnsetType = msgspec.UNSET
    causes: Narrative | msgspec.UnsetType = msgspec.UNSET


class LessonView(msgspec.Struct, frozen=True):
    """What was learned."""

    id: UUID
    incident: UUID
    text: str
    created_by: UUID
    created_at: datetime


class NewLesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lesson."""

    text: Sentence


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """What must change, who sees to it and until when; ``overdue``: open after its day."""

    id: UUID
    incident: UUID
    lesson: UUID | None
    text: str
    owner: UUID
    due_on: date
    state: ActionStateName
    overdue: bool
    done_by: UUID | None
    done_at: datetime | None
    done_note: str | None
    verified_by: UUID | None
    verified_at: datetime | None
    version: int
    created_by: UUID
    created_at: datetime


class NewAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A corrective action; ``lesson`` of the same incident."""

    text: Sentence
    owner: UUID
    due_on: date
    lesson: UUID | None = None


class ActionEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    text: Sentence | msgspec.UnsetType = msgspec.UNSET
    owner: UUID | msgspec.UnsetType = msgspec.UNSET
    due_on: date | msgspec.UnsetType = msgspec.UNSET


class ActionDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done."""

    note: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
