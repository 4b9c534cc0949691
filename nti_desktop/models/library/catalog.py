"""The models this program can use: those built in, folders in the diffusers layout, single files with the original
names. Nothing here loads weights.

They are somebody else's: their JSON is read with types and ranges checked, their weights must be safetensors.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from nti_desktop.core.errors import ModelError
from nti_desktop.core.resources import resource
from nti_desktop.models.families import FewSteps, few_steps_of
from nti_desktop.models.formats.autoencoder import Paired, find_autoencoder
from nti_desktop.models.formats.foreign import ENDINGS
from nti_desktop.models.formats.layout import Layout, check_layout
from nti_desktop.models.formats.single_file import check_single_file
from nti_desktop.models.hub.offers import find_offer
from nti_desktop.models.library.additions import ModelAddition, model_additions
from nti_desktop.models.library.answers import answer_of
from nti_desktop.models.library.places import STUDIO, STUDIO_ORDERS, Given, read_places
from nti_desktop.models.library.preview_decoders import Found, own_preview_decoder, published_preview_decoder
from nti_desktop.models.library.scan import Candidate, candidates
from nti_desktop.models.library.vocabulary import read_words
from nti_desktop.recipe.demands import Demand
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.kinds import Kind
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import EditDefaults, Windows
from nti_desktop.recipe.words import word_key

BUILT_IN_ID = STUDIO  # of the one that is there to begin with
ORDERS_ID = STUDIO_ORDERS  # of the one that takes orders
_ITS_OWN = "see the model’s own terms"


@dataclass(frozen=True)
class ModelEntry:
    """One model. id: see BUILT_IN, or the absolute path of its folder or file; family: what it is a relative of;
    native_size: side in pixels of the square it was trained on; multiple: sides of a picture must be multiples of this
    many pixels; words: all it was trained on or given, in lower case, or None when the folder does not say;
    preview_fault: why a preview decoder that lies there for it is not used, one sentence; sees: see Layout;
    prediction_guessed: see SingleFile; additions: all that it is given, usable or not.
    """

    id: str
    name: str
    family: str
    files: ModelFiles
    defaults: EditDefaults
    native_size: int
    multiple: int
    licence: str
    built_in: bool
    words: frozenset[str] | None
    preview_fault: str | None = None
    sees: Sees = Sees.NOTHING
    prediction_guessed: bool = False
    additions: tuple[ModelAddition, ...] = ()

    @property
    def reads_pictures(self) -> bool:
        """Whether it was given what reads pictures beside the words."""
        return any(addition.image_encoder for addition in self.files.additions)

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods that it can be edited by."""
        return tuple(method for method, row in METHODS.items() if row.sees is self.sees)

    @property
    def ways(self) -> tuple[Method, ...]:
        """The methods that a photo can be edited by from here: its own, and those of what is built in beside it."""
        beside = {row.sees for row in BUILT_IN.values()} if self.built_in else set()
        return tuple(method for method, row in METHODS.items() if row.sees in {self.sees, *beside})


# What measures best on these weights; word masks fit best on the 16x16 grid, not pooled. See the model card, and
# tests/benchmarks for the kinds of change.
STUDIO_DEFAULTS = EditDefaults(
    method=Method.FLOWEDIT,
    steps=12,
    guidance_scale=1.5,
    cross_until=0.4,
    self_until=0.2,
    windows=(
        (Kind.COLOUR, Windows(1.0, 1.0)),
        (Kind.THING, Windows(0.2, 0.1)),
        (Kind.GROUND, Windows(0.2, 0.1)),
        (Kind.LIGHT, Windows(0.0, 0.0)),
        (Kind.WEATHER, Windows(0.0, 0.0)),
    ),
    guidances=((Kind.COLOUR, 1.25), (Kind.THING, 1.25), (Kind.WEATHER, 1.25)),
    kept=Windows(1.0, 1.0),
    story=Windows(1.0, 0.7),
    self_limit=1.0,
    blend_positions=200,
    blend_pooled=False,
    redrawn=0.35,
    preview_steps=2,
    explaining=0.4,
)


# What measures best on the model that takes the Studio's orders.
STUDIO_ORDERS_DEFAULTS = EditDefaults(
    method=Method.INSTRUCT,
    steps=12,
    guidance_scale=1.5,
    image_guidance=1.0,
    demands=((Demand.REMOVE, 2.0), (Demand.MOVE, 2.0)),
)

# As published for Stable Diffusion, with half as many levels, as DDIM needs no more (Brooks et al. 2022).
ORDERS_DEFAULTS = EditDefaults(method=Method.INSTRUCT, guidance_scale=7.5)

# As published with Stable Diffusion's inpainting models.
FILLING_DEFAULTS = EditDefaults(method=Method.INPAINT, guidance_scale=7.5)


