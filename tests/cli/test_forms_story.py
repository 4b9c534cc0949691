"""Every form of model on a photographer's way: open, prepare, edit, save, open again, and the edit is the same."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nti_desktop.editing.engine_jobs import invert_job, render_job
from nti_desktop.editing.session import Session
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Blend, Side, WordRef
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import recipe_for
from tests.wild.files import write_original
from tests.wild.folders import write_folder

pytestmark = pytest.mark.slow

SOURCE, EDIT = "a photo of a dachshund on the sofa", "a photo of a tabby cat on the sofa"


def single(kind: str) -> Callable[[Path], Path]:
    return lambda folder: write_original(folder / f"{kind}.safetensors", kind, dtype=torch.float16)


def folder(kind: str) -> Callable[[Path], Path]:
    return lambda parent: write_folder(parent / kind, kind, fp16_only=("unet",))


SLOW = pytest.mark.slow
FORMS = [
    pytest.param(single("sd15"), Method.NEGATIVE_PROMPT, id="sd15 file"),
    pytest.param(single("sd15"), Method.NULL_TEXT, id="sd15 file, null-text", marks=SLOW),
    pytest.param(folder("tiny-sd"), Method.NEGATIVE_PROMPT, id="tiny-sd folder", marks=SLOW),
    pytest.param(folder("sd15"), Method.NEGATIVE_PROMPT, id="sd15 folder", marks=SLOW),
    pytest.param(single("sd21"), Method.NEGATIVE_PROMPT, id="sd21 file", marks=SLOW),
    pytest.param(folder("sd21"), Method.NEGATIVE_PROMPT, id="sd21 folder", marks=SLOW),
    pytest.param(single("sdxl"), Method.NEGATIVE_PROMPT, id="sdxl file", marks=SLOW),
    pytest.param(single("sdxl"), Method.NULL_TEXT, id="sdxl file, null-text", marks=SLOW),
    pytest.param(folder("sdxl"), Method.NEGATIVE_PROMPT, id="sdxl folder", marks=SLOW),
    pytest.param(folder("ssd-1b"), Method.NEGATIVE_PROMPT, id="ssd-1b folder", marks=SLOW),
]


@pytest.mark.parametrize(("write", "method"), FORMS)
def test_a_photo_is_prepared_edited_saved_and_opened_again(
    write: Callable[[Path], Path], method: Method, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    # Smaller than any model's own size, as then the model sees it as it is.
    picture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    Image.fromarray(picture).resize((128, 96), Image.Resampling.BICUBIC).save(photo)
    entry = find_model(str(write(tmp_path)))
    entry = replace(entry, native_size=128)
    service, session = EngineService(), Session.open(photo)
    settings = InversionSettings(SOURCE, method, 3, 3.0)
    inverted = service.invert(invert_job(session, entry, settings))
    assert ("null_embeddings" in inverted.arrays) == (method is Method.NULL_TEXT)
    record = session.keep_inversion(entry, fingerprint(entry), inverted)
    cat = WordRef(Side.EDIT, 5, "cat")
    recipe = replace(recipe_for(EDIT, settings, entry.defaults), blend=Blend(words=(cat,)))
    version = session.add_version("Cat", recipe)
    before = service.render(render_job(session, recipe))
    session.save()

    again = Session.open(photo)
    assert again.project.version(version.id).recipe.recipe() == recipe
    after = EngineService().render(render_job(again, recipe, record.id))
    assert np.isfinite(after.image).all()
    assert after.changed > 0
    np.testing.assert_array_equal(after.image, before.image)
