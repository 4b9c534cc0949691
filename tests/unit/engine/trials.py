"""What the engine's tests share: small inversions with few steps."""

import torch
from torch import Tensor

from nti_desktop.engine.methods import METHODS
from nti_desktop.engine.methods.denoise import Edit, Prepared
from nti_desktop.engine.model import DiffusionModel
from nti_desktop.jobs import CancelToken, report_nothing
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings, Method

SOURCE = "a photo of a white ball on green grass on a sunny day"
EDIT = "a photo of a red ball on green grass on a sunny day"


def some_latents(height: int = 16, width: int = 16) -> Tensor:
    """Smooth latents of a photo-like spread."""
    torch.manual_seed(1)
    coarse = torch.randn(1, 4, 4, 4)
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")


def prepared(
    model: DiffusionModel,
    method: Method = Method.RESIDUAL,
    latents: Tensor | None = None,
    steps: int = 5,
    guidance_scale: float = 3.0,
    prompt: str = SOURCE,
) -> Prepared:
    settings = InversionSettings(prompt, method, steps, guidance_scale)
    latents = some_latents() if latents is None else latents
    found: Prepared = METHODS[method].prepare(model, latents, settings, report_nothing, CancelToken())
    return found


def rendered(model: DiffusionModel, photo: Prepared, recipe: EditRecipe, visits: int | None = None) -> Edit:
    method = METHODS[photo.settings.method]
    source = method.source(model, photo)
    edit: Edit = method.render(model, photo, source, recipe, visits, report_nothing, CancelToken())
    return edit
