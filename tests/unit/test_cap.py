"""CAP 1.2 messages, held against the schema's structure written out here, and against the published XSD where it is.

MUSTER_TEST_CAP_XSD names the file CAP-v1.2.xsd of OASIS; the project does not carry it.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from core.outlet import Output, release
from incidents.record import cap
from incidents.record.cap import Reference, build_alert
from incidents.record.feed import ENDINGS, Event, Notice
from mobile_contract.text import Text
from tests.unit.test_feed import ACTUAL, AT, notice

NS = {"c": cap.NAMESPACE}
DRILL = release(Output.FEED, exercise=True)
EARLIER = [Reference("urn:uuid:plant", "m-1", AT - timedelta(minutes=2)), Reference("urn:uuid:plant", "m-2", AT)]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d")
# CAP 1.2 section 3.4: elements in order; + at least one, ? at most one, * any number.
ALERT = (
    "identifier",
    "sender",
    "sent",
    "status",
    "msgType",
    "source?",
    "scope",
    "restriction?",
    "addresses?",
    "code*",
    "note?",
    "references?",
    "incidents?",
    "info*",
)
INFO = (
    "language?",
    "category+",
    "event",
    "responseType*",
    "urgency",
    "severity",
    "certainty",
    "audience?",
    "eventCode*",
    "effective?",
    "onset?",
    "expires?",
    "senderName?",
    "headline?",
    "description?",
    "instruction?",
    "web?",
    "contact?",
    "parameter*",
    "resource*",
    "area*",
)
AREA = ("areaDesc", "polygon*", "circle*", "geocode*", "altitude?", "ceiling?")
VALUES = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {
        *("Geo", "Met", "Safety", "Security", "Rescue", "Fire"),
        *("Health", "Env", "Transport", "Infra", "CBRNE", "Other"),
    },
    "responseType": {
        *("Shelter", "Evacuate", "Prepare", "Execute", "Avoid"),
        *("Monitor", "Assess", "AllClear", "None"),
    },
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}


def built(news: Notice, earlier: list[Reference] | None = None, *, released: object = ACTUAL) -> str:
    """The message as it is sent."""
    return build_alert(
        news,
        released,  # type: ignore[arg-type]
        identifier="m-9",
        sender="urn:uuid:plant",
        contact="+86 21 5555 0100",
        earlier=earlier or [],
    )


def read(xml: str) -> ElementTree.Element:
    """Parsed, and its structure checked."""
    alert = ElementTree.fromstring(xml)  # noqa: S314 - our own
    check_structure(alert)
    return alert


def texts(alert: ElementTree.Element, path: str) -> list[str]:
    """The texts of every element at a path without prefixes."""
    return [e.text or "" for e in alert.findall("/".join(f"c:{part}" for part in path.split("/")), NS)]


def check_structure(alert: ElementTree.Element) -> None:
    """The published schema's rules that a message of ours could break."""
    assert alert.tag == f"{{{cap.NAMESPACE}}}alert"
    _in_order(alert, ALERT)
    for info in alert.findall("c:info", NS):
        _in_order(info, INFO)
        for area in info.findall("c:area", NS):
            _in_order(area, AREA)
    for element in alert.iter():
        name = element.tag.removeprefix(f"{{{cap.NAMESPACE}}}")
        if name in VALUES:
            assert element.text in VALUES[name], f"{name} {element.text}"
        if name in ("sent", "effective", "onset", "expires"):
            assert _TIME.fullmatch(element.text or ""), element.text
        if name in ("parameter", "geocode"):
            assert [c.tag.split("}")[1] for c in element] == ["valueName", "value"]


def _in_order(parent: ElementTree.Element, order: tuple[str, ...]) -> None:
    names = [child.tag.removeprefix(f"{{{cap.NAMESPACE}}}") for child in parent]
    pattern = "".join(f"(?:{n.rstrip('+?*')},){n[-1] if n[-1] in '+?*' else ''}" for n in order)
    assert re.fullmatch(pattern, "".join(f"{name}," for name in names)), names


def test_an_alert_says_what_where_and_how_grave_in_two_languages() -> None:
    alert = read(built(notice()))
    assert texts(alert, "status") == ["Actual"]
    assert texts(alert, "msgType") == ["Alert"]
    assert texts(alert, "sent") == ["2026-03-02T08:00:00-00:00"]
    assert texts(alert, "info/language") == ["zh-CN", "en"]
    assert texts(alert, "info/headline") == ["丙酮泄漏", "Acetone leak"]
    assert set(texts(alert, "info/category")) == {"Fire"}
    assert set(texts(alert, "info/severity")) == {"Severe"}
    assert set(texts(alert, "info/urgency")) == {"Immediate"}
    assert set(texts(alert, "info/certainty")) == {"Observed"}
    assert texts(alert, "info/expires")[0] == "2026-03-03T08:00:00-00:00"
    assert "Grade: II (orange)." in texts(alert, "info/description")[1]


def test_a_polygon_is_latitude_first_and_closed() -> None:
    polygon = texts(read(built(notice())), "info/area/polygon")[0]
    assert polygon == ("31.0000000,121.0000000 31.0000000,121.1000000 31.1000000,121.1000000 31.0000000,121.0000000")


