"""Time of day, weather and season as colours: sky, ambient light, grass and leaves."""

from dataclasses import dataclass

from training.world.colors import RGB, mix
from training.world.scene import Scene

_SKIES: dict[str, tuple[RGB, RGB]] = {
    "dawn": ((142, 180, 226), (255, 208, 190)),
    "day": ((84, 164, 232), (214, 238, 250)),
    "dusk": ((116, 84, 150), (255, 150, 78)),
    "night": ((12, 20, 54), (52, 66, 118)),
}
_VEILS: dict[str, tuple[RGB, float]] = {
    "sunny": ((255, 255, 255), 0.0),
    "cloudy": ((190, 198, 206), 0.45),
    "rain": ((118, 130, 144), 0.62),
    "snow": ((206, 214, 224), 0.5),
    "fog": ((222, 226, 226), 0.62),
}
# What daylight becomes: multiplied into every colour that does not shine by itself.
_TINTS: dict[str, tuple[float, float, float]] = {
    "dawn": (1.0, 0.94, 0.93),
    "day": (1.0, 1.0, 1.0),
    "dusk": (1.0, 0.82, 0.72),
    "night": (0.50, 0.56, 0.76),
}
_INDOOR_TINTS: dict[str, tuple[float, float, float]] = {
    "dawn": (1.0, 0.95, 0.93),
    "day": (1.0, 1.0, 1.0),
    "dusk": (1.0, 0.88, 0.78),
    "night": (0.80, 0.72, 0.66),  # by lamplight
}
GRASS: dict[str, RGB] = {
    "spring": (166, 210, 108),
    "summer": (92, 168, 74),
    "autumn": (212, 170, 88),
    "winter": (232, 238, 244),
}
LEAVES: dict[str, RGB] = {
    "spring": (142, 200, 84),
    "summer": (52, 134, 66),
    "autumn": (224, 138, 44),
    "winter": (186, 196, 200),
}


@dataclass(frozen=True)
class Light:
    """The colours of one scene's air."""

    sky_top: RGB
    sky_bottom: RGB
    tint: tuple[float, float, float]
    haze: RGB
    is_night: bool

    def shine_on(self, color: RGB) -> RGB:
        """`color` as it looks in this light."""
        return (
            min(255, round(color[0] * self.tint[0])),
            min(255, round(color[1] * self.tint[1])),
            min(255, round(color[2] * self.tint[2])),
        )


def light_of(scene: Scene) -> Light:
    """The light of a scene's time and weather."""
    top, bottom = _SKIES[scene.time]
    veil, share = _VEILS[scene.weather]
    tint = _INDOOR_TINTS[scene.time] if scene.place == "table" else _TINTS[scene.time]
    veil = (round(veil[0] * tint[0]), round(veil[1] * tint[1]), round(veil[2] * tint[2]))
    bottom = mix(bottom, veil, share * 0.85)
    return Light(mix(top, veil, share), bottom, tint, bottom, scene.time == "night")
