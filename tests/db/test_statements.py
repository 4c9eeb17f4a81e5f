"""Every SQL constant is prepared against the migrated schema, and its columns are the fields of what it becomes."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType

import asyncpg
import msgspec
import pytest

from incidents.alarms.model import AlarmRule
from people.presence.model import Registers
from tests.clusters import Clone

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("core", "people", "plant", "resources", "incidents", "realtime", "api", "muster")
_VERB = re.compile(r"(\s|--.*\n)*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
# A module without any of these words holds no statement.
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")


def _fields(kind: type) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


_WATCHED = {"state", "episode_id", "created_at"} | _fields(AlarmRule)
# Rows of several columns that are no Struct's fields: the function beside each takes them apart by name.
TAKEN_APART = {
    "api.idempotency._FIND": {"request_hash", "status", "answer"},
    "api.idempotency._RECALL": {"request_hash", "status", "answer"},
    "core.audit._LOCK_HEAD": {"position", "hash"},
    "incidents.alarms.alarm_queries.FIND_RULES": _WATCHED,
    "incidents.alarms.alarm_queries.LAST_HEARD": {"sensor_id", "received_at"},
    "incidents.alarms.alarm_queries.LIST_SITE_RULES": _WATCHED,
    "incidents.alarms.alarm_queries.LOCK_RULES": _WATCHED,
    "incidents.alarms.alarm_queries.NEWEST_OBSERVED": {"sensor_id", "observed_at"},
    "incidents.drills.queries.OVER": {"tenant_id", "id"},
    "incidents.exposure.queries.DUE": {"tenant_id", "site_id"},
    "incidents.hazards.watch_queries.LIST_ZONES": {"id", "version"},
    "incidents.hazards.watch_queries.SITES": {"tenant_id", "site_id"},
    "incidents.reaching.delivery_queries.DUE": {"tenant_id", "id"},
    "incidents.evacuation.queries.DUE": {"tenant_id", "roll_call_id", "site_id"},
    "incidents.tasking.escalation_queries.DUE": {"tenant_id", "task_id"},
    "incidents.room_queries.APPEND_EVENT": {"epoch", "seq", "pg_notify"},
    "incidents.room_queries.INSERT_MEMBERS": {"account_id", "name"},
    "incidents.alarms.kpi_queries.COUNT_ANSWERS": {"step", "count"},
    "incidents.leading.queries.IN_TENANT": {"name", "role"},
    "incidents.matrix.queries.REPLAYS_WAITING": {"tenant_id", "id"},
    "incidents.matrix.queries.TIMERS_DUE": {"tenant_id", "id"},
    "incidents.alarms.rule_queries.LIST_OWN_RULES": {"id", "stale_after_s"},
    "incidents.alarms.calibration_queries.NOTE_DAY": {"sensor_id", "days_left"},
    "incidents.alarms.suppression_queries.PROVED_ACTIONS": {"actuator_id", "action"},
    "people.import_queries._MEMBERS": {"team_id", "account_id"},
    "incidents.exposure.report.NAMES_OF": {"id", "name"},
    "incidents.roll_call.queries.COUNT_PEOPLE": {"expected", "accounted", "need_help", "left", "missing", "unsure"},
    "incidents.sos.lone_queries.DUE": {"tenant_id", "id"},
    "incidents.wayfinding.errand_queries.OVER": {"id", "state", "closed", "declined"},
    "incidents.wayfinding.route_queries.SITES_TO_GUIDE": {"tenant_id", "site_id"},
    "incidents.sos.lone_queries.DUE_RINGS": {"tenant_id", "id"},
    "incidents.roll_call.queries.DUE_CALLS": {"tenant_id", "id"},
    "incidents.roll_call.orders.ZONE_NAMES": {"id", "name"},
    "incidents.roll_call.marking.NAMES": {"id", "display_name"},
    "plant.places.queries.PLANNED_SITES": {"tenant_id", "site_id"},
    "people.reach.comm_test_queries.DUE_MESSAGES": {"tenant_id", "id"},
    "people.notices.push_queries.DUE": {"tenant_id", "account_id"},
    "people.notices.queries.INSERT": {"id", "account_id"},
    "people.reach.comm_test_queries.OVER": {"tenant_id", "id"},
    "people.reach.comm_test_queries.DUE_SCHEDULES": {"tenant_id", "id"},
    "people.qualifications.queries._NOTICED_AT": {"qualification_id", "noticed_at"},
    "people.qualifications.queries._VALID_SKILLS": {"account_id", "skills"},
    "people.rotas.team_queries._MEMBERS_AT": {"team_id", "account_id"},
    "people.presence.register_queries._ZONE_REGISTERS": {"known", "unplaced"} | _fields(Registers),
    "incidents.record.anchors._DUE": {"tenant_id", "incident_id"},
    "incidents.record.feed_queries._DUE": {"tenant_id", "id"},
    "incidents.record.feed_queries._SECRETS": {"secret", "old_secret", "old_secret_until"},
    "incidents.record.report_queries._ACTUATOR_NAMES": {"id", "name"},
    "incidents.record.report_queries._COUNTS": {"timeline", "asked", "alarms", "commands"},
    "incidents.record.report_queries._NAMES": {"id", "display_name"},
    "incidents.record.timeline._HEADS": {"incident_id", "position", "hash"},
    "people.sign_in_queries._COUNT_ATTEMPT": {"window_started_at", "attempts"},
}
# Row-level security's own question, in its caller's rights: it reads a setting and no table.
ASKS_FOR_ITS_CALLER = {"muster_tenant"}


class Statement(msgspec.Struct, frozen=True):
    """One SQL constant; ``kinds`` are the Structs that the functions using it make of its rows.

    ``used`` False: no function names it, so it must be a part of other statements.
    """

    name: str
    sql: str
    kinds: frozenset[type]
    used: bool


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if _SQL.search(path.read_text(encoding="utf-8")):
                yield importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def _statements(module: ModuleType) -> Iterator[Statement]:
    tree = ast.parse(inspect.getsource(module))
    users = [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef | ast.FunctionDef)]
    made = {user.name: _made_by(user, module) for user in users}
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        name = node.targets[0].id
        sql = getattr(module, name)
        if name.isupper() and isinstance(sql, str) and _VERB.match(sql):
            using = [(user, names) for user in users if name in (names := _names(user))]
            kinds: set[type] = set()
            for user, names in using:
                # A function makes its rows into Structs itself or by a private function of its module.
                kinds |= made[user.name].union(*(made[other] for other in names if other in made))
            yield Statement(f"{module.__name__}.{name}", sql, frozenset(kinds), bool(using))


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _made_by(user: ast.AST, module: ModuleType) -> set[type]:
    calls = [n for n in ast.walk(user) if isinstance(n, ast.Call)]
    return {
        getattr(module, call.args[0].id)
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in {"row_to", "rows_to"}
        and isinstance(call.args[0], ast.Name)
        # Not the one that only passes on which Struct it is to make.
        and hasattr(module, call.args[0].id)
    }


FOUND = [statement for module in _modules() for statement in _statements(module)]
STATEMENTS = [statement for statement in FOUND if statement.used]
everything = pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)


@pytest.fixture(scope="module")
async def login(worker_database: Clone) -> AsyncIterator[asyncpg.Connection]:
    """The application's login."""
    connection = await asyncpg.connect(worker_database.app_url)
    yield connection
    await connection.close()


