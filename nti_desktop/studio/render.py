"""Draw a scene: a pinhole camera, things found by sphere tracing, one sun with soft shadows, a sky, haze, film.

Things are traced only where they can be seen, so a picture of 128 pixels takes milliseconds. Larger pictures show the
same scene with the same clouds, grain and stars.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.studio.camera import extent, through
from nti_desktop.studio.noise import noise_grid
from nti_desktop.studio.scenes import Film, Ground, Material, Scene, Shape, Sky, Thing, Weather
from nti_desktop.studio.shapes import in_shade
from nti_desktop.studio.skies import backdrop, light_of, sky_colour, sun_direction
from nti_desktop.studio.surfaces import COLOURS, FLOORS, TABLE_END, ground_colour
from nti_desktop.studio.tracing import Look, look_at, openness_at, sunlight_at, trace

TRAINING_SIZE = 128  # pixels
FARTHEST = 40.0  # units of the world
CONTRAST = 0.1  # of display values; a step that shows stairs
BETWEEN = ((-0.375, -0.125), (-0.125, 0.375), (0.125, -0.375), (0.375, 0.125))  # of a pixel, down and right


@dataclass(frozen=True, eq=False)
class Picture:
    """image: (H, W, 3) uint8 sRGB; objects: (H, W) int64, a thing's number from 1, else 0; ground: (H, W) bool, where
    the ground is seen.
    """

    image: NDArray[np.uint8]
    objects: NDArray[np.int64]
    ground: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Met:
    """What rays (...) meet: light: linear RGB (..., 3); depth: how far away (...); objects: things' numbers from 1
    (...); ground: where the ground is, also behind things (...); opaque: the light without haze and glass (..., 3).
    """

    light: Tensor
    depth: Tensor
    objects: Tensor
    ground: Tensor
    opaque: Tensor


Blurred = Callable[[Tensor, Tensor], Tensor]  # linear RGB, depth -> linear RGB out of focus where it is far away
Refracted = Callable[[Tensor, Tensor, Tensor], Tensor]  # linear RGB behind, normals, where glass is seen -> through it


def training_picture(scene: Scene) -> Picture:
    """The picture as the built-in weights were trained on it."""
    return render(scene, TRAINING_SIZE, rays=2)


@torch.no_grad()
def render(scene: Scene, size: int = TRAINING_SIZE, rays: int = 1) -> Picture:
    """Draw a scene, as many pixels as a square of this size has, each the average of rays x rays rays."""
    light, objects, ground = exposure(scene, size * rays)
    objects = objects[::rays, ::rays]
    seen_ground = ground[::rays, ::rays] & (objects == 0)
    levels = sampled(developed(light, scene.film), rays)
    return Picture(levels, objects.contiguous().numpy(), seen_ground.numpy())


@torch.no_grad()
def drawn(scene: Scene, size: int) -> Picture:
    """Draw a scene by one ray a pixel, and by more at edges, where one shows stairs; as many pixels as a square of this
    size has.
    """
    height, width = extent(scene.view, size)
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    rays = through(scene, *_places(height, width, row, column))
    met = _met_by(scene, *rays, _far_blurred, partial(_refracted, scene.view.scale))
    display = developed(met.light, scene.film).clone()
    edges = _edges(met, display)
    row, column = (places.repeat(len(BETWEEN)) for places in edges.nonzero(as_tuple=True))
    display[edges] = _closer(scene, met, row, column).unflatten(0, (len(BETWEEN), -1)).mean(0)
    levels = (display * 255).round().to(torch.uint8)
    return Picture(levels.numpy(), met.objects.numpy(), (met.ground & (met.objects == 0)).numpy())


def _edges(met: Met, display: Tensor) -> Tensor:
    """The pixels (H, W) next to which something else is seen, or something much lighter or darker."""
    seen = torch.where(met.objects > 0, met.objects, -met.ground.long())
    found = torch.zeros(seen.shape, dtype=torch.bool)
    for one, other in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
        step = (seen[one] != seen[other]) | ((display[one] - display[other]).abs().amax(-1) > CONTRAST)
        found[one] |= step
        found[other] |= step
    return found


def _closer(scene: Scene, met: Met, row: Tensor, column: Tensor) -> Tensor:
    """Display values (N, 3) of rays through pixels (N,), by turns through each place of BETWEEN.

    What is out of focus, and what is seen through glass, is taken from the picture of one ray a pixel.
    """
    height, width = met.depth.shape
    down, right = torch.tensor(BETWEEN).repeat_interleave(len(row) // len(BETWEEN), 0).unbind(-1)
    x, y = _places(height, width, row + down, column + right)

    def blurred(image: Tensor, depth: Tensor) -> Tensor:
        share = _out_of_focus(depth)
        return image * (1 - share) + met.opaque[row, column] * share

    def refracted(_image: Tensor, normals: Tensor, seen: Tensor) -> Tensor:
        return _bent(scene.view.scale, met.opaque, normals, row[seen], column[seen])

    light = _met_by(scene, *through(scene, x, y), blurred, refracted).light
    return on_film(light * _falloff(height, width)[row, column], scene.film)


def _places(height: int, width: int, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """The middles of pixels, from -1 to 1 to the right and up."""
    return (2 * column + 1) / width - 1, 1 - (2 * row + 1) / height


def exposure(scene: Scene, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Trace what comes to the camera: linear RGB (H, W, 3), the things' numbers from 1 (H, W), and where the ground is,
    also behind things (H, W).
    """
    met = _met_by(scene, *_camera(scene, size), _far_blurred, partial(_refracted, scene.view.scale))
    return met.light, met.objects, met.ground


