"""One look at a running roll call: what the tables say, made into a plan and everybody's way. Pure.

Where people are: on their way, by their newest position or, without one, by what was predicted of it; else where they
were last seen. Of whom only the zone is known, the middle of one of its rooms stands for it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.errors import Invalid
from geo.evacuation.certificate import Certificate
from geo.evacuation.wording import REASONS, certificate_text
from geo.hazards.dose import NO_PROTECTION
from geo.routing.snapping import ACCURACY_MAX_M, Place
from incidents.evacuation.ground import Ground
from incidents.evacuation.leading_out import Led, Moment, here, lead_out
from incidents.evacuation.model import EvacuationPlanRow
from incidents.evacuation.planning import Evacuated, Evacuee, FromSource, evacuate, forecast_shuts, foreseen
from incidents.evacuation.points_chosen import GatherAt, Muster, StatedPoint, gathering_points, muster, nearest_node
from incidents.roll_call.model import Person, RollCall
from incidents.wayfinding.dose_laws import danger_of
from incidents.wayfinding.model import LastFix, RouteRow
from incidents.wayfinding.surroundings import Surroundings
from incidents.wayfinding.walking import followed
from mobile_contract.evacuation import CertificateView, CutOffView, EvacuationView, GatheringView, ZoneClearing
from mobile_contract.text import Text
from people.presence.service import Whereabouts

# Whoever is still to come out. Who called for help is fetched, and keeps the way they have.
STILL_IN = frozenset({"missing", "unsure"})
# An order is read while walking.
POINTS_TOLD = 3


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What the tables say at a moment. ``accounts``: of the people, those who have one; ``agent``: of the incident.

    ``wind_from_deg``: as forecast, None: nobody says.
    """

    at: datetime
    call: RollCall
    row: EvacuationPlanRow
    people: Sequence[Person]
    seen: Mapping[UUID, Whereabouts]
    ways: Mapping[UUID, RouteRow]
    points: Sequence[StatedPoint]
    around: Surroundings
    agent: str | None
    wind_from_deg: float | None = None


class Planned(msgspec.Struct, frozen=True, eq=False):
    """What a look comes to: ``told``: ways that are new or another, ``moved``: kept ones of people seen further on."""

    made: Evacuated
    gather: Muster
    told: list[RouteRow]
    moved: list[RouteRow]
    given_up: list[Text]


def look_at(ground: Ground, look: Look) -> Planned:
    """The plan of this moment."""
    site = ground.site
    hazards = site.hazards(look.around.standing)
    now = site.conditions(hazards, look.around.passages)
    ways = {account: _with_newest_fix(row, look.seen.get(account)) for account, row in look.ways.items()}
    inside = [it for it in look.people if it.status in STILL_IN]
    evacuees = [_evacuee(ground, look, it, ways.get(it.person_id)) for it in inside]
    points = gathering_points(site, look.points)
    crowd = [nearest_node(site, it.place) for it in evacuees if it.place is not None]
    wind = look.wind_from_deg
    gather = muster(site, now, hazards, points, crowd, len(crowd), look.row.held, look.at, wind_from_deg=wind)
    shuts = forecast_shuts(hazards, now)
    later = foreseen(site, hazards, look.around.passages)
    made = evacuate(ground, now, shuts, evacuees, gather.ends, later)
    if gather.spare and "no_way" in made.cut_off.values():
        other = evacuate(ground, now, shuts, evacuees, [*gather.ends, *gather.spare], later)
        made = other if len(other.cut_off) < len(made.cut_off) else made
    moment = Moment(
        at=look.at,
        tenant_id=look.call.tenant_id,
        site_id=look.call.site_id,
        incident_id=look.call.incident_id,
        roll_call_id=look.call.id,
        ground=ground,
        now=now,
        hazards=hazards,
        shuts_ms=shuts,
        made=made,
        danger=danger_of(look.agent, NO_PROTECTION),
        names=look.around.names,
    )
    led = [Led(number, it.person_id, ways.get(it.person_id)) for number, it in enumerate(inside) if it.kind == "staff"]
    told = lead_out(moment, led)
    again = {it.id for it in told}
    moved = [it for account, it in ways.items() if it is not look.ways[account] and it.id not in again]
    names = {it.key: it.name for it in points}
    return Planned(made, gather, told, moved, [names.get(key, Text(key, key)) for key in gather.given_up])


def _with_newest_fix(row: RouteRow, seen: Whereabouts | None) -> RouteRow:
    """A position that came another way than on this one counts too."""
    if seen is None or seen.position is None or seen.seen_at is None or seen.source != "phone":
        return row
    if seen.seen_at <= row.computed_at:
        return row
    lon, lat = seen.position
    return followed(row, [LastFix(seen.seen_at, lon, lat, seen.accuracy_m or 0.0, seen.level)])[0]


