"""Promise 5 at the edge: every operation tried with another tenant's real ids, and without a token.

The neighbour's own requests with the same ids and bodies are the control: they show that what was refused would have
been served to its owner.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest_asyncio

from api.app import ROUTERS
from api.document import build_document
from core.database import Tx
from core.ids import new_id
from incidents.evacuation.watch import EvacuationWatch
from incidents.plans import plan_queries
from mobile_contract.room_views import StepView
from people.permissions import PERMISSIONS, Permission, Role
from plant.places.site_maps import SiteMaps
from tests import clusters, incident_world
from tests.certificate_requests import request
from tests.contract.conftest import PASSWORD, Edge, Stage, build_stage

DOCUMENT = build_document(ROUTERS)
AT = "2026-03-02T08:00:00Z"
SOON = "2026-03-02T20:00:00Z"
NAME = {"zh": "新", "en": "New"}
# The neighbour's box asks for it.
CSR = request("neighbours/north/box-1")
SOURCE = {"jurisdiction": "CN", "edition": "2019", "source": "GB/T 50493"}
PDF = b"%PDF-1.7 the smallest that passes %%EOF"

PLAN = {
    "title": NAME,
    "tasks": [{"slug": "go", "role": "responder", "title": NAME, "steps": [{"text": NAME}], "within_s": 60}],
}
CARD = {"name": NAME, "sources": ["the plant's own"]}
PLACE = {
    "name": NAME,
    "levels": [{"level": 0, "name": NAME}],
    "rooms": [{"id": "hall", "level": 0, "polygon": incident_world.SQUARE}],
    "doors": [
        {"id": "gate", "level": 0, "at": [0.0, 0.0], "joins": ["hall", None], "exit": True},
        {"id": "out", "level": 0, "at": [0.0005, 0.0], "joins": ["hall", None], "exit": True},
    ],
    "assembly_points": [{"id": "yard", "at": [0.0, -0.0001], "name": NAME}],
}
GATE = {"of": "door", "feature": "gate"}
HAZARD_AREA = {"polygon": incident_world.SQUARE, "levels": [0]}
LEAK = {
    "agent": "ammonia",
    "amount": 1.0,
    "unit": "kg/s",
    "outdoors": {"at": [0.0005, 0.0005], "wind": {"from_deg": 0, "speed_m_s": 3, "source": "x"}, "sky": "overcast"},
}
PLACE_FILE = {"name": "unit.geojson", "content": '{"type": "FeatureCollection", "features": []}'}

# Where an id stands in a path, or what a query parameter is called, and the table its things are in.
TABLE_OF = {
    "/v1/accounts": "accounts",
    "/v1/devices": "person_devices",
    "/v1/alarms": "alarms",
    "/v1/incidents": "incidents",
    "/v1/tasks": "tasks",
    "/v1/rooms": "rooms",
    "/v1/deliveries": "deliveries",
    "/v1/sites": "sites",
    "/v1/buildings": "buildings",
    "/v1/zones": "zones",
    "/v1/plant/devices": "devices",
    "/v1/sensors": "sensors",
    "/v1/actuators": "actuators",
    "/v1/alarm-rules": "alarm_rules",
    "/v1/commands": "commands",
    "/v1/contact-points": "contact_points",
    "/v1/notices": "notices",
    "/v1/quiet-times": "quiet_times",
    "/v1/comm-tests": "comm_tests",
    "/v1/comm-test-messages": "comm_test_messages",
    "/v1/comm-schedules": "comm_test_schedules",
    "/v1/handovers": "command_handovers",
    "/v1/objectives": "objectives",
    "/v1/resources": "incident_resources",
    "/v1/roll-calls": "roll_calls",
    "/v1/drills": "drills",
    "/v1/assembly-points": "assembly_points",
    "/v1/place-plans": "place_plans",
    "/v1/equipment": "equipment",
    "/v1/hazards": "hazards",
    "/v1/qualification-types": "qualification_types",
    "/v1/qualifications": "qualifications",
    "/v1/trainings": "trainings",
    "/v1/evidence": "evidence_files",
    "?type": "qualification_types",
    "/v1/teams": "teams",
    "/v1/members": "accounts",
    "/v1/holiday-calendars": "holiday_calendars",
    "/v1/rotas": "rotas",
    "/v1/overrides": "rota_overrides",
    "/v1/swaps": "rota_swaps",
    "/v1/doors": "doors",
    "/v1/badges": "badges",
    "/v1/visits": "visits",
    "/v1/suppression-designs": "suppression_designs",
    "/v1/voting-groups": "voting_groups",
    "/v1/matrices": "matrices",
    "/v1/matrix-replays": "matrix_replays",
    "?matrix": "matrices",
    "?against": "matrices",
    "/v1/feeds": "feeds",
    "/v1/feed-messages": "feed_messages",
    "/v1/reports": "reports",
    "/v1/corrective-actions": "corrective_actions",
    "/v1/plan-versions": "plan_versions",
    "/v1/agent-cards": "agent_cards",
    "/v1/escalation-policies": "escalation_policies",
    "/v1/routes": "routes",
    "/v1/me/routes": "routes",
    "?task": "tasks",
    "/v1/sos": "sos_calls",
    "/v1/lone-sessions": "lone_sessions",
    "?account": "accounts",
    "?feed": "feeds",
    "?incident": "incidents",
    "?site": "sites",
    "?building": "buildings",
    "?zone": "zones",
    "?device": "devices",
    "?sensor": "sensors",
    "?actuator": "actuators",
    "?rota": "rotas",
    "?rule": "alarm_rules",
    "compare_plan_versions?against": "plan_versions",
}

Ids = dict[str, UUID]


def _rota(ids: Ids) -> dict[str, Any]:
    """A turn a day for the one signed in as a responder and another, from 1 March: the second has the even days."""
    turns = [[str(ids["accounts"])], [str(ids.get("others", ids["accounts"]))]]
    layer = {"name": NAME, "turns": turns, "starts_on": "2026-03-01", "handover": "00:00", "every_days": 1}
    return {"tz": "UTC", "definition": {"layers": [layer]}, "calendar": str(ids["holiday_calendars"])}


def _duty(ids: Ids, day: int) -> dict[str, Any]:
    period = {"starts_at": f"2026-03-{day:02}T00:00:00Z", "ends_at": f"2026-03-{day + 1:02}T00:00:00Z"}
    return {"rota": str(ids["rotas"]), "position": 0} | period


def _override(ids: Ids) -> dict[str, Any]:
    period = {"starts_at": "2026-03-20T00:00:00Z", "ends_at": "2026-03-21T00:00:00Z"}
    return period | {"reason": "ill", "removed": str(ids["accounts"])}


_HOUR = {"from": "2026-03-02T07:00:00Z", "to": "2026-03-02T08:00:00Z"}
# A body that is right for its owner, naming the owner's things.
BODIES: dict[str, Callable[[Ids], Any]] = {
    "create_account": lambda _: {"login": "new", "display_name": "New", "role": "worker", "password": PASSWORD},
    "edit_account": lambda _: {"display_name": "Taken over"},
    "register_push": lambda _: {"channel": "fcm", "token": "a-token-of-ours"},
    "shelve_alarm": lambda _: {"reason": "none of ours"},
    "take_alarm_out": lambda _: {"reason": "none of ours", "until": SOON},
    "shelve_alarm_rule": lambda _: {"reason": "none of ours"},
    "take_alarm_rule_out": lambda _: {"reason": "none of ours", "until": SOON},
    "limit_shelving": lambda _: {"shelve_max_s": 3600},
    "edit_alarm_settings": lambda _: {"flood_start_above": 12, "flood_end_below": 6},
    "create_suppression_design": lambda ids: {
        "rule": str(ids["alarm_rules"]),
        "reason": "none of ours",
        "test": "action",
        "actuator": str(ids["actuators"]),
        "action": "start",
    },
    "create_voting_group": lambda ids: {
        "name": NAME,
        "sensors": [str(ids["sensors"]), str(ids.get("second_sensors", ids["sensors"]))],
        "m": 1,
        "side": "high",
        "level": 1,
        "set_point": 7.0,
        "unit": "[ppm]",
        "source": SOURCE,
    },
    "edit_voting_group": lambda _: {"m": 2},
    "close_incident": lambda _: {"reason": "none of ours"},
    "draft_plan": lambda ids: {"copy_of": str(ids["plan_versions"])},
    "edit_plan_draft": lambda _: PLAN,
    "send_back_plan": lambda _: {"note": "none of ours"},
    "review_plan": lambda _: {"note": "none of ours"},
    "preview_plan": lambda ids: {"zone": str(ids["zones"]), "version": str(ids["plan_versions"])},
    "report_incident": lambda ids: {"plan": "fire", "zone": str(ids["zones"]), "reason": "none of ours"},
    "confirm_task_step": lambda _: {"step": 1},
    "create_agent_card": lambda _: CARD | {"agent": "silane"},
    "edit_agent_card": lambda _: CARD,
    "pin_zone_cards": lambda _: {"agents": ["silane"]},
    "take_command": lambda _: {"reason": "none of ours"},
    "offer_command": lambda ids: {"to": str(ids.get("others", ids["accounts"]))},
    "accept_command": lambda _: {"grade": 3, "active_alarms": 1, "open_tasks": 1, "missing": 0, "need_help": 0},
    "set_objective": lambda _: {"text": "none of ours"},
    "edit_objective": lambda _: {"state": "met"},
    "add_resource": lambda ids: {"kind": "person", "account": str(ids["accounts"]), "task": str(ids["tasks"])},
    "edit_resource": lambda ids: {"state": "on_scene", "task": str(ids["tasks"])},
    "merge_incident": lambda ids: {"incident": str(ids.get("second_incidents", ids["incidents"])), "reason": "one"},
    "split_incident": lambda ids: {"tasks": [str(ids["tasks"])], "reason": "two"},
    "hand_task_over": lambda ids: {"to": str(ids.get("others", ids["accounts"])), "reason": "none of ours"},
    "block_task": lambda _: {"reason": "none of ours"},
    "split_task": lambda _: {"title": NAME, "steps": [2]},
    "reopen_task": lambda _: {"reason": "none of ours"},
    "cancel_task": lambda _: {"reason": "none of ours"},
    "answer_task": lambda _: {"answer": "acknowledge"},
    "finish_task": lambda _: {"note": "none of ours"},
    "post_message": lambda _: {"text": "hello", "key": "k"},
    "report_receipt": lambda _: {"fact": "seen", "at": AT},
    "jump_escalation": lambda _: {"step": 1, "reason": "none of ours"},
    "pause_escalation": lambda _: {"for_s": 60, "reason": "none of ours"},
    "resume_escalation": lambda _: {},
    "ask_person": lambda ids: {"account": str(ids["accounts"]), "reason": "none of ours"},
    "create_escalation_policy": lambda ids: _policy(ids, "new"),
    "edit_escalation_policy": lambda ids: {"policy": _policy(ids, "new")["policy"]},
    "create_site": lambda _: {"slug": "new", "name": NAME, "tz": "Asia/Shanghai"},
    "edit_site": lambda _: {"name": NAME},
    "create_building": lambda ids: {"site": str(ids["sites"]), "slug": "new", "name": NAME},
    "edit_building": lambda _: {"name": NAME},
    "create_zone": lambda ids: {
        "site": str(ids["sites"]),
        "slug": "new",
        "name": NAME,
        "polygon": incident_world.SQUARE,
        "level": 9,
    },
    "edit_zone": lambda ids: {"name": NAME, "building": str(ids["buildings"])},
    "create_plant_device": lambda ids: {"site": str(ids["sites"]), "slug": "new", "name": NAME},
    "edit_plant_device": lambda _: {"name": NAME},
    "certify_plant_device": lambda _: {"csr": CSR},
    "create_sensor": lambda ids: _sensor(ids, "new"),
    "edit_sensor": lambda ids: {"zone": str(ids["zones"])},
    "create_actuator": lambda ids: {
        "device": str(ids["devices"]),
        "zone": str(ids["zones"]),
        "slug": "new",
        "name": NAME,
        "kind": "fan",
        "expected": {"start": {"at_least": 5.0}},
        "deadline_s": 5,
        "feedback_sensor": str(ids["sensors"]),
    },
    "edit_actuator": lambda ids: {"expected": {"start": {"at_least": 5.0}}, "feedback_sensor": str(ids["sensors"])},
    "command_actuator": lambda _: {"action": "start", "reason": "none of ours"},
    "create_alarm_rule": lambda ids: {
        "sensor": str(ids["sensors"]),
        "kind": "high",
        "level": 1,
        "set_point": 7.0,
        "unit": "[ppm]",
        "source": SOURCE,
    },
    "apply_limits": lambda _: {},
    "start_roll_call": lambda ids: {"scope": "zones", "zones": [str(ids["zones"])], "reason": "none of ours"},
    "mark_people": lambda ids: {
        "marks": [{"id": str(new_id()), "person": str(ids["accounts"]), "said": "safe", "at": AT}]
    },
    "appoint_marshal": lambda ids: {"account": str(ids["accounts"]), "point": str(ids["assembly_points"])},
    "give_all_clear": lambda _: {},
    "create_assembly_point": lambda ids: {
        "site": str(ids["sites"]),
        "slug": f"point-{new_id().hex[-8:]}",
        "name": NAME,
        "position": {"type": "Point", "coordinates": [121.0, 31.0]},
    },
    "edit_assembly_point": lambda _: {"name": NAME},
    "report_readiness": lambda _: {
        "notifications": "granted",
        "critical_alerts": "granted",
        "battery": "unrestricted",
    },
    "add_contact_point": lambda ids: {"kind": "mail", "address": "n@example.com", "account": str(ids["accounts"])},
    "set_message_service": lambda _: {"kind": "mail", "url": "mailtos://u:p@mail.example.com?to={to}"},
    "add_quiet_time": lambda ids: {
        "account": str(ids["accounts"]),
        "daily_from": "22:00:00",
        "daily_until": "06:00:00",
        "tz": "Asia/Shanghai",
    },
    "start_comm_test": lambda ids: {"accounts": [str(ids["accounts"])]},
    "report_test_receipt": lambda _: {"fact": "seen"},
    "add_comm_schedule": lambda _: {"rule": "FREQ=WEEKLY;BYDAY=MO", "tz": "Asia/Shanghai", "first_at": AT},
    "edit_comm_schedule": lambda _: {"enabled": True},
    "create_qualification_type": lambda _: {
        "slug": "new",
        "name": NAME,
        "skills": ["first_aid"],
        "source": "GB/T 1",
        "validity_months": 12,
    },
    "edit_qualification_type": lambda _: {"name": NAME},
    "create_qualification": lambda ids: {
        "account": str(ids["accounts"]),
        "type": str(ids["qualification_types"]),
        "issuer": "none of ours",
        "valid_from": "2026-03-01",
        "sites": [str(ids["sites"])],
        "zones": [str(ids["zones"])],
        "evidence": str(ids["evidence_files"]),
    },
    "edit_qualification": lambda ids: {"zones": [str(ids["zones"])], "evidence": str(ids["evidence_files"])},
    "suspend_qualification": lambda _: {"reason": "none of ours"},
    "reinstate_qualification": lambda _: {"reason": "none of ours"},
    "create_training": lambda ids: {
        "account": str(ids["accounts"]),
        "course": "none of ours",
        "trainer": "nobody",
        "held_on": "2026-02-28",
        "hours": 8,
        "result": "passed",
        "evidence": str(ids["evidence_files"]),
        "grants": str(ids["qualification_types"]),
    },
    "edit_training": lambda ids: {"evidence": str(ids["evidence_files"])},
    "upload_evidence": lambda _: PDF,
    "import_people": lambda _: b"login,display_name,role\nnew-1,New,worker\n",
    "create_team": lambda _: {"slug": "new", "name": NAME},
    "edit_team": lambda _: {"name": NAME},
    "set_member": lambda _: {},
    "create_calendar": lambda _: {"slug": "new", "name": NAME},
    "edit_calendar": lambda _: {"days": [{"day": "2026-10-01", "name": NAME}]},
    "create_rota": lambda ids: _rota(ids) | {"slug": "new", "name": NAME, "kind": "shift", "site": str(ids["sites"])},
    "edit_rota": _rota,
    "preview_rota": lambda ids: _rota(ids) | _HOUR,
    "add_override": _override,
    "propose_swap": lambda ids: {"to": str(ids.get("others", ids["accounts"])), "duty": _duty(ids, 5)},
    "read_notices": lambda ids: {"up_to": str(ids["notices"])},
    "answer_swap": lambda _: {"answer": "accept"},
    "report_positions": lambda _: {"positions": [{"at": AT, "lon": 0.0007, "lat": 0.0003, "accuracy_m": 5}]},
    "create_door": lambda ids: {
        "device": str(ids["devices"]),
        "door": "gate-9",
        "gate": True,
        "to_zone": str(ids["zones"]),
    },
    "edit_door": lambda ids: {"to_zone": str(ids["zones"]), "gate": True},
    "walk_route": lambda _: {
        "revision": 1,
        "positions": [{"at": AT, "lon": 0.0, "lat": 0.0, "accuracy_m": 5.0}],
    },
    "issue_badge": lambda ids: {"number": "0815", "account": str(ids["accounts"])},
    "edit_badge": lambda _: {"valid_until": "2026-04-02T08:00:00Z"},
    "create_visit": lambda ids: dict(_visit(ids)),
    "edit_visit": lambda ids: {"zones": [str(ids["zones"])]},
    "create_matrix": lambda ids: {"site": str(ids["sites"]), "note": "ours", "body": _matrix(ids)},
    "edit_matrix": lambda ids: {"note": "taken over", "body": _matrix(ids)},
    "replay_matrix": lambda _: {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"},
    "create_feed": lambda ids: {"name": "x", "kind": "cap", "url": "https://example.com", "sites": [str(ids["sites"])]},
    "edit_feed": lambda ids: {"sites": [str(ids["sites"])]},
    "draft_report": lambda _: {"summary": "none of ours"},
    "edit_report": lambda _: {"summary": "none of ours"},
    "add_lesson": lambda _: {"text": "none of ours"},
    "add_corrective_action": lambda ids: {"text": "x", "owner": str(ids["accounts"]), "due_on": "2026-04-01"},
    "edit_corrective_action": lambda ids: {"owner": str(ids["accounts"])},
    "finish_corrective_action": lambda _: {"note": "none of ours"},
    "raise_sos": lambda _: {"key": "of the sweep", "kind": "medical", "at": AT},
    "report_sos_positions": lambda _: {"positions": [{"at": AT, "lon": 0.0007, "lat": 0.0003, "accuracy_m": 5}]},
    "end_sos": lambda _: {"code": "2468"},
    "set_sos_codes": lambda _: {"password": PASSWORD, "code": "2468", "duress_code": "1357"},
    "start_lone_session": lambda ids: {"ends_at": SOON, "interval_s": 600, "zone": str(ids["zones"])},
    "pause_lone_session": lambda _: {"until": "2026-03-02T09:00:00Z"},
    "extend_lone_session": lambda _: {"ends_at": SOON},
    "start_drill": lambda ids: {"plan": "fire", "zone": str(ids["zones"]), "reason": "none of ours"},
    "stop_drill": lambda _: {"why": "stopped", "reason": "none of ours"},
    "create_equipment": lambda ids: _equipment("new") | {"zone": str(ids["zones"])},
    "edit_equipment": lambda ids: {"zone": str(ids["zones"])},
    "take_equipment_out": lambda _: {"reason": "none of ours"},
    "move_stock": lambda _: {"move": "take", "reason": "none of ours", "key": "k"},
    "import_equipment": lambda _: b"slug,kind,name_zh,name_en,lon,lat\nnew-1,aed,a,a,0.0005,0.0005\n",
    "put_place_plan_draft": lambda _: PLACE,
    "import_place_plan": lambda _: {"files": [PLACE_FILE], "format": "imdf", "dry_run": False},
    "forecast_evacuation": lambda ids: {"people": [{"zone": str(ids["zones"]), "people": 3}]},
    "find_way": lambda ids: {"from": {"kind": "zone", "zone": str(ids["zones"])}, "to": {"kind": "assembly"}},
    "find_vehicle_access": lambda ids: {"target": {"kind": "incident", "incident": str(ids["incidents"])}},
    "set_passage": lambda _: {"state": "locked", "reason": "of the sweep"},
    "publish_place_plan": lambda _: {"accept": [{"kind": "unreachable", "place": "hall"}]},
    "draw_hazard": lambda ids: {"areas": [HAZARD_AREA], "agent": "acetone", "incident": str(ids["incidents"])},
    "edit_hazard": lambda _: {"areas": [HAZARD_AREA], "name": NAME, "minutes": 60},
    "forecast_hazard": lambda ids: {**LEAK, "incident": str(ids["incidents"])},
    "end_hazard": lambda _: {"reason": "none of ours"},
}


def _equipment(slug: str) -> dict[str, Any]:
    place = {"lon": 0.0007, "lat": 0.0003}
    return place | {"slug": slug, "kind": "extinguisher", "name": NAME, "classes": ["A", "B"], "in_stock": 2}


def _visit(ids: Ids) -> dict[str, Any]:
    return {
        "site": str(ids["sites"]),
        "kind": "visitor",
        "name": "Guest",
        "host": str(ids["accounts"]),
        "zones": [str(ids["zones"])],
    }


# A body of bytes is sent as this type.
MEDIA_TYPES = {"upload_evidence": "application/pdf", "import_people": "text/csv", "import_equipment": "text/csv"}
# What a list can not be asked for without.
_HOUR = {"from": "2026-03-02T07:00:00Z", "to": "2026-03-02T08:00:00Z"}
_DAYS = {"from": "2026-03-01", "to": "2026-03-02"}
_HERE = {"lon": "0.0007", "lat": "0.0003"}
REQUIRED: dict[str, dict[str, str]] = {
    "get_readings": _HOUR,
    "list_raw_readings": _HOUR,
    "remove_message_service": {"kind": "mail"},
    "list_skill_holders": {"skill": "first_aid"},
    "get_alarm_performance": _DAYS,
    "list_alarm_performance": _DAYS,
    "list_plan_templates": {"slug": "fire"},
    "get_drill_trend": {"plan": "fire"},
    "find_nearest_equipment": {"kind": "extinguisher"} | _HERE,
    "find_first_there": _HERE,
    "get_passage": GATE,
    "set_passage": GATE,
    "clear_passage": GATE,
}
# About a phone in one's own hand, or one's own guest: asked as wang, whose they are.
OWNERS_ALONE = {
    "get_notice",
    "read_notice",
    "read_notices",
    "register_push",
    "revoke_device",
    "report_readiness",
    "report_test_receipt",
    "get_visit",
    "list_visits",
    "report_sos_positions",
    "end_sos",
    "check_in",
    "pause_lone_session",
    "resume_lone_session",
    "extend_lone_session",
    "end_lone_session",
    "get_lone_session",
}
# What depends on more than the role: asked as a role that may, whoever it is.
ASKED_AS = {
    "offer_command": Role.SAFETY_OFFICER,
    "set_objective": Role.SAFETY_OFFICER,
    "edit_objective": Role.SAFETY_OFFICER,
    "add_resource": Role.SAFETY_OFFICER,
    "edit_resource": Role.SAFETY_OFFICER,
    "merge_incident": Role.SAFETY_OFFICER,
    "split_incident": Role.SAFETY_OFFICER,
    "start_roll_call": Role.SAFETY_OFFICER,
    "list_expected_people": Role.SAFETY_OFFICER,
    "list_marks": Role.SAFETY_OFFICER,
    "mark_people": Role.SAFETY_OFFICER,
    "appoint_marshal": Role.SAFETY_OFFICER,
    "send_search": Role.SAFETY_OFFICER,
    "give_all_clear": Role.SAFETY_OFFICER,
    "allow_re_entry": Role.SAFETY_OFFICER,
}
# Li's own proposal.
OTHERS_ALONE = {"withdraw_swap"}
# A version has one ETag and many things that may follow; whichever comes first makes the others too late.
ONE_OF_SEVERAL = {"submit_plan_draft", "send_back_plan", "review_plan", "publish_plan", "retire_plan"}
ONE_OF_SEVERAL |= {
    "put_place_plan_draft",
    "import_place_plan",
    "publish_place_plan",
    "discard_place_plan_draft",
    "set_passage",
    "clear_passage",
}
# Operations that are not a signed-in person's; each has its own test here or in test_api_auth.
NOT_A_PERSONS = {"sign_in", "refresh", "post_readings", "post_badge_events"}
# They end what others are about, the last two the sign-in, so they come after all others.
LAST = (
    "discard_place_plan_draft",
    "delete_training",
    "delete_qualification",
    "retire_suppression_design",
    "retire_voting_group",
    "retire_alarm_rule",
    "retire_equipment",
    "revoke_device",
    "sign_out",
)


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: str
    permission: Permission | None
    queries: list[str]
    has_body: bool
    headers: list[str]
    answers: frozenset[int]

    def url(self, ids: Ids) -> str:
        """The path with these ids in it; fails when the operation names a kind there are none of."""
        path = self.path
        while (found := re.search(r"\{[a-z_]+\}", path)) is not None:
            before = path[: found.start() - 1]
            place = before if before in TABLE_OF else "/v1" + before[before.rindex("/") :]
            assert place in TABLE_OF, f"{self.id}: say in TABLE_OF what an id after {before} is"
            path = path[: found.start()] + str(ids[TABLE_OF[place]]) + path[found.end() :]
        return path

    def body(self, ids: Ids) -> Any:
        """A right body; fails when there is none for the operation."""
        if not self.has_body:
            return None
        assert self.id in BODIES, f"{self.id}: give it a right body in BODIES"
        return BODIES[self.id](ids)

    def sent(self, ids: Ids) -> dict[str, Any]:
        """The right body as the client takes it."""
        body = self.body(ids)
        if isinstance(body, bytes):
            return {"content": body, "headers": {"Content-Type": MEDIA_TYPES[self.id]}}
        return {"json": body, "headers": {}}


def _operations() -> list[Operation]:
    found = []
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            parameters = operation.get("parameters", [])
            asked = operation.get("x-permission")
            made = Operation(
                operation["operationId"],
                method.upper(),
                path,
                None if asked is None else Permission(asked),
                [p["name"] for p in parameters if p["in"] == "query" and '"uuid"' in msgspec.json.encode(p).decode()],
                "requestBody" in operation,
                [p["name"] for p in parameters if p["in"] == "header"],
                frozenset(int(status) for status in operation["responses"]),
            )
            if made.id not in NOT_A_PERSONS:
                found.append(made)
    return sorted(found, key=lambda o: LAST.index(o.id) + 1 if o.id in LAST else 0)


OPERATIONS = _operations()


@dataclass
class Tenant:
    """One plant, its things by table, and a signed-in person of every role that the sweep asks as."""

    stage: Stage
    ids: Ids = field(default_factory=dict)
    headers: dict[Role, dict[str, str]] = field(default_factory=dict)

    async def ask(self, operation: Operation, ids: Ids, query: dict[str, str] | None = None) -> Any:
        """Do the operation with these ids, as somebody whose role may."""
        asked = operation.permission
        roles = (Role.RESPONDER, Role.SAFETY_OFFICER, Role.ADMIN, Role.AUDITOR)
        role = Role.ADMIN if asked is None else next(role for role in roles if asked in PERMISSIONS[role])
        role = ASKED_AS.get(operation.id, role)
        headers = self.headers[Role.RESPONDER if operation.id in OWNERS_ALONE else role]
        if operation.id in OTHERS_ALONE:
            headers = self.stage.li
        for name in operation.headers:
            headers = headers | {name: '"1"' if name == "If-Match" else str(new_id())}
        query = REQUIRED.get(operation.id, {}) | (query or {})
        sent = operation.sent(ids)
        sent["headers"] |= headers
        return await self.stage.http.request(operation.method, operation.url(ids), params=query, **sent)


@dataclass
class Street:
    """Ours, and the neighbour whose things we try to reach."""

    ours: Tenant
    neighbour: Tenant


@pytest_asyncio.fixture
async def street(edge: Edge, compiled: None) -> Street:
    """Two tenants in one database, each with a thing of every kind."""
    owner = await asyncpg.connect(edge.clone.owner_url)
    other = new_id()
    await clusters.insert_tenant(owner, other, "neighbours")
    await owner.close()
    beside = replace(edge, clone=msgspec.structs.replace(edge.clone, tenant_id=other, tenant_slug="neighbours"))
    return Street(await _settle(edge), await _settle(beside))


async def _settle(edge: Edge) -> Tenant:
    tenant = Tenant(await build_stage(edge))
    stage = tenant.stage
    tenant.headers[Role.RESPONDER] = stage.wang
    for role in (Role.SAFETY_OFFICER, Role.ADMIN, Role.AUDITOR):
        tenant.headers[role] = await edge.as_role(role)
    admin = tenant.headers[Role.ADMIN]
    await stage.order(stage.world.wang)
    async with stage.transaction() as tx:
        await incident_world.add_command(tx, stage.world, "confirmed")
        tenant.ids["devices"] = await tx.fetchval("SELECT id FROM devices LIMIT 1")
    tenant.ids |= {"zones": stage.world.zone_id, "sites": stage.world.site_id}
    building = {"site": str(stage.world.site_id), "slug": "hall", "name": NAME}
    sensor = _sensor(tenant.ids, "acetone")
    for path, body in (("/v1/buildings", building), ("/v1/sensors", sensor)):
        made = await stage.http.post(path, headers=admin, json=body)
        assert made.status_code == 201, made.text
    incident = f"/v1/incidents/{stage.world.incident_id}"
    officer = tenant.headers[Role.SAFETY_OFFICER]
    action = {"text": "x", "owner": str(stage.world.wang), "due_on": "2026-04-01"}
    for path, body in ((f"{incident}/reports", {}), (f"{incident}/corrective-actions", action)):
        answer = await stage.http.post(path, headers=officer, json=body)
        assert answer.status_code == 201, answer.text
    feed = {"name": "hook", "kind": "webhook", "url": "https://example.com"}
    answer = await stage.http.post("/v1/feeds", headers=admin, json=feed)
    answer = await stage.http.post(f"/v1/feeds/{answer.json()['feed']['id']}/test", headers=admin)
    assert answer.status_code == 201, answer.text
    policy = _policy({"accounts": stage.world.wang}, "night")
    assert (await stage.http.post("/v1/escalation-policies", headers=admin, json=policy)).status_code == 201
    rule = BODIES["create_alarm_rule"](tenant.ids | {"sensors": UUID(made.json()["id"])}) | {"set_point": 9.0}
    made_rule = await stage.http.post("/v1/alarm-rules", headers=admin, json=rule)
    assert made_rule.status_code == 201, made_rule.text
    await _drill(tenant)
    await _fill_reach(tenant)
    await _fill_roll_call(tenant)
    await _fill_places(tenant, admin)
    await _fill_command(tenant)
    await _fill_sos(tenant)
    await _qualify(tenant, admin)
    await _settle_rotas(tenant, admin)
    await _fill_presence(tenant)
    ids = await _fill_alarms(tenant, UUID(made.json()["id"]), UUID(made_rule.json()["id"]))
    for path, new in (
        ("/v1/plan-versions", {"slug": "ours", "body": PLAN}),
        ("/v1/agent-cards", CARD | {"agent": "own"}),
    ):
        answer = await stage.http.post(path, headers=admin, json=new)
        assert answer.status_code == 201, answer.text
    async with stage.transaction() as tx:
        await _fill_tasks(tx, stage.world)
        for table in set(TABLE_OF.values()):
            tenant.ids[table] = await tx.fetchval(f'SELECT id FROM "{table}" ORDER BY id LIMIT 1')
            assert tenant.ids[table] is not None, f"the plant has no row in {table}"
        # The drill of before is over: the roll call that runs has a plan.
        tenant.ids["roll_calls"] = await tx.fetchval("SELECT roll_call_id FROM evacuation_plans LIMIT 1")
        # Not the admin's: ending that sign-in would end the sweep.
        tenant.ids["accounts"] = stage.world.wang
        tenant.ids["person_devices"] = await tx.fetchval(
            "SELECT id FROM person_devices WHERE account_id = $1", stage.world.wang
        )
    tenant.ids |= {table: ids[table] for table in ("sensors", "second_sensors", "alarm_rules")}
    tenant.ids["rooms"] = stage.world.room_id
    return tenant


async def _fill_tasks(tx: Tx, world: incident_world.World) -> None:
    """A step to be confirmed, and wang's way to a task."""
    await incident_world.add_route(tx, world)
    steps = [StepView(n=1, confirm="tap", required=True)]
    task_id = await tx.fetchval("SELECT id FROM tasks ORDER BY id LIMIT 1")
    await plan_queries.insert_steps(tx, world.tenant_id, world.incident_id, task_id, steps)