@pytest.mark.parametrize("rings", [[], [[]], [[[121.0, 31.0]]], [[[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]]])
def test_an_area_without_a_real_polygon_is_named_alone(rings: list[list[list[float]]]) -> None:
    area = notice().area
    assert area is not None
    alert = read(built(notice(area=msgspec.structs.replace(area, polygon=rings))))
    assert texts(alert, "info/area/polygon") == []
    assert texts(alert, "info/area/geocode/value")[:2] == ["north", "store"]


def test_an_update_and_a_cancel_name_what_came_before() -> None:
    update = read(built(notice("incident.regraded"), EARLIER))
    assert texts(update, "msgType") == ["Update"]
    assert texts(update, "references") == [
        "urn:uuid:plant,m-1,2026-03-02T07:58:00-00:00 urn:uuid:plant,m-2,2026-03-02T08:00:00-00:00"
    ]
    cancel = read(built(notice("incident.closed", state="closed"), EARLIER))
    assert texts(cancel, "msgType") == ["Cancel"]
    assert set(texts(cancel, "info/responseType")) == {"AllClear"}
    assert set(texts(cancel, "info/urgency")) == {"Past"}


def test_the_first_message_a_feed_gets_is_an_alert_whatever_happened() -> None:
    assert texts(read(built(notice("incident.regraded"))), "msgType") == ["Alert"]
    assert set(texts(read(built(notice("incident.closed", state="closed"))), "info/urgency")) == {"Past"}


@pytest.mark.parametrize("news", [notice(), notice(exercise=True)])
def test_a_drill_is_never_actual(news: Notice) -> None:
    assert texts(read(built(news, released=DRILL)), "status") == ["Exercise"]


def test_a_drills_notice_is_an_exercise_even_with_the_wrong_leave() -> None:
    alert = read(built(notice(exercise=True)))
    assert texts(alert, "status") == ["Exercise"]
    assert texts(alert, "info/headline") == ["演习：丙酮泄漏", "EXERCISE: Acetone leak"]


def test_a_test_is_a_test() -> None:
    alert = read(built(notice("test", incident=None, area=None, agent=None, reasons=[], grade=4)))
    assert texts(alert, "status") == ["Test"]
    assert texts(alert, "incidents") == []


@pytest.mark.parametrize(
    ("agent", "grade", "state", "expected"),
    [
        ("hydrogen-fluoride", 1, "open", ("CBRNE", "Immediate", "Extreme", "Observed")),
        ("oxygen", 3, "open", ("CBRNE", "Expected", "Moderate", "Observed")),
        ("vibration", 4, "open", ("Safety", "Expected", "Minor", "Likely")),
        (None, 4, "open", ("Safety", "Expected", "Minor", "Likely")),
        ("acetone", 2, "returned", ("Fire", "Expected", "Severe", "Observed")),
        ("particles", 4, "open", ("Safety", "Expected", "Minor", "Observed")),
    ],
)
def test_how_an_incident_is_mapped(agent: str | None, grade: int, state: str, expected: tuple[str, ...]) -> None:
    alert = read(built(notice(agent=agent, grade=grade, state=state)))
    names = ("category", "urgency", "severity", "certainty")
    assert tuple(texts(alert, f"info/{name}")[0] for name in names) == expected


def test_without_a_contact_there_is_none() -> None:
    xml = build_alert(notice(), ACTUAL, identifier="m", sender="s")
    assert texts(read(xml), "info/contact") == []


@given(st.text(max_size=60))
def test_any_text_is_carried_or_replaced_and_never_markup(text: str) -> None:
    carried = re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    alert = read(built(notice(title=Text(text, text))))
    # A parser reads CR and CRLF as LF (XML 1.0, 2.11).
    assert texts(alert, "info/headline")[1] == carried.replace("\r\n", "\n").replace("\r", "\n")


def test_the_same_news_gives_the_same_bytes() -> None:
    news = notice()
    assert built(news, EARLIER) == built(news, EARLIER)


EVENTS: list[Event] = ["incident.opened", "incident.regraded", "incident.returned", "incident.closed", "test"]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("exercise", [False, True])
def test_the_published_schema_accepts_it(event: Event, exercise: bool) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    path = os.environ.get("MUSTER_TEST_CAP_XSD")
    if not path:
        pytest.skip("MUSTER_TEST_CAP_XSD does not name the XSD of OASIS; the structure is checked by hand above")
    schema = xmlschema.XMLSchema(Path(path))
    news = notice(event, exercise=exercise, incident=None if event == "test" else new_id())
    schema.validate(built(news, EARLIER if event in ENDINGS else [], released=release(Output.FEED, exercise=exercise)))


def test_the_check_by_hand_would_fail() -> None:
    swapped = built(notice()).replace("<sender>urn:uuid:plant</sender>", "").replace("</alert>", "<sender/></alert>")
    with pytest.raises(AssertionError):
        read(swapped)
    with pytest.raises(AssertionError):
        read(built(notice()).replace("Severe", "Grave"))
