"""What project.json may say, and what is refused."""

import json
import math
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from nti_desktop.project.reading import from_json
from nti_desktop.project.recipe_record import BlendRecord, OutlineRecord, RecipeRecord, WordControlRecord, WordRefRecord
from nti_desktop.project.schema import FiguresRecord, PartRecord, PhotoRecord, Project, SettingsRecord, new_id, to_json
from nti_desktop.recipe.jobs import Figures
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import Outline, rectangle
from nti_desktop.recipe.recipe import Blend, EditRecipe, Reweighting, Side, WordControl, WordRef
from nti_desktop.recipe.settings import InversionSettings, Schedule
from tests.sidecars import SOURCE, make_project, make_version

fractions = st.floats(0, 1)


def tree(project: Project | None = None) -> Any:
    return json.loads(to_json(project or make_project()))


def changed(*path: str | int, value: object) -> bytes:
    """project.json with the value at `path` replaced."""
    whole = tree()
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(whole).encode()


def test_a_project_comes_back_equal() -> None:
    project = make_project()
    assert from_json(to_json(project)) == project


@given(
    st.sampled_from(Method),
    st.sampled_from(Schedule),
    st.integers(2, 500),
    st.floats(1, 30),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50).filter(str.strip),
)
def test_settings_come_back_equal(method: Method, schedule: Schedule, steps: int, guidance: float, prompt: str) -> None:
    settings = InversionSettings(prompt, method, steps, guidance, schedule)
    record = SettingsRecord.of(settings)
    assert SettingsRecord.model_validate_json(record.model_dump_json()).settings() == settings


@given(fractions, fractions, fractions, st.floats(-10, 10), st.none() | fractions, st.none() | st.floats(1, 30))
def test_recipes_come_back_equal(
    cross: float, own: float, limit: float, weight: float, window: float | None, guidance: float | None
) -> None:
    recipe = EditRecipe(
        "a blue ball on a table",
        words=(WordControl(1, "blue", weight, window),),
        strength=1.5 * cross,
        reweighting=Reweighting.ATTENTION if cross < own else Reweighting.EMBEDDING,
        automatic=limit < 0.5,
        cross_until=cross,
        self_until=own,
        self_limit=limit,
        blend=Blend((WordRef(Side.SOURCE, 2, "ball"),), (WordRef(Side.EDIT, 5, "table"),), limit, own, 64, False),
        guidance_scale=guidance,
        within=(Outline(((cross, own), (own, limit), (limit, cross), (0, 1))), rectangle(0, 0, 1, 1)),
    )
    assert RecipeRecord.model_validate_json(RecipeRecord.of(recipe).model_dump_json()).recipe() == recipe


@pytest.mark.parametrize(
    ("record", "thing"),
    [
        (SettingsRecord, InversionSettings),
        (RecipeRecord, EditRecipe),
        (BlendRecord, Blend),
        (WordControlRecord, WordControl),
        (WordRefRecord, WordRef),
        (OutlineRecord, Outline),
        (FiguresRecord, Figures),
    ],
)
def test_no_field_of_what_is_stored_is_forgotten(record: type[BaseModel], thing: type) -> None:
    assert set(record.model_fields) == {field.name for field in fields(thing)}


def test_words_are_found_where_an_older_program_counted_them() -> None:
    """It took an accent of its own for a word of punctuation."""
    whole = tree()
    recipe = whole["versions"][0]["recipe"]
    recipe["prompt"] = "a cafe\u0301 at night"
    control = recipe["words"][0]
    recipe["words"] = [
        {**control, "position": position, "text": text} for position, text in ((1, "cafe"), (2, "\u0301"), (4, "night"))
    ]
    place = recipe["blend"]["words"][0]
    recipe["blend"]["words"] = [{**place, "side": "edit", "position": 4, "text": "night"}]
    recipe["blend"]["keep"] = [
        {**place, "side": "edit", "position": 1, "text": "cafe"},
        {**place, "side": "edit", "position": 2, "text": "\u0301"},
    ]
    read = from_json(json.dumps(whole).encode()).versions[0].recipe.recipe()
    assert [(c.position, c.text) for c in read.words] == [(1, "cafe\u0301"), (3, "night")]
    assert read.blend is not None
    assert read.blend.words == (WordRef(Side.EDIT, 3, "night"),)
    assert read.blend.keep == (WordRef(Side.EDIT, 1, "cafe\u0301"),)


