"""The session protocol of one socket, without a socket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_contract.live import (
    CLIENT_FRAME_MAX_BYTES,
    REASON_MAX_CHARS,
    Answer,
    ClientFrame,
    CloseCode,
    Hello,
    Here,
    Join,
    Leave,
    Post,
    Receipt,
    Refresh,
    RoomPosition,
    Sos,
    Welcome,
    encode,
)
from people.actor import Actor
from people.permissions import Role
from realtime.connection import (
    Authenticate,
    Close,
    Connection,
    Effect,
    ExpireAt,
    Follow,
    Phase,
    Send,
    SendOrders,
    SetPresence,
    StoreAnswer,
    StorePost,
    StoreReceipt,
    StoreSos,
    Unfollow,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
A, B, C = (UUID(int=n) for n in (10, 11, 12))
WANG = Actor(UUID(int=1), UUID(int=2), Role.RESPONDER, UUID(int=3))


def _say(connection: Connection, frame: ClientFrame, now: datetime = NOW) -> list[Effect]:
    return connection.received(encode(frame), now)


def _ready(*rooms: RoomPosition, memberships: list[RoomPosition] | None = None) -> tuple[Connection, list[Effect]]:
    connection = Connection()
    assert _say(connection, Hello("token", list(rooms))) == [Authenticate("token")]
    return connection, connection.signed_in(WANG, LATER, memberships or [], NOW)


def _closes(effects: list[Effect], code: CloseCode) -> bool:
    return len(effects) == 1 and isinstance(effects[0], Close) and effects[0].code is code


def test_orders_go_out_before_rooms() -> None:
    _, effects = _ready(memberships=[RoomPosition(A, 1, 5)])
    assert [type(effect) for effect in effects] == [ExpireAt, Send, SendOrders, Follow]
    welcome = effects[1]
    assert isinstance(welcome, Send)
    assert isinstance(welcome.frame, Welcome)
    assert welcome.frame.rooms == [RoomPosition(A, 1, 5)]


def test_rooms_of_the_person_and_rooms_the_client_names_are_followed_from_what_it_has() -> None:
    _, effects = _ready(
        RoomPosition(A, 1, 3), RoomPosition(C, 1, 9), memberships=[RoomPosition(A, 1, 5), RoomPosition(B, 1, 2)]
    )
    assert [e.position for e in effects if isinstance(e, Follow)] == [
        RoomPosition(A, 1, 3),
        RoomPosition(B, 0, 0),
        RoomPosition(C, 1, 9),
    ]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (Post("k", A, "hi"), StorePost),
        (Receipt(B, "received", NOW), StoreReceipt),
        (Answer("k", C, "acknowledge"), StoreAnswer),
        (Sos("k", "medical", NOW), StoreSos),
        (Join(A, 1, 4), Follow),
        (Leave(A), Unfollow),
        (Refresh("newer"), Authenticate),
    ],
)
def test_a_signed_in_client_may(frame: ClientFrame, expected: type[Effect]) -> None:
    connection, _ = _ready()
    assert isinstance(_say(connection, frame)[0], expected)


@pytest.mark.parametrize("frame", [Post("k", A, "hi"), Join(A), Receipt(A, "seen", NOW), Here("active")])
def test_nothing_is_done_before_hello(frame: ClientFrame) -> None:
    connection = Connection()
    assert _closes(_say(connection, frame), CloseCode.PROTOCOL_ERROR)
    assert connection.phase is Phase.CLOSED


def test_nothing_is_done_while_the_token_is_verified() -> None:
    connection = Connection()
    _say(connection, Hello("token"))
    assert _closes(_say(connection, Post("k", A, "hi")), CloseCode.PROTOCOL_ERROR)


def test_a_second_hello_is_out_of_order() -> None:
    connection, _ = _ready()
    assert _closes(_say(connection, Hello("token")), CloseCode.PROTOCOL_ERROR)


def test_a_heartbeat_is_answered_and_says_where_the_app_is() -> None:
    connection, _ = _ready()
    beat, presence = _say(connection, Here("background"))
    assert isinstance(beat, Send)
    assert presence == SetPresence("background")


def test_a_token_that_ends_closes_with_its_own_code() -> None:
    connection, _ = _ready()
    assert connection.expired(LATER - timedelta(seconds=1)) == []
    assert _closes(connection.expired(LATER), CloseCode.TOKEN_EXPIRED)


def test_a_frame_after_the_end_of_the_token_is_not_handled() -> None:
    connection, _ = _ready()
    assert _closes(_say(connection, Post("k", A, "hi"), LATER), CloseCode.TOKEN_EXPIRED)


def test_a_refresh_in_time_keeps_the_socket() -> None:
    connection, _ = _ready()
    much_later = LATER + timedelta(minutes=10)
    assert connection.signed_in(WANG, much_later, [], NOW)[0] == ExpireAt(much_later)
    assert connection.expired(LATER) == []


def test_a_refresh_with_another_persons_token_ends_the_session() -> None:
    connection, _ = _ready()
    li = Actor(WANG.tenant_id, UUID(int=99), Role.RESPONDER, WANG.device_id)
    assert _closes(connection.signed_in(li, LATER, [], NOW), CloseCode.SIGNED_OUT)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"type":"nonsense"}', '{"type":"hello"}', "\udcff".encode("utf-8", "surrogateescape")]
)
def test_what_is_not_the_contract_closes(text: str | bytes) -> None:
    assert _closes(Connection().received(text, NOW), CloseCode.PROTOCOL_ERROR)


def test_binary_and_oversized_frames_close_with_their_codes() -> None:
    assert _closes(Connection().received(None, NOW), CloseCode.PROTOCOL_ERROR)
    assert _closes(Connection().received("x" * (CLIENT_FRAME_MAX_BYTES + 1), NOW), CloseCode.TOO_BIG)


def test_a_client_with_too_many_rooms_is_refused() -> None:
    many = [RoomPosition(UUID(int=n)) for n in range(65)]
    assert _closes(_say(Connection(), Hello("token", many)), CloseCode.PROTOCOL_ERROR)


def test_a_key_that_is_too_long_is_a_problem_and_not_an_end() -> None:
    connection, _ = _ready()
    (effect,) = _say(connection, Post("k" * 101, A, "hi"))
    assert isinstance(effect, Send)
    assert connection.phase is Phase.READY


def test_a_silent_socket_is_closed_and_a_speaking_one_is_not() -> None:
    assert _closes(Connection().silent(), CloseCode.PROTOCOL_ERROR)
    assert _ready()[0].silent() == []


def test_a_reason_that_is_too_long_is_a_problem_and_not_an_end() -> None:
    connection, _ = _ready()
    (effect,) = _say(connection, Answer("k", A, "decline", "r" * (REASON_MAX_CHARS + 1)))
    assert isinstance(effect, Send)
    assert connection.phase is Phase.READY


def test_a_refused_token_ends_the_session_and_a_token_that_was_not_asked_about_begins_none() -> None:
    connection = Connection()
    assert connection.signed_in(WANG, LATER, [], NOW) == []
    _say(connection, Hello("token", []))
    assert _closes(connection.refused(CloseCode.SIGNED_OUT, "no"), CloseCode.SIGNED_OUT)
    assert connection.signed_in(WANG, LATER, [], NOW) == []


def test_a_device_signed_out_elsewhere_is_closed_once() -> None:
    connection, _ = _ready()
    assert _closes(connection.signed_out(), CloseCode.SIGNED_OUT)
    assert connection.signed_out() == []


frames = st.sampled_from(
    [
        encode(f)
        for f in (
            Hello("t"),
            Post("k", A, "x"),
            Join(A),
            Leave(A),
            Refresh("t"),
            Here("active"),
            Receipt(A, "seen", NOW),
        )
    ]
) | st.binary(max_size=40)


@given(st.lists(frames, max_size=12))
def test_any_frames_in_any_order_never_break_it_and_nothing_follows_a_close(said: list[bytes]) -> None:
    connection, closed = Connection(), False
    for text in said:
        effects = connection.received(text, NOW)
        assert not (closed and effects)
        if any(isinstance(e, Authenticate) for e in effects):
            effects = [*effects, *connection.signed_in(WANG, LATER, [], NOW)]
        closed = closed or any(isinstance(e, Close) for e in effects)
        assert (connection.phase is Phase.CLOSED) == closed
