"""What every drawer is."""

from collections.abc import Callable

from training.world.canvas import Brush
from training.world.colors import RGB

# The colour is the group's, or white for kinds that have their own.
Drawer = Callable[[Brush, RGB], None]
