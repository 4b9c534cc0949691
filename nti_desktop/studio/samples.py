"""Write the samples: `python -m nti_desktop.studio.samples`. Scenes that training never saw, and edits to try on each.

Chosen by eye for variety, and by measurement: the built-in model draws each of them well and edits it near the truth.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from nti_desktop.core.resources import resource
from nti_desktop.studio.captions import caption
from nti_desktop.studio.render import render
from nti_desktop.studio.scenes import draw_scene

SIZE = 512  # pixels


@dataclass(frozen=True)
class Choice:
    """file: name of the picture; seed: of its scene; edits: words of its caption, and words to put in their place."""

    file: str
    seed: int
    edits: tuple[tuple[str, str], ...]


CHOICES = (
    Choice("red-cube.jpg", 183, (("red", "yellow"), ("cube", "ball"), ("on a sunny day", "at sunset"))),
    Choice(
        "yellow-mug.jpg", 114, (("yellow", "blue"), ("a yellow mug", "a yellow glass mug"), ("at sunset", "at night"))
    ),
    Choice("lamp-at-night.jpg", 144, (("blue", "orange"), ("green grass", "snow"), ("at night", "at sunset"))),
    Choice("metal-ring.jpg", 192, (("turquoise", "pink"), ("ring", "mug"), ("after rain", "in fog"))),
    Choice("ring-and-lamp.jpg", 202, (("yellow", "turquoise"), ("snow", "a wooden table"), ("at sunset", "at night"))),
    Choice("glass-bowl.jpg", 249, (("purple", "green"), ("glass", "metal"), ("a photo", "a sepia photo"))),
    Choice("cube-and-mug.jpg", 214, (("white mug", "red mug"), ("mug", "bottle"), ("green grass", "sand"))),
    Choice("green-cone.jpg", 224, (("green", "purple"), ("sand", "snow"), ("at sunset", "on a sunny day"))),
    Choice("mug-in-fog.jpg", 129, (("purple", "yellow"), ("in fog", "after rain"), ("in a studio", "at sunset"))),
    Choice(
        "two-rings.jpg", 171, (("pink", "white"), ("green ring", "green bottle"), ("a wooden table", "a tiled floor"))
    ),
    Choice("white-ball.jpg", 173, (("metal", "glass"), ("white", "red"), ("a photo", "a black and white photo"))),
    Choice(
        "bottle-and-mug.jpg",
        240,
        (("blue", "yellow"), ("orange glass", "orange metal"), ("a tiled floor", "grey stone")),
    ),
)


def edited(text: str, words: str, instead: str) -> str:
    """The caption with some words replaced. Raises ValueError when they are not in it exactly once."""
    if f" {text} ".count(f" {words} ") != 1:
        raise ValueError(f"“{words}” is not in “{text}” exactly once.")
    return f" {text} ".replace(f" {words} ", f" {instead} ").strip()


def write_samples(folder: Path) -> None:
    """Render every choice into a folder, as JPEG with all its colour, and write samples.json beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for choice in CHOICES:
        scene = draw_scene(choice.seed)
        text = caption(scene)
        picture = Image.fromarray(render(scene, SIZE, rays=2).image)
        picture.save(folder / choice.file, quality=95, subsampling=0, optimize=True)
        entries.append({"file": choice.file, "caption": text, "edits": [edited(text, *edit) for edit in choice.edits]})
    (folder / "samples.json").write_text(json.dumps(entries, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    write_samples(resource("samples"))
