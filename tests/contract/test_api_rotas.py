"""Teams, rotas, who is on call and why, overrides, swaps, calendars: over HTTP on a real database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from people.permissions import Role
from people.rotas import rota_service, service
from tests.contract import plant_ground
from tests.contract.conftest import Edge, bearer, read_all

NAME = {"zh": "值班", "en": "On call"}


@dataclass
class Plant:
    """Three people, an officer, and a rota: ann and bo by turns from day to day, from 1 March, at 08:00 in Berlin."""

    edge: Edge
    ids: dict[str, UUID]
    headers: dict[str, dict[str, str]]
    site: UUID
    rota: str = ""

    @property
    def http(self) -> httpx.AsyncClient:
        return self.edge.http

    async def ask(self, who: str, method: str, path: str, **more: Any) -> Any:
        """A request as this person."""
        headers = self.headers[who] | more.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **more)

    def definition(self, *turns: str, **fields: Any) -> dict[str, Any]:
        """One layer of these people by turns."""
        layer = {
            "name": {"zh": "轮值", "en": "Turn"},
            "turns": [[str(self.ids[person]) for person in turn.split("+")] for turn in turns],
            "starts_on": "2026-03-01",
            "handover": "08:00",
        }
        return {"layers": [layer | ({"every_days": 1} if "rrule" not in fields else {}) | fields]}

    async def make(self, slug: str, definition: dict[str, Any], **fields: Any) -> Any:
        """A new rota."""
        body = {"slug": slug, "name": NAME, "tz": "Europe/Berlin", "kind": "on_call", "definition": definition}
        return await self.ask("officer", "POST", "/v1/rotas", json=body | fields)

    async def duties(self, **query: Any) -> list[Any]:
        """Who is on call."""
        answer = await self.ask("ann", "GET", "/v1/on-call", params=query)
        assert answer.status_code == 200, answer.text
        items: list[Any] = answer.json()["items"]
        return items

    async def swap(self, who: str, to: str, day: int, **fields: Any) -> Any:
        """Propose one's duty that begins on this day of March."""
        body = {"to": str(self.ids[to]), "duty": self.period(day)} | fields
        return await self.ask(who, "POST", "/v1/swaps", json=body)

    def period(self, day: int) -> dict[str, Any]:
        """The turn that begins on this day of March."""
        starts, ends = f"2026-03-{day:02}T07:00:00Z", f"2026-03-{day + 1:02}T07:00:00Z"
        return {"rota": self.rota, "position": 0, "starts_at": starts, "ends_at": ends}


@pytest_asyncio.fixture
async def plant(edge: Edge) -> Plant:
    ground = await plant_ground.lay(edge)
    ids, headers = {}, {}
    for login, role in (
        ("ann", Role.RESPONDER),
        ("bo", Role.WORKER),
        ("cy", Role.WORKER),
        ("officer", Role.SAFETY_OFFICER),
    ):
        ids[login] = (await edge.account(login, role)).id
        headers[login] = bearer((await edge.session(login)).access_token)
    made = Plant(edge, ids, headers, ground.site)
    answer = await made.make("first", made.definition("ann", "bo"))
    assert answer.status_code == 201, answer.text
    made.rota = answer.json()["id"]
    return made


async def test_who_is_on_call_and_why(plant: Plant) -> None:
    (duty,) = await plant.duties()
    assert (duty["display_name"], duty["position"], duty["cause"]) == ("Bo", 0, "rotation")
    assert (duty["starts_at"], duty["ends_at"]) == ("2026-03-02T07:00:00Z", "2026-03-03T07:00:00Z")
    assert duty["why"] == {
        "zh": "“轮值”第 2/2 班，2026-03-02 08:00 交接",
        "en": "“Turn”, turn 2 of 2, handed over 2026-03-02 08:00",
    }
    (later,) = await plant.duties(at="2026-03-05T12:00:00Z")
    assert later["display_name"] == "Ann"


