"""Who is told of a dose over its limit: the person it is of, and the safety officers."""

from __future__ import annotations

from datetime import timedelta

from core.database import Tx
from incidents.alarms.agents import name_of
from incidents.exposure.queries import ExposureEvent
from mobile_contract.text import Text
from people import queries as people_queries
from people.notices.model import Draft, ExposureExceeded
from people.notices.service import list_officers, notify
from plant import queries as plant

# GBZ 2.1-2019, 3.2: a short-time limit is a mean over 15 min. One that swings about it is told once in that time.
WINDOW = timedelta(minutes=15)
_MIXTURES = {
    "central-nervous-system": Text("作用于中枢神经系统的混合物", "a mixture acting on the central nervous system"),
    "upper-respiratory-irritation": Text("刺激上呼吸道的混合物", "a mixture irritating the upper airways"),
}
_VISITOR = "访客 / visitor"


async def tell(tx: Tx, event: ExposureEvent) -> None:
    """Tell them. A ceiling or a short-time limit is left at once, so its notice is urgent; eight hours are not."""
    tenant_id = event.tenant_id
    site = await plant.get_site(tx, tenant_id, event.site_id)
    account = await people_queries.find_account(tx, tenant_id, event.person_id)
    substance = _MIXTURES.get(event.subject, name_of(event.subject)) if event.mixture else name_of(event.subject)
    window = int(event.at.timestamp() // WINDOW.total_seconds())
    key = f"exposure.exceeded:{event.person_id}:{event.kind}:{event.subject}:{window}"
    officers = set(await list_officers(tx, tenant_id)) - {event.person_id}
    name = _VISITOR if account is None else account.display_name
    for people, person in (({event.person_id}, None), (officers, name)):
        facts = ExposureExceeded(
            person, event.kind, substance, round(event.fraction * 100), site.name, event.at, site.tz
        )
        draft = Draft(event.id, facts, key, urgent=event.kind in ("ceiling", "stel"))
        await notify(tx, tenant_id, people, draft)
