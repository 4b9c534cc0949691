"""Draw a scene: rays from the camera, sphere traced to the ground and the things, one sun, soft shadows, a sky.

At 128 pixels with one ray a pixel this draws what the built-in weights were trained on; averaged 2x2 to 64 pixels that
is `training_picture`. Larger pictures show the same scene with the same grain and the same stars.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.studio.scenes import Colour, Ground, Material, Scene, Sky
from nti_desktop.studio.shapes import distance_to

Triple = tuple[float, float, float]

COLOURS: dict[Colour, Triple] = {
    Colour.RED: (0.82, 0.10, 0.08),
    Colour.GREEN: (0.10, 0.55, 0.14),
    Colour.BLUE: (0.08, 0.20, 0.80),
    Colour.YELLOW: (0.92, 0.78, 0.08),
    Colour.PURPLE: (0.48, 0.12, 0.62),
    Colour.ORANGE: (0.95, 0.45, 0.05),
    Colour.WHITE: (0.92, 0.92, 0.90),
    Colour.BLACK: (0.05, 0.05, 0.06),
}


@dataclass(frozen=True)
class Light:
    """What a sky shines with, linear RGB: the sun, what comes from everywhere, and the sky above and at the horizon."""

    sun: Triple
    ambient: Triple
    zenith: Triple
    horizon: Triple
    sun_height: float = 1.2


LIGHTS: dict[Sky, Light] = {
    Sky.DAY: Light((1.0, 0.97, 0.9), (0.36, 0.42, 0.5), (0.25, 0.5, 0.9), (0.75, 0.86, 0.97)),
    Sky.SUNSET: Light((1.0, 0.55, 0.25), (0.32, 0.2, 0.25), (0.28, 0.16, 0.42), (0.98, 0.52, 0.22), sun_height=0.45),
    Sky.NIGHT: Light((0.16, 0.2, 0.38), (0.07, 0.08, 0.16), (0.01, 0.015, 0.05), (0.05, 0.07, 0.16)),
    Sky.STUDIO: Light((0.8, 0.8, 0.8), (0.45, 0.45, 0.45), (0.55, 0.55, 0.57), (0.72, 0.72, 0.72)),
}

GRAIN = 64  # cells of the ground's grain before it repeats
STARS = 128  # cells of the star field along a side of the picture
FARTHEST = 30.0  # what a ray has not met by then is sky


@dataclass(frozen=True, eq=False)
class Picture:
    """image: (size, size, 3) uint8 sRGB; objects: (size, size) int64, a thing's number from 1, else 0."""

    image: NDArray[np.uint8]
    objects: NDArray[np.int64]


def training_picture(scene: Scene) -> Picture:
    """The picture as the built-in weights were trained on it: 64 pixels, the average of 2x2 rays each."""
    return render(scene, size=64, rays=2)


@torch.no_grad()
def render(scene: Scene, size: int = 128, rays: int = 1) -> Picture:
    """Draw a scene, size x size pixels, each the average of rays x rays rays."""
    grain, stars = _noise(scene)
    eye, directions = _camera(scene, size * rays)
    reach = _trace(scene, eye, directions)
    points = eye + reach[..., None] * directions
    distance, nearest = _distances(scene, points).min(-1)
    hit = (reach < FARTHEST) & (distance < 0.05)
    sky = _sky_colour(scene.sky, directions)
    backdrop = sky + _starlight(stars, size * rays)[..., None] if scene.sky is Sky.NIGHT else sky
    colour = _shade(scene, points, directions, nearest, grain)
    haze = (1 - torch.exp(-(reach - 6).clamp(min=0) * 0.06))[..., None]
    colour = torch.where(hit[..., None], colour * (1 - haze) + backdrop * haze, backdrop)
    levels = (colour.clamp(0, 1) ** 0.8 * 255).round()
    levels = F.avg_pool2d(levels.permute(2, 0, 1)[None], rays)[0].permute(1, 2, 0).round().to(torch.uint8)
    objects = (nearest * hit)[::rays, ::rays]
    return Picture(levels.contiguous().numpy(), objects.contiguous().numpy())