async def _fill_presence(tenant: Tenant) -> None:
    """A door, a badge and a visit."""
    stage = tenant.stage
    officer = tenant.headers[Role.SAFETY_OFFICER]
    ours = tenant.ids | {"accounts": stage.world.wang}
    for path, body in (
        ("/v1/doors", BODIES["create_door"](ours) | {"door": "gate-1"}),
        ("/v1/badges", BODIES["issue_badge"](ours) | {"number": "4711"}),
        ("/v1/visits", BODIES["create_visit"](ours)),
    ):
        answer = await stage.http.post(path, headers=officer, json=body)
        assert answer.status_code == 201, answer.text


async def _fill_alarms(tenant: Tenant, sensor: UUID, rule: UUID) -> Ids:
    """A design, a voting group, settings of a site, a matrix with a replay; the ids with the sensors and the rule."""
    stage, admin = tenant.stage, tenant.headers[Role.ADMIN]
    ids = tenant.ids | {"sensors": sensor, "alarm_rules": rule}
    async with stage.transaction() as tx:
        ids["actuators"] = await tx.fetchval("SELECT id FROM actuators LIMIT 1")
    second = await stage.http.post("/v1/sensors", headers=admin, json=_sensor(tenant.ids, "acetone-2"))
    ids["second_sensors"] = UUID(second.json()["id"])
    for path, operation in (
        ("/v1/suppression-designs", "create_suppression_design"),
        ("/v1/voting-groups", "create_voting_group"),
    ):
        further = await stage.http.post(path, headers=admin, json=BODIES[operation](ids))
        assert further.status_code == 201, further.text
    settings = f"/v1/sites/{stage.world.site_id}/alarm-settings"
    await stage.http.put(settings, headers=admin | {"If-Match": '"0"'}, json=BODIES["edit_alarm_settings"](ids))
    officer = tenant.headers[Role.SAFETY_OFFICER]
    draft = await stage.http.post("/v1/matrices", headers=officer, json={"site": str(stage.world.site_id)})
    assert draft.status_code == 201, draft.text
    past = BODIES["replay_matrix"]({})
    replay = await stage.http.post(f"/v1/matrices/{draft.json()['id']}/replays", headers=officer, json=past)
    assert replay.status_code == 201, replay.text
    return ids