@everything
async def test_a_statement_stands_on_the_schema_and_gives_its_structs_fields(
    login: asyncpg.Connection, statement: Statement
) -> None:
    prepared = await login.prepare(statement.sql)
    columns = [attribute.name for attribute in prepared.get_attributes()]
    assert len(columns) == len(set(columns)), "two columns of one name: a row as a mapping would lose one"
    if statement.name in TAKEN_APART:
        assert set(columns) == TAKEN_APART[statement.name]
    elif statement.kinds:
        for kind in statement.kinds:
            assert set(columns) in (set(), _fields(kind)), kind
    else:
        assert len(columns) <= 1, "rows that become no Struct: name them in TAKEN_APART"


@everything
async def test_a_statement_numbers_its_parameters_without_a_gap(statement: Statement) -> None:
    used = {int(number) for number in re.findall(r"\$(\d+)", statement.sql)}
    assert used == set(range(1, len(used) + 1))


def test_they_are_all_here() -> None:
    names = {statement.name for statement in STATEMENTS}
    assert len(STATEMENTS) > 150
    assert {"core.outbox._APPEND", "core.audit._LIST", "api.idempotency._CLAIM"} <= names
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.sql")]
    texts = {statement.sql for statement in STATEMENTS}
    assert [path for path in files if path.read_text(encoding="utf-8") not in texts] == []
    assert TAKEN_APART.keys() <= names, "no statement of that name any more"


def test_no_statement_lies_unused() -> None:
    parts = [s for s in FOUND if not s.used]
    assert [p.name for p in parts if not any(p.sql in s.sql for s in STATEMENTS)] == []


def test_a_tenants_rows_are_asked_for_by_their_tenant() -> None:
    """Row-level security holds without it; with it the index is used and a mistake shows in review."""
    loose = [
        s.name for s in STATEMENTS if "tenant_id" not in s.sql and re.search(r"\b(FROM|INTO|UPDATE)\s+\w+\s", s.sql)
    ]
    assert loose == []


async def test_every_function_the_application_may_call_runs_as_the_owner_on_a_fixed_search_path(
    login: asyncpg.Connection,
) -> None:
    functions = await login.fetch(
        """
        SELECT p.proname AS name, p.prosecdef AS definer, coalesce(p.proconfig, '{}') AS config,
               EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                       WHERE a.grantee = 0) AS public
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND has_function_privilege('muster_app', p.oid, 'EXECUTE')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        """
    )
    assert len(functions) > 5
    for name, definer, config, public in functions:
        if name in ASKS_FOR_ITS_CALLER:
            continue
        assert not public, f"{name} may be called by anybody"
        assert definer, f"{name} runs as its caller: the application can do the same without it"
        fixed = [setting for setting in config if setting.startswith("search_path=")]
        assert fixed == ["search_path=public"], f"{name} looks names up where its caller says"