def _noise(scene: Scene) -> tuple[Tensor, Tensor]:
    """The ground's grain (GRAIN, GRAIN) and the star field (STARS, STARS), uniform in [0, 1), the same at any size."""
    generator = torch.Generator().manual_seed(scene.noise)
    return torch.rand(GRAIN, GRAIN, generator=generator), torch.rand(STARS, STARS, generator=generator)


def _camera(scene: Scene, size: int) -> tuple[Tensor, Tensor]:
    """Where the eye is (3,) and where it looks through each pixel (size, size, 3), unit vectors."""
    eye = torch.tensor([scene.camera_x, scene.camera_height + 0.2, -4.2])
    forward = _unit(torch.tensor([0.0, 0.55, 0.0]) - eye)
    right = _unit(torch.linalg.cross(torch.tensor([0.0, 1.0, 0.0]), forward))
    up = torch.linalg.cross(forward, right)
    y, x = torch.meshgrid(torch.linspace(1, -1, size), torch.linspace(-1, 1, size), indexing="ij")
    return eye, _unit(forward * 2.1 + x[..., None] * right + y[..., None] * up)


def _unit(vectors: Tensor) -> Tensor:
    lengths: Tensor = vectors.norm(dim=-1, keepdim=True)
    return vectors / lengths


def _distances(scene: Scene, points: Tensor) -> Tensor:
    """Signed distances (..., 1 + things) from points (..., 3) to the ground and to each thing."""
    return torch.stack([points[..., 1], *(distance_to(thing, points) for thing in scene.things)], -1)


def _trace(scene: Scene, eye: Tensor, directions: Tensor) -> Tensor:
    """How far each ray goes (H, W) before it meets something: step by the distance to whatever is nearest.

    Rays that graze a thing spend their steps there and miss the ground behind: its far edge dips beside tall things.
    The weights have learned that too, so it stays.
    """
    reach = torch.full(directions.shape[:-1], 2.0)
    for _ in range(36):
        step = _distances(scene, eye + reach[..., None] * directions).min(-1).values
        reach = (reach + step * 0.95).clamp(max=40)
    return reach


def _normals(scene: Scene, points: Tensor) -> Tensor:
    """Unit vectors (..., 3) straight out of the surface: the slope of the distance, by central differences."""
    shifts = torch.eye(3) * 2e-3
    slope = [
        _distances(scene, points + s).min(-1).values - _distances(scene, points - s).min(-1).values for s in shifts
    ]
    normals = torch.stack(slope, -1)
    lengths: Tensor = normals.norm(dim=-1, keepdim=True)
    return normals / (lengths + 1e-9)


def _sunlight(scene: Scene, points: Tensor, normals: Tensor, sun: Tensor) -> Tensor:
    """How much of the sun (...) reaches each point, 0 to 1: the closer a thing to the way there, the less."""
    light = torch.ones(points.shape[:-1])
    travelled = torch.full(points.shape[:-1], 0.05)
    for _ in range(18):
        on_the_way = points + normals * 0.02 + travelled[..., None] * sun
        clearance = _distances(scene, on_the_way)[..., 1:].min(-1).values
        light = torch.minimum(light, (10 * clearance / travelled).clamp(0, 1))
        travelled = travelled + clearance.clamp(0.03, 0.4)
    return light


def _shade(scene: Scene, points: Tensor, directions: Tensor, nearest: Tensor, grain: Tensor) -> Tensor:
    """Linear RGB (H, W, 3) of what the rays met, lit by the sun and the sky, with reflections on shiny things."""
    light = LIGHTS[scene.sky]
    sun = _unit(torch.tensor([scene.sun, light.sun_height, -0.7]))
    normals = _normals(scene, points)
    sunlight = _sunlight(scene, points, normals, sun)
    albedo, shiny = _surface(scene, points, nearest, grain)

    lambert = (normals * sun).sum(-1).clamp(min=0) * sunlight
    openness = 0.55 + 0.45 * normals[..., 1].clamp(-1, 1)
    sun_colour, ambient = torch.tensor(light.sun), torch.tensor(light.ambient)
    colour = albedo * (sun_colour * lambert[..., None] * 0.95 + ambient * openness[..., None])

    facing = (directions * normals).sum(-1, keepdim=True)
    mirrored = directions - 2 * facing * normals
    glint = (mirrored * sun).sum(-1).clamp(min=0) ** 40 * sunlight
    fresnel = 0.18 + 0.5 * (1 + facing[..., 0]).clamp(0, 1) ** 3
    colour = colour + (shiny * glint * 1.2)[..., None] * sun_colour
    return colour + (shiny * fresnel)[..., None] * _sky_colour(scene.sky, mirrored) * 0.6