async def _fill_reach(tenant: Tenant) -> None:
    """Wang's phone has a push address, and there is a thing of every kind about reaching people."""
    http, wang = tenant.stage.http, tenant.headers[Role.RESPONDER]
    officer = tenant.headers[Role.SAFETY_OFFICER]
    people = tenant.ids | {"accounts": tenant.stage.world.wang}
    phone = (await http.get("/v1/devices", headers=wang)).json()["items"][0]["id"]
    push = {"channel": "fcm", "token": f"token-{tenant.stage.world.tenant_id}"}
    assert (await http.put(f"/v1/devices/{phone}/push", headers=wang, json=push)).status_code == 200
    for path, headers, name in (
        ("/v1/contact-points", wang, "add_contact_point"),
        ("/v1/quiet-times", wang, "add_quiet_time"),
        ("/v1/comm-tests", officer, "start_comm_test"),
        ("/v1/comm-schedules", officer, "add_comm_schedule"),
    ):
        made = await http.post(path, headers=headers, json=BODIES[name](people))
        assert made.status_code == 201, made.text


async def _drill(tenant: Tenant) -> None:
    """A drill that is over; what stands in the plant is no emergency that forbids another."""
    http, officer = tenant.stage.http, tenant.headers[Role.SAFETY_OFFICER]
    async with tenant.stage.transaction() as tx:
        await tx.execute("UPDATE incidents SET grade = 4 WHERE tenant_id = $1", tenant.stage.world.tenant_id)
    made = await http.post("/v1/drills", headers=officer, json=BODIES["start_drill"](tenant.ids))
    assert made.status_code == 201, made.text
    over = await http.post(f"/v1/drills/{made.json()['id']}/stop", headers=officer, json=BODIES["stop_drill"]({}))
    assert over.status_code == 200, over.text


