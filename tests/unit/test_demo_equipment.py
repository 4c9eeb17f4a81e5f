"""The demo plant's equipment holds together: it hangs in its zone, and something has run out."""

from __future__ import annotations

from muster.demo.catalogue import ZONES
from muster.demo.equipment import EQUIPMENT
from plant.place_service import SLUG

WHERE = {(it.kind, it.zone) for it in EQUIPMENT}


def test_names_are_slugs_and_unique() -> None:
    slugs = [it.slug for it in EQUIPMENT]
    assert len(set(slugs)) == len(slugs)
    assert all(SLUG.fullmatch(slug) for slug in slugs)


def test_each_thing_hangs_in_its_zone_and_in_no_other_of_the_floor() -> None:
    levels = {zone.slug: zone.level for zone in ZONES}
    for it in EQUIPMENT:
        level = 0 if it.zone is None else levels[it.zone]
        x, y = it.at
        holding = [
            zone.slug
            for zone in ZONES
            if zone.level == level
            and zone.rectangle[0] <= x <= zone.rectangle[2]
            and zone.rectangle[1] <= y <= zone.rectangle[3]
        ]
        assert holding == ([] if it.zone is None else [it.zone]), it.slug


def test_what_the_demos_emergencies_ask_for_is_there() -> None:
    assert {
        ("eye_wash", "hf-room"),
        ("shower", "hf-room"),
        ("eye_wash", "gas-lobby"),
        ("shower", "gas-lobby"),
        ("spill_kit", "solvent-store"),
        ("breathing_apparatus", "corridor"),
        ("breathing_apparatus", "gas-lobby"),
        ("first_aid", "corridor"),
        ("hydrant", None),
    } <= WHERE


def test_every_extinguisher_says_for_which_fires() -> None:
    assert all((it.classes is not None) == (it.kind == "extinguisher") for it in EQUIPMENT)


def test_one_thing_has_expired_and_one_is_empty() -> None:
    assert [it.slug for it in EQUIPMENT if it.expires_days is not None and it.expires_days < 0] == ["ext-coating-west"]
    assert [it.slug for it in EQUIPMENT if it.in_stock == 0] == ["first-aid-machine-hall"]
