"""What the frozen program holds of its libraries, and what it leaves out."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_METHODS = ROOT / "nti_desktop" / "engine" / "methods"

# What is imported on demand: the methods, and of libraries that import their parts so what the program uses.
HIDDEN = [
    *(f"nti_desktop.engine.methods.{file.stem}" for file in sorted(_METHODS.glob("[a-z]*.py"))),
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_2d_condition",
    "diffusers.schedulers.scheduling_ddim",
    "transformers.models.clip.modeling_clip",
    "transformers.models.clip.tokenization_clip",
    "transformers.models.vit.modeling_vit",
]
# Models of transformers that its own common modules import besides.
_MODELS = ("auto", "clip", "dinov2_with_registers", "encoder_decoder", "siglip", "vit", "vit_mae")


def _others(package: str, kept: tuple[str, ...]) -> list[str]:
    """The parts of a package that are not kept; nothing of it is imported."""
    top, _, below = package.partition(".")
    spec = find_spec(top)
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0], *below.split("."))
    names = {path.stem for path in folder.iterdir() if path.suffix in ("", ".py")} - {"__init__", "__pycache__"}
    return [f"{package}.{name}" for name in sorted(names - set(kept))]


EXCLUDED = [
    *_others("transformers.models", _MODELS),
    "transformers.cli",
    "transformers.data",
    "transformers.pipelines",
    "transformers.trainer",
    "transformers.trainer_seq2seq",
    "diffusers.commands",
    "diffusers.experimental",
    "diffusers.guiders",
    "diffusers.modular_pipelines",
    "diffusers.pipelines",
    "huggingface_hub.cli",
    "nti_desktop.studio",  # trains the built-in model
    "pillow_heif",  # its wheels hold the GPL's x265: THIRD-PARTY.md
    "hf_xet",  # a second way to download
    # Tools of developers, and what they would bring.
    "click",
    "IPython",
    "matplotlib",
    "networkx",
    "numpy.f2py",
    "pandas",
    "pip",
    "pygments",
    "pytest",
    "rich",
    "scipy",
    "setuptools",
    "tensorboard",
    "torch.utils.tensorboard",
    "triton",
    "typer",
    # Parts of the interpreter for terminals and for other ways to show windows.
    "_tkinter",
    "curses",
    "idlelib",
    "readline",
    "sqlite3",
    "tkinter",
    *(f"PySide6.Qt{name}" for name in ("DBus", "OpenGL", "OpenGLWidgets", "Qml", "Quick")),
]

# Plugins of Qt that one window with widgets uses.
_QT_PLUGINS = re.compile(
    r"iconengines/.*qsvgicon"
    r"|imageformats/.*(qsvg|qico|qjpeg)"
    r"|platforminputcontexts/.*(compose|ibus)"
    r"|platforms/.*(qxcb|qwayland|qoffscreen|qwindows)"
    r"|platformthemes/.*xdgdesktopportal"
    r"|styles/"
    r"|wayland-(decoration-client/.*bradient|graphics-integration-client/.*wayland-egl|shell-integration/.*xdg-shell)"
    r"|xcbglintegrations/"
)
# Of the building machine's own libraries, those that the interpreter's modules need and not every desktop has in the
# same version, and small ones of X that desktops often lack. All others come from the system the program runs on.
_SYSTEM = re.compile(r"lib(python3|ssl|crypto|ffi|bz2|lzma|uuid|z|xcb-(cursor|icccm|image|keysyms|render-util|util))\b")


def is_wanted(target: str, source: str, kind: str) -> bool:
    """Whether one file that PyInstaller collected goes into the folder."""
    target = target.replace("\\", "/")
    if "/plugins/" in target and target.startswith("PySide6/"):
        return _QT_PLUGINS.search(target.partition("/plugins/")[2]) is not None
    if re.match(r"(PySide6/Qt/lib/)?libQt6(EglF|Quick|Qml|VirtualKeyboard)|PySide6/Qt/(translations|qml)/", target):
        return False
    return not is_of_system(source) or _SYSTEM.match(Path(target).name) is not None


def is_of_system(source: str) -> bool:
    """Whether a file is the building machine's, not the environment's, the program's or the interpreter's."""
    ours = not Path(source).is_absolute() or source.startswith((sys.prefix, str(ROOT))) or "/python3" in source
    return sys.platform.startswith("linux") and not ours
