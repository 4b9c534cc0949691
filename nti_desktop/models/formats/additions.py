"""A file that is added to a model: a LoRA, a word that was learned (textual inversion), or an IP-Adapter.

Only its header is read.

LoRAs come in the dialects of kohya's scripts, of peft and of diffusers; the engine finds the layers that they name.
"""

import json
import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from nti_desktop.core.errors import ModelError
from nti_desktop.models.families import FewSteps, family_of_width, few_steps_of
from nti_desktop.models.formats.configs import LARGEST_JSON, read_config
from nti_desktop.models.formats.foreign import check_beginning
from nti_desktop.models.formats.image_adapters import image_adapter, is_image_adapter
from nti_desktop.models.formats.weights import NUMBERS, open_weights

_MOST = sys.float_info.max  # of a number; JSON has whole ones that are larger
MOST_VECTORS = 75  # of one word, as many as a sentence has room for
_LORA = re.compile(r"(lora_(down|up|[AB]|[AB]\.default)|lora\.(down|up)|lora_linear_layer\.(down|up))\.weight$")
_NAMELESS = ("pytorch_lora_weights", "adapter_model", "learned_embeds")  # files that are named by their folders
_PEFT_FILE, _PEFT_CONFIG = "adapter_model.safetensors", "adapter_config.json"
_PAIRS = (("clip_l", "clip_g"), ("text_encoders_0", "text_encoders_1"))  # a learned word for SDXL's two text encoders
_TRANSFORMERS = (
    "double_blocks",
    "single_blocks",
    "joint_blocks",
    "transformer.",
    "single_transformer_blocks",
    "lora_te3_",
)


