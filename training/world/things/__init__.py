"""How each kind of thing is drawn. Every drawer takes a brush and the thing's colour."""

from training.world.things import animals, buildings, fruit, people, plants, sky, vehicles
from training.world.things.base import Drawer

DRAWERS: dict[str, Drawer] = {
    **animals.DRAWERS,
    **buildings.DRAWERS,
    **fruit.DRAWERS,
    **people.DRAWERS,
    **plants.DRAWERS,
    **sky.DRAWERS,
    **vehicles.DRAWERS,
}
