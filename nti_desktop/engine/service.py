"""EngineService: the loaded model, and what it remembers of the inversions at hand. Used from one thread."""

import gc
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.core.aside import run_aside
from nti_desktop.core.errors import DeviceStopped, EngineError
from nti_desktop.core.progress import CancelToken, Progress, Report, report_nothing
from nti_desktop.core.units import decibels
from nti_desktop.engine.memory.device import devices, find_device, give_up, in_words, memory_errors, passed_over
from nti_desktop.engine.memory.faults import give_back_memory
from nti_desktop.engine.memory.forecast import Forecaster, Size, Work, guiding, learning, work_of, work_of_edit
from nti_desktop.engine.methods import METHODS, reference
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task
from nti_desktop.engine.model import low_rank
from nti_desktop.engine.model.diffusion_model import DiffusionModel, RowCounter, counted_rows
from nti_desktop.engine.model.loading import Stamps, is_unchanged, load_model, stamps_of
from nti_desktop.engine.model.look import read_look
from nti_desktop.engine.model.prediction import explained, likely_prediction
from nti_desktop.engine.model.rates import measured_rates
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.engine.sampling.pivot import Source
from nti_desktop.engine.teaching import taught
from nti_desktop.engine.threads import Threads
from nti_desktop.recipe.costs import Conditions, Speeds
from nti_desktop.recipe.jobs import (
    Figures,
    Inversion,
    InvertJob,
    LookJob,
    Measured,
    MeasureJob,
    ModelFiles,
    Rendered,
    RenderJob,
    seen_of,
)
from nti_desktop.recipe.kept_arrays import PIVOT, Extent, KeptArray
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.memory import Forecast, Saving
from nti_desktop.recipe.methods import PUBLISHED_STEPS
from nti_desktop.recipe.outlines import inside
from nti_desktop.recipe.parameters import STRENGTH
from nti_desktop.recipe.recipe import EditRecipe, Reweighting
from nti_desktop.recipe.rewording import as_written
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.structure import as_drawn, fades
from nti_desktop.recipe.teaching import Taught, TeachJob

REMEMBERED = 2  # inversions whose source attention is kept
EDITS = 12  # whole edits that are kept of each, which takes a megabyte or less
VISIBLE = 8 / 255  # a difference that a person sees

Draw = Callable[[Tensor], NDArray[np.float32]]  # see DiffusionModel.decode_once


@dataclass(frozen=True, eq=False)
class _Photo:
    """source: see the method's `source`; pictures: of the photo itself, by what draws them and whether in tiles; edits:
    the newest ones as they were drawn, by recipe and steps.
    """

    prepared: Prepared
    source: object
    pictures: dict[tuple[Draw, bool], NDArray[np.float32]] = field(default_factory=dict)
    edits: OrderedDict[tuple[EditRecipe, int | None], Edit] = field(default_factory=OrderedDict)

    def picture(self, draw: Draw, in_tiles: bool) -> NDArray[np.float32]:
        """The photo as its latents are drawn, once for each way."""
        if (draw, in_tiles) not in self.pictures:
            self.pictures[draw, in_tiles] = draw(self.prepared.photo)
        return self.pictures[draw, in_tiles]


