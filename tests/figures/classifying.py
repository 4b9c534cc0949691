"""The classifier that judges generated pictures: trained once, then read from a file."""

import hashlib
import inspect
import random
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from nti_desktop.studio import classifier as recipe
from nti_desktop.studio.classifier import Classifier, labels_of, train_classifier
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import Scene, draw
from tests.figures.trials import CLASSIFIER

PICTURES = 4500
EPOCHS = 12
PROBES = 24  # enough that every shape, material and ground is among them


def classifier_digest() -> str:
    """Of all that the classifier learns from: another renderer or another recipe asks for a new one."""
    digest = hashlib.sha256(f"{inspect.getsource(recipe)}{PICTURES} {EPOCHS}".encode())
    for scene in training_scenes(PROBES):
        digest.update(training_picture(scene).image.tobytes())
    return digest.hexdigest()[:12]


def training_scenes(count: int) -> list[Scene]:
    """Scenes with one thing, from a stream that neither the model nor any figure takes scenes from."""
    rng = random.Random(CLASSIFIER)
    scenes: list[Scene] = []
    while len(scenes) < count:
        scene = draw(rng)
        if len(scene.things) == 1:
            scenes.append(scene)
    return scenes


def ensure_classifier(path: Path, workers: int, count: int = PICTURES, epochs: int = EPOCHS) -> None:
    """Train the classifier unless its file is there: `count` pictures drawn by `workers` processes, 0 for none."""
    if path.exists():
        return
    started = time.monotonic()
    scenes = training_scenes(count)
    if workers:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
            images = np.stack(list(pool.map(_image, scenes, chunksize=20)))
    else:
        images = np.stack([_image(scene) for scene in scenes])
    print(f"classifier: {count} pictures drawn in {time.monotonic() - started:.0f} s", flush=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, workers))
    classifier = train_classifier(images, labels_of(scenes), epochs)
    torch.set_num_threads(threads)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    save_file({name: value.contiguous() for name, value in classifier.state_dict().items()}, unfinished)
    unfinished.replace(path)
    print(f"classifier: trained after {time.monotonic() - started:.0f} s", flush=True)


def _one_thread() -> None:
    torch.set_num_threads(1)


def _image(scene: Scene) -> NDArray[np.uint8]:
    return training_picture(scene).image


def load_classifier(path: Path) -> Classifier:
    """The classifier of a file that `ensure_classifier` wrote."""
    classifier = Classifier()
    classifier.load_state_dict(load_file(path))
    return classifier.eval()