def _surface(scene: Scene, points: Tensor, nearest: Tensor, grain: Tensor) -> tuple[Tensor, Tensor]:
    """Albedo (H, W, 3) of what each ray met, and 1 where that is shiny (H, W)."""
    albedo, shiny = _ground_colour(scene.ground, points[..., 0], points[..., 2], grain), torch.zeros(nearest.shape)
    for number, thing in enumerate(scene.things, start=1):
        here = nearest == number
        albedo = torch.where(here[..., None], torch.tensor(COLOURS[thing.colour]), albedo)
        shiny = torch.where(here, float(thing.material is Material.SHINY), shiny)
    return albedo, shiny


def _ground_colour(ground: Ground, x: Tensor, z: Tensor, grain: Tensor) -> Tensor:
    """Albedo (H, W, 3) of the ground at (x, z)."""
    match ground:
        case Ground.WOOD:
            return _wood(x, z)
        case Ground.GRASS:
            return _tinted((0.16, 0.46, 0.08), 0.6 + 0.4 * _grain_at(grain, x, z, cells=9))
        case Ground.SAND:
            return _tinted((0.85, 0.7, 0.45), 0.88 + 0.12 * torch.sin(z * 9 + 1.2 * torch.sin(x * 3)))
        case Ground.SNOW:
            return _tinted((0.9, 0.93, 0.97), 0.95 + 0.05 * _grain_at(grain, x, z, cells=5))
        case Ground.TILES:
            light = (torch.floor(x * 1.2) + torch.floor(z * 1.2)) % 2
            return _tinted((1.0, 1.0, 1.0), 0.25 + 0.55 * light)


def _wood(x: Tensor, z: Tensor) -> Tensor:
    """Planks away from the camera, wavy veins, dark joints."""
    plank = torch.floor(x * 1.3)
    vein = 0.75 + 0.125 * torch.sin(z * 1.5 + plank * 2.1 + 0.6 * torch.sin(x * 14))
    joint = (x * 1.3 - plank < 0.06).float()
    return _tinted((0.52, 0.32, 0.16), vein) * (1 - 0.5 * joint)[..., None]


def _grain_at(grain: Tensor, x: Tensor, z: Tensor, cells: int) -> Tensor:
    """The grain at (x, z), so many cells to a unit of the world."""
    return grain[(z * cells).long() % GRAIN, (x * cells).long() % GRAIN]


def _tinted(colour: Triple, brightness: Tensor) -> Tensor:
    return brightness[..., None] * torch.tensor(colour)


def _sky_colour(sky: Sky, directions: Tensor) -> Tensor:
    """Linear RGB (..., 3) of the sky in these directions: from the horizon to the zenith, which begins halfway up."""
    height = (directions[..., 1:2].clamp(-0.1, 1) * 2.2).clamp(0, 1)
    return torch.tensor(LIGHTS[sky].zenith) * height + torch.tensor(LIGHTS[sky].horizon) * (1 - height)


def _starlight(stars: Tensor, size: int) -> Tensor:
    """Brightness (size, size) of the stars: a disc as large as a cell where the cell's number is high."""
    place = torch.linspace(0, STARS - 1, size)
    cell = place.round().long()
    offset = place - cell
    within = offset[:, None] ** 2 + offset[None, :] ** 2 < 1 / torch.pi
    return ((stars[cell[:, None], cell[None, :]] > 0.995) & within).float() * 0.8
