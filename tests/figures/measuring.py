"""One measurement: a figure of one scene with some settings, and what came of it."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from nti_desktop.recipe.jobs import Rendered
from nti_desktop.recipe.methods import PUBLISHED_STEPS, Method
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.studio.captions import Wording, caption
from nti_desktop.studio.classifier import attributes_of, verdict
from nti_desktop.studio.scenes import Scene
from nti_desktop.studio.truth import nearest, overlap, psnr, psnr_outside, recovered, sharpness, visible_difference
from tests.figures.answers import Answer
from tests.figures.areas import on_areas
from tests.figures.classifying import load_classifier
from tests.figures.compositing import laid_in, sample_trials
from tests.figures.editor import SDEDIT_STRENGTH, Editor, Pixels
from tests.figures.sheets import strip
from tests.figures.stories import told
from tests.figures.trials import LOCAL, Trial, can_be_seen, candidates, trial
from tests.figures.words import denser, strengths, weights

PUBLISHED = "published"
PREVIEW = "preview"
SHORT = "short caption"
COMPLETED = "completed caption"
GUIDANCES = (1.5, 2.0, 3.0, 5.0, 7.5)
BLENDED = " with blend"  # after the name of a method


@dataclass(frozen=True)
class Measurement:
    """figure: what is measured, see `measure`; kind: of the edit; seed: of the scene; settings: those that matter;
    judge: digest of the classifier that gave the verdict, or of the compositor.
    """

    figure: str
    kind: str
    seed: int
    settings: EditDefaults | None = None
    judge: str = ""

    def key(self, weights: str, world: str = "first") -> str:
        """What an answer is found by again. weights: fingerprint of the model; where it is not asked, any will do;
        world: see WORLDS.
        """
        known = {**asdict(self), "weights": "" if self.figure == "visible" else weights}
        return json.dumps(known if world == "first" else {**known, "world": world}, sort_keys=True)

    def strip_name(self) -> str:
        """The file with this edit's pictures."""
        return f"{self.kind}-{self.seed}-{hashlib.sha256(self.key('').encode()).hexdigest()[:12]}.png"


def sampling_settings(settings: EditDefaults) -> EditDefaults:
    """What plain sampling depends on; everything else as it is by default."""
    return EditDefaults(steps=settings.steps, guidance_scale=settings.guidance_scale)


def published_settings(settings: EditDefaults) -> EditDefaults:
    """What the published edit depends on; everything else as it is by default."""
    return EditDefaults(
        method=Method.NULL_TEXT,
        steps=PUBLISHED_STEPS,
        guidance_scale=settings.guidance_scale,
        cross_until=settings.cross_until,
        self_until=settings.self_until,
    )


@dataclass(frozen=True)
class Places:
    """strips: folder for the pictures of edits, None to keep none; classifier: its file."""

    strips: Path | None = None
    classifier: Path = Path()


def measure(editor: Editor, measurement: Measurement, places: Places) -> Answer:
    """Take one measurement.

    Its figure: visible, autoencoder, reconstruction, ceiling (of the attributes), attributes (of sampled pictures),
    baselines, method (the edit from the photo to the picture, with its costs), truth (edits with and without a mask),
    guidance (edits without), preview (with the steps of one),
    published (the edit by the yardstick), short (the edit from a caption of three or four words), completed (the edit
    from such a caption that the model completes), weights, kept,
    denser and strength (see tests.figures.words), areas (see tests.figures.areas), story (see tests.figures.stories),
    composite (right answers laid into the photo, see tests.figures.compositing) and sample (the same of the samples'
    edits, whose number stands for the seed).
    """
    if measurement.figure == "sample":
        return laid_in(sample_trials()[measurement.seed], editor.coded)
    scene, settings = editor.world.draw(measurement.seed), measurement.settings
    if measurement.figure == "story":
        assert settings is not None
        return told(editor, measurement.seed, settings)
    asked_trial = partial(trial, measurement.kind, measurement.seed, editor.world)
    match measurement.figure:
        case "visible":
            return {"truth": {"visible": float(can_be_seen(asked_trial()))}}
        case "autoencoder":
            return {"autoencoder": {"psnr": psnr(editor.drawn(scene), editor.picture(scene).image / 255)}}
        case "reconstruction":
            return {"null-text": {"psnr": editor.reconstruction_psnr(scene, caption(scene))}}
        case "ceiling":
            return {"right": _right(scene, editor.drawn(scene), places.classifier)}
        case "composite":
            return laid_in(asked_trial(), editor.coded)
    assert settings is not None
    if measurement.figure == "attributes":
        # Matte is said: where it is not, a caption fits the other materials too.
        picture = editor.sampled(scene, caption(scene, Wording(say_matte=True)), settings)
        return {"right": _right(scene, picture, places.classifier)}
    asked = asked_trial()
    if measurement.figure == "short":
        brief = replace(asked, short=True)
        return {SHORT: _outcome(editor, brief, editor.edit(brief, settings).image)}
    if measurement.figure == "completed":
        brief = replace(asked, short=True)
        brief = replace(brief, look=editor.look(scene, brief.captions[0]))
        return {COMPLETED: _outcome(editor, brief, editor.edit(brief, settings).image)}
    if measurement.figure == "areas":
        return on_areas(editor, asked, settings)
    if measurement.figure == "baselines":
        prompt = asked.captions[1]
        return {
            "copy of the source": _outcome(editor, asked, editor.drawn(scene)),
            "sampling": _outcome(editor, asked, editor.sampled(scene, prompt, settings)),
            "SDEdit": _outcome(editor, asked, editor.sampled(scene, prompt, settings, SDEDIT_STRENGTH)),
        }
    if measurement.figure == "method":
        return _made(editor, asked, measurement, settings, places)
    if measurement.figure == "preview":
        return {PREVIEW: _outcome(editor, asked, editor.edit(asked, settings, steps=settings.preview_steps).image)}
    if measurement.figure in ("weights", "kept"):
        return weights(editor, asked, settings, kept=measurement.figure == "kept")
    if measurement.figure == "denser":
        return denser(editor, asked, settings)
    if measurement.figure == "strength":
        return strengths(editor, asked, settings)
    if measurement.figure == "published":
        found = editor.published_edit(asked, settings)
        figures = {"psnr": found.reconstruction_psnr, "inner steps": float(found.inner_steps)}
        return {PUBLISHED: _outcome(editor, asked, found.picture) | figures}
    return _edits(editor, asked, measurement, settings, places)


