"""Small benchmarks in the published layouts, made of scenes of the built-in world."""

import json
from pathlib import Path

from PIL import Image

from nti_desktop.evaluation.protocols import SIDE
from nti_desktop.studio.captions import caption_pair
from nti_desktop.studio.orders import order_of
from nti_desktop.studio.render import render
from nti_desktop.studio.scenes import draw_scene
from nti_desktop.studio.variants import VARIANTS

SEEDS = (540_003, 540_005)


def write_pie_bench(folder: Path) -> Path:
    """Two photos of 512 pixels whose first thing changes its colour; the change is marked in the middle."""
    mapping = {}
    for number, seed in enumerate(SEEDS):
        scene = draw_scene(seed)
        variant = VARIANTS["colour"](scene)[0]
        source, edit = caption_pair(scene, variant)
        name = f"6_change_attribute_color_40/{number:012}.png"
        picture = folder / "annotation_images" / name
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(render(scene, SIDE // 4, rays=1).image).resize((SIDE, SIDE)).save(picture)
        colours = str(scene.things[0].colour), str(variant.things[0].colour)
        mapping[f"{number:012}"] = {
            "image_path": name,
            "original_prompt": source.replace(colours[0], f"[{colours[0]}]", 1),
            "editing_prompt": edit.replace(colours[1], f"[{colours[1]}]", 1),
            "editing_instruction": order_of("colour", scene, variant).ways[0],
            "editing_type_id": "6",
            "blended_word": f"{scene.things[0].shape} {scene.things[0].shape}",
            "mask": [number for row in range(128, 384) for number in (row * SIDE + 128, 256)],
        }
    (folder / "mapping_file.json").write_text(json.dumps(mapping), "utf-8")
    return folder


def write_tedbench(folder: Path) -> Path:
    """One photo with two wishes; of one it is said what it shows."""
    originals = folder / "originals"
    originals.mkdir(parents=True)
    Image.fromarray(render(draw_scene(SEEDS[0]), SIDE // 4, rays=1).image).save(originals / "cube.png")
    entries = [
        {"img_name": "cube.png", "target_text": "A photo of a blue cube."},
        {"img_name": "cube.png", "target_text": "A red ball.", "source_text": "A red cube."},
    ]
    (folder / "input_list.json").write_text(json.dumps(entries), "utf-8")
    return folder
