"""What a prompt leaves open, settled by rule: one picture for the same words.

Of "左边有一只猫，水面上有船" a small net can paint the cat; the boat, which might stand anywhere,
it paints in several places at once. So the pictures to learn drawing from show nothing but what
their prompt names, and each thing whose place was left open stands in its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from random import Random

from training.draw.prompts import Thing, Wish, sample_prompt
from training.draw.wording import WIDE
from training.world.kinds import BY_KEY, KINDS
from training.world.layout import STEADY
from training.world.scene import SIDES, Group, Scene, fits, sample_scene
from training.world.splits import TRAIN_SEEDS

# What a place shows when nothing is asked to be there.
_USUAL: Mapping[str, tuple[str, ...]] = {
    "river": ("bridge", "willow", "boat"),
    "meadow": ("mountain", "pine", "flower"),
    "beach": ("palm", "sailboat"),
    "street": ("tower", "car"),
    "town": ("house", "lantern"),
    "table": ("teapot", "vase"),
}
_ORDER = {kind.key: number for number, kind in enumerate(KINDS)}
_ATTEMPTS = 40


def asked_scene(row: int) -> Scene:
    """The scene of row `row` of a file of asked pictures: what some prompt asks for, settled."""
    for attempt in range(_ATTEMPTS):
        scene = sample_scene(TRAIN_SEEDS[_ATTEMPTS * row + attempt])
        wish = sample_prompt(scene, Random(f"asked-{scene.seed}"), WIDE)
        if found := settled(scene, wish):
            return found
    raise RuntimeError(f"no prompt of row {row} can be settled")


def prompt_for(scene: Scene, rng: Random) -> str:
    """Words that ask for `scene`, a settled one, and for no other picture; at worst nearly so."""
    bare = replace(scene, groups=())
    if rng.random() < 0.5 and settled(bare, wish := sample_prompt(bare, rng, WIDE)) == scene:
        return wish.text
    for _ in range(_ATTEMPTS):
        wish = sample_prompt(scene, rng, WIDE)
        if settled(scene, wish) == scene:
            break
    return wish.text


def settled(scene: Scene, wish: Wish) -> Scene | None:
    """The one picture for `wish`, said of `scene`: steady, with the things that are named and no
    others, or the usual ones where none are. None where they find no room."""
    wanted = wish.things or tuple(Thing(kind, count=1) for kind in _USUAL[scene.place])
    things = sorted(wanted, key=lambda thing: (_is_open(thing), _ORDER[thing.kind]))
    groups: tuple[Group, ...] = ()
    for thing in things:
        said = (scene.find(thing.kind) if wish.things else None) or _plain(thing.kind)
        choices = _places(scene.place, said, thing, alone=len(things) == 1)
        free = (group for group in choices if fits(STEADY, scene.place, groups, group))
        if (group := next(free, None)) is None:
            return None
        groups = (*groups, group)
    ordered = tuple(sorted(groups, key=lambda group: _ORDER[group.kind]))
    return replace(scene, seed=STEADY, groups=ordered)


def _plain(kind: str) -> Group:
    """One of `kind`, in the first of its colours."""
    return Group(kind, 1, next(iter(BY_KEY[kind].colors), None), "", "")


def _is_open(thing: Thing) -> bool:
    return thing.side is None and (thing.count or 1) < 3


def _places(place: str, said: Group, thing: Thing, *, alone: bool) -> Iterator[Group]:
    """`said` wherever the words allow it to stand, the best first. A number left open is one."""
    kind = BY_KEY[said.kind]
    is_row = said.side == "across" and (thing.count is not None or thing.side is not None)
    count = said.count if is_row or thing.count is not None else 1
    if is_row:
        sides: tuple[str, ...] = ("across",)
    elif thing.side:
        sides = (thing.side,)
    else:
        first = 1 if alone else _ORDER[said.kind] % len(SIDES)
        sides = SIDES[first:] + SIDES[:first]
    rows = (thing.row,) if thing.row else kind.rows[place]
    for row, side in product(rows, sides):
        yield replace(said, count=count, row=row, side=side)