@dataclass(frozen=True)
class BuiltIn:
    """A model that comes with the program. folder: under resources/models; autoencoder: of another one's folder there,
    None where it has its own.
    """

    name: str
    folder: str
    defaults: EditDefaults
    autoencoder: str | None = None

    @property
    def sees(self) -> Sees:
        """What it sees of the photo, as its best method wants it."""
        return self.defaults.method.row.sees


# By their ids.
BUILT_IN: Mapping[str, BuiltIn] = {
    BUILT_IN_ID: BuiltIn("Studio (built in)", "studio", STUDIO_DEFAULTS),
    ORDERS_ID: BuiltIn("Studio orders (built in)", "studio-orders", STUDIO_ORDERS_DEFAULTS, "studio/vae"),
}


def defaults_of(model_id: str, sees: Sees = Sees.NOTHING) -> EditDefaults:
    """Choose the settings that measure best on the model of this id, which need not be there."""
    if model_id in BUILT_IN:
        return BUILT_IN[model_id].defaults
    return {Sees.PHOTO: ORDERS_DEFAULTS, Sees.SURROUNDINGS: FILLING_DEFAULTS}.get(sees, EditDefaults())


def _defaults(id: str, name: str, layout: Layout) -> EditDefaults:
    """Choose what was published for a model; one that was distilled to few steps may say so by its name alone."""
    return _in_few_steps(defaults_of(id, layout.sees), layout.few_steps or few_steps_of((name,)))


def _in_few_steps(best: EditDefaults, few: FewSteps | None) -> EditDefaults:
    if few is None:
        return best
    return replace(best, steps=few.steps, guidance_scale=few.guidance_scale, preview_steps=2, few_steps=True)


def built_in(id: str = BUILT_IN_ID, given: Sequence[Given] | None = None) -> ModelEntry:
    """One of BUILT_IN, the Studio model by default. given: see `find_model`.

    Raises ModelError when the program's own files are damaged.
    """
    row = BUILT_IN[id]
    files = ModelFiles(
        resource("models", row.folder),
        autoencoder=None if row.autoencoder is None else resource("models", row.autoencoder),
    )
    layout = check_layout(files.folder, files.autoencoder)
    preview = own_preview_decoder(files, layout.latents)
    entry = ModelEntry(
        id=id,
        name=row.name,
        family="Studio",
        files=replace(files, half=layout.half, preview_decoder=preview.decoder),
        defaults=row.defaults,
        native_size=layout.native_size,
        multiple=layout.multiple,
        licence="Apache-2.0",
        built_in=True,
        words=read_words(files.folder),
        preview_fault=preview.fault,
        sees=layout.sees,
    )
    return _extended(entry, read_places().given(Path(id)) if given is None else given)


def all_built_in() -> tuple[ModelEntry, ...]:
    """All that come with the program. Raises ModelError when its own files are damaged."""
    return tuple(map(built_in, BUILT_IN))


def model_for(method: Method, entry: ModelEntry) -> ModelEntry:
    """Choose the model by which to edit a photo this way: the entry itself, else the one that is built in beside it.

    method: one of the entry's ways. Raises ModelError when the program's own files are damaged.
    """
    if method in entry.methods:
        return entry
    return built_in(next(id for id, row in BUILT_IN.items() if row.sees is method.row.sees))


def models_folder() -> Path:
    """The store: where downloads go and models are found by themselves; it need not exist."""
    return read_places().store


def installed() -> tuple[ModelEntry, ...]:
    """List what is built in and every usable candidate, wherever it lies; `store.listed_models` has the others too."""
    entries = [*all_built_in()]
    places = read_places()
    for candidate in candidates(places):
        try:
            path = candidate.path
            entries.append(model_at(path, places.autoencoder_of(path), places.given(path)))
        except ModelError:
            continue
    return tuple(entries)


def find_model(id_or_path: str, given: Sequence[Given] | None = None) -> ModelEntry:
    """A built-in model by its id, one that is listed by its name or offered id, or the one in this diffusers folder or
    single file.

    given: what is added to it in place of what it is given here.

    Raises ModelError in one sentence when there is none or it cannot be used.
    """
    if id_or_path in BUILT_IN:
        return built_in(id_or_path, given)
    if not id_or_path.strip():
        raise ModelError("No model is named; choose one or give the path of a model folder or file.")
    path = Path(os.path.expanduser(id_or_path))
    path = path if os.path.lexists(path) else _downloaded(id_or_path) or path
    places, listed = read_places(), Path(os.path.abspath(path))
    return model_at(path, places.autoencoder_of(listed), places.given(listed) if given is None else given)


