"""Merging and splitting incidents on the wire."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from mobile_contract.incidents import Reason


class MergeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which incident goes on as this one, and why they are one."""

    incident: UUID
    reason: Reason


class SplitRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alarms and tasks go on as an incident of their own, and why they are another matter."""

    alarms: Annotated[list[UUID], msgspec.Meta(max_length=1000)] = []
    tasks: Annotated[list[UUID], msgspec.Meta(max_length=1000)] = []
    reason: Reason