class EngineService:
    """Runs jobs on the model they name; loading it is part of the first one. Every method may raise ModelError,
    EngineError, OutOfMemory, Cancelled or RecipeError, and the next job works.
    """

    def __init__(self, device: str | None = None) -> None:
        """device: see choose_device."""
        self._device = device
        self._computing = torch.device("cpu")  # what the model is on
        self._files: ModelFiles | None = None
        self._stamps: Stamps = {}  # of these files, as they were when they were read
        self._model: DiffusionModel | None = None
        self._forecaster: Forecaster | None = None
        self._photos: OrderedDict[str, _Photo] = OrderedDict()
        self._threads = Threads()

    def choose_device(self, kind: str | None) -> None:
        """Run the next jobs on a kind of jobs.Device, None for the best one. Another one loads the model anew."""
        if kind != self._device:
            self._device = kind
            self._forget()

    def measure(self, job: MeasureJob, report: Report = report_nothing, cancel: CancelToken | None = None) -> Measured:
        """Measure how well the model's autoencoder draws the picture, and how fast the UNet is at its size."""
        report, cancel = self._threads.along(report), cancel or CancelToken()
        with self._at_work():
            model = self._load(job.model, report, cancel)
            image = seen_of(job.image)
            size = _latent_size(model, image)
            forecaster = self._save_memory(model, guiding, size)
            latents = model.encode(image)
            psnr = decibels(_without_grain(model.decode(latents)), _without_grain(image / np.float32(255)))
            forecast = forecaster.forecast(size, job.steps, job.self_limit)
            device, precision = in_words(model.device), str(model.precision)
            conditions = Conditions(device.name, precision, *image.shape[:2])
            speeds = job.known(conditions)
            if speeds is None:
                speeds = Speeds(measured_rates(model, latents, _may_learn(model, forecast), cancel))
            return Measured(
                psnr, speeds, device.name, device.kind, devices(), precision, forecast, passed_over(), conditions
            )

    def ask_prediction(
        self, job: MeasureJob, prompt: str, report: Report = report_nothing, cancel: CancelToken | None = None
    ) -> tuple[str, str | None]:
        """Tell what the model predicts by its settings, and by its answer about a picture that `prompt` describes."""
        report, cancel = self._threads.along(report), cancel or CancelToken()
        with self._at_work():
            model = self._load(job.model, report, cancel)
            stated = levels_of(model.scheduler_config, PUBLISHED_STEPS).prediction
            return stated, likely_prediction(model, model.encode(seen_of(job.image)), model.embed(prompt))

    def read_look(self, job: LookJob, report: Report = report_nothing, cancel: CancelToken | None = None) -> Look:
        """Tell in words the ground, the light, the weather and the film of a picture."""
        report, cancel = self._threads.along(report), cancel or CancelToken()
        with self._at_work():
            model = self._load(job.model, report, cancel)
            image = seen_of(job.image)
            self._save_memory(model, guiding, _latent_size(model, image))
            return read_look(model, image, job.question, report, cancel)

    def invert(self, job: InvertJob, report: Report = report_nothing, cancel: CancelToken | None = None) -> Inversion:
        """Invert a picture, and measure the unpinned reconstruction where there is one."""
        report, cancel = self._threads.along(report), cancel or CancelToken()
        with self._at_work():
            model = self._load(job.model, report, cancel)
            image = seen_of(job.image)
            self._save_memory(model, work_of(job.settings.method), _latent_size(model, image))
            with _measured(model) as (rows, seconds):
                method = METHODS[job.settings.method]
                latents = model.encode(image)
                prepared = method.prepare(model, latents, job.settings, report, cancel)
                picture = psnr = told = None
                if prepared.reconstruction is not None:
                    both = prepared.reconstruction, latents
                    picture, drawn = model.enduring(lambda: [model.decode_once(each) for each in both])
                    psnr = decibels(picture, drawn)
                if job.settings.method.row.described:
                    told = explained(model, latents, job.settings.prompt)
                precision = str(model.precision)
                figures = Figures(seconds(), rows.rows, psnr, prepared.inner_steps, precision, explained=told)
            arrays = {kept.name: _kept(prepared.arrays[kept.name], kept) for kept in job.settings.method.row.keeps}
            return Inversion(job.settings, arrays, picture, figures)

    def render(self, job: RenderJob, report: Report = report_nothing, cancel: CancelToken | None = None) -> Rendered:
        """Render one edit; the first one of an inversion also records the source's attention."""
        report, cancel = self._threads.along(report), cancel or CancelToken()
        with self._at_work():
            model = self._load(job.model, report, cancel)
            self._save_memory(model, work_of_edit(job.settings.method), _edited_size(model, job), job.inversion_id)
            with _measured(model) as (rows, seconds):
                photo = self._photo(model, job)
                recipe = _as_heeded(job)
                edit = _edited(model, photo, replace(job, recipe=recipe), report, cancel)
                draw = model.decode_once if job.steps is None else model.decode_preview_once
                image, source = model.enduring(
                    lambda: (draw(edit.latents), photo.picture(draw, model.savings.in_tiles))
                )
                mask = None if edit.mask is None else _array(_resized(edit.mask.float(), image.shape[:2]))
                if job.recipe.within:
                    drawn = inside(job.recipe.within, *image.shape[:2])
                    image = np.where(drawn[..., None], image, source)
                    mask = drawn.astype(np.float32) if mask is None else mask * drawn
                return Rendered(
                    recipe=job.recipe,
                    image=image,
                    source=source,
                    latents=_array(edit.latents[0]),
                    mask=mask,
                    coverage=1.0 if mask is None else float(mask.mean()),
                    word_maps=_word_maps(model, recipe.prompt, edit),
                    changed=float((np.abs(image - source).max(-1) > VISIBLE).mean()),
                    figures=Figures(seconds(), rows.rows, precision=str(model.precision)),
                )

    def teach(self, job: TeachJob, report: Report = report_nothing, cancel: CancelToken | None = None) -> Taught:
        """Teach a model a word. Afterwards the model is loaded anew, with what it is given by then."""
        report, cancel = self._threads.along(report), cancel or CancelToken()
        with self._at_work():
            try:
                model = self._load(job.model, report, cancel)
                images = [seen_of(each.image) for each in job.examples]
                largest = max((_latent_size(model, image) for image in images), key=math.prod)
                self._save_memory(model, learning, largest)
                with _measured(model) as (rows, seconds):
                    vectors = taught(model, job, [model.encode(image) for image in images], report, cancel)
                return Taught(job.word, vectors, Figures(seconds(), rows.rows, precision=str(model.precision)))
            finally:
                self._forget()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Raise what a job's device says as errors for people; one that stopped is given up, with the model on it."""
        try:
            with memory_errors():
                yield
        except DeviceStopped:
            give_up(self._computing)
            self._forget()
            raise

    def _load(self, files: ModelFiles, report: Report, cancel: CancelToken) -> DiffusionModel:
        cancel.check()
        stamps = self._stamps
        if self._model is None or self._files != files or not run_aside(lambda: is_unchanged(stamps), cancel):
            report(Progress("Loading the model", 0, 1))
            self._forget()
            self._computing = device = find_device(self._device)
            self._stamps = run_aside(lambda: stamps_of(files), cancel)
            self._model, self._files = run_aside(lambda: load_model(files, device), cancel), files
            report(Progress("Loading the model", 1, 1))
            cancel.check()
        return self._model

    def _forget(self) -> None:
        known, self._model, self._files, self._forecaster = self._model is not None, None, None, None
        self._photos.clear()
        if known:
            gc.collect()  # networks refer to themselves, and the next one needs their room
            give_back_memory()

    def _save_memory(self, model: DiffusionModel, work: Work, size: Size, photo: str | None = None) -> Forecaster:
        """Save as much as such work is predicted to need, so that it does not have to fail first; what is remembered of
        other photos than this one goes before that.
        """
        self._forecaster = self._forecaster or Forecaster(model)
        model.savings.spare = [partial(self._photos.pop, other, None) for other in self._others_on_device(photo)]
        while (need := self._forecaster.need(work, size)).saving > Saving.NONE and model.savings.spare:
            model.savings.give_up()
        model.begin(need)
        return self._forecaster

    def _others_on_device(self, photo: str | None) -> list[str]:
        """The photos but one whose recordings take the device's memory, the longest unused first."""
        sources = {id_: known.source for id_, known in self._photos.items() if id_ != photo}
        return [id_ for id_, source in sources.items() if isinstance(source, Source) and source.on_device]

    def _photo(self, model: DiffusionModel, job: RenderJob) -> _Photo:
        if job.inversion_id in self._photos:
            self._photos.move_to_end(job.inversion_id)
            return self._photos[job.inversion_id]
        _check_arrays(model, job)
        arrays = {kept.name: _given(model, job.arrays[kept.name], kept) for kept in job.settings.method.row.keeps}
        image = None if job.image is None else seen_of(job.image)
        photo = arrays[PIVOT.name][-1:] if image is None else model.encode(image)
        prepared = Prepared(job.settings, arrays, photo, image=image)
        self._photos[job.inversion_id] = _Photo(prepared, METHODS[job.settings.method].source(model, prepared))
        while len(self._photos) > REMEMBERED:
            self._photos.popitem(last=False)
        return self._photos[job.inversion_id]


