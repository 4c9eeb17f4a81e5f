"""`python -m bench.on_call`: the pure resolution, the same with the two queries before it, and the floor, in one run.

The floor is `dateutil.rrule.before()` once a layer, from the layer's beginning: what finds the hand-over when nothing
is remembered or reckoned. It knows no windows, holidays, overrides, swaps or ends of duties, and gives no reason.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from bench.report import keep, print_head, print_table
from core.database import Database, Tx
from core.ids import new_id
from mobile_contract.rotas import HolidayDuty, Layer, RotaDefinition, Weekday, Window
from mobile_contract.text import Text
from people.rotas import on_call, rota_queries, service
from people.rotas.model import Override, Rota
from people.rotas.on_call import Change, rule_of
from tests import clusters

ROTAS = 1000
PEOPLE = 500
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca")
STARTS_ON = date(2016, 1, 4)
NAME = Text("班", "Rota")
# Half an hour before the clocks go forward in Berlin.
_NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
WORKDAYS: list[Weekday] = ["mon", "tue", "wed", "thu", "fri"]


def make_rotas(count: int, people: list[UUID], seed: int = 7) -> list[Rota]:
    """Rotas of two positions, ten years old: a weekly turn, nights on workdays over it, one monthly turn in ten."""
    chance = random.Random(seed)
    rotas = []
    for number in range(count):
        crews = [chance.sample(people, 2) for _ in range(chance.randint(2, 8))]
        base = Layer(NAME, crews, STARTS_ON, "09:00", weekdays=["mon"])
        if number % 10 == 0:
            base = Layer(NAME, crews, STARTS_ON, "09:00", rrule="FREQ=MONTHLY;BYDAY=1MO")
        nights = [Window("22:00", "06:00", WORKDAYS)]
        over = Layer(NAME, [[crew[0]] for crew in crews], STARTS_ON, "22:00", every_days=1, windows=nights)
        duty = HolidayDuty(date(2026, 12, 25), chance.sample(people, 1))
        definition = RotaDefinition([base, over], [duty])
        tz = ZONES[number % len(ZONES)]
        made = Rota(UUID(int=0), new_id(), f"rota-{number}", NAME, tz, "on_call", None, None, definition, 1, None, _NOW)
        rotas.append(made)
    return rotas


def changes_of(rota: Rota) -> list[Change]:
    """Two overrides of every rota, one of them in force."""
    first = rota.definition.layers[0].turns[0][0]
    return [
        Change(new_id(), _NOW - timedelta(hours=3), _NOW + timedelta(hours=3), added=first, position=1),
        Change(new_id(), _NOW + timedelta(days=3), _NOW + timedelta(days=4), added=first, position=0),
    ]


def resolve(rotas: list[tuple[Rota, list[Change]]], at: datetime) -> int:
    """The product's answer for each rota; returns how many positions there were."""
    return sum(len(on_call.at(on_call.ready(it.tz, it.definition, changes=made), at)) for it, made in rotas)


def count_from_the_start(rotas: list[tuple[Rota, list[Change]]], at: datetime) -> int:
    """The floor: each layer's last hand-over by counting."""
    found = 0
    for it, _ in rotas:
        local = at.astimezone(ZoneInfo(it.tz)).replace(tzinfo=None)
        for layer in it.definition.layers:
            begin = datetime.combine(layer.starts_on, clock.fromisoformat(layer.handover))
            found += rrulestr(rule_of(layer), dtstart=begin).before(local, inc=True) is not None
    return found


def measure(work: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each round."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return taken


_INSERT_ACCOUNT = """
INSERT INTO accounts (tenant_id, id, login, display_name, locale, role, password_hash, created_at)
VALUES ($1, $2, $3, $3, 'en', 'responder', 'x', $4)
"""


async def with_queries(rotas: list[tuple[Rota, list[Change]]], people: list[UUID], rounds: int) -> list[float]:
    """Seconds of `service.list_duties` on a real PostgreSQL with the same rotas in it."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        async with (
            clusters.embedded(Path(folder)) as cluster,
            clusters.cloned(cluster, "on_call") as clone,
            Database.connect(clone.app_url, max_size=2) as db,
        ):
            async with db.transaction(clone.tenant_id) as tx:
                await fill(tx, clone.tenant_id, rotas, people)
            taken = []
            for _ in range(rounds):
                async with db.transaction(clone.tenant_id) as tx:
                    start = time.perf_counter()
                    assert await service.list_duties(tx, clone.tenant_id, _NOW)
                    taken.append(time.perf_counter() - start)
            return taken


async def fill(tx: Tx, tenant_id: UUID, rotas: list[tuple[Rota, list[Change]]], people: list[UUID]) -> None:
    """Write people, rotas and overrides."""
    accounts = [(tenant_id, it, f"p{number}", _NOW) for number, it in enumerate(people)]
    await tx.executemany(_INSERT_ACCOUNT, accounts)
    for rota, made in rotas:
        await rota_queries.insert_rota(tx, tenant_id, rota)
        for it in made:
            period = (it.starts_at, it.ends_at)
            override = Override(
                tenant_id, it.id, rota.id, it.removed, it.added, it.position, *period, "bench", None, None, _NOW, None
            )
            await rota_queries.insert_override(tx, tenant_id, override)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.on_call", description=__doc__)
    parser.add_argument("--rotas", type=int, default=ROTAS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    rounds = 3 if args.quick else args.rounds
    print_head(f"on_call: who is on duty in {args.rotas} rotas at one moment, median of {rounds}")
    people = [new_id() for _ in range(PEOPLE)]
    rotas = [(it, changes_of(it)) for it in make_rotas(args.rotas, people)]
    cold = measure(lambda: resolve(rotas, _NOW), 1)[0]
    warm = statistics.median(measure(lambda: resolve(rotas, _NOW), rounds))
    served = statistics.median(asyncio.run(with_queries(rotas, people, rounds)))
    floor = statistics.median(measure(lambda: count_from_the_start(rotas, _NOW), 1 if args.quick else 3))
    print_table(
        ["what", "ms in all", "us a rota", "times the floor's speed"],
        [
            [what, f"{1e3 * taken:,.1f}", f"{1e6 * taken / args.rotas:,.0f}", f"{floor / taken:,.1f}"]
            for what, taken in (
                ("resolution, first time in a process", cold),
                ("resolution", warm),
                ("list_duties: two queries and resolution", served),
                ("floor: dateutil's before() from the start, once a layer", floor),
            )
        ],
        note="two positions and two overrides a rota, ten years old; a tenth monthly",
    )
    keep(
        f"on_call: {args.rotas} rotas in {1e3 * served:,.0f} ms with queries, {1e3 * warm:,.0f} ms without "
        f"({1e6 * warm / args.rotas:,.0f} us a rota), {floor / warm:,.0f} times as fast as dateutil's before()"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
