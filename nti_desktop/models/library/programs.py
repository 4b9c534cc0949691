"""Where other programs keep their checkpoints: one row a program, as people install them."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nti_desktop.models.library.extra_paths import checkpoint_folders

MOST_MATCHES = 100  # of one pattern


class Source(StrEnum):
    """Where a model was found, in a word that people are shown."""

    STORE = "store"
    ADDED = "added"
    HUGGING_FACE = "Hugging Face cache"
    COMFY = "ComfyUI"
    A1111 = "A1111"
    SD_NEXT = "SD.Next"
    STABILITY_MATRIX = "Stability Matrix"
    INVOKE = "InvokeAI"
    SWARM = "SwarmUI"
    FOOOCUS = "Fooocus"
    KRITA = "Krita"
    PINOKIO = "Pinokio"
    DRAW_THINGS = "Draw Things"


@dataclass(frozen=True)
class Program:
    """homes: what its folder is called where people unpack programs, or in the folders of users' data; models: the
    folders of checkpoints in it. Both are patterns, of which “*” stands for a name.
    """

    source: Source
    homes: tuple[str, ...]
    models: tuple[str, ...]


_COMFY_MODELS = ("models/checkpoints", "models/diffusers")
_A1111_MODELS = ("models/Stable-diffusion", "models/Stable-Diffusion")
_KRITA = "krita/ai_diffusion/server"

PROGRAMS = (
    Program(
        Source.COMFY,
        ("ComfyUI", "ComfyUI-*", "ComfyUI_windows_portable*/ComfyUI", "comfy/ComfyUI"),  # the last: comfy-cli
        _COMFY_MODELS,
    ),
    Program(
        Source.A1111,
        ("stable-diffusion-webui*", "sd-webui*", "sd.webui/webui", "*orge*/webui"),
        _A1111_MODELS,
    ),
    Program(Source.SD_NEXT, ("sdnext", "SD.Next", "automatic"), (*_A1111_MODELS, "models/Diffusers")),
    Program(
        Source.STABILITY_MATRIX,
        ("StabilityMatrix", "StabilityMatrix/Data", "StabilityMatrix-*/Data"),
        ("Models/StableDiffusion", *(f"Packages/*/{models}" for models in (*_COMFY_MODELS, *_A1111_MODELS))),
    ),
    # By their kind, or each in a folder that is called by its key.
    Program(Source.INVOKE, ("invokeai", "InvokeAI"), ("models/*/main", "models/[0-9a-f][0-9a-f]*")),
    Program(
        Source.SWARM,
        ("SwarmUI", "StableSwarmUI"),
        ("Models/Stable-Diffusion", "Models/Stable-diffusion", *(f"dlbackend/*/ComfyUI/{m}" for m in _COMFY_MODELS)),
    ),
    Program(Source.FOOOCUS, ("Fooocus*", "Fooocus*/Fooocus*", "RuinedFooocus*"), ("models/checkpoints",)),
    Program(Source.KRITA, (_KRITA, f"{_KRITA}/ComfyUI"), _COMFY_MODELS),
    Program(
        Source.PINOKIO,
        ("pinokio/api/*", "pinokio/api/*/app"),
        (*_COMFY_MODELS, *_A1111_MODELS),
    ),
    Program(Source.PINOKIO, ("pinokio/drive/drives/peers/*",), ("checkpoints",)),
    Program(Source.DRAW_THINGS, ("com.liuliu.draw-things/Data/Documents",), ("Models",)),
)
# Where LoRAs and embeddings lie in them.
_ADDITIONS = (
    *(
        "models/loras",
        "models/embeddings",
        "models/Lora",
        "models/LyCORIS",
        "embeddings",
        "Models/Lora",
        "Models/LyCORIS",
    ),
    *(
        "Models/Embedding",
        "Models/Embeddings",
        "Models/TextualInversion",
        "models/*/lora",
        "models/*/embedding",
        "loras",
    ),
)
_EXTRA = ("extra_model_paths.yaml", "extra_models_config.yaml")  # by hand, and by ComfyUI's desktop program


def checkpoint_places() -> Iterator[tuple[Path, Source]]:
    """Name the folders of checkpoints of all programs that can be found."""
    for program, home in _homes():
        for pattern in program.models:
            yield from ((folder, program.source) for folder in _matching(home, pattern))
        for name in _EXTRA:
            yield from ((folder, program.source) for folder in checkpoint_folders(home / name))


def addition_places() -> Iterator[Path]:
    """Name the folders of LoRAs and embeddings of all programs that can be found."""
    for _, home in _homes():
        for pattern in _ADDITIONS:
            yield from _matching(home, pattern)


def _homes() -> Iterator[tuple[Program, Path]]:
    """Find where programs are, each with its folder."""
    roots = _roots()
    for program in PROGRAMS:
        for pattern in program.homes:
            yield from ((program, found) for root in roots for found in _matching(root, pattern))


def _matching(root: Path, pattern: str) -> list[Path]:
    """Folders below one that fit a pattern, sorted; none where it cannot be read."""
    try:
        found = [root / pattern] if "*" not in pattern else sorted(root.glob(pattern))[:MOST_MATCHES]
    except OSError:
        return []
    return [folder for folder in found if os.path.isdir(folder)]


def _roots() -> list[Path]:
    """List the folders in which people unpack programs, and those in which programs keep a user's data."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return []
    roots = [home, *(home / name for name in ("Documents", "Downloads", "Desktop", "AI", "apps", "Projects", "git"))]
    roots += [home / ".local/share", home / ".config", home / ".var/app/org.kde.krita/data"]
    roots += [home / "AppData/Roaming", home / "AppData/Local", home / "Library/Application Support"]
    roots += [home / "Library/Containers"]
    if sys.platform == "win32":
        roots += [Path(f"{drive}:\\{folder}") for drive in "CDEF" for folder in ("", "AI")]
    return roots