def _downloaded(id: str) -> Path | None:
    """Find where a model that is listed by this name or offered id lies; None when there is none.

    Raises ModelError for an offered one that is not there, and where several have the name.
    """
    known, store = find_offer(id), models_folder()
    if known:
        path = store / known.files[0].name
        if not path.is_file():
            raise ModelError(
                f"{known.name} is not in “{store}”; fetch it with “nti-desktop models download {known.id}”."
            )
        return path
    found = find_called(candidates(read_places()), id)
    return found.path if found else None


def model_at(path: Path, autoencoder: Path | None = None, given: Sequence[Given] = ()) -> ModelEntry:
    """The model in this diffusers folder or single file. autoencoder: file or folder of one to use in place of its own;
    given: what is added to it, of which it has what can be used.

    Raises ModelError in one sentence when it cannot be used, whatever it was that reading it raised.
    """
    try:
        paired = Paired() if autoencoder is None else find_autoencoder(autoencoder)
        if os.path.isfile(path):  # unlike Path's, false for a name that no file can have
            return _extended(_from_file(path, paired), given)
        return _extended(_from_folder(path, paired), given)
    except ModelError:
        raise
    except Exception as error:  # the file is somebody else's; the cause is kept for the log
        raise ModelError(
            f"“{path.name}” cannot be read as a model ({type(error).__name__}); get it again, or take it off the list."
        ) from error


def _extended(entry: ModelEntry, given: Sequence[Given]) -> ModelEntry:
    additions = model_additions(given, entry.family)
    used = [each.addition for each in additions if each.addition is not None and each.addition.weight]
    few = next((each.few_steps for each in additions if each.few_steps), None)
    words = None if entry.words is None else entry.words | {word_key(each.word) for each in used if each.word}
    return replace(
        entry,
        additions=additions,
        files=replace(entry.files, additions=tuple(sorted(used, key=lambda a: (a.word, a.file.name, a.weight)))),
        defaults=_in_few_steps(entry.defaults, few),
        words=words,
    )


def _from_folder(path: Path, paired: Paired) -> ModelEntry:
    layout = check_layout(path, paired.folder, paired.file)
    path = path.resolve()
    files = ModelFiles(path, autoencoder=paired.folder, autoencoder_file=paired.file, half=layout.half)
    preview = own_preview_decoder(files, layout.latents)
    if preview == Found():
        preview = _published(layout)
    return ModelEntry(
        id=str(path),
        name=name_of(path),
        family=layout.family.title,
        files=replace(files, preview_decoder=preview.decoder),
        defaults=_defaults(str(path), name_of(path), layout),
        native_size=layout.native_size,
        multiple=layout.multiple,
        licence=_ITS_OWN,
        built_in=False,
        words=read_words(path),
        preview_fault=preview.fault,
        sees=layout.sees,
    )


def _published(layout: Layout) -> Found:
    return published_preview_decoder(layout.family, layout.latents, models_folder())


def name_of(folder: PurePath) -> str:
    """As people call it: `owner/name` where a download, or the Hub's cache, has made that a folder's name."""
    if folder.parent.name == "snapshots":
        folder = folder.parents[1]
    return folder.name.removeprefix("models--").replace("--", "/")


def find_called(found: Sequence[Candidate], wanted: str) -> Candidate | None:
    """The one of these that people call so: by the name of its folder or file, as it is listed, or by an offered id;
    None where there is none. Raises ModelError where there are more.
    """
    known = find_offer(wanted)
    names = {wanted, wanted.replace("/", "--"), *([known.files[0].name] if known else [])}
    named = [c for c in found if c.path.name in names]
    named = named or [c for c in found if name_of(c.path) == wanted]
    named = named or [c for c in found if c.path.suffix.casefold() in ENDINGS and c.path.stem in names]
    if len(named) > 1:
        paths = ", ".join(f"“{c.path}”" for c in named)
        raise ModelError(f"“{wanted}” may be {paths}; give the whole path.")
    return next(iter(named), None)


def _from_file(path: Path, paired: Paired) -> ModelEntry:
    found = check_single_file(path, paired, answer_of(path))
    layout, preview = found.layout, _published(found.layout)
    path = path.absolute()  # a link keeps its name: what it leads to may be named by its hash
    return ModelEntry(
        id=str(path),
        name=path.stem,
        family=layout.family.title,
        files=ModelFiles(
            found.configs,
            path,
            autoencoder=paired.folder,
            autoencoder_file=paired.file,
            half=layout.half,
            schedule=found.schedule,
            preview_decoder=preview.decoder,
        ),
        defaults=_defaults(str(path), path.stem, layout),
        native_size=layout.native_size,
        multiple=layout.multiple,
        licence=_ITS_OWN,
        built_in=False,
        words=None,
        preview_fault=preview.fault,
        sees=layout.sees,
        prediction_guessed=found.guessed,
    )
