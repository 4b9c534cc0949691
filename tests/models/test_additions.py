"""Files that are added to models: what they are, what a foreign or broken one costs, and what they change."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nti_desktop.core.errors import ModelError, NtiError
from nti_desktop.models.formats.additions import MOST_VECTORS, read_addition
from nti_desktop.models.library.additions import found_additions
from nti_desktop.models.library.catalog import BUILT_IN, ModelEntry, find_model, installed
from nti_desktop.models.library.extending import extend, reduce
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.lookup import ModelGone, find_made_with
from nti_desktop.models.library.places import Given, places_file, read_places, write_places
from nti_desktop.models.library.store import listed_models
from nti_desktop.recipe.jobs import Addition
from tests.models.test_catalog import folder as folder

KEY = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def write_lora(path: Path, width: int = 64, value: float = 1.0, metadata: dict[str, str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    up, down = ones(32, 4), ones(4, width) * np.float32(value)
    save_file({f"{KEY}.lora_down.weight": down, f"{KEY}.lora_up.weight": up}, path, metadata)
    return path


def write_word(path: Path, *shape: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": ones(*(shape or (2, 64)))}, path)
    return path


@pytest.fixture
def model(folder: Path) -> Path:
    """A listed model."""
    write_places(read_places().with_added(folder))
    return folder


def of(model: Path) -> ModelEntry:
    return find_model(str(model))


@pytest.mark.parametrize(
    ("width", "family"), [(768, "Stable Diffusion 1"), (1024, "Stable Diffusion 2"), (2048, "SDXL")]
)
def test_a_lora_tells_by_its_widths_which_models_it_is_made_for(tmp_path: Path, width: int, family: str) -> None:
    found = read_addition(write_lora(tmp_path / "style.safetensors", width))
    assert (found.family, found.about, found.word) == (family, f"LoRA for {family}", "")


def test_a_word_tells_by_its_widths_which_models_it_is_made_for(tmp_path: Path) -> None:
    assert read_addition(write_word(tmp_path / "a.safetensors", 3, 768)).family == "Stable Diffusion 1"
    assert read_addition(write_word(tmp_path / "a.safetensors", 1024)).family == "Stable Diffusion 2"
    save_file({"clip_g": ones(2, 1280), "clip_l": ones(2, 768)}, tmp_path / "a.safetensors")
    assert read_addition(tmp_path / "a.safetensors").family == "SDXL"


@pytest.mark.parametrize(
    ("file", "key", "word"),
    [
        ("Bad-Hands 5.safetensors", "emb_params", "bad_hands_5"),
        ("learned_embeds.safetensors", "<cat-toy>", "cat_toy"),
        ("my mug.safetensors", "<*>", "my_mug"),
        ("sd concept/learned_embeds.safetensors", "emb_params", "sd_concept"),
    ],
)
def test_a_word_is_called_by_one_word_made_of_its_name(tmp_path: Path, file: str, key: str, word: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    save_file({key: ones(2, 768)}, path)
    assert read_addition(path).word == word


@pytest.mark.parametrize(
    ("name", "steps", "guidance"),
    [("lcm-lora-sdv1-5/pytorch_lora_weights", 8, 1.5), ("Hyper-SD15-8steps-lora", 8, 1.0)],
)
def test_a_lora_that_distills_sets_few_steps_and_little_guidance(
    model: Path, tmp_path: Path, name: str, steps: int, guidance: float
) -> None:
    before = of(model).defaults
    assert not before.few_steps
    file = write_lora(tmp_path / f"{name}.safetensors")
    extend(model, file)
    defaults = of(model).defaults
    assert (defaults.few_steps, defaults.steps, defaults.guidance_scale) == (True, steps, guidance)
    extend(model, file, weight=0)
    assert of(model).defaults == before


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (f"{KEY}.dora_scale", "DoRA"),
        (f"{KEY}.hada_w1_a", "LoHa"),
        (f"{KEY}.lokr_w1", "LoKr"),
        (f"{KEY}.oft_blocks", "OFT"),
        (f"{KEY}.lora_mid.weight", "LoCon with a middle part"),
        (f"{KEY}.diff", "full difference of two models"),
    ],
)
def test_relatives_of_loras_are_refused_by_name(tmp_path: Path, key: str, kind: str) -> None:
    file = tmp_path / "other.safetensors"
    plain = {f"{KEY}.lora_down.weight": ones(4, 64), f"{KEY}.lora_up.weight": ones(32, 4)}
    save_file({key: ones(4), **plain}, file)
    with pytest.raises(ModelError) as refused:
        read_addition(file)
    assert str(refused.value) == (
        f"“other.safetensors” is a {kind}, which this program cannot add to a model; choose a plain LoRA."
    )


@pytest.mark.parametrize(
    "key", ["bundle_emb.word.string_to_param.*", f"{KEY}.scalar", f"{KEY}.w_norm", f"{KEY}.lora_B.bias"]
)
def test_a_lora_that_holds_more_is_refused_before_a_model_is_given_it(model: Path, tmp_path: Path, key: str) -> None:
    file = tmp_path / "more.safetensors"
    save_file({key: ones(4), f"{KEY}.lora_down.weight": ones(4, 64), f"{KEY}.lora_up.weight": ones(32, 4)}, file)
    with pytest.raises(ModelError, match=f"holds “{re.escape(key)}”, which this program cannot add"):
        extend(model, file)
    assert of(model).additions == ()


def test_foreign_and_broken_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    pickled = tmp_path / "word.pt"
    pickled.write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(
        ModelError, match="is a pickled file, which could run any program when it is opened; add the same"
    ):
        read_addition(pickled)
    renamed = pickled.rename(tmp_path / "renamed.safetensors")
    with pytest.raises(ModelError, match="is a pickled file"):
        read_addition(renamed)
    cut = write_lora(tmp_path / "cut.safetensors")
    cut.write_bytes(cut.read_bytes()[:-10])
    with pytest.raises(ModelError, match="is damaged or incomplete"):
        read_addition(cut)
    huge = tmp_path / "huge.safetensors"
    huge.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(ModelError, match="is damaged or incomplete"):
        read_addition(huge)
    with pytest.raises(ModelError, match=f"at most {MOST_VECTORS}"):
        read_addition(write_word(tmp_path / "long.safetensors", 76, 768))
    save_file({"some.weight": ones(3, 3), "other.weight": ones(3)}, tmp_path / "other.safetensors")
    save_file({"model.diffusion_model.x": ones(3, 3), "logit_scale": ones()}, tmp_path / "model.safetensors")
    for name in ("other", "model"):
        with pytest.raises(ModelError, match=r"no LoRA, no embedding.* or add it as a model"):
            read_addition(tmp_path / f"{name}.safetensors")
    for alpha in ('"x"', "NaN", "1e999", "9" * 400):
        metadata = {"lora_adapter_metadata": f'{{"unet.lora_alpha": {alpha}}}'}
        with pytest.raises(ModelError, match="no number"):
            read_addition(write_lora(tmp_path / "said.safetensors", metadata=metadata))


def test_one_that_is_gone_or_broken_costs_its_own_row_a_sentence(model: Path, tmp_path: Path) -> None:
    good, gone, broken = (write_lora(tmp_path / f"{name}.safetensors") for name in ("good", "gone", "broken"))
    for file in (good, gone, broken):
        extend(model, file)
    gone.unlink()
    broken.write_bytes(b"nothing")
    (listed,) = (each for each in listed_models(read_places()) if each.path == model)
    assert listed.entry is not None
    said = {each.given.file: each.fault for each in listed.entry.additions}
    assert said[good] is None
    assert "is not there" in (said[gone] or "")
    assert "damaged" in (said[broken] or "")
    assert [each.file for each in listed.entry.files.additions] == [good]


def test_one_for_another_family_is_refused_and_nothing_changes(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is made for SDXL and this model is Stable Diffusion 1"):
        extend(model, write_lora(tmp_path / "xl.safetensors", 2048))
    extend(model, write_word(tmp_path / "one" / "mug.safetensors"))
    with pytest.raises(ModelError, match=r"teaches the word “mug”, which “mug\.safetensors” teaches already"):
        extend(model, write_word(tmp_path / "two" / "mug.safetensors"))
    with pytest.raises(NtiError, match="must lie between 0 and 2"):
        extend(model, write_lora(tmp_path / "style.safetensors"), 2.5)
    assert [given.file.parent.name for given in read_places().given(model)] == ["one"]


def test_what_a_model_is_given_is_kept_with_its_weight_and_can_be_taken_away(model: Path, tmp_path: Path) -> None:
    style, mug = write_lora(tmp_path / "style.safetensors"), write_word(tmp_path / "mug.safetensors")
    assert "“style.safetensors” from now on (LoRA, weight 0.7)" in extend(model, style, 0.7)
    assert "embedding, “mug” in a sentence" in extend(model, mug)
    extend(model, style, 0.3)
    assert read_places().given(model) == (Given(style, 0.3), Given(mug))
    assert of(model).files.additions == (Addition(style, "", 0.3), Addition(mug, "mug"))
    assert "stays where it is" in reduce(model, style)
    assert read_places().given(model) == (Given(mug),)
    with pytest.raises(ModelError, match="was not given"):
        reduce(model, style)


@pytest.fixture
def linked(folder: Path, tmp_path: Path) -> Path:
    """A model that is listed by a folder that is a link."""
    (tmp_path / "link").symlink_to(folder.parent, target_is_directory=True)
    write_places(read_places().with_added(tmp_path / "link" / folder.name))
    return tmp_path / "link" / folder.name


def test_what_a_model_behind_a_link_is_given_is_found_by_its_id(linked: Path, tmp_path: Path) -> None:
    style = write_lora(tmp_path / "style.safetensors")
    extend(linked, style)
    (entry,) = (each for each in installed() if not each.built_in)
    assert find_model(entry.id) == entry
    assert entry.files.additions == (Addition(style),)
    wanted = fingerprint(entry)
    assert found(Path(entry.id), wanted, entry.files.additions) == entry
    reduce(Path(entry.id), style)
    assert of(linked).files.additions == ()


def test_the_autoencoder_of_a_model_behind_a_link_is_found_by_its_id(linked: Path, tmp_path: Path) -> None:
    places = read_places().with_added(linked, tmp_path / "vae")
    assert places.autoencoder_of(linked.resolve()) == tmp_path / "vae"
    assert places.without(linked.resolve()).autoencoders == ()


@pytest.mark.parametrize("id", BUILT_IN)
def test_each_built_in_model_is_given_a_word_and_nothing_else_is_lost(model: Path, tmp_path: Path, id: str) -> None:
    mug = write_word(tmp_path / "mug.safetensors")
    extend(Path(id), mug)
    assert (read_places().fault, read_places().added) == (None, (model,))
    assert find_model(id).files.additions == (Addition(mug, "mug"),)


@pytest.mark.parametrize(
    "damage",
    ['{"x": []}', '{"/m": [["/f", 3]]}', '{"/m": [["/f", "1"]]}', '{"/m": [["f", 1]]}', '{"/m": [["/f"]]}', "[]"],
)
def test_damaged_settings_are_said_and_fail_nothing(damage: str) -> None:
    places_file().parent.mkdir(parents=True)
    places_file().write_text(f'{{"additions": {damage}}}')
    assert "is damaged" in (read_places().fault or "")


def test_the_fingerprint_is_that_of_all_that_is_added(model: Path, tmp_path: Path) -> None:
    style, mug = write_lora(tmp_path / "style.safetensors"), write_word(tmp_path / "mug.safetensors")
    seen = [fingerprint(of(model))]
    extend(model, style)
    seen.append(fingerprint(of(model)))
    extend(model, style, 0.5)
    seen.append(fingerprint(of(model)))
    write_lora(style, value=2.0)
    seen.append(fingerprint(of(model)))
    extend(model, mug)
    seen.append(fingerprint(of(model)))
    assert len(set(seen)) == 5
    reduce(model, mug)
    extend(model, style, 0)
    assert fingerprint(of(model)) == seen[0], "nothing of it is added"
    reduce(model, style)
    assert fingerprint(of(model)) == seen[0]


def test_the_fingerprint_does_not_depend_on_where_a_lora_lies(model: Path, tmp_path: Path) -> None:
    style = write_lora(tmp_path / "style.safetensors")
    extend(model, style)
    first = fingerprint(of(model))
    reduce(model, style)
    (tmp_path / "loras").mkdir()
    extend(model, style.rename(tmp_path / "loras" / "style.safetensors"))
    assert fingerprint(of(model)) == first


def found(model: Path, wanted: str, added: tuple[Addition, ...]) -> ModelEntry:
    return find_made_with(str(model), wanted, lambda entry: True, None, added)


def test_what_was_prepared_with_other_additions_is_rendered_with_those(model: Path, tmp_path: Path) -> None:
    style = write_lora(tmp_path / "style.safetensors")
    plain = fingerprint(of(model))
    extend(model, style, 0.5)
    made = of(model)
    with_style = fingerprint(made)
    extend(model, style, 1.5)
    assert found(model, with_style, made.files.additions).files == made.files
    assert found(model, plain, ()).files.additions == ()
    reduce(model, style)
    assert found(model, with_style, made.files.additions).files == made.files


def test_a_lora_that_has_moved_to_a_usual_place_is_found(model: Path, tmp_path: Path) -> None:
    style = write_lora(tmp_path / "style.safetensors")
    extend(model, style)
    made = of(model)
    wanted = fingerprint(made)
    reduce(model, style)
    there = read_places().store / "loras" / "sorted" / style.name
    there.parent.mkdir(parents=True)
    style.rename(there)
    assert there in found_additions(read_places())
    assert [each.file for each in found(model, wanted, made.files.additions).files.additions] == [there]


def test_a_lora_that_is_gone_is_named_in_one_sentence(model: Path, tmp_path: Path) -> None:
    style, mug = write_lora(tmp_path / "style.safetensors"), write_word(tmp_path / "mug.safetensors")
    extend(model, style)
    made = of(model)
    wanted = fingerprint(made)
    style.unlink()
    with pytest.raises(ModelGone) as gone:
        found(model, wanted, made.files.additions)
    assert str(gone.value) == (
        "The LoRA “style.safetensors” that this photo was prepared with is not on this computer; bring it back, or "
        "prepare the photo again with another."
    )
    reduce(model, style)
    extend(model, mug)
    made = of(model)
    wanted = fingerprint(made)
    mug.unlink()
    with pytest.raises(ModelGone, match=r"The embedding “mug\.safetensors” that this photo was prepared with"):
        found(model, wanted, made.files.additions)


def noting(look: Callable[..., os.stat_result], asked: list[str]) -> Callable[..., os.stat_result]:
    def noted(path: object, **options: object) -> os.stat_result:
        asked.append(str(path))
        return look(path, **options)

    return noted


@pytest.mark.parametrize("share", [r"\\thief\share", "//thief/share"])
def test_no_server_is_asked_for_what_a_project_names(
    model: Path, tmp_path: Path, share: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extend(model, write_lora(tmp_path / "style.safetensors"))
    made = of(model)
    wanted = fingerprint(made)
    asked: list[str] = []
    monkeypatch.setattr(os, "stat", noting(os.stat, asked))
    monkeypatch.setattr(os, "lstat", noting(os.lstat, asked))
    there = tuple(replace(each, file=Path(share, each.file.name)) for each in made.files.additions)
    assert found(model, wanted, there).files == made.files  # by what it is given now
    with pytest.raises(ModelGone):
        find_made_with(f"{share}/model", "0" * 64, lambda entry: True, None, there)
    assert not [path for path in asked if "thief" in path]
