"""Errors that only the plant raises."""

from __future__ import annotations

from uuid import UUID

from core.errors import Conflict


class LeaseLost(Conflict):
    """This gateway no longer holds the site: whatever it was about to write belongs to the new holder."""

    def __init__(self, site_id: UUID, fencing: int) -> None:
        super().__init__(
            "lease.lost",
            f"The lease {fencing} on site {site_id} has ended; another gateway serves it.",
            f"站点 {site_id} 的租约 {fencing} 已失效，由另一网关接管。",
            field="fencing",
            value=fencing,
        )