async def _fill_roll_call(tenant: Tenant) -> None:
    """A roll call of the incident runs."""
    http, officer = tenant.stage.http, tenant.headers[Role.SAFETY_OFFICER]
    path = f"/v1/incidents/{tenant.stage.world.incident_id}/roll-calls"
    for where, name in (("/v1/assembly-points", "create_assembly_point"), (path, "start_roll_call")):
        made = await http.post(where, headers=officer, json=BODIES[name](tenant.ids))
        assert made.status_code == 201, made.text


async def _fill_places(tenant: Tenant, admin: dict[str, str]) -> None:
    """What is known of the place: its plan, and the equipment in it."""
    await _fill_place_plans(tenant, admin)
    await _fill_equipment(tenant, admin)
    db = tenant.stage.edge.deps.db
    # The plan of the roll call, as the guide makes it.
    assert await EvacuationWatch(db, SiteMaps(db), certify=False).sweep()


async def _fill_place_plans(tenant: Tenant, admin: dict[str, str]) -> None:
    """A plan in force with a locked door, and a draft with the ETag that the sweep sends."""
    http, path = tenant.stage.http, f"/v1/sites/{tenant.stage.world.site_id}/place-plans/draft"
    for version in (1, 3):
        drawn = await http.put(path, headers=admin | {"If-Match": '"0"'}, json=PLACE)
        assert (drawn.status_code, drawn.headers["ETag"]) == (200, f'"{version}"'), drawn.text
        if version == 1:
            accepted = BODIES["publish_place_plan"]({})
            done = await http.post(f"{path}/publish", headers=admin | {"If-Match": '"1"'}, json=accepted)
            assert done.status_code == 200, done.text
    passage = f"/v1/sites/{tenant.stage.world.site_id}/passages/state"
    said = await http.put(passage, params=GATE, headers=admin, json=BODIES["set_passage"]({}))
    assert said.status_code == 200, said.text
    async with tenant.stage.transaction() as tx:
        await tx.execute("UPDATE place_plans SET version = 1 WHERE state = 'draft'")
    await _fill_hazards(tenant)


