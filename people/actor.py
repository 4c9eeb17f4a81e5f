"""Who asks: the tenant, account and role behind a request, a socket or a use case."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.errors import Forbidden
from people.permissions import Permission, Role, may


class Actor(msgspec.Struct, frozen=True):
    """A signed-in account; ``device_id`` is the phone it signed in on, None for an account without one."""

    tenant_id: UUID
    account_id: UUID
    role: Role
    device_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """The account's id, as audit rows name it."""
        return self.account_id

    def require(self, permission: Permission) -> None:
        """Raise Forbidden unless the actor's role has the permission; opens every use case."""
        if not may(self.role, permission):
            raise Forbidden(
                "permission.missing",
                f"the role {self.role.value} may not {permission.value.replace('_', ' ')}",
                f"角色 {self.role.value} 没有权限 {permission.value}",
                field="role",
                value=self.role.value,
                limit=permission.value,
            )

    def may(self, permission: Permission) -> bool:
        """Whether ``require`` would pass; for answers that depend on it."""
        return may(self.role, permission)
