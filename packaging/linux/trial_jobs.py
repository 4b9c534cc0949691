"""What the frozen program does at a terminal. Together the jobs use all that was collected for the program: every kind
of picture it reads and writes, every structure of model, a download.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from debian import HOME, PROGRAM, BareRoot, Fault, timed

from tests.hub_server import LocalHub, local_hub
from tests.raw_files import dng_file, mosaic
from tests.wild.files import write_original
from tests.wild.folders import write_folder

SAMPLE = "/opt/nti-desktop/_internal/resources/samples/red-cube.jpg"
PROMPT, EDIT = "a photo of a red cube on grey stone", "a photo of a blue cube on grey stone"
PICTURES: dict[str, Sequence[str]] = {  # kinds that are written and read again, and how
    "tif": ("--bits", "16"),
    "png": ("--bits", "16"),
    "webp": ("--srgb",),
    "avif": ("--half-chroma",),
}
REMARK = "This raw file is developed neutrally; for your own look, send a 16-bit TIFF from your raw editor."


def try_doctor(root: BareRoot, program: str) -> None:
    with timed(f"doctor, {program}"):
        answer = json.loads(root.run(program, "doctor", "--json"))
    if not answer["well"] or "missing" in answer["packages"].values():
        raise Fault(f"doctor is not content: {answer}")


def try_demo(root: BareRoot, program: str) -> None:
    with timed("demo"):
        said = root.run(program, "demo", "--out", f"{HOME}/out")
    pictures = sorted(path.name for path in root.inside(f"{HOME}/out").glob("*.png"))
    if len(pictures) != 4 or said.count("of the picture changed visibly") != 3:
        raise Fault(f"the demo wrote {pictures} and said: {said}")


def try_pictures(root: BareRoot) -> None:
    """A sample's edit in every kind of picture; each of them, and a raw photo, prepared as a photo of its own."""
    with timed("pictures of every kind"):
        photo = _photo(root, "pictures")
        _prepare(root, photo)
        root.run(PROGRAM, "edit", photo, "--to", EDIT, "--name", "Blue", "--out", f"{photo}.ora")
        for kind, options in PICTURES.items():
            written = f"{HOME}/pictures/blue.{kind}"
            root.run(PROGRAM, "export", photo, "--name", "Blue", "--out", written, *options)
            _prepare(root, written, prompt=EDIT)
        seen = np.asarray(Image.open(root.inside(photo)).convert("RGB")) / 255
        root.inside(f"{HOME}/pictures/raw.dng").write_bytes(dng_file(mosaic(seen**2.2)))
        _prepare(root, f"{HOME}/pictures/raw.dng", remark=REMARK)


def try_models(root: BareRoot) -> None:
    """Small untrained models in the published structures: prepared with and edited."""
    photo = root.inside(_photo(root, "models"))
    Image.open(photo).resize((128, 128)).save(photo)
    folder = photo.parent
    models = (
        write_original(folder / "sd21.safetensors", "sd21", dtype=torch.float16),
        write_folder(folder / "sdxl", "sdxl", fp16_only=("unet",)),
    )
    config = folder / "sdxl" / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"sample_size": 32}))  # made for 256x256: quicker
    subprocess.run(["chmod", "--recursive", "a+rX", folder], check=True)
    for model in models:
        with timed(f"a photo prepared and edited with {model.name}"):
            copy = f"{HOME}/models/{model.stem}.jpg"
            root.run("cp", f"{HOME}/models/{photo.name}", copy)
            _prepare(root, copy, "--model", f"{HOME}/models/{model.name}", "--method", "residual")
            root.run(PROGRAM, "edit", copy, "--to", EDIT, "--blend", "blue", "--out", f"{copy}.png")


def try_download(root: BareRoot) -> None:
    """The built-in model from a Hub on this machine, verified and removed."""
    studio = root.inside(SAMPLE).parents[1] / "models" / "studio"
    files = {path.relative_to(studio).as_posix(): path.read_bytes() for path in studio.rglob("*") if path.is_file()}
    with timed("a model downloaded, verified, removed"), local_hub(LocalHub({"someone/still-lifes": files})) as hub:
        download = (PROGRAM, "models", "download", "someone/still-lifes", "--accept-licence")
        root.run(*download, variables={"HF_ENDPOINT": hub.endpoint}, network=True)
        root.run(PROGRAM, "models", "verify", "someone--still-lifes")
        root.run(PROGRAM, "models", "remove", "someone--still-lifes", "--yes")


def _photo(root: BareRoot, folder: str) -> str:
    """A sample in a folder of the user's; its path in the root."""
    root.run("mkdir", "-p", f"{HOME}/{folder}")
    root.run("cp", SAMPLE, f"{HOME}/{folder}/photo.jpg")
    return f"{HOME}/{folder}/photo.jpg"


def _prepare(root: BareRoot, photo: str, *options: str, prompt: str = PROMPT, remark: str = "") -> None:
    said = root.run(PROGRAM, "invert", photo, "--prompt", prompt, "--steps", "2", *options, remark=remark)
    if not root.inside(f"{photo}.nti").exists():
        raise Fault(f"{photo} was prepared, and nothing written: {said}")
