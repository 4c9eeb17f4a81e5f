"""Cause-and-effect matrices on the wire: versions, what is wrong with them, what changed, replays of the past."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import Slug
from mobile_contract.plant import Named
from mobile_contract.text import Text

MatrixStateName: TypeAlias = Literal["draft", "reviewed", "published", "superseded"]
Minute: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1440, description="Of the site's local day.")]
Weekday: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=7, description="1 Monday to 7 Sunday.")]
Delay: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=3600)]
ActionName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class CauseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row, in one of three forms: an alarm rule; an agent from a level on, in a zone or anywhere; a voting group."""

    slug: Slug
    name: Named
    rule: UUID | None = None
    agent: Slug | None = None
    level: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    zone: UUID | None = None
    vote: UUID | None = None


class EffectBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column, in one of three forms: an actuator's action; an evacuation of a scope around the cause or of these
    zones; a plan."""

    slug: Slug
    name: Named
    actuator: UUID | None = None
    action: ActionName | None = None
    evacuate: Literal["zone", "building", "site"] | None = None
    zones: Annotated[list[UUID], msgspec.Meta(max_length=100)] = []
    plan: Slug | None = None


class ConditionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a cell holds; ``from_minute`` to ``to_minute`` may pass midnight; ``with_cause`` stands as well."""

    from_minute: Minute | None = None
    to_minute: Minute | None = None
    weekdays: Annotated[list[Weekday], msgspec.Meta(max_length=7)] = []
    with_cause: Slug | None = None


class CellBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a cause leads to an effect. ``inhibit`` keeps back this matrix' effect alone, never a plan's action."""

    cause: Slug
    effect: Slug
    how: Literal["follow", "latch", "inhibit"] = "follow"
    delay_s: Delay = 0.0
    condition: ConditionBody | None = None


class MatrixTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows, columns and cells; a cell that is missing is no effect."""

    causes: Annotated[list[CauseBody], msgspec.Meta(max_length=300)] = []
    effects: Annotated[list[EffectBody], msgspec.Meta(max_length=300)] = []
    cells: Annotated[list[CellBody], msgspec.Meta(max_length=3000)] = []


Note: TypeAlias = Annotated[str, msgspec.Meta(max_length=1000, description="Why this version is there.")]


class NewMatrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft to begin: of a body, or of another version of the site."""

    site: UUID
    note: Note = ""
    body: MatrixTable | None = None
    copy_of: UUID | None = None


class MatrixEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a draft; the body is replaced as a whole."""

    note: Note | None = None
    body: MatrixTable | None = None


class FindingView(msgspec.Struct, frozen=True):
    """Something wrong, named by row and column; an error keeps the version from being reviewed."""

    severity: Literal["error", "warning"]
    code: str
    row: str | None
    column: str | None
    text: Text


class MatrixSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a site's matrix, without its table."""

    id: UUID
    site: UUID
    number: int
    state: MatrixStateName
    note: str
    authors: list[UUID]
    causes: int
    effects: int
    cells: int
    version: int
    created_at: datetime
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    published_by: UUID | None
    published_at: datetime | None
    superseded_at: datetime | None


class MatrixView(MatrixSummary, frozen=True, kw_only=True):
    """One version with its table, and what is wrong with it in the plant as it is now."""

    body: MatrixTable
    findings: list[FindingView]


class ChangeView(msgspec.Struct, frozen=True):
    """One difference between two versions."""

    kind: Literal["added", "removed", "changed"]
    what: Literal["cause", "effect", "cell"]
    row: str | None
    column: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    text: Text


class NewReplay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A past period, 31 days at most."""

    start: Moment
    end: Moment


class ReplaySummary(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """A past period under a version, against the one in force (``against``; null: none). ``progress`` 0 to 1."""

    id: UUID
    matrix: UUID
    against: UUID | None
    start: datetime
    end: datetime
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    progress: float
    error: str | None
    requested_by: UUID
    requested_at: datetime
    ended_at: datetime | None


class ReplayCounts(msgspec.Struct, frozen=True):
    """How many effects the draft would have had more, less, earlier, later."""

    more: int
    less: int
    earlier: int
    later: int


class ReplayTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What an effect does."""

    kind: Literal["command", "evacuation", "plan"]
    actuator: UUID | None = None
    action: str | None = None
    scope: str | None = None
    zones: list[UUID] = []
    plan: str | None = None


class ReplayDifference(msgspec.Struct, frozen=True):
    """One effect that would have been otherwise; ``seconds``: by how much earlier or later."""

    kind: Literal["more", "less", "earlier", "later"]
    target: ReplayTarget
    published_at: datetime | None
    draft_at: datetime | None
    seconds: float | None
    cause: str


class ReplayInterval(msgspec.Struct, frozen=True):
    """An effect of the draft; ``end`` null: beyond the period."""

    target: ReplayTarget
    start: datetime
    end: datetime | None
    cause: str


class ReplayResult(msgspec.Struct, frozen=True):
    """What would have happened. ``truncated``: there is more than is shown; counts are complete."""

    events: int
    published: int
    draft: int
    commands: ReplayCounts
    evacuations: ReplayCounts
    plans: ReplayCounts
    differences: list[ReplayDifference]
    timeline: list[ReplayInterval]
    truncated: bool


class ReplayView(ReplaySummary, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """A replay with its result, once it is done."""

    result: ReplayResult | None