async def _fill_hazards(tenant: Tenant) -> None:
    """A drawn hazard of the incident."""
    path = f"/v1/sites/{tenant.stage.world.site_id}/hazards"
    body = BODIES["draw_hazard"]({"incidents": tenant.stage.world.incident_id})
    made = await tenant.stage.http.post(path, headers=tenant.headers[Role.SAFETY_OFFICER], json=body)
    assert made.status_code == 201, made.text


async def _fill_equipment(tenant: Tenant, admin: dict[str, str]) -> None:
    """An extinguisher of two pieces."""
    path = f"/v1/sites/{tenant.stage.world.site_id}/equipment"
    made = await tenant.stage.http.post(path, headers=admin, json=_equipment("old"))
    assert made.status_code == 201, made.text


async def _fill_command(tenant: Tenant) -> None:
    """The officer leads and offers command to wang; an objective, a resource, and another incident."""
    stage, officer = tenant.stage, tenant.headers[Role.SAFETY_OFFICER]
    incident = f"/v1/incidents/{stage.world.incident_id}"
    async with stage.transaction() as tx:
        tenant.ids["second_incidents"] = await incident_world.open_other(tx, stage.world)
    assert (await stage.http.post(f"{incident}/command", headers=officer, json={})).status_code == 200
    for path, body in (
        ("handovers", {"to": str(stage.world.wang)}),
        ("objectives", {"text": "ours"}),
        ("resources", {"kind": "team", "name": "ours"}),
    ):
        made = await stage.http.post(f"{incident}/{path}", headers=officer, json=body)
        assert made.status_code == 201, made.text