async def test_a_site_has_its_own_rotas_and_those_of_the_tenant(plant: Plant) -> None:
    await plant.make("of-site", plant.definition("cy"), site=str(plant.site))
    assert [duty["slug"] for duty in await plant.duties(site=str(plant.site))] == ["first", "of-site"]
    assert await plant.duties(site=str(UUID(int=1))) == []
    pages = await read_all(plant.http, "/v1/on-call", plant.headers["ann"], limit=1)
    assert [duty["slug"] for duty in pages] == ["first", "of-site"]
    rotas = await read_all(plant.http, "/v1/rotas", plant.headers["ann"], limit=1)
    assert [rota["slug"] for rota in rotas] == ["first", "of-site"]
    answer = await plant.ask("ann", "GET", "/v1/rotas", params={"site": str(plant.site), "q": "SITE"})
    assert [rota["slug"] for rota in answer.json()["items"]] == ["of-site"]


async def test_the_rest_of_the_product_asks_for_duties_and_teams(plant: Plant) -> None:
    team = (await plant.ask("officer", "POST", "/v1/teams", json={"slug": "fire", "name": NAME})).json()["id"]
    for person in ("ann", "bo"):
        answer = await plant.ask("officer", "PUT", f"/v1/teams/{team}/members/{plant.ids[person]}", json={})
        assert answer.status_code == 204, answer.text
    later = {"starts_at": "2027-01-01T00:00:00Z"}
    await plant.ask("officer", "PUT", f"/v1/teams/{team}/members/{plant.ids['cy']}", json=later)
    await plant.ask("officer", "DELETE", f"/v1/teams/{team}/members/{plant.ids['bo']}")
    listed = await read_all(plant.http, f"/v1/teams/{team}/members", plant.headers["ann"], limit=1)
    assert [member["display_name"] for member in listed] == ["Ann", "Cy"]
    tenant = plant.edge.clone.tenant_id
    async with plant.edge.deps.db.transaction(tenant) as tx:
        assert await service.list_team_members(tx, tenant) == {UUID(team): frozenset({plant.ids["ann"]})}
        (duty,) = await service.list_duties(tx, tenant, tx.now)
    assert (duty.rota, duty.account_id, duty.position, duty.kind) == ("first", plant.ids["bo"], 0, "on_call")


