"""Makes the map's device, sensors and limits known to Muster, over HTTP as an admin; doing it again changes nothing.

What the map says holds: a sensor is edited to it, a limit replaces those of its kind and level. Other limits on the
sensor, and sensors the map does not name, are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from core.errors import Conflict, Invalid, NotFound
from mobile_contract.limits import AlarmRuleView, LimitSourceView, NewAlarmRule
from mobile_contract.paging import Page
from mobile_contract.plant import (
    Named,
    NewPlantDevice,
    NewSensor,
    PlantDeviceSecret,
    PlantDeviceView,
    SensorEdit,
    SensorView,
    SiteView,
    ZoneView,
)
from mobile_contract.text import Text
from muster.client import Client
from muster.replay.kept import Kept
from muster.replay.mapping import LimitMap, ReplayMap, SeriesMap
from muster.replay.pace import delay_s, silence_s

# Items a page: the edge's own limit.
PAGE = 200

V = TypeVar("V")


class Registration:
    """One run over one map; ``done`` says in words what was changed."""

    def __init__(self, client: Client, mapping: ReplayMap, speed: float, *, new_secret: bool = False) -> None:
        self._client = client
        self._map = mapping
        self._speed = speed
        self._new_secret = new_secret
        self.done: list[str] = []

    async def run(self, site: str, known: Kept | None, secret: str, keep: Callable[[Kept], None]) -> str:
        """Register everything; returns the device's secret. ``keep`` is called the moment there is a new one.

        ``known`` is what an earlier run kept, ``secret`` what the user gave ('' when nothing). Raises what the server
        raises, NotFound for the site or zone, Conflict for a device or sensor that is another's.
        """
        site_id = (await self._named("site", "/v1/sites", Page[SiteView], site, lambda it: it.slug == site)).id
        slug = self._map.zone
        zone = await self._named("zone", "/v1/zones", Page[ZoneView], slug, lambda it: it.slug == slug, site=site_id)
        kept = await self._device(site_id, known, secret, keep)
        sensors = await self._all("/v1/sensors", Page[SensorView], device=kept.device)
        for series in self._map.series:
            found = next((it for it in sensors if it.series == series.series), None)
            sensor = await self._sensor(kept.device, zone.id, series, found)
            await self._limits(sensor, series)
        # The delays now are this speed's.
        keep(msgspec.structs.replace(kept, speed=self._speed))
        return kept.secret

    async def _device(self, site_id: UUID, known: Kept | None, secret: str, keep: Callable[[Kept], None]) -> Kept:
        slug = self._map.device
        found = await self._all("/v1/plant/devices", Page[PlantDeviceView], site=site_id, q=slug)
        device = next((it for it in found if it.slug == slug), None)
        if device is None:
            if secret:
                raise Invalid(
                    "replay.secret",
                    f"device {slug} is new and Muster chooses its secret: leave --secret out",
                    f"设备 {slug} 是新设备，密码由 Muster 生成：请勿使用 --secret",
                    field="secret",
                )
            asked = NewPlantDevice(site_id, slug, named(self._map.name))
            return self._made(await self._client.post("/v1/plant/devices", asked, PlantDeviceSecret), keep)
        if device.revoked_at is not None:
            raise Conflict(
                "replay.revoked",
                f"device {slug} is shut out since {device.revoked_at:%Y-%m-%d %H:%M} UTC: an admin lets it in again",
                f"设备 {slug} 自 {device.revoked_at:%Y-%m-%d %H:%M} UTC 起被禁用：须由管理员恢复",
                field="device",
                value=slug,
            )
        if secret:
            return Kept(device.id, secret, self._speed)
        if known is not None and known.device == device.id:
            return known
        if not self._new_secret:
            # A new secret would shut out whoever speaks as this device.
            raise Conflict(
                "replay.secret_unknown",
                f"device {slug} exists, and its secret is not kept here: give --secret, or --as another device, or"
                " --new-secret, which shuts out whoever has the old one",
                f"设备 {slug} 已存在，而其密码不在本机：请用 --secret 提供，或用 --as 换一个设备，"
                "或用 --new-secret 更换密码（旧密码随即失效）",
                field="device",
                value=slug,
            )
        path = f"/v1/plant/devices/{device.id}/secret"
        return self._made(await self._client.post(path, {}, PlantDeviceSecret), keep)

    def _made(self, answer: PlantDeviceSecret, keep: Callable[[Kept], None]) -> Kept:
        assert answer.secret is not None, "a first answer has the secret"
        kept = Kept(answer.device.id, answer.secret, self._speed)
        keep(kept)
        self.done.append(f"device {answer.device.login}")
        return kept

    async def _sensor(self, device_id: UUID, zone_id: UUID, series: SeriesMap, found: SensorView | None) -> SensorView:
        stale_after_s = silence_s(series.stale_after_s, self._speed)
        if found is None:
            asked = NewSensor(
                device_id,
                zone_id,
                series.series,
                named(series.name),
                series.quantity,
                series.unit,
                stale_after_s,
                series.agent,
            )
            self.done.append(f"sensor {series.series}")
            return await self._client.post("/v1/sensors", asked, SensorView)
        if (found.quantity, found.unit) != (series.quantity, series.unit):
            raise Conflict(
                "replay.sensor_differs",
                f"sensor {series.series} measures {found.quantity} in {found.unit}, the map says {series.quantity} in"
                f" {series.unit}: --as another device",
                f"传感器 {series.series} 为 {found.quantity}（{found.unit}），映射为 {series.quantity}"
                f"（{series.unit}）：请用 --as 换一个设备",
                field="series",
                value=found.unit,
                limit=series.unit,
            )
        wanted = (zone_id, series.name, series.agent, stale_after_s, None)
        if (found.zone, found.name, found.agent, found.stale_after_s, found.retired_at) == wanted:
            return found
        edit = SensorEdit(
            zone=zone_id, name=named(series.name), agent=series.agent, stale_after_s=stale_after_s, retired=False
        )
        self.done.append(f"sensor {series.series}, edited")
        return await self._client.patch(f"/v1/sensors/{found.id}", edit, SensorView, version=found.version)

    async def _limits(self, sensor: SensorView, series: SeriesMap) -> None:
        rules = await self._all("/v1/alarm-rules", Page[AlarmRuleView], sensor=sensor.id)
        for limit in series.limits:
            wanted = rule_of(sensor.id, series, limit, self._speed)
            same_place = [rule for rule in rules if (rule.kind, rule.level) == (wanted.kind, wanted.level)]
            kept = next((rule for rule in same_place if is_same(rule, wanted)), None)
            # The new one first: at no moment is the sensor without a limit.
            if kept is None:
                await self._client.post("/v1/alarm-rules", wanted, AlarmRuleView)
                self.done.append(f"limit {series.series} {wanted.kind} {wanted.level}")
            for rule in same_place:
                if rule is not kept:
                    await self._client.delete(f"/v1/alarm-rules/{rule.id}")

    async def _named(
        self, noun: str, path: str, kind: type[Page[V]], slug: str, match: Callable[[V], bool], **query: UUID
    ) -> V:
        for item in await self._all(path, kind, q=slug, **query):
            if match(item):
                return item
        raise NotFound(f"replay.no_{noun}", f"there is no {noun} {slug!r}", f"没有 {slug!r}", field=noun, value=slug)

    async def _all(self, path: str, kind: type[Page[V]], **query: str | UUID) -> list[V]:
        items: list[V] = []
        asked: dict[str, str | int] = {name: str(value) for name, value in query.items()}
        while True:
            page = await self._client.get(path, kind, limit=PAGE, **asked)
            items += page.items
            if page.next is None:
                return items
            asked["cursor"] = page.next


def named(text: Text) -> Named:
    """The text as a name to give."""
    return Named(text.zh, text.en)


def rule_of(sensor_id: UUID, series: SeriesMap, limit: LimitMap, speed: float) -> NewAlarmRule:
    """The map's limit as an alarm rule, its delays at this speed; the note says so where that makes them shorter."""
    source = limit.source
    paced = (
        f"delays of the recording divided by {speed:g}" if speed != 1 and limit.on_delay_s + limit.off_delay_s else ""
    )
    return NewAlarmRule(
        sensor=sensor_id,
        kind=limit.kind,
        level=limit.level,
        set_point=limit.set_point,
        unit=series.unit,
        deadband=limit.deadband,
        on_delay_s=delay_s(limit.on_delay_s, speed),
        off_delay_s=delay_s(limit.off_delay_s, speed),
        source=LimitSourceView(
            source.jurisdiction,
            source.edition,
            f"{source.document}, {source.clause}",
            "; ".join(part for part in (source.note, paced) if part),
        ),
    )


def is_same(rule: AlarmRuleView, wanted: NewAlarmRule) -> bool:
    """Whether the rule in force is the wanted one."""
    fields = ("sensor", "kind", "level", "set_point", "unit", "deadband", "on_delay_s", "off_delay_s", "source")
    return all(getattr(rule, field) == getattr(wanted, field) for field in fields)