async def _fill_sos(tenant: Tenant) -> None:
    """Wang has codes, calls for help, and works alone."""
    http, wang = tenant.stage.http, tenant.headers[Role.RESPONDER]
    codes = await http.put("/v1/me/sos-codes", headers=wang, json=BODIES["set_sos_codes"]({}))
    assert codes.status_code == 200, codes.text
    for path, name in (("/v1/sos", "raise_sos"), ("/v1/lone-sessions", "start_lone_session")):
        made = await http.post(path, headers=wang, json=BODIES[name](tenant.ids))
        assert made.status_code in {200, 201}, made.text


async def _qualify(tenant: Tenant, admin: dict[str, str]) -> None:
    """A qualification of wang's with everything it can name."""
    http, ids = tenant.stage.http, tenant.ids | {"accounts": tenant.stage.world.wang}
    pdf = admin | {"Content-Type": "application/pdf"}
    evidence = await http.post("/v1/evidence", headers=pdf, content=PDF)
    assert evidence.status_code == 201, evidence.text
    ids["evidence_files"] = UUID(evidence.json()["id"])
    for path, table, operation, change in (
        ("/v1/qualification-types", "qualification_types", "create_qualification_type", {"slug": "old"}),
        ("/v1/trainings", "trainings", "create_training", {}),
    ):
        made = await http.post(path, headers=admin, json=BODIES[operation](ids) | change)
        assert made.status_code == 201, made.text
        ids[table] = UUID(made.json()["id"])


