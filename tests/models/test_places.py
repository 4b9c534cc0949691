"""Where models lie: the small file that says so, and the paths that may be models."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.core.errors import ModelError
from nti_desktop.models.hub.offers import find_offer, offers
from nti_desktop.models.library import scan as looking
from nti_desktop.models.library.places import (
    MOST_PATHS,
    Given,
    Places,
    default_store,
    places_file,
    read_places,
    store_fault,
    write_places,
)
from nti_desktop.models.library.programs import Source
from nti_desktop.models.library.scan import Candidate, candidates
from nti_desktop.models.library.store import find_listed, listed_models, remove
from tests.rights import open_folder, without_rights


def model_folder(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "model_index.json").write_text("{}")
    return path


def checkpoint(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"weights")
    return path


def test_without_a_file_the_store_is_in_the_users_data_folder() -> None:
    assert read_places() == Places(default_store())
    assert candidates(read_places()) == ()
    assert store_fault(read_places()) is None
    assert not places_file().exists()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    places = Places(tmp_path / "äöü 模型").with_added(tmp_path / "a").with_added(tmp_path / "b").without(tmp_path / "c")
    write_places(places)
    assert read_places() == places
    assert [path.name for path in places_file().parent.iterdir()] == ["models.json"]


def test_adding_again_lists_once_and_forgets_the_forgetting(tmp_path: Path) -> None:
    path = tmp_path / "x"
    places = Places(tmp_path).without(path).with_added(path).with_added(path)
    assert (places.added, places.forgotten) == ((path,), ())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"store": 7}',
        b'{"store": "relative"}',
        b'{"store": "/a\\u0000b"}',
        b'{"added": "/x"}',
        b'{"added": [1]}',
        b'{"autoencoders": ["/x"]}',
        b'{"autoencoders": {"/x": "y"}}',
        b'{"added": [' + b'"/x",' * 2000 + b'"/x"]}',
        b"[" * 100_000,
        b" " * (2 << 20),
    ],
)
def test_a_damaged_file_is_said_in_one_sentence_and_kept_aside(tmp_path: Path, content: bytes) -> None:
    places_file().parent.mkdir(parents=True)
    places_file().write_bytes(content)
    places = read_places()
    assert places.store == default_store()
    assert places.fault is not None
    assert places.fault.count(". ") == 0
    assert places_file().read_bytes() == content
    for number in (1, 2):
        places_file().write_bytes(content)
        write_places(replace(places, store=tmp_path))
        assert read_places() == Places(tmp_path)
        assert places_file().with_name(f"models.json.damaged-{number}").read_bytes() == content


def test_a_file_from_a_later_version_keeps_what_is_understood(tmp_path: Path) -> None:
    places_file().parent.mkdir(parents=True)
    places_file().write_text(json.dumps({"store": str(tmp_path), "colour": "blue"}))
    assert read_places() == Places(tmp_path)


def test_a_folder_without_rights_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_folder() as folder:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
        write_places(Places(folder / "one"))
        with without_rights(), pytest.raises(ModelError, match="nothing was changed"):
            write_places(Places(folder / "two"))
        assert read_places().store == folder / "one"


def test_a_failing_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_places(Places(tmp_path / "one"))

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(ModelError, match="No space left"):
            write_places(Places(tmp_path / "two"))
    assert read_places().store == tmp_path / "one"
    assert [path.name for path in places_file().parent.iterdir()] == ["models.json"]


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    full = Places(tmp_path, added=tuple(tmp_path / str(number) for number in range(MOST_PATHS)))
    write_places(full)
    with pytest.raises(ModelError, match="nothing was changed"):
        write_places(full.with_added(tmp_path / "one too many"))
    assert read_places() == full
    assert [path.name for path in places_file().parent.iterdir()] == ["models.json"]


def test_candidates_come_from_the_store_then_as_added_then_from_other_programs(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    cache = home / "cache" / "huggingface" / "hub"
    revision = "ab" * 20
    snapshot = model_folder(cache / "models--owner--name" / "snapshots" / revision)
    model_folder(cache / "models--owner--name" / "snapshots" / ("cd" * 20))
    (cache / "models--owner--name" / "refs").mkdir()
    (cache / "models--owner--name" / "refs" / "main").write_text(revision)
    (cache / "models--owner--other" / "refs").mkdir(parents=True)
    (cache / "models--owner--other" / "refs" / "main").write_text("../../../../..")
    expected = [
        Candidate(model_folder(store / "A folder"), Source.STORE),
        Candidate(checkpoint(store / "b.SAFETENSORS"), Source.STORE),
        Candidate(tmp_path / "gone.safetensors", Source.ADDED),
        Candidate(snapshot, Source.HUGGING_FACE),
        Candidate(checkpoint(home / "ComfyUI/models/checkpoints/c.safetensors"), Source.COMFY),
        Candidate(checkpoint(home / "ComfyUI/models/checkpoints/SDXL/d.safetensors"), Source.COMFY),
        Candidate(checkpoint(home / "ComfyUI/models/checkpoints/SDXL/deeper/f.safetensors"), Source.COMFY),
        Candidate(
            checkpoint(home / "Documents/stable-diffusion-webui/models/Stable-diffusion/e.safetensors"), Source.A1111
        ),
    ]
    checkpoint(store / ".incoming" / "x.safetensors")
    checkpoint(store / "pickled.ckpt")
    checkpoint(store / "no model" / "deep.safetensors")
    assert list(candidates(Places(store, added=(tmp_path / "gone.safetensors",)))) == expected
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    assert Source.HUGGING_FACE not in [c.source for c in candidates(Places(store))]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ComfyUI/models/checkpoints/SDXL/Realistic/m.safetensors", Source.COMFY),
        ("ComfyUI_windows_portable/ComfyUI/models/checkpoints/m.safetensors", Source.COMFY),
        ("ComfyUI_windows_portable_nvidia/ComfyUI/models/checkpoints/m.sft", Source.COMFY),
        ("Documents/ComfyUI/models/checkpoints/m.safetensors", Source.COMFY),
        ("stable-diffusion-webui-forge/models/Stable-diffusion/a/b/m.safetensors", Source.A1111),
        ("webui_forge_cu121_torch231/webui/models/Stable-diffusion/m.safetensors", Source.A1111),
        ("StabilityMatrix/Data/Models/StableDiffusion/m.safetensors", Source.STABILITY_MATRIX),
        ("AppData/Roaming/StabilityMatrix/Models/StableDiffusion/m.safetensors", Source.STABILITY_MATRIX),
        ("StabilityMatrix/Data/Packages/ComfyUI/models/checkpoints/m.safetensors", Source.STABILITY_MATRIX),
        ("invokeai/models/sd-1/main/m.safetensors", Source.INVOKE),
        ("invokeai/models/sdxl/main/mine/model_index.json", Source.INVOKE),
        ("invokeai/models/0123abcd-9a/m.safetensors", Source.INVOKE),
        ("SwarmUI/Models/Stable-Diffusion/sub/m.safetensors", Source.SWARM),
        ("SwarmUI/dlbackend/comfy/ComfyUI/models/checkpoints/m.safetensors", Source.SWARM),
        ("Fooocus/models/checkpoints/m.safetensors", Source.FOOOCUS),
        ("Fooocus_win64_2-5-0/Fooocus/models/checkpoints/m.safetensors", Source.FOOOCUS),
        (".local/share/krita/ai_diffusion/server/ComfyUI/models/checkpoints/m.safetensors", Source.KRITA),
        ("AppData/Roaming/krita/ai_diffusion/server/models/checkpoints/m.safetensors", Source.KRITA),
        ("sdnext/models/Stable-diffusion/m.safetensors", Source.SD_NEXT),
        ("automatic/models/Diffusers/models--a--b/snapshots/c/model_index.json", Source.SD_NEXT),
        ("pinokio/api/comfy.git/app/models/checkpoints/m.safetensors", Source.PINOKIO),
        ("pinokio/drive/drives/peers/d17/checkpoints/m.safetensors", Source.PINOKIO),
        ("Library/Containers/com.liuliu.draw-things/Data/Documents/Models/m.safetensors", Source.DRAW_THINGS),
    ],
)
def test_models_are_found_where_programs_keep_them(home: Path, tmp_path: Path, path: str, source: Source) -> None:
    file = checkpoint(home / path)
    found = file.parent if file.name == "model_index.json" else file
    assert candidates(Places(tmp_path / "store")) == (Candidate(found, source),)


def test_what_lies_beside_checkpoints_is_not_taken_for_one(home: Path, tmp_path: Path) -> None:
    for path in (
        "invokeai/models/sd-1/lora/style.safetensors",
        "invokeai/models/core/upscaling/x.safetensors",
        "ComfyUI/models/loras/style.safetensors",
        "ComfyUI/models/vae/vae.safetensors",
        "ComfyUI/models/checkpoints/.hidden/m.safetensors",
    ):
        checkpoint(home / path)
    (home / "ComfyUI/models/checkpoints/circle").symlink_to(home / "ComfyUI/models")
    whole = model_folder(home / "ComfyUI/models/checkpoints/whole")
    checkpoint(whole / "unet" / "diffusion_pytorch_model.safetensors")
    assert whole in [c.path for c in candidates(Places(tmp_path / "store"))]
    assert not [c for c in candidates(Places(tmp_path / "store")) if whole in c.path.parents]


def test_comfyuis_list_of_further_folders_is_heeded(home: Path, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    expected = [
        checkpoint(drive / "models/Stable-diffusion/a.safetensors"),
        checkpoint(drive / "more models/b.safetensors"),
        checkpoint(drive / "whole/c.safetensors"),
        checkpoint(home / "ComfyUI/beside/d.safetensors"),
        checkpoint(home / "mine/e.safetensors"),
    ]
    checkpoint(drive / "models/Lora/style.safetensors")
    checkpoint(drive / "no/longer.safetensors")
    (home / "ComfyUI" / "extra_model_paths.yaml").write_text(
        f"""# Rename this file