def _met_by(scene: Scene, eye: Tensor, directions: Tensor, blurred: Blurred, refracted: Refracted) -> Met:
    """Find what rays (..., 3) from the eye meet."""
    image, depth, ground = _surroundings(scene, eye, directions, noise_grid(scene.noise))
    image = blurred(image, depth)
    objects = torch.zeros(depth.shape, dtype=torch.int64)
    # Opaque things first, then glass from the farthest on: glass shows what is behind it.
    numbered = sorted(
        enumerate(scene.things, start=1), key=lambda entry: (entry[1].material is Material.GLASS, -entry[1].z)
    )
    opaque = image
    for number, thing in numbered:
        if thing.material is Material.GLASS and opaque is image:
            opaque = image.clone()
        reach, seen = trace(thing, eye, directions, depth)
        look = look_at(thing, eye, directions[seen], reach)
        image[seen] = _thing_colour(scene, thing, look, partial(refracted, image, look.normals, seen))
        depth[seen] = reach
        objects[seen] = number
    return Met(_hazy(scene, image, depth, directions), depth, objects, ground, opaque)


def sampled(display: Tensor, rays: int) -> NDArray[np.uint8]:
    """Display values (H, W, 3) in [0, 1] as a picture, each pixel the average of rays x rays of them."""
    levels = F.avg_pool2d(display.permute(2, 0, 1)[None] * 255, rays)[0].permute(1, 2, 0).round().to(torch.uint8)
    picture: NDArray[np.uint8] = levels.contiguous().numpy()
    return picture


def _camera(scene: Scene, size: int) -> tuple[Tensor, Tensor]:
    """Find where the eye is (3,) and where it looks through each pixel (H, W, 3), unit vectors."""
    height, width = extent(scene.view, size)
    y, x = torch.meshgrid(torch.linspace(1, -1, height), torch.linspace(-1, 1, width), indexing="ij")
    return through(scene, x, y)


