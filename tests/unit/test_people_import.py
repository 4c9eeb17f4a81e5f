"""A file of people: every bad line is named, nothing in it crashes the reader, the same file twice changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from mobile_contract.text import Text
from people import import_plan
from people.csv_import import Wishes, read_wishes
from people.csv_sheet import CELL_MAX_CHARS, COLUMNS, ROWS_MAX, SHEET_MAX_BYTES, read_sheet, write_sheet
from people.import_plan import ImportPlan, Known, make_plan
from people.model import Account
from people.permissions import Role
from people.qualifications.model import Qualification, QualificationType
from people.rotas.model import Team

TENANT = UUID(int=1)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
HEADER = "login,display_name,role,phone,locale,teams,qualification,issuer,number,valid_from,valid_until\n"


def wishes(text: str, header: str = HEADER) -> Wishes:
    return read_wishes(read_sheet((header + text).encode()))


def account(login: str, role: Role = Role.WORKER, **changes: Any) -> Account:
    made = Account(TENANT, new_id(), login, login.title(), "zh-CN", role, None, None, 1, NOW)
    return msgspec.structs.replace(made, **changes)


FIRST_AID = QualificationType(
    TENANT,
    new_id(),
    "first-aid",
    Text("急救", "First aid"),
    ["first_aid"],
    36,
    None,
    60,
    "plant practice",
    True,
    1,
    NOW,
)


FIRE = Team(TENANT, new_id(), "fire", Text("消防", "Fire"), 1, None, NOW)
NIGHT = Team(TENANT, new_id(), "night", Text("夜班", "Night"), 1, None, NOW)


def known(*accounts: Account, records: list[Qualification] | None = None, **changes: Any) -> Known:
    by_account: dict[UUID, list[Qualification]] = {}
    for it in records or []:
        by_account.setdefault(it.account_id, []).append(it)
    admins = frozenset(it.id for it in accounts if it.role is Role.ADMIN)
    kinds = {FIRST_AID.slug: FIRST_AID}
    teams = {it.slug: it for it in (FIRE, NIGHT)}
    made = Known(TENANT, NOW, {it.login: it for it in accounts}, kinds, by_account, admins, True, teams, frozenset())
    return msgspec.structs.replace(made, **changes)


def carried_out(plan: ImportPlan) -> Known:
    """What is there after the plan."""
    accounts = []
    for step in plan.accounts:
        before = step.account or account(step.login)
        asked = {name: getattr(step.asked, name) for name in step.changes}
        accounts.append(msgspec.structs.replace(before, **asked))
    ids = {it.login: it.id for it in accounts}
    records = [msgspec.structs.replace(step.record, account_id=ids[step.login]) for step in plan.records]
    members = frozenset((step.team.id, ids[step.login]) for step in plan.teams)
    return known(*accounts, records=records, members=members)


# Reading.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_what_excel_saves_anywhere_is_read(encoding: str, ends: str) -> None:
    text = "账号,姓名,角色\nwang,王伟,worker\n".replace("\n", ends)
    sheet = read_sheet(text.encode(encoding))
    assert sheet.problems == []
    assert [dict(line.cells) for line in sheet.lines] == [{"login": "wang", "display_name": "王伟", "role": "worker"}]
    assert sheet.lines[0].number == 2
    assert sheet.encoding == encoding.removesuffix("-sig")


def test_blank_lines_are_no_people_and_quoted_cells_keep_their_commas() -> None:
    sheet = read_sheet(b'login,issuer\n\n , \nwang,"Red Cross, ""Suzhou"""\n')
    assert [(line.number, line["issuer"]) for line in sheet.lines] == [(4, 'Red Cross, "Suzhou"')]


