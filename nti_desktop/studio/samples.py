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
from nti_desktop.studio.scenes import Scene, draw_scene, in_format

SIZE = 512  # pixels; the side of a square one


@dataclass(frozen=True)
class Choice:
    """file: name of the picture; seed: of its scene; edits: words of its caption, and words to put in their place;
    orders: that come out well, none where none does; aspect: width by height.
    """

    file: str
    seed: int
    edits: tuple[tuple[str, str], ...]
    orders: tuple[str, ...]
    aspect: float = 1.0

    @property
    def scene(self) -> Scene:
        """What it shows."""
        return in_format(draw_scene(self.seed), self.aspect)


CHOICES = (
    Choice(
        "red-cube.jpg",
        183,
        (("red", "yellow"), ("cube", "ball"), ("on a sunny day", "at sunset")),
        ("add a blue ball on the right", "at night"),
    ),
    Choice(
        "yellow-mug.jpg",
        114,
        (("yellow", "blue"), ("a yellow mug", "a yellow glass mug"), ("at sunset", "at night")),
        ("add a red ball on the left", "in fog"),
    ),
    Choice(
        "lamp-at-night.jpg",
        144,
        (("blue", "orange"), ("green grass", "snow"), ("at night", "at sunset")),
        ("put it on snow", "on a sunny day"),
    ),
    Choice("metal-ring.jpg", 192, (("turquoise", "pink"), ("ring", "mug"), ("after rain", "in fog")), ("make it red",)),
    Choice(
        "ring-and-lamp.jpg",
        202,
        (("yellow", "turquoise"), ("snow", "a wooden table"), ("at sunset", "at night")),
        ("under a cloudy sky", "put it on sand"),
    ),
    Choice(
        "glass-bowl.jpg",
        249,
        (("purple", "green"), ("glass", "metal"), ("a photo", "a sepia photo")),
        ("put it on sand", "in fog"),
    ),
    Choice(
        "mug-and-cone.jpg",
        311,
        (("green", "blue"), ("after rain", "in fog"), ("at sunset", "at night")),
        ("make the mug blue", "at night"),
        aspect=1.5,
    ),
    Choice(
        "green-cone.jpg",
        224,
        (("green", "purple"), ("sand", "snow"), ("at sunset", "on a sunny day")),
        ("add a yellow ball on the right", "put it on snow"),
    ),
    Choice(
        "mug-in-fog.jpg",
        129,
        (("purple", "yellow"), ("in fog", "after rain"), ("in a studio", "at sunset")),
        ("without fog",),
    ),
    Choice(
        "bowl-and-bottle.jpg",
        313,
        (("pink", "yellow"), ("a wooden table", "green grass"), ("in a studio", "at sunset")),
        ("put it on green grass",),
        aspect=1.5,
    ),
    Choice(
        "white-ball.jpg",
        173,
        (("metal", "glass"), ("white", "red"), ("a photo", "a black and white photo")),
        ("at night", "put it on sand"),
    ),
    Choice(
        "red-mug.jpg",
        315,
        (("red", "blue"), ("at sunset", "on a sunny day"), ("grey stone", "sand")),
        ("make it blue", "on a sunny day"),
        aspect=1 / 1.5,
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
        scene = choice.scene
        text = caption(scene)
        picture = Image.fromarray(render(scene, SIZE, rays=2).image)
        picture.save(folder / choice.file, quality=95, subsampling=0, optimize=True)
        edits = [edited(text, *edit) for edit in choice.edits]
        entries.append({"file": choice.file, "caption": text, "edits": edits, "orders": choice.orders})
    (folder / "samples.json").write_text(json.dumps(entries, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    write_samples(resource("samples"))