def _surroundings(scene: Scene, eye: Tensor, directions: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Linear RGB (H, W, 3) without the things, but with their shadows; depth (H, W); where the ground is (H, W)."""
    image = backdrop(scene, directions, noise)
    down = directions[..., 1]
    depth = torch.where(down < -1e-3, -eye[1] / down.clamp(max=-1e-3), torch.tensor(FARTHEST)).clamp(max=FARTHEST)
    ground = depth < FARTHEST
    if scene.ground is Ground.WOOD and scene.sky is not Sky.STUDIO:
        ground &= eye[2] + depth * directions[..., 2] < TABLE_END
    rays, reach = directions[ground], depth[ground]
    depth = torch.where(ground, depth, torch.tensor(FARTHEST))
    points = eye + reach[:, None] * rays
    colour = _ground(scene, points, rays, noise)
    if scene.sky is Sky.STUDIO:  # seamless paper: the floor rises into the backdrop
        fade = ((points[:, 2] - 3) / 5).clamp(0, 1)[:, None]
        colour = colour * (1 - fade) + image[ground] * fade
    image[ground] = colour
    return image, depth, ground


def _ground(scene: Scene, points: Tensor, directions: Tensor, noise: Tensor) -> Tensor:
    """Linear RGB (N, 3) of the ground, lit and in the things' shadow, mirroring them where it is wet or polished."""
    light = light_of(scene)
    albedo = ground_colour(scene.ground, points[:, 0], points[:, 2], noise)
    normals = torch.tensor([0.0, 1.0, 0.0]).expand_as(points)
    sunlight = sunlight_at(scene, points, normals) * sun_direction(scene)[1]
    openness = openness_at(scene, points)
    wet = scene.weather is Weather.RAIN
    lit = torch.tensor(light.sun) * sunlight[:, None] + torch.tensor(light.ambient)
    colour = albedo * (0.55 if wet else 1.0) * lit * openness[:, None]
    gloss = 0.5 if wet else FLOORS[scene.ground].gloss
    if not gloss:
        return colour
    mirrored = directions * torch.tensor([1.0, -1.0, 1.0])
    reflection = sky_colour(scene, mirrored)
    nearest = torch.full(points.shape[:1], FARTHEST)
    for thing in scene.things:
        reach, seen = trace(thing, points, mirrored, nearest)
        look = look_at(thing, points[seen], mirrored[seen], reach)
        reflection[seen] = _lit(scene, thing, look, torch.ones(reach.shape))
        nearest[seen] = reach
    fresnel = gloss + (1 - gloss) * 0.6 * (1 + directions[:, 1:2]).clamp(0, 1) ** 4
    return colour + reflection * fresnel * openness[:, None]


def _lit(scene: Scene, thing: Thing, look: Look, sunlight: Tensor) -> Tensor:
    """Linear RGB (N, 3) that a thing's own colour throws back: sun, sky above, ground below."""
    light, sun = light_of(scene), sun_direction(scene)
    albedo = torch.tensor(COLOURS[thing.colour])
    lambert = (look.normals @ sun).clamp(min=0) * sunlight
    up = (0.5 + 0.5 * look.normals[:, 1])[:, None]
    bounced = torch.tensor(FLOORS[scene.ground].mean) * (
        torch.tensor(light.sun) * 0.35 + torch.tensor(light.ambient) * 0.6
    )
    near_ground = (0.45 + 0.55 * (look.points[:, 1] / (0.7 * thing.size)).clamp(0, 1))[:, None]
    around = (torch.tensor(light.ambient) * up + bounced * (1 - up) * 0.7) * near_ground
    colour = albedo * (torch.tensor(light.sun) * lambert[:, None] + around)
    if thing.shape is Shape.LAMP:
        shade = in_shade(thing, look.points)[:, None].float()
        colour = colour + shade * (albedo * 0.75 + 0.06) * torch.tensor([0.85, 0.72, 0.5])
    return colour


def _thing_colour(scene: Scene, thing: Thing, look: Look, through_it: Callable[[], Tensor]) -> Tensor:
    """Linear RGB (N, 3) of a thing where it is seen. through_it: what is seen through it if it is of glass (N, 3)."""
    sunlight = sunlight_at(scene, look.points, look.normals)
    lit = _lit(scene, thing, look, sunlight)
    if thing.material is Material.MATTE:
        return lit
    light, sun = light_of(scene), sun_direction(scene)
    facing = (look.directions * look.normals).sum(-1, keepdim=True)
    mirrored = look.directions - 2 * facing * look.normals
    fresnel = (1 + facing).clamp(0, 1) ** 4
    around = _surroundings_from(scene, mirrored)
    towards_sun = (mirrored @ sun).clamp(min=0)[:, None] * sunlight[:, None]
    glint = torch.tensor(light.sun) * towards_sun**70 * 1.6
    albedo = torch.tensor(COLOURS[thing.colour])
    match thing.material:
        case Material.SHINY:
            glaze = 0.16 + 0.6 * (1 + facing).clamp(0, 1) ** 3
            return lit * 0.84 + around * glaze + _window(scene, mirrored) + glint * 1.5
        case Material.METAL:
            tint = albedo * 0.8 + 0.13
            return lit * 0.18 + around * (tint + (1 - tint) * fresnel) * 1.15 + glint * (0.4 + tint)
        case Material.GLASS:
            behind = through_it()
            thick = 0.35 + 0.65 * (1 + facing).clamp(0, 1)  # the way through is longer near the rim
            tint = 1 - (1 - albedo * 1.05).clamp(0, 1) * (0.55 + 0.4 * thick)
            return behind * tint + lit * 0.16 + around * (0.05 + 0.7 * fresnel) + glint * 1.2


def _surroundings_from(scene: Scene, directions: Tensor) -> Tensor:
    """Linear RGB (N, 3) that a thing mirrors from these directions: the sky above, the ground below."""
    light = light_of(scene)
    below = torch.tensor(FLOORS[scene.ground].mean) * (
        torch.tensor(light.sun) * sun_direction(scene)[1] * 0.6 + torch.tensor(light.ambient)
    )
    height = directions[:, 1:2]
    share = (height * 12 + 0.5).clamp(0, 1)
    near = 0.35 + 0.65 * torch.exp(height.clamp(max=0) * 1.3)  # straight below a thing stands in its own shadow
    return sky_colour(scene, directions) * share + below * near * (1 - share)


def _window(scene: Scene, directions: Tensor) -> Tensor:
    """Linear RGB (N, 3) of the tall bright window behind the photographer's left shoulder, where a glaze mirrors it."""
    light = light_of(scene)
    across = directions[:, 0:1] + 0.42
    height = directions[:, 1:2] - 0.52
    inside = (_edge(0.17 - across.abs()) * _edge(0.24 - height.abs()) * (directions[:, 2:3] < 0)).clamp(0, 1)
    return inside * (torch.tensor(light.sun) * 0.5 + torch.tensor(light.ambient)) * 1.1


def _edge(depth: Tensor) -> Tensor:
    """0 outside, 1 from a little way inside on."""
    return (depth / 0.06).clamp(0, 1)


def _refracted(scale: float, image: Tensor, normals: Tensor, seen: Tensor) -> Tensor:
    """Return what is seen through a glass thing (N, 3), bent as by a lens: from further in, against the slope of its
    surface. image: (H, W, 3), a view of this scale; seen: (H, W).
    """
    return _bent(scale, image, normals, *seen.nonzero(as_tuple=True))


def _bent(scale: float, image: Tensor, normals: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The image (H, W, 3) at these pixels (N,), moved against the slope of a surface (N, 3)."""
    height, width = image.shape[:2]
    shift = 0.11 * (height * width) ** 0.5 / scale
    column = (column - normals[:, 0] * shift).round().long().clamp(0, width - 1)
    row = (row + normals[:, 1] * shift * 0.6).round().long().clamp(0, height - 1)
    return image[row, column]


def _far_blurred(image: Tensor, depth: Tensor) -> Tensor:
    """The image (H, W, 3) out of focus where it is far away."""
    height, width = image.shape[:2]
    coarse = F.avg_pool2d(image.permute(2, 0, 1)[None], max(1, round((height * width) ** 0.5 / 64)))
    blurred = F.interpolate(coarse, size=(height, width), mode="bilinear")[0].permute(1, 2, 0)
    share = _out_of_focus(depth)
    return image * (1 - share) + blurred * share


def _out_of_focus(depth: Tensor) -> Tensor:
    """Return the share of blur (..., 1), from 0 to 1, in what is so far away (...)."""
    return ((depth - 6) / 5).clamp(0, 1)[..., None]


def _hazy(scene: Scene, image: Tensor, depth: Tensor, directions: Tensor) -> Tensor:
    """The image (H, W, 3) through the air: a breath of haze, or fog."""
    if scene.sky is Sky.STUDIO and scene.weather is not Weather.FOG:
        return image
    light = light_of(scene)
    horizon = torch.tensor(light.horizon)
    if scene.weather is Weather.FOG:
        grey = horizon.mean() * 0.6 + horizon * 0.4 + torch.tensor(light.ambient) * 0.15
        through = torch.exp(-(depth - 2.6).clamp(min=0) * 0.17 * scene.fog)[..., None]
        above = (1 - directions[..., 1:2].clamp(0, 1) * 1.3).clamp(0, 1)
        through = 1 - (1 - through) * above
        return image * through + grey * (1 - through)
    through = torch.exp(-(depth - 6).clamp(0, 24) * 0.05)[..., None]
    through = torch.where((depth < FARTHEST)[..., None], through, 1.0)
    return image * through + horizon * (1 - through)


def developed(image: Tensor, film: Film) -> Tensor:
    """Display values (H, W, 3) in [0, 1] of what comes to the camera, by a lens that is dark towards its corners."""
    return on_film(image * _falloff(*image.shape[:2]), film)


def _falloff(height: int, width: int) -> Tensor:
    """Return the share of light (H, W, 1) that the lens lets through, less towards the corners."""
    down, across = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
    return (1 - 0.14 * (down[:, None] ** 2 + across[None, :] ** 2))[..., None]


def on_film(light: Tensor, film: Film) -> Tensor:
    """Display values (..., 3) in [0, 1] of linear RGB: a film's curve, its colours."""
    light = light.clamp(min=0) * 0.85
    light = (light * (2.51 * light + 0.03)) / (light * (2.43 * light + 0.59) + 0.14)
    light = light.clamp(0, 1) ** (1 / 2.2)
    if film is Film.COLOUR:
        return light
    grey = light @ torch.tensor([0.3, 0.59, 0.11])
    if film is Film.BLACK_AND_WHITE:
        return grey[..., None].expand(*light.shape)
    return (grey[..., None] * torch.tensor([0.98, 0.84, 0.64]) + torch.tensor([0.04, 0.03, 0.02])).clamp(0, 1)
