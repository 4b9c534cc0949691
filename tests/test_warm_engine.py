"""What the tests of windows rest on: an engine that was used before is the engine, and nobody else's."""

import pytest
import torch

from nti_desktop.engine.model.loading import load_model
from nti_desktop.models.library.catalog import built_in
from tests.warm_engine import warm_engine

CPU = torch.device("cpu")


def test_the_shared_model_is_the_one_in_the_files() -> None:
    read = load_model(built_in().files, CPU)
    with warm_engine():
        models = [load_model(built_in().files, CPU) for _ in range(2)]
    for model in models:
        for part, again in zip(read.parts, model.parts, strict=True):
            mine, theirs = part.state_dict(), again.state_dict()
            assert mine.keys() == theirs.keys()
            assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    models[0].unet.half()  # what is done to one is done to one
    assert {weight.dtype for weight in models[1].unet.parameters()} == {torch.float32}


def test_writing_into_shared_weights_is_noticed() -> None:
    with pytest.raises(AssertionError, match="unet"), warm_engine():
        next(iter(load_model(built_in().files, CPU).unet.parameters())).mul_(1.0)