async def test_a_disabled_account_leaves_a_gap_that_says_so(plant: Plant) -> None:
    admin = await plant.edge.as_role(Role.ADMIN)
    path = f"/v1/accounts/{plant.ids['bo']}"
    answer = await plant.http.patch(path, json={"disabled": True}, headers=admin | {"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    (gap,) = await plant.duties()
    assert (gap["account"], gap["cause"]) == (None, "disabled")
    assert gap["why"]["en"] == "nobody: the account of Bo is disabled"
    tenant = plant.edge.clone.tenant_id
    async with plant.edge.deps.db.transaction(tenant) as tx:
        assert await service.list_duties(tx, tenant, tx.now) == []
    gaps = (await plant.ask("ann", "GET", "/v1/rota-gaps", params={"days": 3})).json()["items"]
    assert [(it["starts_at"], it["ends_at"]) for it in gaps] == [
        ("2026-03-02T08:00:00Z", "2026-03-03T07:00:00Z"),
        ("2026-03-04T07:00:00Z", "2026-03-05T07:00:00Z"),
    ]


async def test_an_error_names_the_field_in_the_definition(plant: Plant) -> None:
    wrong = plant.definition("ann", rrule="FREQ=HOURLY")
    answer = await plant.make("wrong", wrong)
    assert (answer.status_code, answer.json()["field"]) == (400, "definition.layers[0].rrule")
    answer = await plant.make("wrong", plant.definition("ann", handover="25:00"))
    assert (answer.status_code, answer.json()["field"]) == (400, "definition.layers[0].handover")
    stranger = plant.definition("ann") | {"holidays": [{"on": "2026-10-01", "people": [str(UUID(int=5))]}]}
    answer = await plant.make("wrong", stranger)
    assert (answer.status_code, answer.json()["field"]) == (404, "definition.holidays[0].people[0]")
    answer = await plant.make("wrong", plant.definition("ann"), tz="Mars/Olympus")
    assert (answer.status_code, answer.json()["field"]) == (400, "tz")
    answer = await plant.make("first", plant.definition("ann"))
    assert (answer.status_code, answer.json()["code"]) == (409, "rota.slug_taken")


async def test_a_rota_is_edited_by_version_and_retired(plant: Plant) -> None:
    path = f"/v1/rotas/{plant.rota}"
    edit = {"definition": plant.definition("cy")}
    assert (await plant.ask("officer", "PATCH", path, json=edit)).status_code == 428
    answer = await plant.ask("officer", "PATCH", path, json=edit, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (await plant.ask("officer", "PATCH", path, json=edit, headers={"If-Match": '"1"'})).status_code == 412
    assert [duty["display_name"] for duty in await plant.duties()] == ["Cy"]
    answer = await plant.ask("officer", "PATCH", path, json={"retired": True}, headers={"If-Match": '"2"'})
    assert answer.json()["retired"] is True
    assert await plant.duties() == []
    assert (await plant.ask("ann", "PATCH", path, json=edit)).status_code == 403


async def test_who_was_on_call_stays_when_a_rota_is_edited_or_retired(plant: Plant) -> None:
    """It is bo's day from 07:00 UTC; at 08:00 cy is put on, at 09:00 the rota is retired, at 10:00 used again."""
    path = f"/v1/rotas/{plant.rota}"
    edits = ({"definition": plant.definition("cy")}, {"retired": True}, {"retired": False})
    for number, edit in enumerate(edits, start=1):
        answer = await plant.ask("officer", "PATCH", path, json=edit, headers={"If-Match": f'"{number}"'})
        assert answer.status_code == 200, answer.text
        plant.edge.clock.advance(3600)
        for who in ("ann", "officer"):
            plant.headers[who] = bearer((await plant.edge.session(who)).access_token)
    (before,) = await plant.duties(at="2026-03-02T07:59:00Z")
    assert (before["display_name"], before["ends_at"]) == ("Bo", "2026-03-02T08:00:00Z")
    (after,) = await plant.duties(at="2026-03-02T08:59:00Z")
    assert (after["display_name"], after["ends_at"]) == ("Cy", "2026-03-02T09:00:00Z")
    assert await plant.duties(at="2026-03-02T09:30:00Z") == []
    period = {"from": "2026-03-02T06:00:00Z", "to": "2026-03-03T07:00:00Z"}
    calendar = (await plant.ask("ann", "GET", f"{path}/duties", params=period)).json()["items"]
    assert [(it["display_name"], it["starts_at"][11:16], it["ends_at"][11:16]) for it in calendar] == [
        ("Ann", "06:00", "07:00"),
        ("Bo", "07:00", "08:00"),
        ("Cy", "08:00", "09:00"),
        ("Cy", "10:00", "07:00"),
    ]
    bos = await plant.ask("ann", "GET", f"/v1/accounts/{plant.ids['bo']}/duties", params=period)
    assert [it["ends_at"] for it in bos.json()["items"]] == ["2026-03-02T08:00:00Z"]
    versions = await read_all(plant.http, f"{path}/versions", plant.headers["ann"], limit=1)
    assert [(it["version"], it["valid_from"][11:16], it["retired"]) for it in versions] == [
        (4, "10:00", False),
        (3, "09:00", True),
        (2, "08:00", False),
        (1, "08:00", False),
    ]
    assert versions[0]["valid_until"] is None
    assert versions[3]["definition"]["layers"][0]["turns"] == [[str(plant.ids["ann"])], [str(plant.ids["bo"])]]
    assert (await plant.ask("ann", "GET", f"/v1/rotas/{UUID(int=1)}/versions")).status_code == 404


async def test_a_proposal_waits_for_the_one_who_is_asked_until_it_is_answered(plant: Plant) -> None:
    swap = (await plant.swap("ann", "bo", 3)).json()["id"]

    async def waiting(who: str) -> list[str]:
        answer = await plant.ask(who, "GET", "/v1/swaps", params={"waiting": True})
        return [it["id"] for it in answer.json()["items"]]

    assert [await waiting(who) for who in ("ann", "bo", "cy")] == [[], [swap], []]
    answer = await plant.ask("bo", "GET", "/v1/swaps", params={"waiting": True, "status": "declined"})
    assert (answer.status_code, answer.json()["field"]) == (400, "status")
    answer = await plant.ask("officer", "GET", "/v1/swaps", params={"waiting": True, "all": True})
    assert (answer.status_code, answer.json()["field"]) == (400, "all")
    await plant.ask("bo", "POST", f"/v1/swaps/{swap}/answer", json={"answer": "decline"})
    assert await waiting("bo") == []
    await plant.swap("ann", "bo", 3)
    plant.edge.clock.advance(23 * 3600)
    plant.headers["bo"] = bearer((await plant.edge.session("bo")).access_token)
    assert await waiting("bo") == []


async def test_a_draft_is_looked_at_before_it_is_saved(plant: Plant) -> None:
    draft = {"tz": "Europe/Berlin", "definition": plant.definition("ann", "bo", handover="22:00", until="06:00")}
    period = {"from": "2026-03-28T21:00:00Z", "to": "2026-03-29T20:00:00Z"}
    answer = await plant.ask("officer", "POST", "/v1/rotas/preview", json=draft | period)
    assert answer.status_code == 200, answer.text
    night, day = answer.json()["items"]
    assert (night["starts_at"], night["ends_at"], night["display_name"]) == (
        "2026-03-28T21:00:00Z",
        "2026-03-29T04:00:00Z",
        "Bo",
    )
    assert (day["account"], day["cause"]) == (None, "nobody")
    too_long = period | {"to": "2026-08-01T00:00:00Z"}
    answer = await plant.ask("officer", "POST", "/v1/rotas/preview", json=draft | too_long)
    assert (answer.status_code, answer.json()["field"], answer.json()["limit"]) == (400, "to", 92)


async def test_an_override_counts_until_it_is_taken_back(plant: Plant) -> None:
    path = f"/v1/rotas/{plant.rota}/overrides"
    override = {
        "starts_at": "2026-03-01T00:00:00Z",
        "ends_at": "2026-03-02T12:00:00Z",
        "reason": "ill",
        "removed": str(plant.ids["bo"]),
        "added": str(plant.ids["cy"]),
    }
    answer = await plant.ask("officer", "POST", path, json=override, headers={"Idempotency-Key": "k"})
    again = await plant.ask("officer", "POST", path, json=override, headers={"Idempotency-Key": "k"})
    assert answer.status_code == again.status_code == 201, answer.text
    made = answer.json()
    # What is past stays: it counts from now.
    assert (made["starts_at"], again.json()["id"]) == ("2026-03-02T08:00:00Z", made["id"])
    (duty,) = await plant.duties()
    assert (duty["display_name"], duty["cause"], duty["why"]["en"]) == ("Cy", "override", "an override, instead of Bo")
    plant.edge.clock.advance(60)
    assert (await plant.ask("officer", "DELETE", f"/v1/overrides/{made['id']}")).status_code == 204
    assert [it["display_name"] for it in await plant.duties()] == ["Bo"]
    assert [it["display_name"] for it in await plant.duties(at="2026-03-02T08:00:30Z")] == ["Cy"]
    (kept,) = (await plant.ask("ann", "GET", path, params={"all": True})).json()["items"]
    assert (kept["ends_at"], kept["cancelled_at"]) == ("2026-03-02T08:01:00Z", None)
    assert (await plant.ask("ann", "GET", path)).json()["items"] == []


async def test_an_override_that_says_nothing_is_refused(plant: Plant) -> None:
    path = f"/v1/rotas/{plant.rota}/overrides"
    period = {"starts_at": "2026-03-03T00:00:00Z", "ends_at": "2026-03-04T00:00:00Z", "reason": "x"}
    ann = str(plant.ids["ann"])
    for body, field in (
        ({}, "added"),
        ({"added": ann}, "position"),
        ({"removed": ann, "position": 1}, "position"),
        ({"removed": ann, "added": ann}, "added"),
        ({"removed": ann, "ends_at": "2026-03-03T00:00:00Z"}, "ends_at"),
        ({"removed": ann, "ends_at": "2027-09-03T00:00:00Z"}, "ends_at"),
    ):
        answer = await plant.ask("officer", "POST", path, json=period | body)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_a_time_beyond_the_calendar_is_the_askers_mistake(plant: Plant) -> None:
    far = {"starts_at": "9999-12-31T20:00:00-12:00", "ends_at": "9999-12-31T23:00:00-12:00"}
    duty = {"rota": plant.rota, "position": 0} | far
    answer = await plant.ask("ann", "POST", "/v1/swaps", json={"to": str(plant.ids["bo"]), "duty": duty})
    assert (answer.status_code, answer.json()["field"]) == (400, "starts_at")
    override = far | {"removed": str(plant.ids["ann"]), "reason": "leave"}
    answer = await plant.ask("officer", "POST", f"/v1/rotas/{plant.rota}/overrides", json=override)
    assert (answer.status_code, answer.json()["code"]) == (400, "value.unstorable")
    team = (await plant.ask("officer", "POST", "/v1/teams", json={"slug": "night", "name": NAME})).json()["id"]
    answer = await plant.ask(
        "officer", "PUT", f"/v1/teams/{team}/members/{plant.ids['ann']}", json={"starts_at": far["starts_at"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "value.unstorable")


async def test_two_who_swap_for_ever_do_not_fill_the_rota(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rota_service, "OVERRIDES_MAX", 3)

    async def swap(giver: str, taker: str) -> Any:
        swap = (await plant.swap(giver, taker, 3)).json()["id"]
        return await plant.ask(taker, "POST", f"/v1/swaps/{swap}/answer", json={"answer": "accept"})

    for giver, taker in (("ann", "bo"), ("bo", "ann"), ("ann", "bo")):
        assert (await swap(giver, taker)).status_code == 200
    refused = await swap("bo", "ann")
    assert (refused.status_code, refused.json()["code"]) == (409, "override.too_many")


async def test_a_swap_changes_both_duties_when_the_other_side_accepts(plant: Plant) -> None:
    proposed = await plant.swap("ann", "bo", 3, in_return=plant.period(4), note="wedding")
    assert proposed.status_code == 201, proposed.text
    swap = f"/v1/swaps/{proposed.json()['id']}"
    assert (await plant.ask("cy", "GET", swap)).status_code == 404
    assert (await plant.ask("officer", "GET", swap)).json()["state"] == "proposed"
    accept = {"answer": "accept"}
    assert (await plant.ask("ann", "POST", f"{swap}/answer", json=accept)).status_code == 403
    assert (await plant.ask("cy", "POST", f"{swap}/answer", json=accept)).status_code == 404
    for _ in range(2):  # accepting twice is one fact
        answer = await plant.ask("bo", "POST", f"{swap}/answer", json=accept)
        assert (answer.status_code, answer.json()["state"]) == (200, "accepted"), answer.text
    (third,) = await plant.duties(at="2026-03-03T12:00:00Z")
    (fourth,) = await plant.duties(at="2026-03-04T12:00:00Z")
    assert (third["display_name"], third["cause"], third["why"]["en"]) == ("Bo", "swap", "an accepted swap with Ann")
    assert (fourth["display_name"], fourth["cause"]) == ("Ann", "swap")
    answer = await plant.ask("ann", "POST", f"{swap}/withdraw")
    assert (answer.status_code, answer.json()["code"]) == (409, "swap.closed")
    # An officer undoes it whole.
    path = f"/v1/rotas/{plant.rota}/overrides"
    halves = (await plant.ask("officer", "GET", path)).json()["items"]
    assert [half["swap"] for half in halves] == [proposed.json()["id"]] * 2
    await plant.ask("officer", "DELETE", f"/v1/overrides/{halves[0]['id']}")
    assert (await plant.ask("officer", "GET", path)).json()["items"] == []


async def test_a_swap_of_a_duty_that_was_changed_meanwhile_is_refused(plant: Plant) -> None:
    swap = (await plant.swap("ann", "bo", 3)).json()["id"]
    override = {
        "starts_at": "2026-03-03T10:00:00Z",
        "ends_at": "2026-03-03T11:00:00Z",
        "reason": "ill",
        "removed": str(plant.ids["ann"]),
        "added": str(plant.ids["cy"]),
    }
    answer = await plant.ask("officer", "POST", f"/v1/rotas/{plant.rota}/overrides", json=override)
    assert answer.status_code == 201
    answer = await plant.ask("bo", "POST", f"/v1/swaps/{swap}/answer", json={"answer": "accept"})
    assert (answer.status_code, answer.json()["code"]) == (409, "swap.changed")
    answer = await plant.ask("bo", "POST", f"/v1/swaps/{swap}/answer", json={"answer": "decline"})
    assert answer.json()["state"] == "declined"


async def test_only_ones_own_duties_to_come_are_proposed(plant: Plant) -> None:
    answer = await plant.swap("ann", "bo", 4)
    assert (answer.status_code, answer.json()["code"]) == (409, "swap.changed")
    answer = await plant.swap("bo", "ann", 2)
    assert (answer.status_code, answer.json()["code"]) == (400, "swap.begun")
    answer = await plant.swap("ann", "ann", 3)
    assert (answer.status_code, answer.json()["code"]) == (400, "swap.oneself")
    answer = await plant.swap("ann", "bo", 3, in_return=plant.period(4) | {"rota": str(UUID(int=1))})
    assert (answer.status_code, answer.json()["field"]) == (404, "in_return.rota")


async def test_a_proposal_expires_when_the_duty_begins(plant: Plant) -> None:
    swap = (await plant.swap("ann", "bo", 3)).json()["id"]
    withdrawn = (await plant.swap("ann", "cy", 3)).json()["id"]
    assert (await plant.ask("ann", "POST", f"/v1/swaps/{withdrawn}/withdraw")).json()["state"] == "withdrawn"
    plant.edge.clock.advance(23 * 3600)
    plant.headers["bo"] = bearer((await plant.edge.session("bo")).access_token)
    plant.headers["officer"] = bearer((await plant.edge.session("officer")).access_token)
    answer = await plant.ask("bo", "POST", f"/v1/swaps/{swap}/answer", json={"answer": "accept"})
    assert (answer.status_code, answer.json()["value"]) == (409, "expired")
    expired = await plant.ask("bo", "GET", "/v1/swaps", params={"status": "expired"})
    assert [it["id"] for it in expired.json()["items"]] == [swap]
    assert (await plant.ask("bo", "GET", "/v1/swaps", params={"all": True})).status_code == 403
    everybodys = await plant.ask("officer", "GET", "/v1/swaps", params={"all": True, "rota": plant.rota})
    assert [it["state"] for it in everybodys.json()["items"]] == ["expired", "withdrawn"]


async def test_calendars_of_a_rota_and_of_a_person(plant: Plant) -> None:
    await plant.make("second", plant.definition("cy+ann"))
    period = {"from": "2026-03-02T08:00:00Z", "to": "2026-03-05T00:00:00Z"}
    rota = (await plant.ask("ann", "GET", f"/v1/rotas/{plant.rota}/duties", params=period)).json()["items"]
    assert [it["display_name"] for it in rota] == ["Bo", "Ann", "Bo"]
    person = (await plant.ask("bo", "GET", f"/v1/accounts/{plant.ids['ann']}/duties", params=period)).json()["items"]
    assert [(it["slug"], it["position"]) for it in person] == [
        ("second", 1),
        ("first", 0),
        ("second", 1),
        ("second", 1),
    ]
    answer = await plant.ask("bo", "GET", f"/v1/rotas/{plant.rota}/duties", params={"to": "2999-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["field"]) == (400, "to")


async def test_holidays_of_a_calendar_count_as_sundays(plant: Plant) -> None:
    made = await plant.ask("officer", "POST", "/v1/holiday-calendars", json={"slug": "cn", "name": NAME})
    path = f"/v1/holiday-calendars/{made.json()['id']}"
    twice = {"days": [{"day": "2026-03-03", "name": NAME}] * 2}
    answer = await plant.ask("officer", "PATCH", path, json=twice, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["field"]) == (400, "days[1].day")
    days = {"days": [{"day": "2026-03-03", "name": NAME}]}
    answer = await plant.ask("officer", "PATCH", path, json=days, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    listed = await plant.ask("ann", "GET", path)
    assert [it["day"] for it in listed.json()["days"]] == ["2026-03-03"]
    window = {"starts": "00:00", "ends": "00:00", "weekdays": ["sun"]}
    sundays = plant.definition("cy", windows=[window])
    answer = await plant.make("sundays", sundays, calendar=made.json()["id"])
    assert answer.status_code == 201, answer.text
    _, cy = await plant.duties(at="2026-03-03T12:00:00Z")
    assert (cy["display_name"], cy["starts_at"]) == ("Cy", "2026-03-03T07:00:00Z")
    assert cy["why"]["en"].endswith("2026-03-03 is a holiday and counts as a Sunday")


async def test_ones_own_duties_are_exported_for_a_calendar(plant: Plant) -> None:
    answer = await plant.ask("ann", "GET", "/v1/me/duties.ics", headers={"Accept-Language": "zh-CN"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    lines = answer.content.decode().split("\r\n")
    assert (lines[0], lines[-2], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR", "")
    assert lines.count("BEGIN:VEVENT") == 39  # every other day from 1 March to 19 May
    assert "SUMMARY:值班" in lines
    assert f"UID:{plant.rota}-0-20260301T070000Z@muster" in lines
