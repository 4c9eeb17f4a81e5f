"""The life of a version: what may follow what, and that nobody reviews what they wrote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.errors import Conflict, Forbidden
from incidents.plans import versions
from incidents.plans.plan_library import as_stored
from incidents.plans.stored import read_stored
from incidents.plans.versions import PlanVersion
from tests.unit.plan_words import body, plan, task

ANN, BOB, EVE = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def draft() -> PlanVersion:
    return PlanVersion(
        tenant_id=UUID(int=9), id=UUID(int=8), slug="leak", version=1001, state="draft", revision=1, body=body(),
        library_version=None, authors=[ANN], created_at=NOW,
    )  # fmt: skip


def reviewed() -> PlanVersion:
    return versions.review(versions.submit(draft(), ANN, NOW), BOB, NOW, "fine")


def test_the_way_from_a_draft_to_retirement() -> None:
    published = versions.publish(reviewed(), BOB, NOW)
    assert (published.state, published.reviewed_by, published.published_by) == ("published", BOB, BOB)
    retired = versions.retire(published, BOB, NOW)
    assert (retired.state, retired.retired_by) == ("retired", BOB)
    assert versions.retire(retired, EVE, NOW) is retired
    assert retired.revision == 5, "each change is a revision"


def test_whoever_edited_it_does_not_review_it() -> None:
    edited = versions.edit(versions.edit(draft(), body(priority=1), BOB), body(priority=2), BOB)
    assert edited.authors == [ANN, BOB]
    waiting = versions.submit(edited, ANN, NOW)
    for author in (ANN, BOB):
        with pytest.raises(Forbidden):
            versions.review(waiting, author, NOW, "")
    assert versions.review(waiting, EVE, NOW, "").state == "reviewed"


@pytest.mark.parametrize("known", [versions.submit(draft(), ANN, NOW), reviewed()], ids=["in_review", "reviewed"])
def test_sent_back_it_is_a_draft_that_nobody_reviewed(known: PlanVersion) -> None:
    back = versions.send_back(known, "step 2 is wrong")
    assert (back.state, back.reviewed_by, back.note) == ("draft", None, "step 2 is wrong")
    assert versions.edit(back, body(priority=3), ANN).body.priority == 3


@pytest.mark.parametrize(
    "act",
    [
        lambda: versions.edit(reviewed(), body(), ANN),
        lambda: versions.submit(reviewed(), ANN, NOW),
        lambda: versions.send_back(draft(), ""),
        lambda: versions.review(draft(), BOB, NOW, ""),
        lambda: versions.publish(draft(), BOB, NOW),
        lambda: versions.publish(versions.submit(draft(), ANN, NOW), BOB, NOW),
    ],
)
def test_nothing_is_left_out(act: Callable[[], PlanVersion]) -> None:
    with pytest.raises(Conflict) as refused:
        act()
    assert refused.value.code == "plan.state"


def test_a_version_is_a_template_and_is_kept_as_one() -> None:
    template = draft().template
    assert (template.slug, template.version, template.title) == ("leak", 1001, body().title)
    assert read_stored(as_stored(template)) == template


def test_what_was_kept_before_plans_had_conditions_is_still_read() -> None:
    text = {"zh": "去", "en": "Go"}
    old = {
        "slug": "solvent-leak", "version": 1, "title": text, "evacuate_from_level": 2,
        "actions": [{"kind": "fan", "action": "start", "from_level": 1}],
        "tasks": [
            {"role": "safety_officer", "title": text, "steps": [text], "within_s": 60.0, "from_level": 2},
            {"role": "responder", "title": text, "steps": [text], "within_s": 60.0, "from_level": 1},
        ],
    }  # fmt: skip
    read = read_stored(old)
    assert [t.slug for t in read.tasks] == ["task-1", "task-2"]
    assert read.tasks[0].when is not None
    assert read.evacuation is not None
    assert read_stored(old | {"evacuate_from_level": None}).evacuation is None
    assert plan(tasks=(task(),)).tasks[0].when is None
