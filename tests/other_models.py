"""Models that are not the built-in one but can be worked with, and photos that were prepared with them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from nti_desktop.core.resources import resource
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordControl, WordRef
from tests.sessions import inverted

WISH = EditRecipe(
    "a blue ball on a table",
    words=(WordControl(1, "blue", 1.5),),
    cross_until=0.8,  # what is usual
    self_until=0.1,
    blend=Blend((WordRef(Side.EDIT, 2, "ball"),)),
)


def write_model(folder: Path, beta_end: float = 0.013) -> Path:
    """A model like the built-in one, with another schedule, so that it is another model."""
    shutil.copytree(resource("models", "studio"), folder)
    change_model(folder, beta_end)
    return folder


def change_model(folder: Path, beta_end: float) -> None:
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"beta_end": beta_end}))


def prepare(photo: Path, model: Path) -> ModelEntry:
    """Leave a project beside the photo: prepared with this model, with an edit that has a picture."""
    entry = find_model(str(model))
    session = Session.open(photo)
    made = inverted(session)
    made = replace(made, arrays={"pivot": np.repeat(made.arrays["pivot"], 2, axis=1)})  # of eight channels
    session.keep_inversion(entry, fingerprint(entry), made)
    version = session.add_version("Blue", WISH)
    session.working_copy.keep_preview(version.id, encode_preview(session.photo.raster))
    session.save()
    return entry
