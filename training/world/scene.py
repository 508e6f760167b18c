"""What a picture shows, and how to sample it: the same seed gives the same scene everywhere."""

from dataclasses import dataclass, replace
from random import Random

from training.world.kinds import BY_KEY, KINDS, Kind
from training.world.layout import STEADY, items_overlap, lay_out
from training.world.signs import SIGN_TEXTS

PLACES = ("river", "meadow", "beach", "street", "town", "table")
SEASONS = ("spring", "summer", "autumn", "winter")
TIMES = ("dawn", "day", "dusk", "night")
WEATHERS = ("sunny", "cloudy", "rain", "snow", "fog")
STYLES = ("ink", "oil", "watercolor", "cartoon", "papercut", "sketch")
SIDES = ("left", "middle", "right")

_PLACE_WEIGHTS = (36, 18, 13, 12, 12, 13)
_COUNT_WEIGHTS = (46, 20, 14, 11, 9)
# Kinds people ask for most; the rest share what is left evenly.
_FAVOURITES = {
    "river": {"bridge": 6, "boat": 3, "willow": 3, "house": 3, "lotus": 2, "mountain": 2},
    "meadow": {"mountain": 2},
}
_ATTEMPTS = 12


@dataclass(frozen=True)
class Group:
    """`count` things of one kind and colour. Three or more spread over their row: side `across`."""

    kind: str
    count: int
    color: str | None
    row: str
    side: str
    text: str | None = None


@dataclass(frozen=True)
class Scene:
    """A whole picture. `seed` also fixes every small accident of the drawing."""

    seed: int
    place: str
    season: str
    time: str
    weather: str
    style: str
    groups: tuple[Group, ...]

    def find(self, kind: str) -> Group | None:
        """The group of that kind, or None when the scene has none."""
        return next((group for group in self.groups if group.kind == kind), None)


def sample_scene(seed: int, *, style: str | None = None, must_have: str | None = None) -> Scene:
    """Draw a scene from `seed`, in the given style and with the given kind where they are named."""
    rng = Random(f"scene-{seed}")
    place = _sample_place(rng, must_have)
    season = rng.choice(SEASONS)
    time = rng.choice(TIMES)
    weather = _sample_weather(rng, season)
    chosen_style = rng.choice(STYLES)
    groups = _sample_groups(rng, seed, place, time, weather, must_have)
    return Scene(seed, place, season, time, weather, style or chosen_style, groups)


def scene_saying(scene: Scene, text: str | None) -> Scene:
    """`scene` with `text` on its signs, which lie where they lay."""
    groups = (replace(group, text=text) if group.text else group for group in scene.groups)
    return replace(scene, groups=tuple(groups))


def steady(scene: Scene) -> Scene:
    """`scene` without accidents: the same things look the same in all such scenes, and stand on a
    grid. What finds no room there is left out."""
    groups: tuple[Group, ...] = ()
    for group in scene.groups:
        if fits(STEADY, scene.place, groups, group):
            groups = (*groups, group)
    return replace(scene, seed=STEADY, groups=groups)


def candidates(place: str, time: str, weather: str) -> list[Kind]:
    """Kinds that can appear there and then: no moon by day, no sun behind clouds."""
    kinds = [kind for kind in KINDS if place in kind.rows]
    if time != "night" or weather in ("rain", "snow"):
        kinds = [kind for kind in kinds if kind.key != "moon"]
    if time == "night" or weather != "sunny":
        kinds = [kind for kind in kinds if kind.key != "sun"]
    return kinds


def sample_group(rng: Random, kind: Kind, place: str) -> Group:
    """A group of `kind` with random count, colour, row and side."""
    count = min(rng.choices((1, 2, 3, 4, 5), _COUNT_WEIGHTS)[0], kind.max_count)
    color = rng.choice(kind.colors) if kind.colors else None
    side = "across" if count >= 3 else rng.choice(SIDES)
    row = rng.choice(kind.rows[place])
    text = rng.choice(SIGN_TEXTS) if kind.key == "sign" else None
    return Group(kind.key, count, color, row, side, text)


def fits(seed: int, place: str, groups: tuple[Group, ...], group: Group) -> bool:
    """Whether `group` can join without hiding, or being hidden by, what stands there already."""
    new = lay_out(seed, place, group)
    return not any(items_overlap(new, lay_out(seed, place, other)) for other in groups)


def _sample_place(rng: Random, must_have: str | None) -> str:
    place = rng.choices(PLACES, _PLACE_WEIGHTS)[0]
    if must_have is not None and place not in BY_KEY[must_have].rows:
        return rng.choice(sorted(BY_KEY[must_have].rows))
    return place


def _sample_weather(rng: Random, season: str) -> str:
    wet = "snow" if season == "winter" else "rain"
    return rng.choices(("sunny", "cloudy", wet, "fog"), (40, 22, 24, 14))[0]


def _sample_groups(
    rng: Random, seed: int, place: str, time: str, weather: str, must_have: str | None
) -> tuple[Group, ...]:
    wanted = rng.choices((1, 2, 3, 4, 5), (6, 20, 36, 26, 12))[0]
    kinds = candidates(place, time, weather)
    favourites = _FAVOURITES.get(place, {})
    groups: tuple[Group, ...] = ()
    if must_have is not None:
        groups = (sample_group(rng, BY_KEY[must_have], place),)
    for _ in range(_ATTEMPTS):
        if len(groups) >= wanted:
            break
        kind = rng.choices(kinds, [favourites.get(kind.key, 1) for kind in kinds])[0]
        group = sample_group(rng, kind, place)
        if all(kind.key != other.kind for other in groups) and fits(seed, place, groups, group):
            groups = (*groups, group)
    return groups
