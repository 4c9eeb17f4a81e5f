"""Settings: one frozen Struct, built once from the environment and passed down.

Each field's variable is ``MUSTER_`` and the field's name in capitals. A wrong value stops the
program with the variable, the value and what it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec

from core.errors import Invalid

PREFIX = "MUSTER_"
# Variables of the tests; and people's passwords (MUSTER_PHONE_PASSWORD ...), read by those tools alone.
_OTHERS = ("MUSTER_TEST_", "MUSTER_PHONE_", "MUSTER_REPLAY_", "MUSTER_CERTIFY_")


def _doc(text: str, **limits: float) -> msgspec.Meta:
    meta: Any = msgspec.Meta
    made: msgspec.Meta = meta(description=text, **limits)
    return made


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a process can be told from outside."""

    data_dir: Annotated[str, _doc("Folder of the embedded engines, keys and media.")] = ".data"
    database_url: Annotated[
        str, _doc("PostgreSQL for the application's login, which must not bypass row-level security. Empty: embedded.")
    ] = ""
    owner_database_url: Annotated[
        str, _doc("PostgreSQL for migrations: the owner of the schema. Needed when MUSTER_DATABASE_URL is set.")
    ] = ""
    mqtt_url: Annotated[str, _doc("MQTT broker, mqtt://user:password@host:port. Empty: embedded.")] = ""
    mqtt_broker: Annotated[str, _doc("Embedded broker: auto, mosquitto or amqtt.")] = "auto"
    mqtt_tls_port: Annotated[
        int,
        _doc("The embedded mosquitto's port for devices that sign in by certificate; 0: none.", ge=0, le=65535),
    ] = 0
    mqtt_tls_host: Annotated[str, _doc("Address that port listens on; its certificate is for it.")] = "127.0.0.1"
    http_host: Annotated[str, _doc("Address the HTTP and WebSocket port listens on.")] = "127.0.0.1"
    http_port: Annotated[int, _doc("The one public port, HTTP and WebSocket.", ge=0, le=65535)] = 8700
    health_port: Annotated[
        int, _doc("Loopback port for health and metrics of roles without HTTP; 0 chooses one.", ge=0, le=65535)
    ] = 0
    push_service_url: Annotated[
        str, _doc("FCM HTTP v1 address. Empty: Google's; the demo's own push service is used by `muster up`.")
    ] = ""
    push_credentials: Annotated[str, _doc("Path of the service-account JSON for FCM. Empty: no push channel.")] = ""
    push_details: Annotated[
        bool, _doc("Show an order's title and place on the lock screen; false: only that there is an order.")
    ] = False
    web_push_subject: Annotated[
        str,
        _doc("Who answers for us to browsers' push services, mailto: or https:. Empty: no Web Push."),
    ] = ""
    web_push_hosts: Annotated[
        str, _doc("Push services of browsers we speak to, by commas; .example.com stands for all below it.")
    ] = "fcm.googleapis.com,.push.services.mozilla.com,.push.apple.com,.notify.windows.com"
    heartbeat_url: Annotated[
        str,
        _doc("Called by the auditor each minute in which nothing is stuck, so that silence is noticed. Empty: none."),
    ] = ""
    receipt_timeout_s: Annotated[
        float, _doc("An order without a device receipt after this long goes to the next channel.", gt=0, le=600)
    ] = 8.0
    acknowledge_timeout_s: Annotated[
        float, _doc("An order without an acknowledgement after this long goes to the next person.", gt=0, le=3600)
    ] = 60.0
    lease_s: Annotated[
        float,
        _doc("A gateway's hold on a site and a courier's hold on a delivery; renewed at a third.", gt=0.5, le=300),
    ] = 6.0
    feed_networks: Annotated[
        str,
        _doc("Private networks that feeds (CAP, webhooks) may reach, CIDR, by commas. Empty: public ones alone."),
    ] = ""
    font_dir: Annotated[str, _doc("Folder with a Chinese font for PDF reports. Empty: the system's fonts.")] = ""
    readings_keep_days: Annotated[int, _doc("Days of raw readings kept; rollups stay.", ge=1, le=3650)] = 90
    clock_offset_s: Annotated[float, _doc("Moves the process' clock; for drills and tests.", ge=-1e9, le=1e9)] = 0.0
    log_level: Annotated[str, _doc("debug, info, warning or error.")] = "info"
    demo: Annotated[bool, _doc("Seed the demo plant and start its devices and push service with `muster up`.")] = True

    @property
    def data_path(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data_dir).resolve()

    @property
    def keys_dir(self) -> Path:
        """Where token signing keys live."""
        return self.data_path / "keys"

    @property
    def files_dir(self) -> Path:
        """Where files of people are kept; several `muster api` share one folder."""
        return self.data_path / "files"


_CHOICES = {
    "mqtt_broker": ("auto", "mosquitto", "amqtt"),
    "log_level": ("debug", "info", "warning", "error"),
}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read every ``MUSTER_`` variable; raises Invalid naming the variable, its value and the limit."""
    hints = get_type_hints(Settings, include_extras=True)
    values: dict[str, object] = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name.startswith(_OTHERS):
            continue
        field = name.removeprefix(PREFIX).lower()
        if field not in Settings.__struct_fields__:
            raise Invalid("settings.unknown", f"{name} is not a setting; see `muster settings`", field=name, value=text)
        values[field] = _convert(name, text, hints[field], _CHOICES.get(field))
    return Settings(**values)  # type: ignore[arg-type]


def _convert(name: str, text: str, kind: object, choices: tuple[str, ...] | None) -> object:
    if choices is not None and text not in choices:
        raise Invalid(
            "settings.invalid",
            f"{name}={text!r} is not one of {', '.join(choices)}",
            field=name,
            value=text,
            limit=list(choices),
        )
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise Invalid("settings.invalid", f"{name}={text!r}: {problem}", field=name, value=text) from problem


def describe_settings() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of every setting, for the command line and the README."""
    rows = []
    defaults = Settings()
    for field, hint in get_type_hints(Settings, include_extras=True).items():
        meaning = hint.__metadata__[0].description
        rows.append((PREFIX + field.upper(), str(getattr(defaults, field)), meaning))
    return rows
