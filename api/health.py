"""For load balancers and Prometheus: live, ready, metrics. Not part of the API's document."""

from __future__ import annotations

from litestar import Response, Router, get

from api.bearer import OPEN
from api.call import Deps
from core import metrics
from core.health import Health, check_all


@get("/health/live", opt=OPEN)
async def read_liveness() -> dict[str, bool]:
    """The event loop turns."""
    return {"live": True}


@get("/health/ready", opt=OPEN)
async def read_readiness(deps: Deps) -> Response[Health]:
    """Everything this process needs answers; 503 names what does not."""
    health = await check_all(dict(deps.checks))
    return Response(health, status_code=200 if health.ready else 503, headers={"Cache-Control": "no-store"})


@get("/metrics", opt=OPEN)
async def read_metrics() -> Response[bytes]:
    """Prometheus' text exposition."""
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)


router = Router("/", route_handlers=[read_liveness, read_readiness, read_metrics], include_in_schema=False)
