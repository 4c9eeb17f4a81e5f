"""What the plant's use cases ask an actor for.

``people`` stands beside the plant and may not be imported; these names and values are those of
``people.permissions.Permission``, which a test holds.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from core.actor import Actor
from core.database import Tx
from core.errors import Forbidden


class PlantPermission(StrEnum):
    """The part of the product's permissions that the plant knows."""

    READ_PLANT = "read_plant"
    READ_READINGS = "read_readings"
    READ_COMMANDS = "read_commands"
    READ_REFUSALS = "read_refusals"
    MANAGE_PLANT = "manage_plant"
    COMMAND_ACTUATOR = "command_actuator"


def authorise(tx: Tx, actor: Actor | None, permission: PlantPermission) -> UUID:
    """Check the actor (None: Muster itself) and return the tenant of the transaction; raises Forbidden."""
    if tx.tenant_id is None:
        raise Forbidden("tenant.missing", "this needs a tenant", "缺少租户")
    if actor is not None:
        actor.require(permission)
        if actor.tenant_id != tx.tenant_id:
            raise Forbidden("tenant.other", "the actor belongs to another tenant", "操作者属于另一租户")
    return tx.tenant_id


def id_of(actor: Actor | None) -> UUID | None:
    """The account's id as audit rows name it; None: Muster itself."""
    return None if actor is None else actor.account_id
