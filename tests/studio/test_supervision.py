"""What attention is taught: which token is about which part of a scene, and where it should look."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from nti_desktop.studio.captions import GROUND, caption, phrases
from nti_desktop.studio.train.pictures import stream
from nti_desktop.studio.train.supervision import PhraseTokens, WatchedAttention, halved_to, supervision_loss
from nti_desktop.studio.train.tokenizer import train_tokenizer
from nti_desktop.studio.world import TRAINING_SEEDS, draw

pytestmark = pytest.mark.slow


def test_tokens_know_what_they_are_about(tmp_path: Path) -> None:
    train_tokenizer(stream(TRAINING_SEEDS[0], 300), tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    rng = random.Random(0)
    scenes = (draw(rng) for _ in range(100))
    scene = next(s for s in scenes if len({thing.shape for thing in s.things}) == 2)
    tokens = PhraseTokens(tokenizer)(phrases(scene))
    assert tokens.ids == tokenizer(caption(scene), add_special_tokens=False).input_ids
    words = [tokenizer.decode(id).strip() for id in tokens.ids]
    about = dict(zip(words, tokens.about, strict=True))
    assert about[scene.things[0].shape] == 1
    assert about[scene.things[1].shape] == 2
    assert about[scene.ground.split()[-1]] == GROUND
    assert about["a"] is None


def test_attention_on_its_own_mask_costs_less_than_attention_elsewhere() -> None:
    names = torch.zeros(1, 5, 3)
    names[0, 2, 1] = 1
    masks = torch.zeros(1, 3, 16, 16)
    masks[0, 1, :8, :8] = 1
    losses = []
    for top in (0, 8):
        layer = WatchedAttention()
        attention = torch.full((16, 16), 1e-4)
        attention[top : top + 8, :8] = 1
        layer.seen = attention.reshape(1, 256, 1).expand(-1, -1, 5)
        losses.append(float(supervision_loss([layer], names, masks)))
    assert losses[0] == pytest.approx(np.log(64), abs=0.05)  # the entropy of the mask is the least there is
    assert losses[1] > losses[0] + 3


def test_where_two_things_are_named_each_place_looks_at_its_own() -> None:
    names = torch.zeros(1, 5, 3)
    names[0, 1, 1] = names[0, 3, 2] = 1
    masks = torch.zeros(1, 3, 16, 16)
    masks[0, 1, :, :8] = 1
    masks[0, 2, :, 8:] = 1
    losses = []
    for tokens in ((1, 3), (3, 1)):
        attention = torch.full((1, 16, 16, 5), 0.1)
        attention[:, :, :8, tokens[0]] = attention[:, :, 8:, tokens[1]] = 0.6
        layer = WatchedAttention()
        layer.seen = attention.flatten(1, 2)
        losses.append(float(supervision_loss([layer], names, masks)))
    assert losses[1] > losses[0] + 2


@pytest.mark.parametrize(("positions", "grid"), [(260, (13, 20)), (70, (7, 10)), (20, (4, 5))])
def test_the_grids_of_a_format_come_of_halving_it(positions: int, grid: tuple[int, int]) -> None:
    assert halved_to(positions, 13, 20) == grid
