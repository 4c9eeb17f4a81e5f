"""What the HTTP edge is given by the front door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.device_login import DeviceLogins
from core.database import Database
from core.device_ca import DeviceCa
from core.file_store import FileStore
from core.health import Check
from incidents.reaching.delivery import DeliveryPolicy
from incidents.record.feed_service import Desk
from incidents.record.rendering import PdfPress
from incidents.record.vault import Vault
from incidents.wayfinding.questions import WayDesk
from people.authenticator import Authenticator
from people.passwords import Passwords
from people.tokens import Tokens
from plant.places.office import DrawingOffice
from plant.places.site_maps import SiteMaps


@dataclass(frozen=True)
class ApiDeps:
    """One set a process; ``checks`` are the named readiness checks."""

    db: Database
    tokens: Tokens
    passwords: Passwords
    authenticator: Authenticator
    checks: Mapping[str, Check] = field(default_factory=dict)
    devices: DeviceLogins = field(default_factory=DeviceLogins)
    device_ca: DeviceCa = field(kw_only=True)
    files: FileStore = field(kw_only=True)
    maps: SiteMaps = field(kw_only=True)
    web_push_key: str = field(default="", kw_only=True)
    web_push_hosts: tuple[str, ...] = field(default=(), kw_only=True)
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy, kw_only=True)
    press: PdfPress = field(default_factory=PdfPress, kw_only=True)
    feeds: Desk = field(default_factory=lambda: Desk(Vault(None)), kw_only=True)
    drawings: DrawingOffice = field(default_factory=DrawingOffice, kw_only=True)
    ways: WayDesk = field(default_factory=WayDesk, kw_only=True)
