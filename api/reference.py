"""The API's reference: the document at /openapi.json, and the same as a page at /docs that loads nothing else."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, Router, get

from api.bearer import OPEN
from api.languages import choose
from api.reference_page import render_page

# Everything is in the page itself; nothing may be loaded from anywhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@get("/openapi.json", opt=OPEN)
async def read_openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    document: dict[str, Any] = request.app.state.document
    return document


@get("/docs", opt=OPEN)
async def read_docs(request: Request[Any, Any, Any]) -> Response[str]:
    """The document as a page, in the reader's language."""
    language = choose(request.headers.get("accept-language"))
    html = render_page(request.app.state.document, language)
    return Response(
        html,
        media_type=MediaType.HTML,
        headers={"Content-Security-Policy": _POLICY, "Content-Language": language, "Vary": "Accept-Language"},
    )


router = Router("/", route_handlers=[read_openapi, read_docs], include_in_schema=False)