def test_a_mask_of_an_older_program_is_pooled_as_it_was() -> None:
    whole = tree()
    del whole["versions"][0]["recipe"]["blend"]["pooled"]
    read = from_json(json.dumps(whole).encode()).versions[0].recipe.recipe()
    assert read.blend is not None
    assert read.blend.pooled


def test_unknown_fields_survive_everywhere() -> None:
    whole = tree()
    extra = {"deep": [1, 2.5, None, {"text": "é"}]}
    places = [
        whole,
        whole["photo"],
        whole["frames"][0],
        whole["inversions"][0],
        whole["inversions"][0]["settings"],
        whole["inversions"][0]["figures"],
        whole["versions"][0],
        whole["versions"][0]["finish"],
        whole["versions"][0]["recipe"],
        whole["versions"][0]["recipe"]["words"][0],
        whole["versions"][0]["recipe"]["blend"],
        whole["versions"][0]["recipe"]["blend"]["words"][0],
    ]
    for place in places:
        place["of a later program"] = extra
    project = from_json(json.dumps(whole).encode())
    assert tree(project) == whole
    assert project != make_project()


def test_unknown_fields_survive_a_change_of_known_ones() -> None:
    project = from_json(changed("versions", 0, "stars", value=5))
    renamed = project.versions[0].model_copy(update={"name": "New"})
    again = from_json(to_json(project.model_copy(update={"versions": (renamed,)})))
    assert again.versions[0].name == "New"
    assert again.versions[0].model_extra == {"stars": 5}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"schema_version": 1}', id="half a project"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"[" * 100_000, id="deep nesting"),
        pytest.param(changed("schema_version", value=0), id="version 0"),
        pytest.param(changed("schema_version", value="1"), id="a version in quotes"),
        pytest.param(changed("photo", "width", value=0), id="a photo without width"),
        pytest.param(changed("photo", "width", value=10**30), id="a photo of absurd width"),
        pytest.param(changed("photo", "identity", value="../../etc/passwd"), id="a path for an identity"),
        pytest.param(changed("photo", "orientation", value=9), id="an orientation that EXIF does not know"),
        pytest.param(changed("frames", 0, "x", value=-1), id="a frame left of the photo"),
        pytest.param(changed("frames", 0, "x", value=1), id="a frame that reaches out of the photo"),
        pytest.param(changed("frames", 0, "model_width", value=1.5), id="half a pixel"),
        pytest.param(changed("inversions", 0, "frame", value="gone"), id="an inversion of no frame"),
        pytest.param(changed("inversions", 0, "id", value="two"), id="two inversions with one id"),
        pytest.param(changed("inversions", 0, "id", value="../one"), id="a path for an id"),
        pytest.param(changed("inversions", 0, "settings", "steps", value=10**9), id="absurd steps"),
        pytest.param(changed("inversions", 0, "settings", "method", value="magic"), id="an unknown method"),
        pytest.param(changed("inversions", 0, "settings", "prompt", value=" "), id="an empty prompt"),
        pytest.param(changed("inversions", 0, "settings", "guidance_scale", value=math.nan), id="NaN"),
        pytest.param(changed("inversions", 0, "figures", "seconds", value=math.inf), id="infinity"),
        pytest.param(changed("versions", 0, "inversion", value="gone"), id="a version of no inversion"),
        pytest.param(changed("versions", 0, "recipe", "prompt", value="x" * 100_000), id="an endless prompt"),
        pytest.param(changed("versions", 0, "recipe", "words", 0, "position", value=-1), id="a negative position"),
        pytest.param(changed("versions", 0, "recipe", "words", 0, "text", value="dog"), id="another word"),
        pytest.param(changed("versions", 0, "recipe", "words", 0, "weight", value=1e300), id="an absurd weight"),
        pytest.param(changed("versions", 0, "recipe", "blend", "words", value=[]), id="a mask of no word"),
        pytest.param(changed("versions", 0, "finish", "feather", value=0.5), id="a feather over the limit"),
        pytest.param(changed("versions", 0, "time", value="2026-03-01T12:00:00"), id="a time without a zone"),
        pytest.param(changed("versions", 0, "time", value="0001-01-01T00:00:00+14:00"), id="a time before year 1"),
        pytest.param(changed("versions", value=[tree()["versions"][0]] * 2), id="two versions with one id"),
        pytest.param(changed("current", value="gone"), id="a current version that is not there"),
    ],
)
def test_what_is_no_project_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(data)


