"""The same edit on an area around the thing and on the whole photo, both laid back into the photo at its own size."""

import numpy as np
from numpy.typing import NDArray

from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.compositing.composite import Layer, composite
from nti_desktop.photo.frame import Area, Frame, area_around, frame_image, frame_of, whole_photo
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import InvertJob, RenderJob
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import recipe_for
from nti_desktop.studio.render import drawn, render
from nti_desktop.studio.samples import SIZE
from nti_desktop.studio.truth import recovered
from tests.figures.answers import Answer
from tests.figures.editor import Editor
from tests.figures.tables import ALL, Outcomes, mean_of, paired, values
from tests.figures.trials import Trial

Levels = NDArray[np.uint8]

WHOLE, AREA = "the whole photo", "an area around the thing"
LARGEST = 0.75  # of the photo's side; a larger area is hardly an area


def has_an_area(asked: Trial) -> bool:
    """Whether the scene shows one thing, small enough that an area around it is another picture."""
    if len(asked.scene.things) > 1:
        return False
    place = drawn(asked.scene, SIZE).objects == 1
    if not place.any():
        return False
    height, width = place.shape
    area = _around(place)
    return max(area.width / width, area.height / height) <= LARGEST


def _around(place: NDArray[np.bool_]) -> Area:
    height, width = place.shape
    entry = built_in()
    whole = whole_photo(width, height, entry.native_size, entry.multiple)
    return area_around(place.astype(np.float32), whole, (width, height), entry.native_size)


def on_areas(editor: Editor, asked: Trial, settings: EditDefaults) -> Answer:
    """What is recovered of the truth in the photo's own pixels, by what the model is shown: everything, or the area
    around the thing that the window offers. Both are prepared and edited with the same sentences.
    """
    pictures = [render(scene, SIZE, rays=2) for scene in (asked.scene, asked.variant)]
    photo, truth = (picture.image for picture in pictures)
    height, width = photo.shape[:2]
    entry = built_in()
    frames = {
        WHOLE: whole_photo(width, height, entry.native_size, entry.multiple),
        AREA: frame_of(_around(pictures[0].objects == 1), entry.native_size, entry.multiple),
    }
    answer: Answer = {}
    for way, frame in frames.items():
        edited = _edited(editor, asked, settings, Raster(photo), frame) / 255
        answer[way] = {"recovered": recovered(edited, photo / 255, truth / 255)}
    return answer


def _edited(editor: Editor, asked: Trial, settings: EditDefaults, photo: Raster, frame: Frame) -> Levels:
    said, wanted = asked.captions
    method = settings.method
    how = InversionSettings(said, method, settings.steps_for(method), settings.guidance_of(method))
    image = frame_image(photo, frame)
    inverted = editor.service.invert(InvertJob(editor.files, image, how))
    recipe = recipe_for(wanted, how, settings, inverted.figures.explained)
    job = RenderJob(editor.files, f"area {asked.kind} {asked.seed} {frame}", how, inverted.arrays, recipe)
    made = editor.service.render(job)
    return composite(photo, Layer(frame, made.image, made.source)).pixels


def areas_table(outcomes: Outcomes) -> str:
    """What both recover by kind of edit, and how much less the area does, scene by scene."""
    lines = [f"{'kind':9} {'shown':26} {'scenes':>6} {'recovered':>10} {'95 %':>15}"]
    kinds = {**outcomes, ALL: [answer for answers in outcomes.values() for answer in answers]}
    for kind, answers in kinds.items():
        means = {way: mean_of(values(answers, way)) for way in (WHOLE, AREA)}
        less = paired(answers, AREA, answers, WHOLE)
        for name, mean in (means | ({} if less is None else {"the area less the whole": less})).items():
            interval = f"{mean.low:.3f} {mean.high:.3f}"
            lines.append(f"{kind:9} {name:26} {mean.scenes:6} {mean.mean:10.3f} {interval:>15}")
    return "\n".join(lines)
