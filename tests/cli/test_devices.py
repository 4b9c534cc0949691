"""--device: the chosen one computes and is told with its precision; one that is not there is one sentence."""

import json
from pathlib import Path

import pytest
import torch

from nti_desktop.cli import main
from nti_desktop.editing.known_speeds import speeds_file
from nti_desktop.models.library.samples import samples


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    copy = tmp_path / "scene.png"
    copy.write_bytes(samples()[0].path.read_bytes())
    return copy


@pytest.mark.slow
def test_device_precision_and_memory_are_told(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["invert", str(photo), "--prompt", samples()[0].caption, "--steps", "2", "--device", "cpu"]
    assert main([*asked, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["device"].startswith("Processor, ")
    assert answer["precision"] == "full precision"
    assert 5e7 < answer["memory_forecast"] < 5e9
    assert main(asked) == 0
    assert "full precision; 0.1 GB of memory predicted." in capsys.readouterr().out


@pytest.mark.slow
def test_how_fast_the_model_is_is_measured_once(
    photo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["invert", str(photo), "--prompt", samples()[0].caption, "--steps", "2", "--device", "cpu"]
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # as others work beside this, which changes the device
    assert main(asked) == 0
    assert len(json.loads(speeds_file().read_bytes())) == 1
    monkeypatch.setattr("nti_desktop.engine.service.measured_rates", lambda *_: pytest.fail("it was measured again"))
    assert main(asked) == 0


def test_a_device_that_is_not_there_is_one_sentence_and_leaves_nothing(
    photo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["invert", str(photo), "--prompt", "a ball", "--device", "cuda"]) == 1
    assert "no graphics card that the program can use" in capsys.readouterr().err
    assert [path.name for path in photo.parent.iterdir()] == [photo.name]


def test_what_is_no_kind_of_device_is_wrong_use(photo: Path) -> None:
    assert main(["export", str(photo), "--name", "Blue", "--device", "toaster", "--out", "x.png"]) == 2


def test_cards_are_chosen_by_number(
    photo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for kind in ("cuda:1", "xpu"):
        assert main(["invert", str(photo), "--prompt", "a ball", "--device", kind]) == 1
        assert "This computer has no" in capsys.readouterr().err
    assert main(["invert", str(photo), "--prompt", "a ball", "--device", "cpu:1"]) == 2
    assert "choose cuda, xpu, mps or cpu" in capsys.readouterr().err