def test_times_are_kept_in_utc() -> None:
    local = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    version = make_version("v", "two").model_dump() | {"time": local}
    assert type(make_version("v", "two")).model_validate(version).time == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert tree()["versions"][0]["time"].endswith("Z")


def test_a_file_name_that_is_not_utf8_can_be_stored() -> None:
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    photo = PhotoRecord(name=name, width=1, height=1, identity="0" * 64, orientation=1)
    assert photo.name == "caf?.jpg"
    photo.model_dump_json()


def test_an_exact_reconstruction_can_be_stored() -> None:
    record = FiguresRecord.of(Figures(1.0, 10, reconstruction_psnr=math.inf))
    assert record.reconstruction_psnr == 200


def test_records_are_found_by_their_id() -> None:
    project = make_project()
    assert project.inversion("two").settings.settings().prompt == SOURCE
    assert project.version("v1") is project.versions[1]
    with pytest.raises(KeyError):
        project.frame("gone")


def test_new_ids_are_valid_and_differ() -> None:
    names = {new_id() for _ in range(100)}
    assert len(names) == 100
    for name in names:
        make_version(name, name)


def with_an_area() -> Project:
    """A project whose first version edits two frames."""
    project = make_project()
    frame = project.frames[0].model_copy(update={"id": "area", "width": 10, "height": 10, "turn": 6})
    inversion = project.inversions[0].model_copy(update={"id": "ofarea", "frame": "area"})
    version = project.versions[0]
    part = version.parts[0].model_copy(update={"inversion": "ofarea"})
    return Project.model_validate(
        {
            **dict(project),
            "frames": (*project.frames, frame),
            "inversions": (*project.inversions, inversion),
            "versions": (version.model_copy(update={"others": (part,)}), *project.versions[1:]),
        }
    )


def test_a_version_of_several_frames_comes_back_equal() -> None:
    project = with_an_area()
    again = from_json(to_json(project))
    assert again == project
    assert [part.inversion for part in again.versions[0].parts] == [project.versions[0].inversion, "ofarea"]
    assert again.frames[-1].turn == 6


def test_a_project_from_before_there_were_areas_has_versions_of_one_frame() -> None:
    old = tree()
    for version in old["versions"]:
        del version["others"]
    for frame in old["frames"]:
        del frame["turn"]
    assert from_json(json.dumps(old).encode()) == make_project()


def test_which_edit_is_worked_on_does_not_change_the_look() -> None:
    version = with_an_area().versions[0]
    first, second = version.parts
    swapped = version.model_copy(
        update={"recipe": second.recipe, "finish": second.finish, "inversion": second.inversion, "others": (first,)}
    )
    assert swapped.look == version.look


def test_the_edits_of_a_version_are_read_without_being_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    version = with_an_area().versions[0]
    part = PartRecord(recipe=version.recipe, finish=version.finish, inversion=version.inversion)
    monkeypatch.setattr(RecipeRecord, "recipe", lambda _: pytest.fail("it was checked when the version was made"))
    assert version.parts == (part, *version.others)


@pytest.mark.parametrize("inversion", ["gone", "inv1"])
def test_a_version_with_an_edit_of_nothing_or_of_one_frame_twice_is_refused(inversion: str) -> None:
    whole = tree(with_an_area())
    first = whole["versions"][0]
    first["others"][0]["inversion"] = first["inversion"] if inversion == "inv1" else inversion
    with pytest.raises(ValidationError, match=r"not there|edits a frame twice"):
        from_json(json.dumps(whole).encode())


def test_a_version_says_something_unless_its_method_draws_the_surroundings() -> None:
    whole = tree()
    whole["versions"][0]["recipe"] |= {"prompt": "", "words": [], "blend": None}
    with pytest.raises(ValidationError, match="says nothing"):
        from_json(json.dumps(whole).encode())
    for inversion in whole["inversions"]:
        inversion["settings"]["method"] = "inpaint"
    assert from_json(json.dumps(whole).encode()).versions[0].recipe.recipe().prompt == ""
