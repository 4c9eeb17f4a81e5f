"""The plant that benchmarks stand on is one the product can read: they break with it, not months later."""

from __future__ import annotations

from bench import world
from core.database import Database
from incidents.alarms import alarm_queries
from tests.clusters import Clone


async def test_the_plant_of_the_benchmarks_is_written_with_its_rules(clone: Clone) -> None:
    made = await world.build(clone.owner_url, clone.app_url, 6, zones=2)
    assert made.sensors == 6
    async with Database.connect(clone.app_url, max_size=1) as db, db.transaction(made.tenant_id) as tx:
        rules = await alarm_queries.list_site_rules(tx, made.tenant_id, made.site_id)
    assert sorted((it.rule.kind, it.rule.level) for it in rules) == sorted(
        [("high", 1), ("high", 2), ("stale", 1)] * made.sensors
    )