@pytest.mark.parametrize(
    ("content", "line", "column", "code"),
    [
        (b"", 1, None, "empty"),
        (b"\n\n", 1, None, "empty"),
        (b"login,nick\nwang,w\n", 1, "nick", "unknown_column"),
        (b"login,login\nwang,w\n", 1, "login", "column_twice"),
        (b"login,\xe8\xb4\xa6\xe5\x8f\xb7\nwang,w\n", 1, "login", "column_twice"),
        (b"role\nworker\n", 1, "login", "column_missing"),
        (b"login,role\nwang,worker,x\n", 2, None, "too_many_cells"),
        (b"login\nwang\nl\x00i\n", 3, "login", "cell"),
        (b"login\n" + b"x" * (CELL_MAX_CHARS + 1), 2, "login", "cell"),
        (b'login\nwang\n"li\n', 3, None, "quotes"),
        (b'login\n"wang" x\n', 2, None, "quotes"),
        (b"login\nwang\n\xff\xff\n", 3, None, "encoding"),
        (b"\xef\xbb\xbflogin\n\xcd\xf5\n", 2, None, "encoding"),
        ("账号,姓名\nwang,王".encode() + b"\xce\xb0\xb0\xa1\n", 2, None, "encoding"),
        (b"x" * (SHEET_MAX_BYTES + 1), 1, None, "too_large"),
        (b"login\n" + b"a\n" * (ROWS_MAX + 1), ROWS_MAX + 2, None, "too_many_rows"),
    ],
)
def test_what_can_not_be_read_is_named_by_line_and_column(
    content: bytes, line: int, column: str | None, code: str
) -> None:
    found = read_sheet(content).problems[0]
    assert (found.line, found.column, found.code) == (line, column, f"people_import.{code}")
    assert found.text.zh
    assert found.text.en


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: (HEADER + text).encode("utf-8", "replace")))
def test_no_bytes_crash_the_reader_and_what_it_says_can_be_sent(content: bytes) -> None:
    found = read_wishes(read_sheet(content))
    msgspec.json.encode(found)
    assert all(it.line >= 1 for it in found.problems)
    make_plan(found, known())


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=5))
def test_what_was_written_is_read_again_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    content = write_sheet(rows)
    sheet = read_sheet(content)
    assert sheet.problems == []
    assert [list(line.cells.values()) for line in sheet.lines] == [row for row in rows if any(row)]
    for line in content.decode("utf-8-sig").splitlines():
        assert not line.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_a_phone_number_survives_the_guard_against_formulas() -> None:
    content = write_sheet([["wang", "=1+1", "", "+8613800000000", *[""] * 7]])
    assert b"wang,'=1+1,,'+8613800000000," in content
    assert read_sheet(content).lines[0]["phone"] == "+8613800000000"


# Checking.


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",Wang,worker", "login", "missing"),
        ("Wang Wei,Wang,worker", "login", "format"),
        ("wang,Wang,boss", "role", "choice"),
        ("wang,Wang,device", "role", "choice"),
        ("wang,Wang,worker,13800000000", "phone", "format"),
        ("wang,Wang,worker,,fr", "locale", "choice"),
        (f"wang,{'x' * 101},worker", "display_name", "too_long"),
        ("wang,Wang,worker,,,night-shift;Fire Crew", "teams", "format"),
        (f"wang,Wang,worker,,,{';'.join(f't{number}' for number in range(21))}", "teams", "too_many_teams"),
        ("wang,Wang,worker,,,,First Aid,,,2026-01-01", "qualification", "format"),
        ("wang,Wang,worker,,,,,,A1", "qualification", "qualification_missing"),
        ("wang,Wang,worker,,,,first-aid,,,", "valid_from", "day"),
        ("wang,Wang,worker,,,,first-aid,,,2026-02-30", "valid_from", "day"),
        ("wang,Wang,worker,,,,first-aid,,,1900-01-01", "valid_from", "day"),
        ("wang,Wang,worker,,,,first-aid,,,2026-01-01,soon", "valid_until", "day"),
        ("wang,Wang,worker,,,,first-aid,,,2026-01-01,2025-12-31", "valid_until", "order"),
    ],
)
def test_a_bad_cell_is_named(row: str, column: str, code: str) -> None:
    found = wishes(f"li,Li,worker\n{row}\n")
    assert [(it.line, it.column, it.code) for it in found.problems] == [(3, column, f"people_import.{code}")]
    assert found.bad == {row.split(",", maxsplit=1)[0]}


def test_every_bad_cell_of_every_line_is_named() -> None:
    found = wishes("Wang,W,boss,1\nli,Li,worker\nZhao,Z,boss,2\n")
    assert [(it.line, it.column) for it in found.problems] == [
        (2, "login"),
        (2, "phone"),
        (2, "role"),
        (4, "login"),
        (4, "phone"),
        (4, "role"),
    ]