async def _settle_rotas(tenant: Tenant, admin: dict[str, str]) -> None:
    """A team, a calendar, a rota with an override, and a swap that li asks wang for."""
    stage, ids = tenant.stage, tenant.ids
    ids |= {"accounts": stage.world.wang, "others": stage.world.li}
    for table, path, body in (
        ("teams", "/v1/teams", lambda: {"slug": "team", "name": NAME}),
        ("holiday_calendars", "/v1/holiday-calendars", lambda: {"slug": "days", "name": NAME}),
        ("rotas", "/v1/rotas", lambda: _rota(ids) | {"slug": "rota", "name": NAME, "kind": "on_call"}),
    ):
        made = await stage.http.post(path, headers=admin, json=body())
        assert made.status_code == 201, made.text
        ids[table] = UUID(made.json()["id"])
    made = await stage.http.post(f"/v1/rotas/{ids['rotas']}/overrides", headers=admin, json=_override(ids))
    assert made.status_code == 201, made.text
    swap = {"to": str(stage.world.wang), "duty": _duty(ids, 4)}
    made = await stage.http.post("/v1/swaps", headers=stage.li, json=swap)
    assert made.status_code == 201, made.text


def _policy(ids: Ids, slug: str) -> dict[str, Any]:
    steps = [{"who": [{"kind": "person", "of": str(ids["accounts"])}]}]
    return {"slug": slug, "title": NAME, "policy": {"steps": steps}}


