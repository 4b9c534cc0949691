"""Parameters are declared once: the command line has a flag for each, and a number out of range is one sentence."""

import math
from dataclasses import fields

import pytest

from nti_desktop.cli.arguments import parse
from nti_desktop.core.errors import RecipeError
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.recipe import parameters
from nti_desktop.recipe.parameters import ADDITION, PARAMETERS, STEPS, WEIGHT, Parameter
from nti_desktop.recipe.recipe import EditRecipe

DECLARED = {name: found for name, found in vars(parameters).items() if isinstance(found, Parameter)}


def test_those_of_an_edit_are_all_but_the_steps_of_preparing_and_the_weight_of_an_addition() -> None:
    assert {*map(id, PARAMETERS), id(STEPS), id(ADDITION)} == set(map(id, DECLARED.values()))


def test_every_number_of_a_recipe_has_a_row_and_a_place_in_the_file() -> None:
    numbers = {field.name: field for field in fields(EditRecipe) if field.type in (float, float | None)}
    rows = {parameter.field: parameter for parameter in PARAMETERS if parameter.field}
    assert numbers.keys() == rows.keys()
    assert numbers.keys() <= RecipeRecord.model_fields.keys()
    for name, field in numbers.items():
        assert field.default in (rows[name].usual, None)


def test_every_flag_that_is_declared_is_one_of_edit(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse(["edit", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for parameter in PARAMETERS:
        if parameter.flag:
            assert f"{parameter.flag} " in said
            assert f"; {parameter.low:g} to {parameter.high:g}" in said


@pytest.mark.parametrize("name", DECLARED)
def test_what_a_slider_offers_and_where_it_starts_is_possible(name: str) -> None:
    parameter = DECLARED[name]
    low, high = parameter.slider
    assert parameter.low <= low < high <= parameter.high
    assert low <= parameter.usual <= high
    assert parameter.explanation.endswith(".")
    assert "{" not in parameter.explanation + parameter.flag_help
    for value in (parameter.low - 0.01, parameter.high + 0.01, float("nan")):
        with pytest.raises(RecipeError, match=f"{parameter.label} is .* between"):
            parameter.check(value)


def test_the_window_and_the_command_line_each_say_a_number_as_they_show_it() -> None:
    strength = DECLARED["STRENGTH"]
    assert "100 % the edit" in strength.explanation
    assert "1 the edit" in strength.flag_help
    assert "%" not in strength.flag_help
    assert "1 as it is" in DECLARED["WEIGHT"].explanation


def test_a_value_that_is_not_possible_is_said() -> None:
    with pytest.raises(RecipeError, match=r"^Weight is 11; it must lie between -10 and 10\.$"):
        WEIGHT.check(11)
    with pytest.raises(RecipeError, match=r"^Weight is not a number; it must lie between -10 and 10\.$"):
        WEIGHT.check(math.nan)