def test_several_qualifications_are_several_lines_and_days_as_excel_writes_them() -> None:
    found = wishes(
        "wang,Wang,worker,,,,first-aid,Red Cross,A1,2026-01-01,无\n"
        "wang,,,+8613800000000,en,,first-aid,,A2,2026/3/2,2027/1/31\n"
        "wang,Wang,,,,,first-aid,,A3,2026-03-02,\n"
    )
    assert found.problems == []
    person = found.people["wang"]
    assert (person.line, person.role, person.phone, person.locale) == (2, Role.WORKER, "+8613800000000", "en")
    assert [(it.number, it.valid_from, it.valid_until) for it in found.records] == [
        ("A1", date(2026, 1, 1), None),
        ("A2", date(2026, 3, 2), date(2027, 1, 31)),
        ("A3", date(2026, 3, 2), "usual"),
    ]


def test_saying_two_things_of_a_person_and_a_qualification_twice_name_the_first_line() -> None:
    found = wishes(
        "wang,Wang,worker,,,,first-aid,,A1,2026-01-01\n"
        "wang,Wong,worker\n"
        "li,Li,worker,,,,first-aid,,A1,2026-01-01\n"
        "li,,,,,,first-aid,,A1,2026-01-01,2027-01-01\n"
    )
    assert [(it.line, it.column, it.code.split(".")[1]) for it in found.problems] == [
        (3, "display_name", "says_two_things"),
        (5, "qualification", "duplicate"),
    ]
    assert "line 2" in found.problems[0].text.en
    assert "line 4" in found.problems[1].text.en


# Planning.


FILE = (
    "wang,Wang,responder,+8613800000000,en,fire;night,first-aid,Red Cross,A1,2026-01-01,none\n"
    "wang,,,,,,first-aid,,A2,2026-01-01,\n"
    "li,Li,worker\n"
)


def test_a_new_plant_gets_everything_and_the_same_file_again_changes_nothing() -> None:
    plan = make_plan(wishes(FILE), known())
    assert plan.problems == []
    assert plan.new_logins == ["wang", "li"]
    assert [(it.action, it.record.valid_until) for it in plan.records] == [
        ("create", None),
        ("create", date(2028, 12, 31)),
    ]
    again = make_plan(wishes(FILE), carried_out(plan))
    assert [(it.line, it.login, it.team.slug, it.action) for it in plan.teams] == [
        (2, "wang", "fire", "create"),
        (2, "wang", "night", "create"),
    ]
    assert {step.action for step in (*again.accounts, *again.teams, *again.records)} == {"keep"}  # type: ignore[attr-defined]


def test_what_differs_is_changed_and_shown_and_empty_cells_leave_things() -> None:
    before = carried_out(make_plan(wishes(FILE), known()))
    plan = make_plan(
        wishes("wang,,safety_officer\nwang,,,,,,first-aid,,A1,2026-01-01,2027-01-01\nli,Li,,,,,,,,,\n"), before
    )
    assert [(it.login, it.action, it.changes) for it in plan.accounts] == [
        ("wang", "change", {"role": ("responder", "safety_officer")}),
        ("li", "keep", {}),
    ]
    assert [(it.action, it.changes) for it in plan.records] == [("change", {"valid_until": (None, "2027-01-01")})]
    assert plan.records[0].record.issuer == "Red Cross"


def test_a_renewal_with_another_first_day_is_another_record() -> None:
    before = carried_out(make_plan(wishes(FILE), known()))
    plan = make_plan(wishes("wang,,,,,,first-aid,,A1,2029-01-01,\n"), before)
    assert [it.action for it in plan.records] == ["create"]


