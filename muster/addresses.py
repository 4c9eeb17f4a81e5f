"""Where the running Muster is, for tools in another terminal: told by a setting, else read from ``run.json``."""

from __future__ import annotations

import msgspec

from core.errors import Unavailable
from core.settings import Settings

# Written by `muster up` (muster.up.RUN_FILE); read here without importing the engines.
RUN_FILE = "run.json"


class Addresses(msgspec.Struct, frozen=True):
    """The addresses a tool needs; ``run.json`` holds more."""

    http_url: str
    mqtt_url: str
    push_service_url: str = ""


def find_addresses(settings: Settings) -> Addresses:
    """What runs in this data folder; raises Unavailable when nothing does."""
    try:
        return msgspec.json.decode((settings.data_path / RUN_FILE).read_bytes(), type=Addresses)
    except (OSError, msgspec.MsgspecError) as problem:
        raise Unavailable(
            "up.not_running",
            f"nothing runs in {settings.data_path}: start `make run` first, or name the address",
            f"{settings.data_path} 中没有正在运行的服务：请先执行 make run，或指定地址",
        ) from problem


def broker_url(settings: Settings) -> str:
    """MUSTER_MQTT_URL, else the running broker's."""
    return settings.mqtt_url or find_addresses(settings).mqtt_url
