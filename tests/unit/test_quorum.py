"""A quorum by skill: one person fills one place, more people never meet less, their order does not matter."""

from __future__ import annotations

from itertools import permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from incidents.tasking.policy import Need
from incidents.tasking.quorum import Comer, fill, suits

AID, HF = "first_aid", "hf_handling"
TEAM = (Need(AID, 2), Need(HF, 1, "moving"))

needs_ = st.lists(
    st.builds(
        Need,
        skill=st.none() | st.sampled_from([AID, HF, "marshal"]),
        count=st.integers(1, 3),
        fact=st.sampled_from(["acknowledged", "moving"]),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
comers_ = st.lists(
    st.builds(
        Comer,
        account_id=st.integers(1, 9).map(lambda n: UUID(int=n)),
        skills=st.frozensets(st.sampled_from([AID, HF, "marshal"])),
        moving=st.booleans(),
    ),
    max_size=7,
    unique_by=lambda c: c.account_id,
)


def comer(n: int, *skills: str, moving: bool = False) -> Comer:
    return Comer(UUID(int=n), frozenset(skills), moving)


def test_two_first_aiders_and_one_hf_trained_moving() -> None:
    filling = fill(TEAM, [comer(1, AID), comer(2, AID), comer(3, HF, moving=True)])
    assert filling.complete
    assert filling.met == (2, 1)
    assert filling.places == ((0, UUID(int=1)), (0, UUID(int=2)), (1, UUID(int=3)))


def test_who_said_yes_and_stays_seated_is_not_moving() -> None:
    assert fill(TEAM, [comer(1, AID), comer(2, AID), comer(3, HF)]).met == (2, 0)


def test_one_person_with_both_skills_is_one_person() -> None:
    filling = fill(TEAM, [comer(1, AID, HF, moving=True)])
    assert (filling.met, filling.missing) == ((1, 0), 2)


def test_who_can_do_both_goes_where_nobody_else_can() -> None:
    """By need's order the first would take a first-aider's place; there is another first-aider and no other for HF."""
    both = comer(1, AID, HF, moving=True)
    assert fill((Need(AID), Need(HF, 1, "moving")), [both, comer(2, AID)]).complete


def test_a_person_without_a_needed_skill_fills_nothing_but_any_place_takes_anybody() -> None:
    assert fill(TEAM, [comer(1, "marshal", moving=True)]).accounts == frozenset()
    assert fill((Need(),), [comer(1)]).accounts == {UUID(int=1)}


@given(needs_, comers_, st.data())
def test_a_further_person_never_empties_a_place(
    needs: tuple[Need, ...], people: list[Comer], data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.sampled_from(people), unique=True)) if people else []
    fewer, all_ = fill(needs, some), fill(needs, people)
    assert all_.missing <= fewer.missing
    assert all(more >= less for more, less in zip(all_.met, fewer.met, strict=True))


@given(needs_, comers_, st.randoms())
def test_the_order_of_people_does_not_matter(needs: tuple[Need, ...], people: list[Comer], random: object) -> None:
    shuffled = sorted(people, key=lambda c: hash((c.account_id, str(random))))
    assert fill(needs, shuffled) == fill(needs, people)
    assert fill(needs, [*people, *people]) == fill(needs, people), "one person twice is one person"


@given(needs_, comers_)
def test_a_filling_is_true(needs: tuple[Need, ...], people: list[Comer]) -> None:
    filling = fill(needs, people)
    by_id = {c.account_id: c for c in people}
    assert len(filling.accounts) == len(filling.places) == sum(filling.met)
    assert all(suits(by_id[account], needs[index]) for index, account in filling.places)
    assert filling.missing == sum(n.count for n in needs) - sum(filling.met)


@given(needs_.filter(lambda ns: sum(n.count for n in ns) <= 5), comers_.filter(lambda cs: len(cs) <= 5))
def test_no_filling_is_larger(needs: tuple[Need, ...], people: list[Comer]) -> None:
    places = [need for need in needs for _ in range(need.count)]
    width = max(len(places), len(people))
    padded: list[Comer | None] = [*people, *([None] * (width - len(people)))]
    best = max(
        sum(c is not None and suits(c, need) for c, need in zip(line, places, strict=False))
        for line in permutations(padded)
    )
    assert sum(fill(needs, people).met) == best
