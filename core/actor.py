"""Who acts, as far as the layers below ``people`` need to know."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID


class Actor(Protocol):
    """A signed-in account; ``people.actor.Actor`` is one."""

    @property
    def tenant_id(self) -> UUID: ...

    @property
    def account_id(self) -> UUID: ...

    def require(self, permission: Any) -> None:
        """Raise Forbidden unless the actor has the permission."""
        ...
