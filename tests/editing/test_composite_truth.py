"""Edits laid into photos of 6000 pixels, held against the same scenes drawn as they should have become.

The photo is drawn several times finer than the model sees it.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.compositing.box_filter import window_maximum, window_mean
from nti_desktop.photo.compositing.composite import Layer, composite, lay_in
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.frame import Frame, frame_image
from nti_desktop.photo.photo import full_raster, open_photo
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.methods import Method
from nti_desktop.studio.render import render
from nti_desktop.studio.scenes import Colour, Scene, Shape, draw_scene
from nti_desktop.studio.truth import visible_difference
from tests.figures.editor import Editor
from tests.figures.trials import Trial
from tests.profiles import DISPLAY_P3, PRO_PHOTO

pytestmark = pytest.mark.slow

SIZE, DRAWN, SEEN = 6000, 750, 128
FRAME = Frame(0, 0, SIZE, SIZE, SEEN, SEEN)
SHRUNK = SIZE // DRAWN  # outlines are looked at where the drawing is sharp
REACH = 8  # pixels of the drawing: a good one of the model's

SWAPS = {
    "cube to ball": (183, Shape.BALL),
    "lamp to mug, in fog": (501_001, Shape.MUG),
    "ball to cone, at night": (501_002, Shape.CONE),
}
COLOURS = {
    "red to yellow": (183, Colour.YELLOW),
    "yellow to blue": (114, Colour.BLUE),
    "green to purple": (224, Colour.PURPLE),
}

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Region = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Laid:
    """An edit that is the truth itself, laid into a photo.

    photo, truth, out: (H, W, 3), the part of them that the mask is in; mask, thing: (H, W), where the mask is not 0 and
    where the first thing is, before and after.
    """

    photo: Pixels
    truth: Pixels
    out: Pixels
    mask: Region
    thing: Region


def scenes(seed: int, value: Shape | Colour) -> tuple[Scene, Scene]:
    """A scene, and the same with another first thing."""
    scene = draw_scene(seed)
    thing = scene.things[0]
    other = replace(thing, shape=value) if isinstance(value, Shape) else replace(thing, colour=value)
    return scene, replace(scene, things=(other, *scene.things[1:]))


def enlarged(picture: Pixels) -> Pixels:
    return np.array(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def laid(seed: int, value: Shape | Colour, woven: bool, editor: Editor | None = None) -> Laid:
    """woven: give everything a texture; editor: the model sees both pictures through this one's autoencoder."""
    drawn = [render(scene, DRAWN) for scene in scenes(seed, value)]
    photo, truth = (enlarged(picture.image) for picture in drawn)
    source, edit = (seen(picture, editor) for picture in (photo, truth))
    mask = visible_difference(edit, source, reach=4)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) * SIZE // SEEN for axis in (1, 0))
    part = np.s_[rows[0] // 8 * 8 : rows[-1] // 8 * 8, columns[0] // 8 * 8 : columns[-1] // 8 * 8]
    if woven:
        height, width = photo[part].shape[:2]
        weave = 1 + np.random.default_rng(1).normal(0, 0.06, (height, width, 1)).astype(np.float32)
        for picture in (photo, truth):
            picture[part] = np.clip(np.rint(picture[part] * weave), 0, 255)
    before = photo[part].copy()
    raster = Raster(photo)
    lay_in(raster, Layer(FRAME, edit, source, mask.astype(np.float32)))
    thing = (drawn[0].objects == 1) & (drawn[1].objects == 1)
    wide = [np.array(Image.fromarray(plane).resize((SIZE, SIZE)))[part] for plane in (mask, thing)]
    return Laid(before, truth[part], raster.pixels[part], wide[0], wide[1])


def seen(photo: Pixels, editor: Editor | None) -> Floats:
    """(128, 128, 3) in [0, 1]."""
    image = frame_image(Raster(photo), FRAME)
    if editor is None:
        return image.astype(np.float32) / 255
    return editor.model.decode(editor.model.encode(image))


@pytest.fixture(scope="module", params=SWAPS)
def swapped(request: pytest.FixtureRequest) -> Laid:
    return laid(*SWAPS[request.param], woven=False)


@pytest.fixture(scope="module", params=COLOURS)
def recoloured(request: pytest.FixtureRequest) -> Laid:
    return laid(*COLOURS[request.param], woven=True)


@pytest.fixture(scope="module")
def editor() -> Editor:
    return Editor(built_in().files)


def shrunk(picture: Pixels | Region) -> Floats:
    """An eighth of the size, each pixel the mean of its own."""
    height, width = (length // SHRUNK for length in picture.shape[:2])
    cells = picture[: height * SHRUNK, : width * SHRUNK].reshape(height, SHRUNK, width, SHRUNK, -1)
    mean: Floats = cells.mean(axis=(1, 3), dtype=np.float32)
    return mean


def edges(picture: Pixels) -> Floats:
    """Length of the colour gradient where the drawing is sharp, in levels per pixel of it."""
    down, across = np.gradient(shrunk(picture), axis=(0, 1))
    length: Floats = np.sqrt((down**2 + across**2).sum(axis=-1))
    return length


def grown(region: Region, reach: int) -> Region:
    return window_maximum(region.astype(np.float32), reach) > 0


def shrunk_by(region: Region, reach: int) -> Region:
    return ~grown(~region, reach)


def ghost(photo: Pixels, out: Pixels, truth: Pixels, mask: Region, thing: Region | None = None) -> tuple[float, float]:
    """How much of the old edges is left where the truth has none, 0 to 1: in what was laid in, and in the truth.

    thing: at the drawing's size, True where they are the old thing's; by default everywhere.
    """
    old, new = edges(photo), edges(truth)
    inside = shrunk_by(shrunk(mask)[..., 0] == 1, 2 * REACH)
    if thing is not None:
        inside &= grown(thing, 2)
    gone = (old > 12) & ~grown(new > 3, REACH) & inside
    assert gone.sum() > 500
    return float(edges(out)[gone].mean() / old[gone].mean()), float(new[gone].mean() / old[gone].mean())


def rim(pair: Laid) -> tuple[float, float]:
    """How far from the truth the picture is around the thing's outline, in levels: 99 of 100 pixels, and the mean."""
    thing = shrunk(pair.thing)[..., 0] > 0.5
    around = grown(thing, 2 * REACH) & ~shrunk_by(thing, 2 * REACH) & shrunk_by(shrunk(pair.mask)[..., 0] == 1, REACH)
    off = np.abs(shrunk(pair.out) - shrunk(pair.truth)).max(axis=-1)[around]
    return float(np.percentile(off, 99)), float(off.mean())


def texture(pair: Laid) -> tuple[float, float]:
    """Correlation of the thing's fine detail with the photo's, and its strength as a part of the truth's."""
    thing = np.kron(shrunk_by(shrunk(pair.thing)[..., 0] == 1, 3 * REACH), np.ones((SHRUNK, SHRUNK), bool))
    height, width = thing.shape
    photo, out, truth = (fine(picture)[:height, :width][thing] for picture in (pair.photo, pair.out, pair.truth))
    return float(np.corrcoef(out, photo)[0, 1]), float(out.std() / truth.std())


def fine(picture: Pixels) -> Floats:
    brightness = picture.astype(np.float32).mean(axis=-1)
    return brightness - window_mean(brightness, 6)


def test_no_edge_of_a_swapped_things_predecessor_remains(swapped: Laid) -> None:
    left, of_truth = ghost(swapped.photo, swapped.out, swapped.truth, swapped.mask)
    assert left < of_truth + 0.01


def test_a_recoloured_thing_has_no_rim(recoloured: Laid) -> None:
    most, mean = rim(recoloured)
    assert most < 20
    assert mean < 4


def test_a_recoloured_thing_keeps_its_texture(recoloured: Laid) -> None:
    likeness, strength = texture(recoloured)
    assert likeness > 0.95
    assert 0.8 < strength < 1.2


def test_a_mask_that_ends_in_a_flat_sky_leaves_no_seam() -> None:
    """The edit is a little lighter everywhere, with the autoencoder's noise."""
    photo = enlarged(render(draw_scene(192), DRAWN).image)
    rng, mask = np.random.default_rng(2), np.zeros((SEEN, SEEN), np.float32)
    mask[4:16, 30:90] = 1
    source = seen(photo, None)
    edit = source + np.float32(6 / 255) + rng.normal(0, 0.004, source.shape).astype(np.float32)
    out = composite(Raster(photo), Layer(FRAME, edit, source, mask)).pixels
    sky = np.s_[: 20 * SIZE // SEEN]
    change = out[sky].astype(np.int16) - photo[sky]
    assert change.max() >= 6
    assert max(np.abs(np.diff(change, axis=axis)).max() for axis in (0, 1)) <= 1


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("profile", [None, DISPLAY_P3, PRO_PHOTO], ids=["sRGB", "Display P3", "ProPhoto"])
def test_an_export_differs_by_nothing_where_the_mask_is_0(
    tmp_path: Path, ending: str, kind: type[np.uint8 | np.uint16], profile: bytes | None
) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, np.iinfo(kind).max + 1, (600, 800, 3)).astype(kind)
    path, target = tmp_path / f"photo{ending}", tmp_path / f"edit{ending}"
    export_picture(Raster(pixels, profile), path, original=tmp_path / "none.png")
    opened = open_photo(path)
    raster = full_raster(opened)
    decoded = raster.pixels.copy()
    mask = np.zeros((24, 32), np.float32)
    mask[6:15, 8:20] = 1
    edit, source = rng.random((2, 24, 32, 3), dtype=np.float32)
    lay_in(raster, Layer(Frame(0, 0, 800, 600, 32, 24), edit, source, mask))
    export_picture(raster, target, original=path)
    exported = full_raster(open_photo(target))
    inside = np.kron(mask, np.ones((25, 25))) > 0
    assert exported.pixels.dtype == decoded.dtype == kind
    assert np.array_equal(exported.pixels[~inside], decoded[~inside])
    assert not np.array_equal(exported.pixels[inside], decoded[inside])


@pytest.mark.parametrize("swap", SWAPS)
def test_the_autoencoders_own_softness_lets_no_old_edge_through(editor: Editor, swap: str) -> None:
    pair = laid(*SWAPS[swap], woven=False, editor=editor)
    left, _ = ghost(pair.photo, pair.out, pair.truth, pair.mask)
    assert left < 0.06


@pytest.mark.parametrize("colour", COLOURS)
def test_the_autoencoders_own_softness_takes_no_texture_and_leaves_no_rim(editor: Editor, colour: str) -> None:
    pair = laid(*COLOURS[colour], woven=True, editor=editor)
    assert texture(pair)[0] > 0.95
    assert rim(pair)[0] < 60  # adding the enlarged change alone: 75 to 105


@pytest.mark.parametrize("method", [Method.RESIDUAL, Method.FLOWEDIT])
@pytest.mark.parametrize("swap", SWAPS)
def test_in_the_models_own_edits_the_old_edges_are_gone_with_the_old_thing(
    editor: Editor, swap: str, method: Method
) -> None:
    """What the edit shows is the truth here, whatever the model made of the word."""
    seed, value = SWAPS[swap]
    scene, variant = scenes(seed, value)
    settings = replace(built_in().defaults, method=method)
    rendered = editor.edit(Trial("shape", seed, scene, variant), settings, blended=True)
    assert rendered.mask is not None
    drawn = render(scene, DRAWN)
    photo = enlarged(drawn.image)
    out = composite(Raster(photo), Layer(FRAME, rendered.image, rendered.source, rendered.mask)).pixels
    edit = enlarged(np.rint(rendered.image * 255).clip(0, 255).astype(np.uint8))
    mask = np.array(Image.fromarray(rendered.mask > 0).resize((SIZE, SIZE)))
    # The ground's finest joints, which no model sees, stay.
    left, of_edit = ghost(photo, out, edit, mask, drawn.objects == 1)
    assert left < of_edit + 0.07
