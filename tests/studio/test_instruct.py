"""Training a model that takes orders: pairs as drawn, a model as it was at first, steps that teach and can go on."""

import json
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

from nti_desktop.core.resources import resource
from nti_desktop.studio.train import checkpoint, instruct, pairs
from nti_desktop.studio.train.pairs import Pairs
from nti_desktop.studio.world import ASPECTS

pytestmark = pytest.mark.slow

BASE = resource("models", "studio")
ORDERS = resource("models", "studio-orders")
ROWS = "embeddings.token_embedding.weight"
SEED = 2000


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model begun, and the pairs of two scenes."""
    out = tmp_path_factory.mktemp("instruct")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instruct, "STREAMS", (SEED,))
        instruct.begin(BASE, BASE, out / "model")
        orders = pairs.orders_of
        patch.setattr(pairs, "orders_of", lambda seed: orders(seed, 2))
        (out / "pairs").mkdir()
        pairs._draw_stream(out / "pairs", out / "model", 64, SEED)
    return out


@pytest.fixture(scope="module")
def found(out: Path) -> Pairs:
    (only,) = pairs.load_all(out / "pairs", [SEED])
    return only


def test_every_change_of_a_scene_is_there_and_asked_for_both_ways(found: Pairs) -> None:
    assert len(found.latents) == 2 * (1 + pairs.CHANGES)
    assert len(found.ends) == 2 * 2 * pairs.CHANGES == len(found.ids)
    forth, back = found.ends[::2], found.ends[1::2]
    assert torch.equal(forth, back.flip(1))
    assert all(not torch.equal(found.latents[a], found.latents[b]) for a, b in found.ends.tolist())


def test_each_stream_has_one_format_and_together_they_have_all() -> None:
    found = [{order.source.view.aspect for order in pairs.orders_of(seed, 1)[0]} for seed in range(SEED, SEED + 5)]
    assert [aspect for (aspect,) in found] == list(pairs.FORMATS)
    assert set(pairs.FORMATS) == set(ASPECTS)
    scene = pairs.orders_of(SEED + 4, 1)[0][0]
    assert scene.target.view == scene.source.view


def test_streams_are_put_together_by_format(tmp_path: Path) -> None:
    for seed, (height, width) in enumerate([(2, 2), (2, 3), (2, 2)]):
        ends, ids = torch.tensor([[0, 1]]), torch.full((1, pairs.WAYS, 4), seed, dtype=torch.int16)
        parts = {"latents": torch.full((2, 8, height, width), float(seed)), "ends": ends, "ids": ids}
        save_file(parts, tmp_path / f"{seed}.safetensors")
    square, broad = pairs.load_all(tmp_path, range(4))
    assert square.latents[square.ends[1]].flatten().unique().tolist() == [2]
    assert broad.latents.shape == (2, 8, 2, 3)
    assert broad.ids.unique().tolist() == [1]


def test_a_step_is_of_one_format_and_each_has_its_turns(out: Path, found: Pairs) -> None:
    training = instruct.Training(BASE, out / "model", "cpu")
    broad = Pairs(found.latents[:, :, :4], found.ends, found.ids)
    seen = []
    training.unet.conv_in.register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0].shape[-2:])))
    for step in range(8):
        training.loss([found, broad], checkpoint.generator(0, step))
    assert set(seen) == {(8, 8), (4, 8)}


@pytest.mark.parametrize("float32", [True, False])
def test_it_computes_as_exactly_as_it_is_told(out: Path, found: Pairs, float32: bool) -> None:
    training = instruct.Training(BASE, out / "model", "cpu", float32=float32)
    seen = set()
    training.unet.conv_out.register_forward_hook(lambda _, __, answer: seen.add(answer.dtype))
    training.loss([found], checkpoint.generator(0, 0))
    able = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert seen == {torch.float32 if float32 or not able else torch.bfloat16}


def test_the_tokens_are_the_orders_and_each_word_is_one(out: Path, found: Pairs) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(out / "model" / "tokenizer")
    orders = pairs.orders_of(SEED, 2)
    said = tokenizer.decode(found.ids[0, 0].tolist(), skip_special_tokens=True).strip()
    assert said in [way.lower() for way in orders[0][0].ways]
    for word in (out / "model" / "words.txt").read_text("utf-8").split():
        assert len(tokenizer(word)["input_ids"]) == 3


def test_what_was_known_of_words_is_kept(out: Path) -> None:
    training = instruct.Training(BASE, out / "model", "cpu")
    from transformers import CLIPTextModel

    base = CLIPTextModel.from_pretrained(BASE / "text_encoder")
    old, new = (CLIPTokenizer.from_pretrained(folder / "tokenizer") for folder in (BASE, out / "model"))
    number, known = new.get_vocab()["blue</w>"], old.get_vocab()["blue</w>"]
    rows = training.text_encoder.get_input_embeddings().weight, base.get_input_embeddings().weight
    assert torch.allclose(rows[0][number], rows[1][known].float(), atol=1e-6)


def test_a_model_that_takes_orders_already_is_trained_on_as_it_is(out: Path, tmp_path: Path) -> None:
    instruct.begin(BASE, ORDERS, tmp_path / "model")
    training = instruct.Training(ORDERS, tmp_path / "model", "cpu")
    shipped, begun = load_file(ORDERS / "unet" / "diffusion_pytorch_model.safetensors"), training.unet.state_dict()
    assert all(torch.equal(begun[name], weight.float()) for name, weight in shipped.items())
    training.export()
    written = json.loads((tmp_path / "model" / "unet" / "config.json").read_text("utf-8"))
    assert written == json.loads((ORDERS / "unet" / "config.json").read_text("utf-8")), "nor says where it lay"
    folders = ORDERS, tmp_path / "model"
    known, new = (CLIPTokenizer.from_pretrained(folder / "tokenizer").get_vocab() for folder in folders)
    old, rows = (load_file(folder / "text_encoder" / "model.safetensors")[ROWS] for folder in folders)
    assert all(torch.equal(rows[new[token]], old[number]) for token, number in known.items())


def test_steps_teach_and_go_on_where_they_stopped(
    out: Path, found: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instruct, "BATCH", 4)
    training = instruct.Training(BASE, out / "model", "cpu")
    before = float(training.loss([found], checkpoint.generator(9, 9)).detach())
    averages = training.measured([found])
    training.run([found], [found], 6, tmp_path / "kept.pt")
    assert float(training.loss([found], checkpoint.generator(9, 9)).detach()) < before
    assert training.measured([found]) == training.measured([found]) < averages
    assert f"{training.measured([found]):.4f} on what is held back" in capsys.readouterr().out
    weights = training.unet.conv_in.weight.detach().clone()
    assert weights[:, weights.shape[1] // 2 :].abs().max() > 0
    again = instruct.Training(BASE, out / "model", "cpu")
    again.run([found], [found], 6, tmp_path / "kept.pt")  # nothing is left to do
    assert torch.equal(again.unet.conv_in.weight, weights)
    index = json.loads((out / "model" / "model_index.json").read_text("utf-8"))
    assert index["_class_name"] == "StableDiffusionInstructPix2PixPipeline"
    exported = UNet2DConditionModel.from_pretrained(out / "model" / "unet", low_cpu_mem_usage=False)
    assert exported.config.in_channels == 2 * exported.config.out_channels
    assert str(BASE) not in (out / "model" / "unet" / "config.json").read_text("utf-8")


def test_no_pairs_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No pairs"):
        pairs.load_all(tmp_path, [SEED])
