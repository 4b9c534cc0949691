"""Sessions to try things on: a picture of noise, what an engine would have made of it, and a version."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Figures, Inversion
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings

SOURCE = "a red ball on a table"
BLUE = EditRecipe("a blue ball on a table")
GREEN = EditRecipe("a green ball on a table")


def scene(seed: int = 1, width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def inverted(session: Session, seed: int = 0, method: Method = Method.RESIDUAL, area: Area | None = None) -> Inversion:
    """Arrays of the shapes an engine would give for an area of this photo, None for all of it."""
    frame = session.frame_for(built_in(), area)
    random = np.random.default_rng(seed)
    pivot = random.standard_normal((6, 4, frame.model_height // 8, frame.model_width // 8), np.float32)
    nulls = {"null_embeddings": random.standard_normal((5, 7, 16), np.float32)} if method is Method.NULL_TEXT else {}
    picture = random.random((frame.model_height, frame.model_width, 3), np.float32)
    return Inversion(
        InversionSettings(SOURCE, method, 5, 2.0), {"pivot": pivot, **nulls}, picture, Figures(1.5, 15, 40.0)
    )


def invert(session: Session, seed: int = 0) -> str:
    """Keep such an inversion of the whole photo; its id."""
    return session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session, seed)).id


def with_a_version(photo: Path) -> Session:
    """The photo with one version, saved."""
    session = Session.open(photo)
    invert(session)
    session.add_version("Blue", BLUE)
    session.save()
    return session
