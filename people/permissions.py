"""Who may do what: roles and permissions as one table in code.

A role is a row of a review, not of a database: changing it is a change of the product, with a diff and a test.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What an account is in its tenant; an account has exactly one."""

    WORKER = "worker"
    RESPONDER = "responder"
    SAFETY_OFFICER = "safety_officer"
    ADMIN = "admin"
    AUDITOR = "auditor"
    DEVICE = "device"
    CAMERA = "camera"


class Permission(StrEnum):
    """One thing a use case may ask for; a use case names the one it needs in its first line."""

    READ_PLANT = "read_plant"
    """Sites, zones, sensors, actuators, limits."""
    READ_READINGS = "read_readings"
    READ_ALARMS = "read_alarms"
    READ_INCIDENTS = "read_incidents"
    """Incidents with their plans, tasks, timelines and the deliveries of their orders."""
    READ_ROOM = "read_room"
    """Events of an incident's room: history and live."""
    READ_COMMANDS = "read_commands"
    READ_ACCOUNTS = "read_accounts"
    READ_AUDIT = "read_audit"
    READ_REFUSALS = "read_refusals"
    """What devices sent and was refused, with the reasons."""
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    SHELVE_ALARM = "shelve_alarm"
    """Shelve, take out of service, reset a latched alarm."""
    ANSWER_TASK = "answer_task"
    """Acknowledge or decline one's own task; send receipts of one's own orders."""
    POST_ROOM = "post_room"
    MANAGE_INCIDENT = "manage_incident"
    """Change grade, hand over other people's tasks."""
    CLOSE_INCIDENT = "close_incident"
    COMMAND_ACTUATOR = "command_actuator"
    MANAGE_PLANT = "manage_plant"
    """Draw zones; create and edit sensors, actuators, limits, plans, device logins."""
    MANAGE_ACCOUNTS = "manage_accounts"
    PUBLISH_READINGS = "publish_readings"
    """Send readings over HTTP."""
    PUBLISH_OBSERVATIONS = "publish_observations"
    """Send what a camera saw."""


P = Permission

_WORKER = frozenset({P.READ_PLANT, P.READ_ALARMS, P.READ_INCIDENTS, P.READ_ROOM, P.POST_ROOM, P.ANSWER_TASK})
_RESPONDER = _WORKER | {P.READ_READINGS, P.READ_COMMANDS, P.ACKNOWLEDGE_ALARM}
_SAFETY_OFFICER = _RESPONDER | {
    P.READ_ACCOUNTS,
    P.READ_REFUSALS,
    P.SHELVE_ALARM,
    P.MANAGE_INCIDENT,
    P.CLOSE_INCIDENT,
    P.COMMAND_ACTUATOR,
    P.MANAGE_PLANT,
}
# An admin runs the system and is no safety officer: an incident is closed and a machine commanded by those on duty.
_ADMIN = frozenset(
    {
        P.READ_PLANT,
        P.READ_READINGS,
        P.READ_ALARMS,
        P.READ_INCIDENTS,
        P.READ_ROOM,
        P.READ_COMMANDS,
        P.READ_ACCOUNTS,
        P.READ_AUDIT,
        P.READ_REFUSALS,
        P.MANAGE_PLANT,
        P.MANAGE_ACCOUNTS,
        P.PUBLISH_READINGS,
    }
)
# An auditor reads everything and writes nothing.
_AUDITOR = frozenset(permission for permission in P if permission.value.startswith("read_"))

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.WORKER: _WORKER,
    Role.RESPONDER: _RESPONDER,
    Role.SAFETY_OFFICER: _SAFETY_OFFICER,
    Role.ADMIN: _ADMIN,
    Role.AUDITOR: _AUDITOR,
    Role.DEVICE: frozenset({P.PUBLISH_READINGS}),
    Role.CAMERA: frozenset({P.PUBLISH_OBSERVATIONS}),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role has the permission."""
    return permission in PERMISSIONS[role]
