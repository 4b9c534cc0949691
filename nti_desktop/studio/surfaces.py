"""What things and grounds are made of."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nti_desktop.studio.noise import smooth_noise
from nti_desktop.studio.scenes import Colour, Ground
from nti_desktop.studio.skies import Triple

COLOURS: dict[Colour, Triple] = {
    Colour.RED: (0.72, 0.04, 0.03),
    Colour.GREEN: (0.04, 0.40, 0.07),
    Colour.BLUE: (0.03, 0.10, 0.66),
    Colour.YELLOW: (0.88, 0.66, 0.03),
    Colour.PURPLE: (0.28, 0.05, 0.46),
    Colour.ORANGE: (0.90, 0.27, 0.02),
    Colour.PINK: (0.90, 0.32, 0.48),
    Colour.TURQUOISE: (0.05, 0.55, 0.55),
    Colour.WHITE: (0.85, 0.85, 0.83),
    Colour.BLACK: (0.025, 0.025, 0.03),
}

TABLE_END = 2.4  # the wooden table ends there, away from the camera


@dataclass(frozen=True)
class Floor:
    """A ground. mean: linear RGB seen from afar; gloss: how much of the sky it mirrors when dry, 0 to 1."""

    mean: Triple
    gloss: float = 0.0


FLOORS: dict[Ground, Floor] = {
    Ground.WOOD: Floor((0.32, 0.17, 0.075), gloss=0.05),
    Ground.GRASS: Floor((0.09, 0.24, 0.035)),
    Ground.SAND: Floor((0.66, 0.50, 0.29)),
    Ground.SNOW: Floor((0.86, 0.89, 0.94)),
    Ground.TILES: Floor((0.40, 0.39, 0.38), gloss=0.12),
    Ground.STONE: Floor((0.26, 0.28, 0.31)),
}


def ground_colour(ground: Ground, x: Tensor, z: Tensor, noise: Tensor) -> Tensor:
    """Albedo (..., 3) of the ground at (x, z)."""
    mean = torch.tensor(FLOORS[ground].mean)
    match ground:
        case Ground.WOOD:
            return _wood(x, z, noise)[..., None] * mean
        case Ground.GRASS:
            tuft = smooth_noise(noise, x * 9, z * 5) * 0.5 + smooth_noise(noise, x * 2.2, z * 2.2 + 9) * 0.5
            light = 0.45 + 1.1 * tuft
            warm = torch.stack([light * (0.85 + 0.5 * tuft), light, light * 0.9], -1)
            return warm * mean
        case Ground.SAND:
            ripple = torch.sin(z * 8 + 1.3 * torch.sin(x * 1.7) + 2 * smooth_noise(noise, x, z))
            return (0.93 + 0.09 * ripple)[..., None] * mean
        case Ground.SNOW:
            return (0.9 + 0.12 * smooth_noise(noise, x * 1.3, z * 1.3))[..., None] * mean
        case Ground.TILES:
            u, v = x * 1.05 + 0.5, z * 1.05
            light = torch.where((u.floor() + v.floor()) % 2 == 0, 1.65, 0.3)
            return (light * (1 - 0.5 * _joint(u, v, 0.035)))[..., None] * mean
        case Ground.STONE:
            u, v = x * 0.8, z * 0.8 + 0.3
            mottled = 0.85 + 0.3 * smooth_noise(noise, x * 4, z * 4)
            return (mottled * (1 - 0.55 * _joint(u, v, 0.03)))[..., None] * mean


def _joint(u: Tensor, v: Tensor, width: float) -> Tensor:
    """1 on the lines between squares of side 1, 0 elsewhere, with soft edges."""
    to_line = torch.minimum((u - u.round()).abs(), (v - v.round()).abs())
    return (1.5 - to_line / width).clamp(0, 1)


def _wood(x: Tensor, z: Tensor, noise: Tensor) -> Tensor:
    """Brightness of planks that run away from the camera, with veins and dark joints."""
    across = x * 1.25 + 0.5
    plank = across.floor()
    vein = torch.sin(x * 26 + 2.5 * torch.sin(z * 0.9 + plank * 1.9) + plank * 2.3)
    tone = 1 + 0.16 * torch.sin(plank * 12.7) + 0.08 * vein + 0.2 * (smooth_noise(noise, x * 3, z * 0.7) - 0.5)
    return tone * (1 - 0.6 * (1.5 - (across - across.round()).abs() / 0.025).clamp(0, 1))
