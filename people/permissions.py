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
    READ_ROTAS = "read_rotas"
    """Teams, rotas and who is on call."""
    READ_QUALIFICATIONS = "read_qualifications"
    """Other people's qualifications and training; one's own need no permission."""
    READ_PRESENCE = "read_presence"
    """Where people are and were, visitors included."""
    READ_EXPOSURE = "read_exposure"
    """Other people's doses; one's own need no permission."""
    READ_PLANS = "read_plans"
    """Plans, agent cards and cause-and-effect matrices, drafts included."""
    READ_OUTPUTS = "read_outputs"
    """Addresses outside that are told of incidents, and what became of each message to them."""
    MANAGE_PEOPLE = "manage_people"
    """Qualifications, training, teams, rotas, badges; imports of them."""
    HOST_VISITOR = "host_visitor"
    """Sign visitors and contractors in and out as their host."""
    REPORT_PRESENCE = "report_presence"
    """Report one's own position, and in a roll call that one is safe or needs help."""
    RAISE_SOS = "raise_sos"
    """Call for help from one's own phone; be watched as a lone worker."""
    EDIT_PLANS = "edit_plans"
    """Draft plans, agent cards and cause-and-effect matrices."""
    REVIEW_PLANS = "review_plans"
    """Review another person's draft, publish what was reviewed."""
    LEAD_INCIDENT = "lead_incident"
    """Take command of an incident, hand it over; set objectives, assign resources, merge and split."""
    RUN_ROLL_CALL = "run_roll_call"
    """Start an evacuation and its roll call, appoint marshals."""
    COUNT_PEOPLE = "count_people"
    """Mark people at an assembly point as a marshal."""
    RUN_DRILL = "run_drill"
    """Start, stop and score a drill; start a test of communications."""
    MANAGE_OUTPUTS = "manage_outputs"
    """Set addresses outside that are told of incidents, and their secrets."""
    PUBLISH_READINGS = "publish_readings"
    """Send readings over HTTP."""
    PUBLISH_OBSERVATIONS = "publish_observations"
    """Send what a camera saw."""


P = Permission

_WORKER = frozenset(
    {
        P.READ_PLANT,
        P.READ_ALARMS,
        P.READ_INCIDENTS,
        P.READ_ROOM,
        P.READ_ROTAS,
        P.POST_ROOM,
        P.ANSWER_TASK,
        P.HOST_VISITOR,
        P.REPORT_PRESENCE,
        P.RAISE_SOS,
        # Whoever stands at the assembly point counts: who is a marshal is said in the roll call, not in the account.
        P.COUNT_PEOPLE,
    }
)
# The first qualified person there leads until somebody takes over (ICS: command is never vacant).
_RESPONDER = _WORKER | {P.READ_READINGS, P.READ_COMMANDS, P.READ_PLANS, P.ACKNOWLEDGE_ALARM, P.LEAD_INCIDENT}
_SAFETY_OFFICER = _RESPONDER | {
    P.READ_QUALIFICATIONS,
    P.READ_PRESENCE,
    P.READ_EXPOSURE,
    P.READ_OUTPUTS,
    P.MANAGE_PEOPLE,
    P.EDIT_PLANS,
    P.REVIEW_PLANS,
    P.RUN_ROLL_CALL,
    P.RUN_DRILL,
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
        P.READ_ROTAS,
        P.READ_QUALIFICATIONS,
        P.READ_PLANS,
        P.READ_OUTPUTS,
        P.MANAGE_PLANT,
        P.MANAGE_ACCOUNTS,
        P.MANAGE_PEOPLE,
        P.MANAGE_OUTPUTS,
        P.EDIT_PLANS,
        P.REVIEW_PLANS,
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
