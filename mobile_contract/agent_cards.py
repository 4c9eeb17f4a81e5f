"""What people must know of a substance in the first minute: one form on the wire, in the table and in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import Slug
from mobile_contract.text import Text

Pictogram: TypeAlias = Literal["GHS01", "GHS02", "GHS03", "GHS04", "GHS05", "GHS06", "GHS07", "GHS08", "GHS09"]
Route: TypeAlias = Literal["skin", "eyes", "inhaled", "swallowed"]
Short: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"\S")]
Metres: TypeAlias = Annotated[float, msgspec.Meta(gt=0.0, le=20_000.0)]
Kilometres: TypeAlias = Annotated[float, msgspec.Meta(gt=0.0, le=50.0)]


class CardText(Text, frozen=True, forbid_unknown_fields=True):
    """A sentence in both languages; neither is empty."""

    zh: Short
    en: Short


class HazardPhrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hazard statement of GHS: its code (H225) and its sentence."""

    code: Annotated[str, msgspec.Meta(pattern=r"^(H[2-4][0-9]{2}[A-Za-z]{0,2}|EUH[0-9]{3})$")]
    text: CardText


class FirstAid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do at once, by how the person was exposed."""

    route: Route
    text: CardText


class Isolation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far people stay away: ``initial_m`` all around, then downwind by day and by night; None: not stated."""

    spill: Literal["any", "small", "large"]
    initial_m: Metres
    source: Short
    downwind_day_km: Kilometres | None = None
    downwind_night_km: Kilometres | None = None


class Detection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A concentration that means something; ``unit`` is a UCUM code."""

    what: CardText
    value: Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    source: Short


class CardBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a card says; every list is short, because it is read in an emergency."""

    name: CardText
    cas: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2,7}-[0-9]{2}-[0-9]$")] | None = None
    un: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}$")] | None = None
    pictograms: Annotated[tuple[Pictogram, ...], msgspec.Meta(max_length=9)] = ()
    hazards: Annotated[tuple[HazardPhrase, ...], msgspec.Meta(max_length=20)] = ()
    ppe: Annotated[tuple[CardText, ...], msgspec.Meta(max_length=10)] = ()
    first_aid: Annotated[tuple[FirstAid, ...], msgspec.Meta(max_length=10)] = ()
    isolation: Annotated[tuple[Isolation, ...], msgspec.Meta(max_length=6)] = ()
    incompatible: Annotated[tuple[CardText, ...], msgspec.Meta(max_length=10)] = ()
    detection: Annotated[tuple[Detection, ...], msgspec.Meta(max_length=10)] = ()
    do_nots: Annotated[tuple[CardText, ...], msgspec.Meta(max_length=10)] = ()
    sources: Annotated[tuple[Short, ...], msgspec.Meta(min_length=1, max_length=10)]


class CardBrief(msgspec.Struct, frozen=True):
    """The part of a card that goes with an order."""

    agent: str
    name: Text
    pictograms: list[str]
    ppe: list[Text]
    first_aid: list[Text]
    isolation_m: float | None


class AgentCardView(CardBody, frozen=True, kw_only=True):
    """A card; ``id`` and ``version`` None: it is the library's."""

    agent: str
    id: UUID | None = None
    version: int | None = None
    updated_at: datetime | None = None


class NewAgentCard(CardBody, frozen=True, kw_only=True):
    """A card of the plant's own; it goes before the library's for the same agent."""

    agent: Slug


class PinnedAgents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose cards are shown with whatever happens in the zone."""

    agents: Annotated[list[Slug], msgspec.Meta(max_length=50)]
