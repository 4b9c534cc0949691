"""project.json of an older format is brought up to today's, and nothing else is touched."""

import copy
import json
from typing import Any

import pytest

from nti_desktop.project.migrations import migrate
from nti_desktop.project.reading import from_json
from nti_desktop.project.schema import SCHEMA_VERSION, to_json
from nti_desktop.recipe.recipe import Reweighting
from tests.sidecars import make_project

NEW = ("strength", "reweighting", "automatic")


def of_format_1() -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(to_json(make_project()))
    tree["schema_version"] = 1
    for version in tree["versions"]:
        for name in NEW:
            del version["recipe"][name]
    return tree


def test_a_project_of_format_1_opens_as_it_was() -> None:
    tree = of_format_1()
    tree["versions"][1]["recipe"]["words"] = []
    project = from_json(json.dumps(tree).encode())
    assert project.schema_version == SCHEMA_VERSION
    weighted, plain = (version.recipe.recipe() for version in project.versions)
    assert (weighted.reweighting, plain.reweighting) == (Reweighting.ATTENTION, Reweighting.EMBEDDING)
    before = make_project().versions[0].recipe.recipe()
    for recipe in (weighted, plain):
        assert (recipe.strength, recipe.automatic) == (1.0, False)
        assert (recipe.cross_until, recipe.self_until) == (before.cross_until, before.self_until)
    assert weighted.words == before.words


def test_edits_of_other_areas_are_brought_up_too() -> None:
    tree = of_format_1()
    part = {name: tree["versions"][0][name] for name in ("recipe", "finish", "inversion")}
    tree["versions"][0]["others"] = [part]
    migrate(tree)
    assert tree["versions"][0]["others"][0]["recipe"]["strength"] == 1.0


@pytest.mark.parametrize(
    "tree", [json.loads(to_json(make_project())), [], None, 3, {"schema_version": "1"}, {"schema_version": 7}]
)
def test_what_is_not_of_format_1_stays_as_it_is(tree: object) -> None:
    before = copy.deepcopy(tree)
    migrate(tree)
    assert tree == before


@pytest.mark.parametrize(
    "change",
    [
        {"versions": None},
        {"versions": 3},
        {"versions": [None, 3, {"recipe": []}, {"recipe": {"words": 3}}, {"recipe": {"words": [3]}, "others": 3}]},
    ],
)
def test_a_project_of_another_form_is_refused_like_any_damaged_one(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(json.dumps(of_format_1() | change).encode())
