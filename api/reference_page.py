"""An OpenAPI document as one HTML page: no scripts, nothing loaded, readable on a phone."""

from __future__ import annotations

from html import escape
from typing import Any

from api.languages import Language
from api.problems import TITLES

_METHODS = ("get", "post", "put", "patch", "delete")

_WORDS: dict[str, tuple[str, str]] = {
    "contents": ("Contents", "目录"),
    "parameters": ("Parameters", "参数"),
    "body": ("Request body", "请求内容"),
    "answers": ("Answers", "响应"),
    "schemas": ("Schemas", "数据结构"),
    "required": ("required", "必填"),
    "permission": ("Needs permission", "所需权限"),
    "open": ("Anybody may call this.", "无需登录。"),
    "machine": ("For programs", "程序可读"),
    "fields": ("Fields", "字段"),
}

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; margin: 0 auto; max-width: 60rem;
       padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 .25rem; } h4 { font-size: .85rem; margin: .75rem 0 .25rem; opacity: .75; }
code, .method { font: .9em ui-monospace, Consolas, monospace; }
.method { border: 1px solid; border-radius: .25rem; padding: .05rem .4rem; margin-right: .4rem; font-weight: 600; }
.get { color: #1769aa; } .post { color: #1b7a3d; } .put, .patch { color: #9a5b00; } .delete { color: #b3261e; }
ul { padding-left: 1.2rem; margin: .25rem 0; } li { margin: .15rem 0; } a { color: inherit; }
.wide { overflow-x: auto; } .note { opacity: .75; }
@media (prefers-color-scheme: dark) {
  .get { color: #7fc1ff; } .post { color: #7ddc9c; } .put, .patch { color: #ffc46b; } .delete { color: #ff9a92; }
}
"""


def render_page(document: dict[str, Any], language: Language) -> str:
    """The whole page; every text of the document is escaped."""
    info = document["info"]
    title = f"{info['title']} API {info['version']}"
    groups = _groups(document)
    contents = "".join(f'<li><a href="#{escape(tag)}">{escape(tag)}</a> ({len(ops)})</li>' for tag, ops in groups)
    sections = "".join(_section(tag, ops, language) for tag, ops in groups)
    schemas = "".join(_schema(name, s, language) for name, s in sorted(document["components"]["schemas"].items()))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1><p>{escape(info.get('description', ''))}</p>"
        f'<p>{_word("machine", language)}: <a href="/openapi.json">/openapi.json</a></p>'
        f"<h2>{_word('contents', language)}</h2><ul>{contents}"
        f'<li><a href="#schemas">{_word("schemas", language)}</a></li></ul>{sections}'
        f'<h2 id="schemas">{_word("schemas", language)}</h2>{schemas}</main></body></html>'
    )


def _word(key: str, language: Language) -> str:
    return _WORDS[key][1 if language == "zh-CN" else 0]


def _groups(document: dict[str, Any]) -> list[tuple[str, list[tuple[str, str, dict[str, Any]]]]]:
    """Operations by their first tag, in the document's order."""
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                found.setdefault(tag, []).append((method, path, item[method]))
    return list(found.items())


def _section(tag: str, operations: list[tuple[str, str, dict[str, Any]]], language: Language) -> str:
    return (
        f'<section><h2 id="{escape(tag)}">{escape(tag)}</h2>'
        + "".join(_operation(method, path, operation, language) for method, path, operation in operations)
        + "</section>"
    )


def _operation(method: str, path: str, operation: dict[str, Any], language: Language) -> str:
    name = escape(operation["operationId"])
    parts = [
        f'<article id="{name}">',
        f'<h3><span class="method {method}">{method.upper()}</span><code>{escape(path)}</code></h3>',
        f"<p>{escape(operation.get('summary') or '')} {escape(operation.get('description') or '')}</p>",
    ]
    if "security" not in operation:
        parts.append(f'<p class="note">{_word("open", language)}</p>')
    if "x-permission" in operation:
        permission = escape(operation["x-permission"])
        parts.append(f'<p class="note">{_word("permission", language)}: <code>{permission}</code></p>')
    if operation.get("parameters"):
        rows = "".join(_parameter(p, language) for p in operation["parameters"])
        parts.append(f"<h4>{_word('parameters', language)}</h4><ul>{rows}</ul>")
    if "requestBody" in operation:
        parts.append(f"<h4>{_word('body', language)}</h4><p>{_contents(operation['requestBody'])}</p>")
    answers = "".join(_answer(status, text, language) for status, text in operation["responses"].items())
    parts.append(f"<h4>{_word('answers', language)}</h4><ul>{answers}</ul></article>")
    return "".join(parts)


def _parameter(parameter: dict[str, Any], language: Language) -> str:
    required = f", {_word('required', language)}" if parameter.get("required") else ""
    text = escape(parameter.get("description") or "")
    kind = _type(parameter.get("schema", {}))
    return f"<li><code>{escape(parameter['name'])}</code> ({escape(parameter['in'])}{required}) {kind} {text}</li>"


def _answer(status: str, text: dict[str, Any], language: Language) -> str:
    titles = TITLES.get(int(status))
    words = titles[1 if language == "zh-CN" else 0] if titles else text.get("description", "")
    return f"<li><code>{escape(status)}</code> {escape(words)} {_contents(text)}</li>"


def _contents(holder: dict[str, Any]) -> str:
    return " ".join(_type(content.get("schema", {})) for content in holder.get("content", {}).values())


def _schema(name: str, schema: dict[str, Any], language: Language) -> str:
    required = set(schema.get("required", ()))
    fields = "".join(
        _field(field, kind, _word("required", language) if field in required else "")
        for field, kind in schema.get("properties", {}).items()
    )
    body = f"<ul>{fields}</ul>" if fields else f"<p>{_type(schema)}</p>"
    text = escape(schema.get("description") or "")
    return f'<article id="schema-{escape(name)}"><h3><code>{escape(name)}</code></h3><p>{text}</p>{body}</article>'


def _field(name: str, schema: dict[str, Any], note: str) -> str:
    return f"<li><code>{escape(name)}</code> {_type(schema)} {note} {escape(schema.get('description') or '')}</li>"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words; a reference is a link."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#schema-{escape(name)}"><code>{escape(name)}</code></a>'
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            return " | ".join(_type(part) for part in schema[key])
    if "enum" in schema:
        return escape(" | ".join(str(value) for value in schema["enum"]))
    if schema.get("type") == "array":
        # A pair, say: as many as are named, and no further ones (``items`` is false).
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return f"[{', '.join(_type(item) for item in items)}]"
    kind = schema.get("type", "any")
    names = ", ".join(kind) if isinstance(kind, list) else str(kind)
    return escape(f"{names} {schema['format']}" if "format" in schema else names)