@dataclass(frozen=True)
class _Kind:
    """A relative of the plain LoRA. hold: what stands somewhere in a name of its weights; ends: what one ends in."""

    title: str
    hold: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Tell by the name of a weight whether it is of this kind."""
        return name.endswith(self.ends) or any(mark in name for mark in self.hold)


_REFUSED = (
    _Kind("DoRA", ("dora_scale", "lora_magnitude_vector")),
    _Kind("LoHa", (".hada_",)),
    _Kind("LoKr", (".lokr_",)),
    _Kind("OFT", (".oft_", "oft_blocks", "oft_diag")),
    _Kind("GLoRA", (".a1.weight", ".b1.weight")),
    _Kind("(IA)³", (".on_input",)),
    _Kind("LoCon with a middle part", ("lora_mid",)),
    _Kind("full difference of two models", ends=(".diff", ".diff_b", ".set_weight")),
)


@dataclass(frozen=True)
class AdditionFile:
    """What a file adds. word: see Addition; family: title of the models that it is made for, None where its widths are
    those of no published ones; few_steps: how a model is used with it that it distills to few steps; alphas,
    image_encoder: see Addition; vectors: of the word.
    """

    word: str = ""
    family: str | None = None
    few_steps: FewSteps | None = None
    alphas: tuple[tuple[str, float], ...] = ()
    vectors: int = 0
    image_encoder: Path | None = None

    @property
    def about(self) -> str:
        """What it is, in a few words."""
        kind = f"embedding, “{self.word}” in a sentence" if self.word else "LoRA"
        kind = "IP-Adapter, reads pictures" if self.image_encoder else kind
        family = f" for {self.family}" if self.family else ""
        return f"{kind}{family}"


def read_addition(file: Path) -> AdditionFile:
    """Say what a file adds to a model. Raises ModelError in one sentence when it cannot be added to any."""
    name = file.name
    try:
        check_beginning(file, "LoRA, embedding or IP-Adapter")
        with open_weights(file) as weights:
            keys = weights.keys()
            shapes = {key: tuple(weights.get_slice(key).get_shape()) for key in keys}
            kinds = {weights.get_slice(key).get_dtype() for key in shapes}
            metadata: dict[str, str] = weights.metadata() or {}
        if is_image_adapter(shapes):
            _check_numbers(kinds, name)
            adapter = image_adapter(file, shapes)
            return AdditionFile(family=family_of_width(adapter.width), image_encoder=adapter.encoder)
        if _is_lora(shapes):
            _check_kind(shapes, name)
            _check_numbers(kinds, name)
            _check_sizes(shapes, name)
            return _lora(file, shapes, metadata)
        found = _embedding(file, shapes)
        _check_numbers(kinds, name)
        return found
    except OSError as error:
        raise ModelError(f"“{name}” cannot be read: {error.strerror or error}.") from error
    except SafetensorError as error:
        raise ModelError(f"“{name}” is damaged or incomplete; get it again.") from error


def _is_lora(names: Iterable[str]) -> bool:
    return any(_LORA.search(name) or any(kind.has(name) for kind in _REFUSED[:6]) for name in names)


def _check_kind(names: Iterable[str], name: str) -> None:
    if any(mark in key for key in names for mark in _TRANSFORMERS):
        raise ModelError(
            f"“{name}” is a LoRA for a model that is built around a transformer, which this program cannot use; "
            "choose one for Stable Diffusion 1, 2 or SDXL."
        )
    for kind in _REFUSED:
        if any(map(kind.has, names)):
            raise _refused(name, kind.title)
    strange = next((key for key in names if not (_LORA.search(key) or key.endswith("alpha"))), None)
    if strange is not None:
        raise ModelError(f"“{name}” holds “{strange}”, which this program cannot add to a model; choose a plain LoRA.")


def _refused(name: str, title: str) -> ModelError:
    return ModelError(f"“{name}” is a {title}, which this program cannot add to a model; choose a plain LoRA.")


def _check_numbers(kinds: Iterable[str], name: str) -> None:
    if not set(kinds) <= {*NUMBERS, "I64", "I32"}:  # alphas may be whole numbers
        raise ModelError(f"“{name}” holds numbers of a kind that this program cannot use; get it in fp16 or fp32.")


def _check_sizes(shapes: Mapping[str, tuple[int, ...]], name: str) -> None:
    """Raise ModelError for a rank of 0, and for more or less than one number that says the scale."""
    for key, shape in shapes.items():
        if 0 in shape or (key.endswith(".alpha") and math.prod(shape) != 1):
            raise ModelError(f"“{name}” has a damaged “{key}”; get it again.")


def _lora(file: Path, shapes: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str]) -> AdditionFile:
    across = (s for key, s in shapes.items() if re.search(r"attn2\W(processor\W)?to_k|attn2_to_k", key))
    width = next((shape[1] for shape in across if len(shape) == 2 and shape[0] < shape[1]), None)
    called = (_name_of(file), metadata.get("modelspec.title", ""), metadata.get("ss_output_name", ""))
    return AdditionFile(
        family=None if width is None else family_of_width(width),
        few_steps=few_steps_of(called),
        alphas=_alphas(file, metadata),
    )


def _name_of(file: Path) -> str:
    """Choose what people call a file, by its folder where its own name is that of all such files."""
    return file.parent.name if file.stem in _NAMELESS else file.stem


def _alphas(file: Path, metadata: Mapping[str, str]) -> tuple[tuple[str, float], ...]:
    """Read how a LoRA is scaled from its header, as diffusers writes it, or from peft's configuration beside it."""
    said = metadata.get("lora_adapter_metadata")
    if said is not None:
        config = _parsed(said, file.name)
    elif file.name == _PEFT_FILE and (file.parent / _PEFT_CONFIG).is_file():
        config = read_config(file.parent, _PEFT_CONFIG)
    else:
        return ()
    found: dict[str, float] = {}
    for key, value in config.items():
        part, _, setting = key.rpartition(".")
        if setting in ("use_dora", "use_rslora") and value is True:
            raise _refused(
                file.name, "DoRA" if setting == "use_dora" else "LoRA scaled by the root of its rank (rsLoRA)"
            )
        if setting == "lora_alpha":
            found[part] = _number(value, file.name)
        elif setting == "alpha_pattern" and isinstance(value, dict):
            found |= {f"{part}.{layer}".lstrip("."): _number(alpha, file.name) for layer, alpha in value.items()}
    return tuple(sorted(found.items()))


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    try:
        config = json.loads(text) if len(text) <= LARGEST_JSON else None
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise ModelError(f"What “{name}” says of its own scale is damaged; get it again.")
    return config


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_MOST <= value <= _MOST:
        raise ModelError(f"What “{name}” says of its own scale is no number; get it again.")
    return float(value)


def _embedding(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> AdditionFile:
    names, pair = tuple(shapes), next((pair for pair in _PAIRS if set(pair) == set(shapes)), None)
    vectors = [(1, *shape) if len(shape) == 1 else shape for shape in (shapes[key] for key in pair or names)]
    alike = all(len(shape) == 2 for shape in vectors) and len({shape[0] for shape in vectors}) == 1
    if not (alike and (pair or len(names) == 1)):
        raise ModelError(
            f"“{file.name}” is no LoRA, no embedding (textual inversion) and no IP-Adapter; choose one of these, or "
            "add it as a model."
        )
    count = vectors[0][0]
    if not 1 <= count <= MOST_VECTORS:
        raise ModelError(
            f"“{file.name}” is no word that a sentence has room for, as it is {count} vectors long; choose one of at "
            f"most {MOST_VECTORS}."
        )
    own = None if pair or names[0] == "emb_params" else names[0]
    word = _word(own or "") or _word(_name_of(file))
    if not word:
        raise ModelError(f"“{file.name}” has no letters in its name to call it by; rename it.")
    return AdditionFile(word=word, family=family_of_width(*(shape[1] for shape in vectors)), vectors=count)


def _word(name: str) -> str:
    """Make one word of a name: “Bad-Hands 5” and “<bad-hands-5>” are bad_hands_5."""
    return "_".join(re.findall(r"\w+", unicodedata.normalize("NFC", name).casefold())).strip("_")
