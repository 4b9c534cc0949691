"""A folder in the diffusers layout of Stable Diffusion 1, 2 and SDXL: is it whole, what sizes does it take?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nti_desktop.core.errors import ModelError
from nti_desktop.models.families import Family, FewSteps, LatentSpace, family_of, few_steps_of
from nti_desktop.models.formats.configs import SUPPORTED, Config, read_config
from nti_desktop.models.formats.foreign import ENDINGS
from nti_desktop.models.formats.noise import ZERO_SNR, check_latents, check_schedule, check_unet
from nti_desktop.models.formats.weights import HALF, WEIGHTS, check_weights, weight_files
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.sees import Sees, sees_of

INDEX, SCHEDULER = "model_index.json", "scheduler/scheduler_config.json"
TOKENIZERS = ("CLIPTokenizer", "CLIPTokenizerFast")
CLASSES = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL",),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": TOKENIZERS,
}
SECOND_CLASSES = {"text_encoder_2": ("CLIPTextModelWithProjection",), "tokenizer_2": TOKENIZERS}  # of SDXL
PREDICTIONS = ("epsilon", "v_prediction", "sample")
SCALING_FACTOR = 0.18215  # of latents where the configuration has none, as in diffusers
SIZES = 6  # numbers by which SDXL is told the picture's sizes


@dataclass(frozen=True)
class Layout:
    """native_size: trained side in pixels; half: see ModelFiles; sees: of the photo, beside the noise; few_steps: how
    to use one that says it was distilled to few.
    """

    native_size: int
    family: Family
    latents: LatentSpace
    half: frozenset[str] = frozenset()
    sees: Sees = Sees.NOTHING
    few_steps: FewSteps | None = None

    @property
    def multiple(self) -> int:
        """Every side of a picture is a multiple of this many pixels."""
        return self.latents.factor


def check_layout(folder: Path, autoencoder: Path | None = None, autoencoder_file: Path | None = None) -> Layout:
    """Check a model folder without loading weights (their headers are read). autoencoder, autoencoder_file: see
    ModelFiles; the file is known to be one.

    Raises ModelError in one sentence.
    """
    name = folder.name or str(folder)
    files = ModelFiles(folder, autoencoder=autoencoder, autoencoder_file=autoencoder_file)
    try:
        _check_folder(folder, name)
        index = read_config(folder, INDEX)
        parts, solver = _check_kind(index, name), _class_of(index.get("scheduler"))
        configs = _configs(files, parts)
        layout = _sizes(configs, name, solver)
        if autoencoder is not None and (folder / "vae" / "config.json").is_file():
            _check_latents(layout, _sizes(_configs(ModelFiles(folder), parts), name), autoencoder)
        for part in parts:
            if part.startswith("tokenizer"):
                _check_tokenizer(folder, part)
        weights = {
            part: weight_files(files.place_of(part), part)
            for part in parts
            if part in WEIGHTS and files.file_of(part) is None
        }
        for file in (file for found in weights.values() for file in found):
            check_weights(file)
    except OSError as error:
        raise ModelError(f"The model in “{name}” cannot be read: {error.strerror}.") from error
    half = frozenset(part for part, found in weights.items() if f"{HALF}." in found[0].name)
    schedule = configs["scheduler"]
    spacing = None if schedule.get(ZERO_SNR) else schedule.get("timestep_spacing")
    few_steps = few_steps_of((), schedule.get("_class_name", solver), spacing)
    return replace(layout, half=half, few_steps=few_steps)


def needed_files(files: ModelFiles) -> dict[str, Path]:
    """Every file that decides what a model answers, by its name in the model, wherever it lies: weights,
    configurations and all that its tokenizers read. Raises ModelError or OSError.
    """
    folder = files.folder
    needed = {SCHEDULER: folder / SCHEDULER}
    needed |= {INDEX: folder / INDEX} if files.single is None else {"weights": files.single}
    needed |= {} if files.autoencoder_file is None else {"vae/weights": files.autoencoder_file}
    for part in _check_kind(read_config(folder, INDEX), folder.name):
        place = files.place_of(part)
        if part not in WEIGHTS:
            found = [file for file in place.iterdir() if file.suffix in (".json", ".txt")]
        else:
            found = [place / "config.json", *([] if files.file_of(part) else weight_files(place, part))]
        needed |= {f"{part}/{file.name}": file for file in found}
    return needed


def shipped_layout(folder: Path, autoencoder: Path | None = None) -> Layout:
    """Read the layout of a model by its configurations alone, as they come with the program without weights, or before
    them from the Hub.

    autoencoder: see ModelFiles; its weights are checked. Raises ModelError, OSError.
    """
    parts = _check_kind(read_config(folder, INDEX), folder.name)
    layout = _sizes(_configs(ModelFiles(folder), parts), folder.name)
    if autoencoder is None:
        return layout
    paired = _sizes(_configs(ModelFiles(folder, autoencoder=autoencoder), parts), folder.name)
    _check_latents(paired, layout, autoencoder)
    weights = weight_files(autoencoder, "vae")
    for file in weights:
        check_weights(file)
    return replace(layout, half=frozenset({"vae"} if f"{HALF}." in weights[0].name else ()))


def _check_latents(paired: Layout, own: Layout, autoencoder: Path) -> None:
    """Raise ModelError where an autoencoder makes other latents than the one that a model was trained with."""
    if paired.latents != own.latents:
        where = autoencoder.parent.name if autoencoder.name == "vae" else autoencoder.name
        raise ModelError(
            f"The autoencoder (VAE) in “{where}” is made for models of another kind, as its latents are not those that "
            "this model knows; choose one that is made for it."
        )


def _check_folder(folder: Path, name: str) -> None:
    if not folder.is_dir():
        raise ModelError(f"There is no model folder “{folder}”; check its path, or choose the built-in model.")
    if not (folder / INDEX).is_file():
        files = sorted(path.name for path in folder.iterdir() if path.suffix.casefold() in ENDINGS)
        if len(files) == 1:
            raise ModelError(
                f"“{name}” is not a model folder, as it has no model_index.json; add its file “{files[0]}”."
            )
        if files:
            raise ModelError(
                f"“{name}” is not a model folder, as it has no model_index.json, but holds {len(files)} files of "
                f"weights; add one of them, as “{files[0]}”."
            )
        raise ModelError(f"“{name}” is not a model folder, as it has no model_index.json; {SUPPORTED}.")


def _check_kind(index: Config, name: str) -> tuple[str, ...]:
    """The parts that the model has, once they are known to be of kinds that this program can use."""
    if "transformer" in index:
        raise ModelError(f"“{name}” is built around a transformer, which this program cannot use; {SUPPORTED}.")
    two = index.get("text_encoder_2") not in (None, [None, None])
    if two and index.get("text_encoder") in (None, [None, None]):
        raise ModelError(f"“{name}” is a refiner, which only finishes another model's pictures; {SUPPORTED}.")
    classes = CLASSES | (SECOND_CLASSES if two else {})
    for part, known in classes.items():
        entry = index.get(part)
        if entry is None or entry == [None, None]:
            raise ModelError(f"The model in “{name}” has no {part}; {SUPPORTED}.")
        if not (isinstance(entry, list) and len(entry) == 2 and entry[1] in known):
            raise ModelError(f"The {part} of “{name}” is of a kind this program cannot use; {SUPPORTED}.")
    return tuple(classes)


def _configs(files: ModelFiles, parts: Sequence[str]) -> dict[str, Config]:
    places = {part: files.place_of(part) for part in parts if part in WEIGHTS}
    configs = {part: read_config(place.parent, f"{place.name}/config.json") for part, place in places.items()}
    return configs | {"scheduler": read_config(files.folder, SCHEDULER)}


def _class_of(entry: object) -> object:
    """The class that the index names for a part; None where it names none."""
    return entry[1] if isinstance(entry, list) and len(entry) == 2 else None


def _sizes(configs: Mapping[str, Config], name: str, solver: object = None) -> Layout:
    """The sizes a picture may have, once the parts are known to fit one another. solver: scheduler that the index
    names.
    """
    unet, vae = configs["unet"], configs["vae"]
    latent_channels = _number(vae, "latent_channels", 1, 64, f"{name}/vae")
    channels = _number(unet, "in_channels", 1, 64, f"{name}/unet")
    sees = check_channels(channels, latent_channels, name)
    widths = [
        _number(config, "hidden_size", 8, 8192, f"{name}/{part}")
        for part, config in configs.items()
        if part.startswith("text_encoder")
    ]
    added = _what_it_reads_beside(unet, configs, name)
    if unet.get("addition_embed_type") != added or _reads_more(unet):
        raise ModelError(f"The UNet of “{name}” takes more than a picture and a text; {SUPPORTED}.")
    if _number(unet, "cross_attention_dim", 8, 8192, f"{name}/unet") != sum(widths):
        raise ModelError(f"The UNet and the text encoder of “{name}” do not belong together; add the model again.")
    prediction = configs["scheduler"].get("prediction_type", "epsilon")
    if prediction not in PREDICTIONS:
        raise ModelError(f"“{name}” predicts something this program does not know; {SUPPORTED}.")
    check_schedule(configs["scheduler"], (solver, configs["scheduler"].get("_class_name")), name)
    check_latents(vae, name)
    check_unet(unet, name)
    pixels_per_latent = 2 ** (_levels(vae, f"{name}/vae") - 1)
    _levels(unet, f"{name}/unet")
    native_size = pixels_per_latent * _number(unet, "sample_size", 4, 512, f"{name}/unet")
    family = family_of(len(widths), configs["text_encoder"].get("hidden_act"))
    latents = LatentSpace(latent_channels, pixels_per_latent, vae.get("scaling_factor", SCALING_FACTOR))
    return Layout(native_size, family, latents, sees=sees)


def _reads_more(unet: Config) -> bool:
    return any(unet.get(key) is not None for key in ("class_embed_type", "num_class_embeds", "encoder_hid_dim_type"))


def _what_it_reads_beside(unet: Config, configs: Mapping[str, Config], name: str) -> str | None:
    """The kind of a UNet's further input, SDXL's pooled sentence and sizes; None for models of one text encoder."""
    if "text_encoder_2" not in configs:
        return None
    pooled = _number(configs["text_encoder_2"], "projection_dim", 8, 8192, f"{name}/text_encoder_2")
    size_width = _number(unet, "addition_time_embed_dim", 1, 4096, f"{name}/unet")
    added = _number(unet, "projection_class_embeddings_input_dim", 8, 65536, f"{name}/unet")
    if added != pooled + SIZES * size_width:
        raise ModelError(f"The UNet and the text encoders of “{name}” do not belong together; add the model again.")
    return "text_time"


def check_channels(channels: int, latent_channels: int, name: str) -> Sees:
    """Tell what a UNet that takes so many channels sees. Raises ModelError where it cannot be used."""
    sees = sees_of(channels, latent_channels)
    if sees is None:
        raise ModelError(f"The UNet of “{name}” takes more than a picture; {SUPPORTED}.")
    return sees


def _check_tokenizer(folder: Path, part: str) -> None:
    """Raise ModelError where its files are missing, or empty, as a full disk leaves them: words would be letters."""
    full = {path.name for path in (folder / part).glob("*") if path.is_file() and path.stat().st_size}
    if "tokenizer.json" not in full and not {"vocab.json", "merges.txt"} <= full:
        raise ModelError(f"The model in “{folder.name}” has no whole {part}; add it again, with all its folders.")


def _levels(config: Config, where: str) -> int:
    """Number of resolutions of a UNet or an autoencoder; each halves the one before."""
    channels = config.get("block_out_channels")
    if not (isinstance(channels, list) and 1 <= len(channels) <= 8 and all(type(c) is int for c in channels)):
        raise ModelError(f"The configuration in “{where}” has no usable block_out_channels; add the model again.")
    return len(channels)


def _number(config: Config, key: str, low: int, high: int, where: str) -> int:
    value = config.get(key)
    if type(value) is not int or not low <= value <= high:
        raise ModelError(f"The configuration in “{where}” has no usable {key}; add the model again.")
    return value