def _made(editor: Editor, asked: Trial, measurement: Measurement, settings: EditDefaults, places: Places) -> Answer:
    made = editor.made(asked, settings)
    if places.strips is not None:
        strip([editor.drawn(asked.scene), made.picture, editor.drawn(asked.variant)]).save(
            places.strips / measurement.strip_name()
        )
    costs = {
        "preparing": made.prepared.seconds,
        "preparing rows": float(made.prepared.unet_rows),
        "editing": made.rendered.seconds,
        "editing rows": float(made.rendered.unet_rows),
        "stored": float(made.stored),
    }
    return {str(settings.method): _outcome(editor, asked, made.picture) | costs}


def _edits(editor: Editor, asked: Trial, measurement: Measurement, settings: EditDefaults, places: Places) -> Answer:
    way = str(settings.method)
    pictures = {way: editor.edit(asked, settings).image}
    answer: Answer = {}
    if measurement.figure == "truth" and asked.kind in LOCAL:
        blended = editor.edit(asked, settings, blended=True)
        pictures[way + BLENDED] = blended.image
        if asked.kind == "colour":  # the thing is the same before and after
            answer["mask"] = _fit(editor, asked, blended)
    answer |= {name: _outcome(editor, asked, picture) for name, picture in pictures.items()}
    if measurement.figure == "truth" and places.strips is not None:
        shown = [editor.drawn(asked.scene), *pictures.values(), editor.drawn(asked.variant)]
        strip(shown).save(places.strips / measurement.strip_name())
    return answer


def _fit(editor: Editor, asked: Trial, blended: Rendered) -> dict[str, float | None]:
    """The mask of the first thing's word against the thing."""
    thing = editor.picture(asked.scene).objects == 1
    things = float(len(asked.scene.things))
    if blended.mask is None or not thing.any():  # another thing hides it
        return {"iou": None, "coverage": None, "things": things}
    found = overlap(blended.mask > 0.5, thing)
    return {"iou": found.iou, "coverage": found.coverage, "things": things}


def _outcome(editor: Editor, asked: Trial, picture: Pixels) -> dict[str, float | None]:
    """How near a picture comes to the truth; see nti_desktop.studio.truth."""
    truths = [editor.drawn(scene) for scene in candidates(asked)]
    source = editor.drawn(asked.scene)
    region = visible_difference(truths[0], source)
    if not region.any():  # the autoencoder lost it
        return {"recovered": None, "outside": None, "verdict": None, "sharpness": None}
    outside = math.nan if region.all() else psnr_outside(picture, source, truths[0])
    return {
        "recovered": recovered(picture, source, truths[0]),
        "outside": outside if np.isfinite(outside) else None,
        "verdict": float(is_right(picture, source, truths)),
        "sharpness": sharpness(picture, truths[0], region),
    }


def is_right(picture: Pixels, source: Pixels, truths: Sequence[Pixels]) -> bool:
    """Tell whether a picture is nearest to the first of the truths wherever one of them differs visibly from the
    source: an edit may also change what it should have kept.
    """
    somewhere = np.any([visible_difference(truth, source) for truth in truths], axis=0)
    return nearest(picture, truths, somewhere) == 0


def _right(scene: Scene, picture: Pixels, classifier: Path) -> dict[str, float | None]:
    """For each attribute: whether the classifier sees in the picture what the scene has."""
    seen = verdict(_classifier(classifier), picture)
    return {name: None if value is None else float(seen[name] == value) for name, value in attributes_of(scene).items()}


_classifier = cache(load_classifier)
