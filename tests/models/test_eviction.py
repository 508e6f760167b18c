"""The choice of victims, over random residents."""

from hypothesis import given
from hypothesis import strategies as st

from models.eviction import HALF_LIFE_SECONDS, LEAST_RESIDENCE_SECONDS, Resident, choose_victims

NOW = 10_000.0


def resident(
    size: int = 100,
    *,
    load: float = 1.0,
    uses: int = 1,
    leases: int = 0,
    age: float = 100.0,
    idle: float = 1.0,
) -> Resident:
    made = Resident(
        "unit", "name", "role", None, size, load_seconds=load, loaded_at=NOW - age, leases=leases
    )
    for _ in range(uses):
        made.used(NOW - idle)
    return made


residents = st.lists(
    st.builds(
        resident,
        st.integers(1, 1000),
        load=st.floats(0.01, 100),
        uses=st.integers(0, 5),
        leases=st.integers(0, 1),
        age=st.floats(0, 1000),
        idle=st.floats(0, 1000),
    ),
    max_size=8,
)


@given(residents, st.integers(-100, 4000))
def test_victims_free_enough_or_there_is_no_way(held: list[Resident], excess: int) -> None:
    victims = choose_victims(held, excess, NOW)
    free = sum(r.bytes for r in held if not r.leases)
    if victims is None:
        assert free < excess
    else:
        assert sum(v.bytes for v in victims) >= excess
        assert not any(v.leases for v in victims)
        assert len(set(map(id, victims))) == len(victims)


@given(residents, st.integers(1, 4000))
def test_no_victim_is_dropped_without_need(held: list[Resident], excess: int) -> None:
    victims = choose_victims(held, excess, NOW) or []
    total = sum(v.bytes for v in victims)
    assert all(total - v.bytes < excess for v in victims)


def test_nothing_goes_when_nothing_is_needed() -> None:
    assert choose_victims([resident()], 0, NOW) == []


def test_what_loads_fast_goes_before_what_loads_slowly() -> None:
    fast, slow = resident(load=0.1), resident(load=10.0)
    assert choose_victims([slow, fast], 50, NOW) == [fast]


def test_what_was_used_long_ago_goes_before_what_was_used_now() -> None:
    old, recent = resident(idle=3 * HALF_LIFE_SECONDS), resident(idle=1.0)
    assert choose_victims([recent, old], 50, NOW) == [old]


def test_a_small_hot_checkpoint_stays() -> None:
    clip, image = resident(100, load=0.5, uses=20), resident(5000, load=8.0)
    assert choose_victims([clip, image], 100, NOW) == [image]


def test_a_newcomer_goes_only_when_nothing_else_is_enough() -> None:
    newcomer = resident(load=0.01, age=LEAST_RESIDENCE_SECONDS / 2)
    settled = resident(load=50.0, uses=9)
    assert choose_victims([newcomer, settled], 50, NOW) == [settled]
    assert set(choose_victims([newcomer, settled], 150, NOW) or []) == {newcomer, settled}
