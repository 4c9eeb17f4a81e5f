"""Incidents that are one are merged, an incident that is two is split."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, post
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Write
from api.incidents import incident_record
from incidents.joining import merging, splitting
from incidents.joining.split import Part
from mobile_contract.incidents import IncidentRecord
from mobile_contract.joining import MergeRequest, SplitRequest
from people.permissions import Permission


@post("/v1/incidents/{incident_id:uuid}/merge", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def merge_incident(
    data: JSONBody[MergeRequest], incident_id: FromPath[UUID], write: Write
) -> Response[IncidentRecord]:
    """Another incident of the site goes on as this one: for this one's commander and safety officers.

    Its alarms, tasks, orders, commands, roll calls, objectives and resources are here from now on, and so are the
    people in its room; it is closed and names this one. Twice is one fact.
    """

    async def work() -> IncidentRecord:
        return incident_record(await merging.merge(write.tx, write.actor, incident_id, data.incident, data.reason))

    return await write.once(work, status=200)


@post("/v1/incidents/{incident_id:uuid}/split", guards=[needs(Permission.LEAD_INCIDENT)])
async def split_incident(
    data: JSONBody[SplitRequest], incident_id: FromPath[UUID], write: Write
) -> Response[IncidentRecord]:
    """Named alarms and tasks go on as an incident of their own, which is answered: for the commander and safety
    officers.

    It is named, graded and planned after its worst alarm. At least one alarm stays behind.
    """

    async def work() -> IncidentRecord:
        part = Part(frozenset(data.alarms), frozenset(data.tasks))
        return incident_record(await splitting.split(write.tx, write.actor, incident_id, part, data.reason))

    return await write.once(work)


router = Router("/", route_handlers=[merge_incident, split_incident], tags=["incidents"])
