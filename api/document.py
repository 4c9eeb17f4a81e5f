"""The API's OpenAPI 3.1 document: Litestar's, with every answer the edge itself can give.

Built from the routers alone, in an application that serves nobody; the handlers do not repeat what holds for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, OpenAPIType, Schema, SecurityScheme
from litestar.plugins import OpenAPISchemaPlugin
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from api.bearer import needed_permission
from api.body import RawBody
from api.call import provide_call, provide_deps, provide_write
from api.problems import TITLES
from mobile_contract.problems import MEDIA_TYPE

VERSION = "1"
_WRITES = {"post", "put", "patch", "delete"}
_PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details; `code` is stable, `detail` is in the reader's language.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
        "value": {},
        "limit": {},
    },
    "required": ["type", "title", "status", "code", "detail"],
}

Document = dict[str, Any]


class LocalTimes(OpenAPISchemaPlugin):
    """``datetime.time`` as it is on the wire: Litestar calls it a duration, and the format "time" has an offset
    (RFC 3339 section 5.6), which a wall clock has not. The seconds are not left out; microseconds are kept."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return field_definition.annotation is time

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        return Schema(
            type=OpenAPIType.STRING,
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?$",
            description="Local time without offset, as 22:00:00.",
            examples=["22:00:00"],
        )


def build_document(routers: Sequence[Router]) -> Document:
    """The whole document as plain values, to be read and not changed: it is built once for the same routers."""
    return _build(tuple(routers))


@cache
def _build(routers: tuple[Router, ...]) -> Document:
    app = Litestar(
        route_handlers=list(routers),
        dependencies={
            "call": Provide(provide_call),
            "write": Provide(provide_write),
            "deps": Provide(provide_deps),
        },
        openapi_config=OpenAPIConfig(
            title="Muster",
            version=VERSION,
            description=(
                "Real-time responder backend for plants. Errors are problem documents (RFC 9457), lists come in "
                "pages, writes take an Idempotency-Key, edits an If-Match. Muster is not a SIL-rated safety function."
            ),
            components=Components(
                security_schemes={
                    "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
                    "device": SecurityScheme(
                        type="http", scheme="basic", description="A device: `tenant/site/device` and its secret."
                    ),
                }
            ),
            operation_id_creator=lambda handler, _method, _path: handler.handler_name,
            use_handler_docstrings=True,
        ),
        plugins=[LocalTimes()],
        logging_config=None,
    )
    document: Document = app.openapi_schema.to_schema()
    document["components"].setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    _complete_operations(app, document)
    # Defaults that are Structs or tuples become the JSON they are on the wire.
    plain: Document = msgspec.json.decode(msgspec.json.encode(document))
    _mend_tuples(plain)
    return plain


def _mend_tuples(part: Any) -> None:
    """``tuple[X, ...]`` is a list of X: Litestar writes the dots as a second kind of item, which may be anything."""
    if isinstance(part, dict):
        items = part.get("items")
        if isinstance(items, dict) and {} in items.get("oneOf", []):
            kinds = [kind for kind in items["oneOf"] if kind != {}]
            part["items"] = kinds[0] if len(kinds) == 1 else {"oneOf": kinds}
        for inner in part.values():
            _mend_tuples(inner)
    elif isinstance(part, list):
        for inner in part:
            _mend_tuples(inner)


def _complete_operations(app: Litestar, document: Document) -> None:
    for route in app.routes:
        item = document["paths"].get(route.path_format) if isinstance(route, HTTPRoute) else None
        if item is None or not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            for method in handler.http_methods:
                operation = item.get(method.lower())
                if operation is not None:
                    _say_raw_body(document, operation, handler.opt.get("raw_body"))
                    _complete(operation, method.lower(), handler.opt)
                    _say_permission(operation, needed_permission(handler.resolve_guards()))


def _complete(operation: Document, method: str, opt: Mapping[str, Any]) -> None:
    is_open = bool(opt.get("open"))
    lines = (operation.get("description") or "").strip().split("\n", 1)
    operation["summary"] = lines[0]
    operation["description"] = lines[1].strip() if len(lines) > 1 else ""
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
    if not is_open:
        operation["security"] = [{"bearer": []}]
    responses = operation["responses"]
    for status, text in list(responses.items()):
        # Litestar's own idea of a validation error is not what we answer.
        if status.startswith(("4", "5")) and "application/json" in text.get("content", {}):
            del responses[status]
    missing = {status for name, status in (("not_found", 404), ("conflict", 409)) if opt.get(name)}
    for status in sorted(_statuses(operation, method, is_open=is_open) | missing):
        responses.setdefault(
            str(status),
            {
                "description": TITLES[status][0],
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )


def _without_null(schema: Document) -> Document:
    """A parameter's schema without null: in a query or a header, null is leaving it out."""
    choices = [choice for choice in schema.get("oneOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**{key: value for key, value in schema.items() if key != "oneOf"}, **choices[0]}
    if None in schema.get("enum", []):
        return schema | {"type": "string", "enum": [value for value in schema["enum"] if value is not None]}
    return schema


def _statuses(operation: Document, method: str, *, is_open: bool) -> set[int]:
    """What the edge and the use cases can answer, by what the operation takes."""
    parameters = operation.get("parameters", [])
    names = {parameter["name"] for parameter in parameters}
    found = {503, 401}
    if not is_open:
        found |= {403}
    if parameters or "requestBody" in operation:
        found |= {400}
    if any(parameter["in"] == "path" for parameter in parameters):
        found |= {404}
    if "requestBody" in operation:
        found |= {413, 415}
    if method in _WRITES:
        found |= {400, 404, 409} if not is_open else {429}
    if "If-Match" in names:
        found |= {412, 428}
    return found


def _say_raw_body(document: Document, operation: Document, raw: RawBody | None) -> None:
    """The body of a handler that reads it itself."""
    if raw is None:
        return
    if not raw.kinds:
        bare = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": dict.fromkeys(raw.media_types, bare)}
        return
    schemas, components = msgspec.json.schema_components(raw.kinds, ref_template="#/components/schemas/{name}")
    for name, schema in components.items():
        document["components"]["schemas"].setdefault(name, schema)
    content = {media_type: {"schema": {"anyOf": list(schemas)}} for media_type in raw.media_types}
    operation["requestBody"] = {"required": True, "content": content}


def _say_permission(operation: Document, permission: str | None) -> None:
    if permission is not None:
        operation["x-permission"] = permission