def _as_heeded(job: RenderJob) -> EditRecipe:
    """A job's recipe with its words written as the model should read them, and weights that act on what its method asks
    the model with.
    """
    acts_on = job.recipe.reweighting if job.settings.method.row.looks else Reweighting.EMBEDDING
    return replace(job.recipe, prompt=as_written(job.settings.prompt, job.recipe.prompt), reweighting=acts_on)


def _edited(model: DiffusionModel, photo: _Photo, job: RenderJob, report: Report, cancel: CancelToken) -> Edit:
    """A job's edit. What was drawn is remembered, so that the strength of an edit that fades, moved on, and marks that
    only say what of it is shown ask for no UNet row.
    """
    recipe, strength, latents = as_drawn(job.settings, job.recipe), job.recipe.strength, photo.prepared.photo
    drawn = partial(_drawn, model, photo, job, report=report, cancel=cancel)
    edit = drawn(recipe)
    if fades(job.settings, job.recipe):
        return edit.faded(latents, strength)
    if strength < STRENGTH.usual and job.settings.method.row.drifts:
        return edit.led_from(latents, drawn(replace(recipe, strength=0.0)).latents, strength)
    return edit


def _drawn(
    model: DiffusionModel, photo: _Photo, job: RenderJob, recipe: EditRecipe, report: Report, cancel: CancelToken
) -> Edit:
    """Draw a recipe by the method of a job, unless it is remembered."""
    edit = photo.edits.pop((recipe, job.steps), None)
    if edit is None:
        task = Task(model, photo.prepared, photo.source, recipe, job.steps, job.image_prompt, report, cancel)
        lays = job.image_prompt is not None and job.settings.method.row.lays
        edit = reference.render(task) if lays else METHODS[job.settings.method].render(task)
    photo.edits[recipe, job.steps] = edit
    while len(photo.edits) > EDITS:
        photo.edits.popitem(last=False)
    return edit


