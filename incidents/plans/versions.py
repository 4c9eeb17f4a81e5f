"""The life of a version of a plan: draft, in review, reviewed, published, retired. Pure.

Nobody reviews what they wrote: everybody who edited the draft is an author, and the reviewer is none of them. What was
reviewed is not edited any more; a new version is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.errors import Conflict, Forbidden
from incidents.plans.model import PlanBody, PlanTemplate

VersionState: TypeAlias = Literal["draft", "in_review", "reviewed", "published", "retired"]

# The library counts its versions below this, a tenant its own from here on: one (slug, version) is one text for ever.
OWN_VERSIONS_FROM = 1001


class PlanVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a tenant's plan. ``revision`` counts edits and is its ETag; ``library_version``: the one of the
    library it was made from, None for a plan of one's own; ``note``: what the reviewer or the one who sent it back
    said."""

    tenant_id: UUID
    id: UUID
    slug: str
    version: int
    state: VersionState
    revision: int
    body: PlanBody
    library_version: int | None
    authors: list[UUID]
    created_at: datetime
    submitted_at: datetime | None = None
    submitted_by: UUID | None = None
    reviewed_at: datetime | None = None
    reviewed_by: UUID | None = None
    published_at: datetime | None = None
    published_by: UUID | None = None
    retired_at: datetime | None = None
    retired_by: UUID | None = None
    note: str = ""

    @property
    def template(self) -> PlanTemplate:
        """What incidents are bound from."""
        fields = {name: getattr(self.body, name) for name in PlanBody.__struct_fields__}
        return PlanTemplate(**fields, slug=self.slug, version=self.version)


def edit(version: PlanVersion, body: PlanBody, by: UUID) -> PlanVersion:
    """Another text of a draft; whoever edits is an author of it."""
    _need(version, "draft")
    authors = version.authors if by in version.authors else [*version.authors, by]
    return _next(replace(version, body=body, authors=authors))


def submit(version: PlanVersion, by: UUID, now: datetime) -> PlanVersion:
    """Ask somebody else to look at it."""
    _need(version, "draft")
    return _next(replace(version, state="in_review", submitted_at=now, submitted_by=by, note=""))


def send_back(version: PlanVersion, note: str) -> PlanVersion:
    """A draft again, with what is wrong with it; what was reviewed is reviewed again then."""
    _need(version, "in_review", "reviewed")
    return _next(replace(version, state="draft", note=note, reviewed_at=None, reviewed_by=None))


def review(version: PlanVersion, by: UUID, now: datetime, note: str) -> PlanVersion:
    """A second person stands for it too."""
    _need(version, "in_review")
    if by in version.authors:
        raise Forbidden(
            "plan.own_draft",
            "whoever wrote a plan does not review it: a second person does",
            "预案须由编写者以外的第二人审核",
            field="reviewed_by",
            value=by,
        )
    return _next(replace(version, state="reviewed", reviewed_at=now, reviewed_by=by, note=note))


def publish(version: PlanVersion, by: UUID, now: datetime) -> PlanVersion:
    """In force from now on."""
    _need(version, "reviewed")
    return _next(replace(version, state="published", published_at=now, published_by=by))


def retire(version: PlanVersion, by: UUID, now: datetime) -> PlanVersion:
    """Out of force, or given up before it ever was in force; retiring twice is one fact."""
    if version.state == "retired":
        return version
    return _next(replace(version, state="retired", retired_at=now, retired_by=by))


def _next(version: PlanVersion) -> PlanVersion:
    return replace(version, revision=version.revision + 1)


def _need(version: PlanVersion, *states: VersionState) -> None:
    if version.state not in states:
        raise Conflict(
            "plan.state",
            f"this is possible in {' or '.join(states)}, the version is {version.state}",
            f"仅在 {'、'.join(states)} 状态下可行，此版本为 {version.state}",
            field="state",
            value=version.state,
            limit=list(states),
        )