def _sensor(ids: Ids, series: str) -> dict[str, Any]:
    return {
        "device": str(ids["devices"]),
        "zone": str(ids["zones"]),
        "series": series,
        "name": NAME,
        "quantity": "concentration",
        "unit": "[ppm]",
        "stale_after_s": 30,
        "agent": "acetone",
    }


def _matrix(ids: Ids) -> dict[str, Any]:
    effect = {"slug": "fan", "name": NAME, "actuator": str(ids["actuators"]), "action": "start"}
    cause = {"slug": "gas", "name": NAME, "agent": "acetone", "zone": str(ids["zones"])}
    return {"causes": [cause], "effects": [effect], "cells": [{"cause": "gas", "effect": "fan"}]}


async def _everything_of(tenant: Tenant) -> dict[str, str | None]:
    """A digest of every row of the tenant, by table."""
    owner = await asyncpg.connect(tenant.stage.edge.clone.owner_url)
    tables = await owner.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    )
    digests = {
        row["relname"]: await owner.fetchval(
            f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{row["relname"]}" t WHERE tenant_id = $1',
            tenant.stage.world.tenant_id,
        )
        for row in tables
    }
    await owner.close()
    return digests


def _hides(operation: Operation, answer: Any, neighbour: Tenant, *, named: bool) -> None:
    """Fail when the answer shows a thing of the neighbour's, acts on one that was named, or is not in the document."""
    said = f"{operation.id} answered {answer.status_code}: {answer.text[:300]}"
    assert answer.status_code < 500, said
    assert answer.status_code in operation.answers, said
    if answer.status_code < 300:
        assert not named or answer.json().get("items") == [], said
        for table, thing in neighbour.ids.items():
            assert str(thing) not in answer.text, f"{operation.id} shows the neighbour's {table}"
    elif named:
        assert answer.status_code == 404, said


async def test_no_operation_shows_or_changes_a_thing_of_another_tenant(street: Street) -> None:
    ours, neighbour = street.ours, street.neighbour
    before = await _everything_of(neighbour)
    assert sum(digest is not None for digest in before.values()) > 20
    for operation in OPERATIONS:
        body = operation.body(neighbour.ids)
        named = "{" in operation.path or any(str(i) in str(body) for i in neighbour.ids.values())
        _hides(operation, await ours.ask(operation, neighbour.ids), neighbour, named=named)
        for query in operation.queries:
            table = TABLE_OF.get(f"{operation.id}?{query}", TABLE_OF.get(f"?{query}"))
            assert table is not None, f"{operation.id}: say in TABLE_OF what the parameter {query} is"
            theirs = {query: str(neighbour.ids[table])}
            _hides(operation, await ours.ask(operation, ours.ids | neighbour.ids, theirs), neighbour, named=True)
    assert await _everything_of(neighbour) == before


async def test_a_body_that_mixes_our_things_with_the_neighbours_is_refused(street: Street) -> None:
    ours, neighbour = street.ours, street.neighbour
    before = await _everything_of(neighbour)
    for operation in (o for o in OPERATIONS if o.has_body):
        for table, theirs in neighbour.ids.items():
            mixed = BODIES[operation.id](ours.ids | {table: theirs})
            if str(theirs) not in str(mixed):
                continue
            with_theirs = replace(operation, path=operation.url(ours.ids))
            answer = await ours.ask(with_theirs, ours.ids | {table: theirs})
            assert answer.status_code in {400, 404, 409}, f"{operation.id} took the neighbour's {table}: {answer.text}"
    assert await _everything_of(neighbour) == before


async def test_the_owner_is_served_with_the_very_same_requests(street: Street) -> None:
    refused = {}
    for operation in OPERATIONS:
        answer = await street.neighbour.ask(operation, street.neighbour.ids)
        served = {200, 201, 202, 204, 409} | ({412} if operation.id in ONE_OF_SEVERAL else set())
        if answer.status_code not in served:
            refused[operation.id] = answer.text
    assert refused == {}


async def test_without_a_token_every_operation_is_401(edge: Edge) -> None:
    ids = {table: new_id() for table in TABLE_OF.values()}
    served = {}
    for operation in OPERATIONS:
        answer = await edge.http.request(operation.method, operation.url(ids), **operation.sent(ids))
        if (answer.status_code, answer.json().get("code")) != (401, "token.missing"):
            served[operation.id] = answer.text
    assert served == {}


async def test_only_signing_in_is_open(edge: Edge) -> None:
    unprotected = {
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        if not operation.get("security")
    }
    assert unprotected == {"sign_in", "refresh"}
    answer = await edge.http.post("/v1/readings", json={"samples": []})
    assert (answer.status_code, answer.json()["code"]) == (401, "device.login_missing")


async def test_one_key_of_two_tenants_is_two_requests(street: Street) -> None:
    body = BODIES["create_site"]({})
    answers = []
    for tenant in (street.neighbour, street.ours):
        headers = tenant.headers[Role.ADMIN] | {"Idempotency-Key": "the same"}
        answers.append(await tenant.stage.http.post("/v1/sites", headers=headers, json=body))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]
    assert "idempotency-replayed" not in answers[1].headers


async def test_signing_in_on_a_neighbours_device_makes_one_of_our_own(street: Street) -> None:
    theirs = str(street.neighbour.ids["person_devices"])
    body = {
        "tenant": street.ours.stage.edge.clone.tenant_slug,
        "login": "wang",
        "password": PASSWORD,
        "device": {"label": "phone", "platform": "android", "id": theirs},
    }
    signed_in = await street.ours.stage.http.post("/v1/sign-in", json=body)
    assert signed_in.status_code == 200
    assert signed_in.json()["device"] != theirs
    refreshing = {"refresh_token": signed_in.json()["refresh_token"], "device": theirs}
    assert (await street.ours.stage.http.post("/v1/refresh", json=refreshing)).status_code == 401
