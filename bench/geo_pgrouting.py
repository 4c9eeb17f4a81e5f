"""`python -m bench.geo_pgrouting NODES`: pgRouting on a plant of that size, as JSON of ms; exit status 3: none is here.

MUSTER_BENCH_PGROUTING_URL names a database of a PostgreSQL that has the extension, and a login that may create it; the
table ``muster_bench_arcs`` is made in it and dropped. Wall time of the statement, as it is another process' work: each
call builds its graph from the table, which is what pgRouting does.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time

import asyncpg
import numpy as np

from bench.geo_plant import plant

URL = "MUSTER_BENCH_PGROUTING_URL"
ARCS = "SELECT id, source, target, cost FROM muster_bench_arcs"
STATEMENTS = {
    "full tree": ("SELECT count(*) FROM pgr_drivingDistance($1, $2::bigint, 1e12)", 1),
    "5 nearest of 200": ("SELECT count(*) FROM pgr_dijkstraNearCost($1, $2::bigint, $3::bigint[], cap => 5)", 1),
    "200 -> 1": ("SELECT count(*) FROM pgr_dijkstra($1, $3::bigint[], $2::bigint)", 1),
    # One pair, 200 times, as the others are asked: a call with both lists would make the whole table.
    "200 -> 200": ("SELECT count(*) FROM pgr_dijkstra($1, $2::bigint, ($3::bigint[])[1])", 200),
}


async def main() -> int:
    """Measure and print."""
    if not (url := os.environ.get(URL)):
        return 3
    graph = plant(int(sys.argv[1])).network.graph
    rng = np.random.default_rng(1)
    # As bench.geo_igraph asks: the same seed, the same places.
    sources, targets = (it.tolist() for it in rng.integers(0, graph.nodes, (2, 200)))
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pgrouting CASCADE")
        await connection.execute("DROP TABLE IF EXISTS muster_bench_arcs")
        await connection.execute(
            "CREATE TABLE muster_bench_arcs (id bigint PRIMARY KEY, source bigint, target bigint, cost float8)"
        )
        arcs = zip(graph.tails.tolist(), graph.heads.tolist(), graph.millis.astype(float).tolist(), strict=True)
        rows = [(number, *arc) for number, arc in enumerate(arcs)]
        await connection.copy_records_to_table("muster_bench_arcs", records=rows)
        await connection.execute("ANALYZE muster_bench_arcs")
        found = {}
        for name, (sql, times) in STATEMENTS.items():
            arguments = [ARCS, sources[0], targets][: sql.count("$")]
            found[name] = times * await _median_ms(connection, sql, arguments)
        await connection.execute("DROP TABLE muster_bench_arcs")
    finally:
        await connection.close()
    print(json.dumps(found))
    return 0


async def _median_ms(connection: asyncpg.Connection, sql: str, arguments: list[object], repeats: int = 3) -> float:
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        await connection.fetchval(sql, *arguments)
        taken.append(1e3 * (time.perf_counter() - began))
    return statistics.median(taken)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
