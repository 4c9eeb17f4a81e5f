"""Who may do what: the table, as a plant would say it."""

from __future__ import annotations

import pytest

from core.errors import Forbidden
from core.ids import new_id
from people.actor import Actor
from people.permissions import PERMISSIONS, Permission, Role, may

P = Permission


def test_every_role_has_a_row() -> None:
    assert set(PERMISSIONS) == set(Role)


def test_every_permission_belongs_to_somebody() -> None:
    assert {p for permissions in PERMISSIONS.values() for p in permissions} == set(Permission)


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (P.READ_ALARMS, {"worker", "responder", "safety_officer", "admin", "auditor"}),
        (P.ACKNOWLEDGE_ALARM, {"responder", "safety_officer"}),
        (P.ANSWER_TASK, {"worker", "responder", "safety_officer"}),
        (P.POST_ROOM, {"worker", "responder", "safety_officer"}),
        (P.COMMAND_ACTUATOR, {"safety_officer"}),
        (P.CLOSE_INCIDENT, {"safety_officer"}),
        (P.MANAGE_PLANT, {"safety_officer", "admin"}),
        (P.MANAGE_ACCOUNTS, {"admin"}),
        (P.READ_AUDIT, {"admin", "auditor"}),
        (P.READ_PRESENCE, {"safety_officer", "auditor"}),
        (P.READ_EXPOSURE, {"safety_officer", "auditor"}),
        (P.READ_PLANS, {"responder", "safety_officer", "admin", "auditor"}),
        (P.READ_OUTPUTS, {"safety_officer", "admin", "auditor"}),
        (P.MANAGE_PEOPLE, {"safety_officer", "admin"}),
        (P.RAISE_SOS, {"worker", "responder", "safety_officer"}),
        (P.REVIEW_PLANS, {"safety_officer", "admin"}),
        (P.LEAD_INCIDENT, {"responder", "safety_officer"}),
        (P.RUN_ROLL_CALL, {"safety_officer"}),
        (P.RUN_DRILL, {"safety_officer"}),
        (P.MANAGE_OUTPUTS, {"admin"}),
        (P.READ_REFUSALS, {"safety_officer", "admin", "auditor"}),
        (P.PUBLISH_READINGS, {"admin", "device"}),
        (P.PUBLISH_OBSERVATIONS, {"camera"}),
    ],
)
def test_who_may(permission: Permission, roles: set[str]) -> None:
    assert {role.value for role in Role if may(role, permission)} == roles


def test_an_auditor_reads_everything_and_writes_nothing() -> None:
    assert all(p.value.startswith("read_") for p in PERMISSIONS[Role.AUDITOR])


def test_require_names_role_and_permission() -> None:
    actor = Actor(new_id(), new_id(), Role.WORKER)
    with pytest.raises(Forbidden) as caught:
        actor.require(P.CLOSE_INCIDENT)
    assert (caught.value.value, caught.value.limit) == ("worker", "close_incident")
    actor.require(P.READ_ALARMS)
