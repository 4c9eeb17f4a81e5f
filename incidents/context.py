"""What the response needs to know about a site: its zones, sensors and actuators, read when they change."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from core.database import Tx
from core.errors import NotFound
from incidents.alarms import voting_queries
from incidents.alarms.agents import name_of
from incidents.alarms.model import AlarmRule
from incidents.alarms.voting_queries import GroupOfRule
from incidents.matrix.model import PublishedMatrix
from incidents.matrix.queries import find_published
from incidents.plans import card_queries, plan_queries
from incidents.plans.card_library import CARDS
from incidents.plans.cards import merged
from incidents.plans.choosing import choose
from incidents.plans.model import Moment, PlanTemplate
from incidents.plans.plan_library import TEMPLATES
from incidents.wording import lower
from mobile_contract.agent_cards import CardBody
from mobile_contract.text import Text
from plant import instrument_queries, queries
from plant.model import Actuator, Sensor, Zone


class SiteContext(msgspec.Struct, frozen=True):
    """One site's nouns by id, as of the last ``plant.changed``; plans by slug and agent cards by agent, each with the
    library behind the tenant's own."""

    tenant_id: UUID
    site_id: UUID
    zones: dict[UUID, Zone]
    sensors: dict[UUID, Sensor]
    actuators: dict[UUID, Actuator]
    matrix: PublishedMatrix | None = None
    groups: dict[UUID, GroupOfRule] = {}
    tz: str = "UTC"
    plans: dict[str, PlanTemplate] = msgspec.field(default_factory=lambda: TEMPLATES)
    cards: dict[str, CardBody] = msgspec.field(default_factory=lambda: CARDS)
    pins: dict[UUID, list[str]] = {}

    def plan_for(self, moment: Moment) -> PlanTemplate:
        """The plan that answers this; there is always one."""
        return choose(self.plans.values(), TEMPLATES, moment)

    def zone_of(self, rule: AlarmRule) -> Zone:
        """Where the rule's sensor or actuator is; NotFound when it was retired meanwhile."""
        thing: Sensor | Actuator | None
        if rule.sensor_id is not None:
            thing = self.sensors.get(rule.sensor_id)
        else:
            thing = self.actuators.get(rule.actuator_id) if rule.actuator_id is not None else None
        if thing is None:
            raise NotFound("alarm_rule.no_source", f"the source of rule {rule.id} is not in the site any more")
        return self.zones[thing.zone_id]

    def source_name(self, rule: AlarmRule) -> Text:
        """The name of what raised the alarm, for people; of a vote and of a discrepancy it is their group of what."""
        if rule.kind in ("vote", "discrepancy") and rule.id in self.groups:
            group, agent = self.groups[rule.id].name, name_of(self.agent_of(rule))
            return Text(f"{agent.zh}（{group.zh}）", f"{agent.en} ({lower(group.en)})")
        if rule.sensor_id is not None:
            return self.sensors[rule.sensor_id].name
        assert rule.actuator_id is not None
        return self.actuators[rule.actuator_id].name

    def agent_of(self, rule: AlarmRule) -> str | None:
        """The substance or quantity family the sensor watches."""
        return self.agent_of_sensor(rule.sensor_id)

    def agent_of_sensor(self, sensor_id: UUID | None) -> str | None:
        """The same by the sensor; None for an actuator's alarm and for a sensor that is not in the site any more."""
        sensor = self.sensors.get(sensor_id) if sensor_id is not None else None
        return None if sensor is None else sensor.agent

    def actuators_near(self, zone: Zone, kind: str) -> Iterable[Actuator]:
        """Actuators of this kind in use in the zone, and those that warn also in the adjoining zones."""
        spreads = kind in ("siren", "beacon")
        places = {zone.id, *zone.adjoining} if spreads else {zone.id}
        return [a for a in self.actuators.values() if a.kind == kind and a.zone_id in places and a.retired_at is None]


async def load_context(tx: Tx, tenant_id: UUID, site_id: UUID) -> SiteContext:
    """Read the site."""
    site = await queries.get_site(tx, tenant_id, site_id)
    published = {v.slug: v.template for v in await plan_queries.list_published(tx, tenant_id)}
    own_cards = {card.agent: card.body for card in await card_queries.list_cards(tx, tenant_id)}
    pins: dict[UUID, list[str]] = {}
    for pin in await card_queries.list_pins(tx, tenant_id, site_id):
        pins.setdefault(pin.zone_id, []).append(pin.agent)
    return SiteContext(
        tenant_id=tenant_id,
        site_id=site_id,
        zones={z.id: z for z in await queries.list_zones(tx, tenant_id, site_id)},
        sensors={s.id: s for s in await instrument_queries.list_sensors(tx, tenant_id, site_id)},
        actuators={a.id: a for a in await instrument_queries.list_actuators(tx, tenant_id, site_id)},
        matrix=await find_published(tx, tenant_id, site_id),
        groups=await voting_queries.groups_of_rules(tx, tenant_id, site_id),
        tz=site.tz,
        plans={**TEMPLATES, **published},
        cards=merged(CARDS, own_cards),
        pins=pins,
    )