def _evacuee(ground: Ground, look: Look, person: Person, row: RouteRow | None) -> Evacuee:
    seen = look.seen.get(person.person_id)
    zone = person.zone_id if seen is None or not seen.on_site else seen.zone_id or person.zone_id
    if row is not None:
        walking = here(ground, row, look.at)
        if walking is not None:
            return Evacuee(person.person_id, zone, walking.place, row.view.from_source)
        if row.fix is not None:
            level = row.fix.level if row.fix.level is not None else person.level
            place = placed(ground, row.fix.lon, row.fix.lat, level, row.fix.accuracy_m)
            if place is not None:
                return Evacuee(person.person_id, zone, place, "phone")
    if seen is not None and seen.position is not None:
        place = placed(ground, *seen.position, seen.level, seen.accuracy_m or 0.0)
        if place is not None:
            return Evacuee(person.person_id, zone, place, "phone")
    spot = None if zone is None else ground.spot(zone, person.person_id)
    source = person.source if seen is None else seen.source
    return Evacuee(person.person_id, zone, spot, None if spot is None else _by(source))


def _by(source: str) -> FromSource:
    return "badge" if source == "badge" else "visit" if source == "visit" else "zone"


def placed(ground: Ground, lon: float, lat: float, level: int | None, accuracy_m: float) -> Place | None:
    """A position on the network; None: it is no place of it (off the site, in a wall)."""
    floor = 0 if level is None else level
    try:
        return ground.site.place(lon, lat, floor, min(accuracy_m, ACCURACY_MAX_M))
    except Invalid:
        return None


def plan_view(call_id: UUID, revision: int, at: datetime, made: Evacuated) -> EvacuationView:
    """The plan as rooms show it: numbers, never a name."""
    return EvacuationView(
        id=call_id,
        revision=revision,
        planned_at=at,
        cleared_s=seconds(made.cleared_ms),
        out=made.out,
        cut_off=len(made.cut_off),
        unknown=made.unknown,
        text=summary(made),
        zones=zone_views(made),
        points=point_views(made),
        reasons=reason_views(made),
        over_room=made.over_room,
    )


def summary(made: Evacuated) -> Text:
    """How many are out by when, how many are not, and of how many nobody knows."""
    minutes, left = divmod(math.ceil(made.cleared_ms / 1000), 60)
    zh = f"预计 {minutes} 分 {left} 秒内 {made.out} 人全部撤出"
    en = f"{made.out} people are expected out within {minutes} min {left} s"
    if made.cut_off:
        zh += f"；{len(made.cut_off)} 人无法撤出，需要救援"
        en += f"; {len(made.cut_off)} are cut off and need rescue"
    if made.unknown:
        zh += f"；{made.unknown} 人位置不明"
        en += f"; of {made.unknown} nobody knows where they are"
    return Text(zh, en)


def zone_views(made: Evacuated) -> list[ZoneClearing]:
    """When each zone with people in it is clear, the last first."""
    return [
        ZoneClearing(
            zone=it.zone,
            name=it.name,
            people=it.people,
            clear_s=None if it.clear_ms is None else seconds(it.clear_ms),
        )
        for it in made.zones
    ]


def point_views(made: Evacuated) -> list[GatheringView]:
    """Where people are led, the best first; exits that nobody takes are left out."""
    return [
        GatheringView(name=it.name, people=people, point=it.id, capacity=it.capacity)
        for it, people in zip(made.ends, made.gathering, strict=True)
        if people or not it.key.startswith("exit:")
    ]


def reason_views(made: Evacuated) -> list[CutOffView]:
    """Why people are cut off, the most frequent first."""
    return [CutOffView(count, REASONS[why]) for why, count in Counter(made.cut_off.values()).most_common()]


def certificate_view(certificate: Certificate) -> CertificateView:
    """How good the plan is, at the least."""
    return CertificateView(
        bound_s=seconds(certificate.bound_ms), proven=certificate.proven, text=certificate_text(certificate)
    )


def seconds(millis: int) -> float:
    """To the tenth, rounded up: what is promised is not promised too early."""
    return math.ceil(millis / 100) / 10


def told_points(gather: Muster) -> list[GatherAt]:
    """The points that orders name; where none can be used, the exits."""
    chosen = [it for it in gather.ends if it.key in gather.held.chosen]
    return (chosen or gather.ends)[:POINTS_TOLD]