@pytest.mark.parametrize(
    ("text", "there", "line", "column", "code"),
    [
        ("wang,,worker\n", known(), 2, "display_name", "people_import.missing"),
        ("wang,Wang\n", known(), 2, "role", "people_import.missing"),
        ("wang,Wang,worker,,,,welding,,,2026-01-01\n", known(), 2, "qualification", "people_import.unknown_type"),
        ("boss,,worker\n", known(account("boss", Role.ADMIN)), 2, "role", "people_import.last_admin"),
        ("cam,Eye\n", known(account("cam", Role.CAMERA)), 2, "login", "people_import.no_person"),
        ("wang,Wang,worker,,,fire;day\n", known(), 2, "teams", "people_import.unknown_team"),
        (
            "wang,Wang,worker,,,night\n",
            known(teams={"night": msgspec.structs.replace(NIGHT, retired_at=NOW)}),
            2,
            "teams",
            "people_import.team_retired",
        ),
        (
            "wang,Wang,worker\n",
            known(may_manage_accounts=False),
            2,
            "login",
            "people_import.accounts_need_admin",
        ),
        (
            "wang,,,,,,first-aid,,,2026-01-01\n",
            known(account("wang"), types={"first-aid": msgspec.structs.replace(FIRST_AID, in_use=False)}),
            2,
            "qualification",
            "qualification_type.out_of_use",
        ),
        ("wang,,,,,,first-aid,,,2199-12-31\n", known(account("wang")), 2, "valid_until", "day.range"),
    ],
)
def test_what_can_not_be_done_is_named(text: str, there: Known, line: int, column: str, code: str) -> None:
    plan = make_plan(wishes(text), there)
    assert [(it.line, it.column, it.code) for it in plan.problems] == [(line, column, code)]
    assert (plan.accounts, plan.teams, plan.records) == ([], [], [])


def test_teams_are_added_to_over_all_lines_and_nobody_is_taken_out() -> None:
    wang = account("wang")
    there = known(wang, members=frozenset({(NIGHT.id, wang.id)}))
    found = wishes('wang,,,,,fire; night\nwang,,,,,"night；fire;",first-aid,,,2026-01-01\n')
    assert [(it.line, it.team) for it in found.teams] == [(2, "fire"), (2, "night")]
    plan = make_plan(found, there)
    assert [(it.team.slug, it.action) for it in plan.teams] == [("fire", "create"), ("night", "keep")]
    assert make_plan(wishes("wang,Wang,worker,,,,\n"), there).teams == []


def test_an_unknown_team_is_named_with_its_value_and_holds_back_its_person() -> None:
    plan = make_plan(wishes("li,Li,worker,,,fire\nwang,Wang,worker,,,fire;day;night\n"), known())
    (problem,) = plan.problems
    assert (problem.line, problem.column, problem.value, problem.limit) == (3, "teams", "day", "fire, night")
    assert [it.login for it in (*plan.accounts, *plan.teams)] == ["li", "li"]  # type: ignore[attr-defined]


def test_a_safety_officer_may_import_qualifications_of_those_who_are_there() -> None:
    there = known(account("wang"), may_manage_accounts=False)
    plan = make_plan(wishes("wang,Wang,worker,,,,first-aid,,,2026-01-01\n"), there)
    assert plan.problems == []
    assert [it.action for it in plan.records] == ["create"]


def test_all_admins_but_the_last_may_lose_the_role() -> None:
    there = known(account("a", Role.ADMIN), account("b", Role.ADMIN))
    plan = make_plan(wishes("a,,worker\nb,,worker\n"), there)
    assert [(it.login, it.action) for it in plan.accounts] == [("a", "change")]
    assert [it.line for it in plan.problems] == [3]


def test_a_bad_line_holds_back_its_whole_person_and_nobody_else() -> None:
    plan = make_plan(
        wishes("wang,Wang,worker,,,,first-aid,,A1,2026-01-01\nwang,,,,,,welding,,,2026-01-01\nli,Li,worker\n"), known()
    )
    assert [it.login for it in plan.accounts] == ["li"]
    assert plan.records == []


def test_new_accounts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_plan, "NEW_ACCOUNTS_MAX", 1)
    plan = make_plan(wishes("wang,Wang,worker\nli,Li,worker\n"), known())
    assert plan.new_logins == ["wang"]
    assert [it.code for it in plan.problems] == ["people_import.too_many_accounts"]


def test_nothing_is_planned_for_who_has_a_bad_line_in_the_file() -> None:
    plan = make_plan(wishes("wang,Wang,worker,,,,first-aid,,A1,2026-01-01\nwang,Wong\n"), known())
    assert [it.line for it in plan.problems] == [3]
    assert (plan.accounts, plan.records) == ([], [])


def test_qualifications_wait_for_their_person() -> None:
    plan = make_plan(wishes("wang,,worker,,,,first-aid,,A1,2026-01-01\n"), known())
    assert [it.column for it in plan.problems] == ["display_name"]
    assert plan.records == []
