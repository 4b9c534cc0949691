"""What is behind the things, and the light that falls on them."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from nti_desktop.studio.noise import smooth_noise
from nti_desktop.studio.scenes import Scene, Sky

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """Linear RGB of the sun, of what comes from everywhere, of the sky above and at the horizon, of the hills.

    height, depth: where the sun stands, up and away from the camera; aside: how much further to the side than
    usual; sharpness of the shadows; clouds: how much they show; glow: linear RGB around the sun.
    """

    sun: Triple
    ambient: Triple
    zenith: Triple
    horizon: Triple
    hills: Triple
    height: float = 1.15
    depth: float = -0.7
    aside: float = 1.0
    sharpness: float = 9.0
    clouds: float = 0.0
    glow: Triple = (0.0, 0.0, 0.0)


LIGHTS: dict[Sky, Light] = {
    Sky.DAY: Light(
        sun=(1.5, 1.4, 1.2),
        ambient=(0.34, 0.42, 0.54),
        zenith=(0.12, 0.33, 0.80),
        horizon=(0.62, 0.78, 0.95),
        hills=(0.17, 0.27, 0.22),
        clouds=0.5,
    ),
    Sky.CLOUDS: Light(
        sun=(0.34, 0.35, 0.37),
        ambient=(0.50, 0.52, 0.56),
        zenith=(0.40, 0.43, 0.48),
        horizon=(0.66, 0.68, 0.70),
        hills=(0.22, 0.25, 0.26),
        sharpness=2.5,
        clouds=0.35,
    ),
    Sky.SUNSET: Light(
        sun=(1.75, 0.85, 0.36),
        ambient=(0.36, 0.25, 0.32),
        zenith=(0.22, 0.17, 0.40),
        horizon=(0.95, 0.45, 0.22),
        hills=(0.16, 0.09, 0.14),
        height=0.55,
        depth=0.05,
        aside=1.6,
        clouds=0.25,
        glow=(0.75, 0.35, 0.08),
    ),
    Sky.NIGHT: Light(
        sun=(0.26, 0.34, 0.58),
        ambient=(0.075, 0.095, 0.20),
        zenith=(0.008, 0.014, 0.055),
        horizon=(0.045, 0.07, 0.17),
        hills=(0.012, 0.018, 0.035),
    ),
    Sky.STUDIO: Light(
        sun=(0.85, 0.84, 0.82),
        ambient=(0.42, 0.42, 0.43),
        zenith=(0.16, 0.16, 0.17),
        horizon=(0.44, 0.44, 0.45),
        hills=(0.40, 0.40, 0.41),
        height=1.5,
        sharpness=4.0,
    ),
}

BACKLIGHT = 1.0  # how far away from the camera the sun stands that is behind the things
STARS = 48  # cells of the star field along a quarter of the horizon


def light_of(scene: Scene) -> Light:
    """The light of a scene's sky; in the evening of a sunny day what lies between its light and that of the sunset."""
    if not scene.evening:
        return LIGHTS[scene.sky]
    day, sunset = asdict(LIGHTS[Sky.DAY]), asdict(LIGHTS[Sky.SUNSET])
    return Light(**{name: _between(day[name], sunset[name], scene.evening) for name in day})


def _between(a: Any, b: Any, share: float) -> Any:
    """Two numbers or triples mixed."""
    if isinstance(a, tuple):
        return tuple(_between(one, other, share) for one, other in zip(a, b, strict=True))
    return a * (1 - share) + b * share


def sun_direction(scene: Scene) -> Tensor:
    """Unit vector (3,) towards the sun, the moon or the studio's lamp."""
    light = light_of(scene)
    towards = torch.tensor([scene.sun * light.aside, light.height, light.depth])
    if scene.backlit:
        towards = torch.tensor([scene.sun * 0.5, light.height * 0.7, BACKLIGHT])
    length: Tensor = towards.norm()
    return towards / length


def sky_colour(scene: Scene, directions: Tensor) -> Tensor:
    """Linear RGB (..., 3) that comes from these directions (..., 3), without clouds, hills and stars."""
    light = light_of(scene)
    height = (directions[..., 1:2].clamp(0, 1) * 1.8).clamp(0, 1) ** 0.7
    colour = torch.tensor(light.zenith) * height + torch.tensor(light.horizon) * (1 - height)
    if scene.sky is Sky.STUDIO:
        return colour + 1.2 * _softbox(directions, sun_direction(scene))
    if any(light.glow):
        level = sun_direction(scene) * torch.tensor([1.0, 0.25, 1.0])
        near = (directions @ (level / level.norm())).clamp(0, 1)[..., None]
        colour = colour + torch.tensor(light.glow) * near**5
    return colour


def _softbox(directions: Tensor, sun: Tensor) -> Tensor:
    """Brightness (..., 1) of the studio's lamp as mirrors see it: a large soft square overhead."""
    facing = (directions @ sun)[..., None]
    return ((facing - 0.75) / 0.1).clamp(0, 1)


def backdrop(scene: Scene, directions: Tensor, noise: Tensor) -> Tensor:
    """Linear RGB (H, W, 3) behind everything in view: sky, clouds, stars, hills, and the land below the horizon."""
    colour = sky_colour(scene, directions)
    if scene.sky is Sky.STUDIO:
        return colour
    light = light_of(scene)
    x, y, z = directions.unbind(-1)
    if light.clouds:
        spread = 1 / (y.clamp(min=0) + 0.22)
        cover = smooth_noise(noise, x * spread * 1.1, spread * 1.4) * 0.65
        cover = cover + smooth_noise(noise, x * spread * 2.7 + 5, spread * 3.1) * 0.35
        cover = ((cover - 0.42) * 3.2).clamp(0, 1) * light.clouds
        lit = torch.tensor(light.ambient) * 0.9 + torch.tensor(light.sun) * 0.35
        colour = colour + (lit - colour) * cover[..., None]
    if scene.sky is Sky.NIGHT:
        colour = colour + _stars(noise, x / z, y / z)[..., None] * torch.tensor([0.75, 0.8, 0.9])
    ridge = 0.035 + 0.06 * smooth_noise(noise, x * 2.2 + 3, z * 0) + 0.015 * smooth_noise(noise, x * 8, z * 0 + 2)
    below = ((ridge - y) / 0.02).clamp(0, 1)[..., None]
    distance = (1 + y * 4).clamp(0.55, 1)[..., None]  # land nearer than the hills is darker
    land = (torch.tensor(light.hills) * 0.75 + torch.tensor(light.horizon) * 0.25) * distance
    return colour * (1 - below) + land * below


def _stars(noise: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Brightness (H, W) of soft stars, one in some of the cells of a grid."""
    column, row = x * STARS, y * STARS
    size = noise.shape[0]
    lot = noise[row.floor().long() % size, column.floor().long() % size]
    from_middle = (column - column.floor() - 0.5) ** 2 + (row - row.floor() - 0.5) ** 2
    return (lot > 0.965).float() * torch.exp(-from_middle * 14) * (lot - 0.93) * 12