a111:
    base_path: {drive}/
    checkpoints: |
        models/Stable-diffusion
        "more models"
    loras: |
         models/Lora
    # checkpoints: no
other:
  checkpoints: '{drive / "whole"}'  # all of it
  diffusers: ~/mine
beside:
  checkpoints: beside
"""
    )
    assert sorted(c.path for c in candidates(Places(tmp_path / "store"))) == sorted(expected)


@pytest.mark.parametrize("content", [b"", b"checkpoints: x", b"\xff\x00", b"a:\n" * 9999, b"a:\n checkpoints: \0\n"])
def test_a_list_of_further_folders_that_is_none_is_no_harm(home: Path, tmp_path: Path, content: bytes) -> None:
    (home / "ComfyUI").mkdir()
    (home / "ComfyUI" / "extra_model_paths.yaml").write_bytes(content)
    assert candidates(Places(tmp_path / "store")) == ()


@pytest.mark.parametrize("ref", ["main", "fp16", "pr/1"])
def test_repositories_of_the_hub_are_found_by_any_branch_and_as_single_files(
    home: Path, tmp_path: Path, ref: str
) -> None:
    hub = home / "cache" / "huggingface" / "hub"

    def cached(name: str, file: str) -> Path:
        repository = hub / f"models--{name}"
        checkpoint(repository / "refs" / ref).write_text("a" * 40)
        return checkpoint(repository / "snapshots" / ("a" * 40) / file)

    folder = cached("one--folder", "model_index.json").parent
    file = cached("two--single", "v1-5-pruned.safetensors")
    cached("three--language", "model-00001-of-00002.safetensors")
    cached("four--part", "vae.safetensors")
    cached("four--part", "config.json")
    cached("five--addition", "pytorch_lora_weights.safetensors")
    assert [c.path for c in candidates(Places(tmp_path / "store"))] == [folder, file]


def test_a_place_of_ones_own_is_looked_through_until_it_is_removed(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    files = [checkpoint(mine / "a.safetensors"), checkpoint(mine / "deep" / "b.safetensors")]
    write_places(Places(tmp_path / "store").with_added(mine))
    assert [c.path for c in candidates(read_places())] == files
    remove(find_listed("b", read_places()), read_places())
    files[1:] = [checkpoint(mine / "later.safetensors")]
    assert [c.path for c in candidates(read_places())] == files
    assert "no longer listed" in remove(find_listed(str(mine), read_places()), read_places())
    assert candidates(read_places()) == ()


def test_one_place_by_two_ways_is_listed_once(home: Path, tmp_path: Path) -> None:
    comfy = home / "ComfyUI" / "models" / "checkpoints"
    file = checkpoint(comfy / "c.safetensors")
    (tmp_path / "link.safetensors").symlink_to(file)
    places = Places(comfy, added=(tmp_path / "link.safetensors", file))
    assert candidates(places) == (Candidate(file, Source.STORE),)


def test_links_in_a_circle_and_folders_without_rights_are_harmless(home: Path) -> None:
    with open_folder() as store:
        (store / "circle").symlink_to(store)
        (store / "self.safetensors").symlink_to(store / "self.safetensors")
        (store / "dangling.safetensors").symlink_to(store / "nothing")
        (store / "secret").mkdir(mode=0o700)
        good = checkpoint(store / "good.safetensors")
        with without_rights():
            assert [c.path for c in candidates(Places(store))] == [good]
        os.chmod(store, 0o700)
        with without_rights():
            assert candidates(Places(store)) == ()
            assert "cannot be read" in (store_fault(Places(store)) or "")
        os.chmod(store, 0o755)


def test_a_folder_of_thousands_of_files_is_bounded(tmp_path: Path) -> None:
    for number in range(looking.MOST + 50):
        (tmp_path / f"{number:04}.safetensors").touch()
    assert len(candidates(Places(tmp_path))) == looking.MOST


def test_a_drive_that_is_not_plugged_in_is_said(tmp_path: Path) -> None:
    places = Places(tmp_path / "drive" / "models", added=(tmp_path / "drive" / "x.safetensors",))
    assert "plug in its drive" in (store_fault(places) or "")
    (listed,) = (model for model in listed_models(places) if model.path is not None)
    assert listed.entry is None
    assert "plug in its drive" in (listed.fault or "")


def test_a_file_in_the_place_of_the_store_is_said(tmp_path: Path) -> None:
    default_store().parent.mkdir(parents=True)
    default_store().write_text("?")
    assert "is a file" in (store_fault(read_places()) or "")


def test_removing_deletes_in_the_store_and_only_forgets_elsewhere(home: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    mine, theirs = model_folder(store / "mine"), checkpoint(home / "ComfyUI/models/checkpoints/theirs.safetensors")
    added = checkpoint(tmp_path / "added.safetensors")
    outside = model_folder(tmp_path / "outside")
    (store / "link").symlink_to(outside)
    write_places(Places(store, added=(added,)))
    for name in ("mine", "theirs", str(added), "link"):
        sentence = remove(find_listed(name, read_places()), read_places())
        assert ("deleted" in sentence) == (name in ("mine", "link"))
    assert not mine.exists()
    assert not (store / "link").is_symlink()
    assert (outside / "model_index.json").exists()
    assert theirs.exists()
    assert added.exists()
    assert candidates(read_places()) == ()


def test_one_that_was_added_and_lies_in_a_programs_folder_is_no_longer_listed(home: Path, tmp_path: Path) -> None:
    file = checkpoint(home / "ComfyUI/models/checkpoints/x.safetensors")
    write_places(Places(tmp_path / "store").with_added(file))
    assert "no longer listed" in remove(find_listed("x", read_places()), read_places())
    assert candidates(read_places()) == ()
    assert candidates(read_places().with_added(file)) == (Candidate(file, Source.ADDED),)


def test_one_that_was_deleted_and_comes_again_is_listed_again(tmp_path: Path) -> None:
    file = checkpoint(tmp_path / "x.safetensors")
    write_places(Places(tmp_path).with_added(file))
    assert "is deleted" in remove(find_listed("x", read_places()), read_places())
    assert candidates(read_places()) == ()
    checkpoint(file)
    assert candidates(read_places()) == (Candidate(file, Source.STORE),)


def test_another_of_the_same_name_is_given_nothing_that_the_deleted_one_was(tmp_path: Path) -> None:
    file = checkpoint(tmp_path / "x.safetensors")
    write_places(Places(tmp_path).with_given(file, (Given(tmp_path / "lora.safetensors", 0.7),)))
    remove(find_listed("x", read_places()), read_places())
    checkpoint(file)
    assert read_places() == Places(tmp_path)


def test_every_offered_model_is_pinned_and_has_a_licence() -> None:
    known = offers()
    assert [model.id for model in known] == ["sd15", "sd21", "sdxl"]
    assert list(known) == sorted(known, key=lambda model: model.size)
    for model in known:
        assert model.licence.url.startswith("https://")
        assert len(model.revision) == 40
        assert model.about.endswith(".")
        assert all(file.name.endswith(".safetensors") for file in model.files)
    assert find_offer("SDXL") == known[2]
    assert find_offer("studio") is None
