"""Every event of a room is one readable line on the phone, in both languages."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_contract.people import Locale
from mobile_contract.room_events import Body, DeliveryChanged, RoomEvent, RouteProgressed, TaskStepsChanged
from muster.phone import words
from muster.phone.events import event_line
from muster.phone.session import Phone
from muster.phone.view import View
from tests.unit.test_room_fold import BODIES, times

ROOM = UUID(int=1)


def test_every_kind_has_a_name() -> None:
    assert {body.__struct_config__.tag for body in get_args(Body)} == words.EVENTS.keys()


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", sorted(BODIES))
@given(data=st.data())
def test_an_event_is_one_line_that_says_what_it_is(kind: str, locale: Locale, data: st.DataObject) -> None:
    body, at = data.draw(BODIES[kind]), data.draw(times)
    event = RoomEvent(room=ROOM, epoch=1, seq=1, at=at, by=None, lane="normal", body=body)
    line = event_line(event, View(Phone(), "wang", locale))
    if isinstance(event.body, DeliveryChanged):
        assert line == "", "deliveries are for the timeline"
    elif not isinstance(event.body, TaskStepsChanged | RouteProgressed) or line:
        assert words.EVENTS[kind].in_(locale) in line
        assert "\n" not in line
