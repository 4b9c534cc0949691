"""The camera: where it stands, what it sees, and how near it comes."""

import torch
from torch import Tensor

from nti_desktop.studio.scenes import Scene, Thing, View
from nti_desktop.studio.shapes import surrounding_ball

BACK = 4.6  # units of the world from the middle to the camera
AIM = 0.62  # height that it looks at
FOCAL = 2.7  # in halves of the square picture of all
CELLS = 16  # of a square picture's side; the sides of other pictures are whole cells
CLOSEST, WIDEST = 0.28, 0.85  # scales of views of one thing


def through(scene: Scene, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Find where the eye is (3,) and where it looks through points of the picture, from -1 to 1 to the right and up:
    unit vectors (..., 3).
    """
    view, wide = scene.view, scene.view.aspect**0.5
    eye, forward, right, up = _axes(scene)
    x, y = view.x + view.scale * wide * x, view.y + view.scale / wide * y
    return eye, unit(forward * FOCAL + x[..., None] * right + y[..., None] * up)


def _axes(scene: Scene) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Find where the eye is, and which ways are forward, right and up for it, (3,) each."""
    eye = torch.tensor([0.0, scene.camera_height, -BACK])
    forward = unit(torch.tensor([0.0, AIM, 0.0]) - eye)
    right = torch.tensor([1.0, 0.0, 0.0])
    return eye, forward, right, torch.linalg.cross(forward, right)


def unit(vectors: Tensor) -> Tensor:
    """Vectors (..., 3) of length 1 that point the same way."""
    lengths: Tensor = vectors.norm(dim=-1, keepdim=True)
    return vectors / (lengths + 1e-9)


def extent(view: View, size: int) -> tuple[int, int]:
    """Height and width in pixels of a picture with the area of a square of this size."""
    if view.aspect == 1:
        return size, size
    height, width = (round(CELLS * side) * (size // CELLS) for side in (view.aspect**-0.5, view.aspect**0.5))
    return height, width


def framed(scene: Scene, thing: Thing, aspect: float, aside: float, above: float, room: float) -> View:
    """A view of one thing. aside, above: how far it is from the middle, in its own radius; room: how much of the view
    it takes, 1 touches the nearer sides.
    """
    eye, forward, right, up = _axes(scene)
    centre, radius = surrounding_ball(thing)
    towards = centre - eye
    away = float(towards @ forward)
    x, y = (FOCAL * float(towards @ axis) / away for axis in (right, up))
    reach = FOCAL * radius / away
    scale = min(max(reach * room * max(aspect, 1 / aspect) ** 0.5, CLOSEST), WIDEST)
    return View(round(x - aside * reach, 4), round(y - above * reach, 4), round(scale, 4), aspect)