def _may_learn(model: DiffusionModel, forecast: Forecast) -> bool:
    """Tell whether a gradient asks for no further saving, which would slow down all that comes after it."""
    need = forecast.learning
    return model.sees is Sees.NOTHING and need.fits and need.saving <= model.savings.saving


def _edited_size(model: DiffusionModel, job: RenderJob) -> Size:
    if job.image is not None:
        return _latent_size(model, seen_of(job.image))
    height, width = job.arrays[PIVOT.name].shape[-2:]
    return height, width


def _latent_size(model: DiffusionModel, image: NDArray[np.uint8]) -> Size:
    return image.shape[0] // model.scale, image.shape[1] // model.scale


def _without_grain(picture: NDArray[np.floating]) -> NDArray[np.floating]:
    """The picture at half its size, each pixel the mean of four."""
    rows, columns, channels = picture.shape
    average: NDArray[np.floating] = picture.reshape(rows // 2, 2, columns // 2, 2, channels).mean((1, 3))
    return average


@contextmanager
def _measured(model: DiffusionModel) -> Iterator[tuple[RowCounter, Callable[[], float]]]:
    start = time.perf_counter()
    with counted_rows(model) as rows:
        yield rows, lambda: time.perf_counter() - start


def _check_arrays(model: DiffusionModel, job: RenderJob) -> None:
    """Raises EngineError when stored arrays are not this model's, or the method wants a model of another kind."""
    wanted = job.settings.method.row.sees
    if wanted is Sees.PHOTO and model.sees is not wanted:
        raise EngineError("This model takes no orders; choose one that is made for them, or another method.")
    if wanted is Sees.SURROUNDINGS and model.sees is not wanted:
        raise EngineError("This model is not made for inpainting; choose one that is, or another method.")
    steps = job.settings.steps
    exact = {
        Extent.LEVELS: steps + 1,
        Extent.STEPS: steps,
        Extent.CHANNELS: model.latent_channels,
        Extent.FEATURES: model.text.width,
        Extent.NUMBERS: low_rank.count(model.unet),
    }
    for kept in job.settings.method.row.keeps:
        array = job.arrays.get(kept.name)
        if array is None or not kept.fits(array.shape, exact, {Extent.TOKENS: model.length}):
            raise EngineError("This edit was made with another model; prepare the photo again with the one chosen now.")


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array


def _kept(tensor: Tensor, kept: KeptArray) -> NDArray[np.floating]:
    """As it will be stored, so that an edit before saving is the one after: in half precision, or double."""
    if kept.double:
        array: NDArray[np.float64] = tensor.double().cpu().numpy()
        return array
    return _array(tensor.half())


def _given(model: DiffusionModel, array: NDArray[np.floating], kept: KeptArray) -> Tensor:
    """Put it where it is computed with: doubles on the processor, as not every device has them."""
    return torch.tensor(array, device="cpu" if kept.double else model.device)


def _resized(plane: Tensor, size: tuple[int, ...]) -> Tensor:
    return F.interpolate(plane[None, None], size=size[:2], mode="bilinear", antialias=False)[0, 0].clamp(0, 1)


def _word_maps(model: DiffusionModel, prompt: str, edit: Edit) -> NDArray[np.float32]:
    found, columns = edit.word_maps, model.tokens(prompt).columns
    if found is None or not columns:
        return np.zeros((0, 1, 1), np.float32)
    maps = [found.edit[list(own)].sum(0) for own in columns]
    return _array(torch.stack([m / m.max().clamp(min=1e-12) for m in maps]))
