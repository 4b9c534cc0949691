"""Projects that were changed apart come together again, and nothing of either is lost."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.project.fields import MAX_ROWS
from nti_desktop.project.merge import Unmergeable, alike, merge, said
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import PartRecord, Project, VersionRecord
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from tests.sidecars import make_inversion, make_project, make_version

COLOURS = ["blue", "green", "black", "white"]
Change = Callable[[Project], Project]


def prompt(colour: str) -> str:
    return f"a {colour} ball on a table"


def changed(project: Project, **changes: object) -> Project:
    return Project.model_validate({**dict(project), **changes})


def added(name: str, colour: str) -> Change:
    def change(project: Project) -> Project:
        if name in ids(project):
            return project
        return changed(project, versions=(*project.versions, make_version(name, "two", prompt(colour))), current=name)

    return change


def of_a_new_area(name: str, colour: str) -> Change:
    """A version on an inversion of a frame of its own."""

    def change(project: Project) -> Project:
        if name in ids(project) or any(i.id == f"i{name}" for i in project.inversions):
            return project
        corner = project.frames[0].model_copy(update={"id": f"f{name}", "width": 10, "height": 10})
        frame = next((frame for frame in project.frames if frame.width == 10), corner)
        inversion = make_inversion(f"i{name}", Method.RESIDUAL).model_copy(update={"frame": frame.id})
        return changed(
            project,
            frames=tuple(dict.fromkeys((*project.frames, frame))),
            inversions=(*project.inversions, inversion),
            versions=(*project.versions, make_version(name, inversion.id, prompt(colour))),
            current=name,
        )

    return change


def recoloured(place: int, colour: str) -> Change:
    return on(place, lambda version: {"recipe": RecipeRecord.of(EditRecipe(prompt(colour)))})


def renamed(place: int, name: str) -> Change:
    return on(place, lambda _version: {"name": name})


def on(place: int, update: Callable[[VersionRecord], dict[str, object]]) -> Change:
    def change(project: Project) -> Project:
        if not project.versions:
            return project
        version = project.versions[place % len(project.versions)]
        after = version.model_copy(update=update(version))
        return changed(project, versions=tuple(after if v is version else v for v in project.versions))

    return change


def deleted(place: int) -> Change:
    """With what only it needs."""

    def change(project: Project) -> Project:
        if not project.versions:
            return project
        gone = project.versions[place % len(project.versions)]
        left = tuple(version for version in project.versions if version is not gone)
        inversions = tuple(i for i in project.inversions if i.id != f"i{gone.id}" or uses(left, i.id))
        return changed(
            project,
            versions=left,
            inversions=inversions,
            frames=tuple(f for f in project.frames if f.id == "whole" or any(i.frame == f.id for i in inversions)),
            current=left[-1].id if left else None,
        )

    return change


def uses(versions: tuple[VersionRecord, ...], inversion: str) -> bool:
    return any(part.inversion == inversion for version in versions for part in version.parts)


def ids(project: Project) -> list[str]:
    return [version.id for version in project.versions]


places, colours = st.integers(0, 5), st.sampled_from(COLOURS)


def histories(side: str) -> st.SearchStrategy[list[Change]]:
    names = st.integers(0, 3).map(lambda number: f"{side}{number}")
    return st.lists(
        st.one_of(
            st.builds(added, names, colours),
            st.builds(of_a_new_area, names, colours),
            st.builds(recoloured, places, colours),
            st.builds(renamed, places, st.sampled_from(["Bold", "Bolder"])),
            st.builds(deleted, places),
        ),
        max_size=6,
    )


def after(project: Project, changes: list[Change]) -> Project:
    for change in changes:
        project = change(project)
    return project


bases = histories("base").map(lambda changes: after(make_project(2), changes))

Look = list[PartRecord]


def looks(project: Project) -> list[tuple[str, Look]]:
    return [(version.name.removesuffix(" (changed elsewhere)"), version.look) for version in project.versions]


def assert_nothing_lost(base: Project, mine: Project, theirs: Project, merged: Project) -> None:
    """Every version of either side is there, unless it was deleted on the other and nothing was done to it here."""
    for side, other in ((mine, theirs), (theirs, mine)):
        for version in side.versions:
            was = next((v for v in base.versions if v.id == version.id), None)
            if version.id not in ids(other) and was == version:
                assert version.id not in ids(merged)
            elif was == version and version.id in ids(other):
                continue  # what the other made of it holds
            else:
                assert (version.name, version.look) in looks(merged)


@given(bases, histories("mine"), histories("theirs"))
def test_nothing_of_either_is_lost_and_the_result_is_a_project(
    base: Project, changes: list[Change], others: list[Change]
) -> None:
    mine, theirs = after(base, changes), after(base, others)
    merged = merge(base, mine, theirs).project
    assert Project.model_validate(dict(merged)) == merged
    assert_nothing_lost(base, mine, theirs, merged)
    used = {part.inversion for version in merged.versions for part in version.parts}
    assert used <= {inversion.id for inversion in merged.inversions}
    if mine.current in ids(merged):
        assert merged.current == mine.current


@pytest.mark.slow
@given(bases, histories("mine"))
def test_what_one_side_alone_did_is_the_result(base: Project, changes: list[Change]) -> None:
    side = after(base, changes)
    there = merge(base, base, side).project
    assert (there.versions, there.current) == (side.versions, _shown(base, side))
    assert set(ids(merge(base, side, base).project)) == set(ids(side))
    assert alike(merge(base, side, side).project, side)


def _shown(base: Project, side: Project) -> str | None:
    """The version shown stays, as long as it is there."""
    return base.current if base.current is None or base.current in ids(side) else side.current


@given(bases, histories("mine"), histories("theirs"))
def test_whoever_merges_gets_the_same_versions(base: Project, changes: list[Change], others: list[Change]) -> None:
    mine, theirs = after(base, changes), after(base, others)
    here, there = merge(base, mine, theirs).project, merge(base, theirs, mine).project
    assert _as_set(here) == _as_set(there)


@pytest.mark.slow
@given(bases, histories("a"), histories("b"), histories("c"))
def test_in_which_order_three_come_together_does_not_matter(
    base: Project, first: list[Change], second: list[Change], third: list[Change]
) -> None:
    a, b, c = (after(base, changes) for changes in (first, second, third))
    left = merge(base, merge(base, a, b).project, c).project
    right = merge(base, a, merge(base, b, c).project).project
    assert _as_set(left) == _as_set(right)


@given(bases, histories("mine"), histories("theirs"))
def test_merging_again_changes_nothing(base: Project, changes: list[Change], others: list[Change]) -> None:
    mine, theirs = after(base, changes), after(base, others)
    merged = merge(base, mine, theirs).project
    assert _as_set(merge(base, mine, merged).project) == _as_set(merged)


def _as_set(project: Project) -> set[tuple[str, str]]:
    """Names and looks, each once; which of several that were changed keeps its id may differ."""
    return {(name, "".join(part.model_dump_json() for part in look)) for name, look in looks(project)}


def test_a_version_that_was_changed_on_both_sides_is_kept_twice_and_says_so() -> None:
    base = make_project(1)
    mine, theirs = after(base, [recoloured(0, "green")]), after(base, [recoloured(0, "black")])
    merged = merge(base, mine, theirs)
    assert [version.recipe.prompt for version in merged.project.versions] == [prompt("green"), prompt("black")]
    own, copy = merged.project.versions
    assert (own.id, own.name) == ("v0", base.versions[0].name)
    assert copy.name == f"{own.name} (changed elsewhere)"
    assert dict(merged.copies) == {copy.id: "v0"}


def test_a_version_that_was_deleted_here_and_changed_there_stays() -> None:
    base = make_project(2)
    mine, theirs = after(base, [deleted(0)]), after(base, [recoloured(0, "green")])
    for one, other in ((mine, theirs), (theirs, mine)):
        merged = merge(base, one, other).project
        assert merged.version("v0").recipe.prompt == prompt("green")


def test_a_version_that_was_deleted_and_left_alone_elsewhere_goes() -> None:
    base = make_project(2)
    merged = merge(base, after(base, [deleted(0)]), base).project
    assert ids(merged) == ["v1"]
    shown = merge(base, base, after(base, [deleted(0)])).project
    assert (ids(shown), shown.current) == (["v1"], "v1")


def test_two_that_began_with_nothing_in_common_keep_all() -> None:
    whole = make_project(0)
    empty = changed(whole, frames=(), inversions=())
    mine = after(whole, [added("a", "green")])
    theirs = changed(
        empty,
        frames=(whole.frames[0].model_copy(update={"id": "another"}),),
        inversions=(make_inversion("three", Method.PINNED).model_copy(update={"frame": "another"}),),
        versions=(make_version("b", "three"),),
    )
    for base in (None, empty):
        merged = merge(base, mine, theirs).project
        assert set(ids(merged)) == {"a", "b"}
        assert [frame.id for frame in merged.frames] == ["another"], "one rectangle is one frame"
        assert {inversion.frame for inversion in merged.inversions} == {"another"}


def test_which_area_is_worked_on_is_no_change() -> None:
    base = after(make_project(1), [of_a_new_area("b", "green")])
    first, second = base.versions
    both = first.model_copy(update={"others": second.parts})
    base = changed(base, versions=(both, second))
    part, other = both.parts
    turned = both.model_copy(
        update={
            "recipe": other.recipe,
            "finish": other.finish,
            "inversion": other.inversion,
            "others": (part,),
        }
    )
    mine = changed(base, versions=(turned, second))
    assert alike(mine, base)
    theirs = after(base, [renamed(0, "Bold")])
    assert merge(base, mine, theirs).project.versions == theirs.versions


def test_unknown_fields_of_either_side_are_kept() -> None:
    base = make_project(1)
    mine = Project.model_validate({**dict(base), "stars": 5})
    theirs = Project.model_validate({**dict(base), "colour label": "red"})
    assert merge(base, mine, theirs).project.model_extra == {"stars": 5, "colour label": "red"}


def full(side: str) -> Project:
    """More than half of what a project can hold."""
    versions = tuple(make_version(f"{side}{number}", "two") for number in range(MAX_ROWS * 2 // 3))
    return changed(make_project(0), versions=versions)


def of_another_photo(project: Project) -> Project:
    return changed(project, photo=project.photo.model_copy(update={"identity": "b2" * 32}))


def of_the_turned_photo(project: Project) -> Project:
    return changed(project, photo=project.photo.model_copy(update={"orientation": 1}))


def with_another_result(project: Project) -> Project:
    other = project.inversions[0].model_copy(update={"model": "another"})
    return changed(project, inversions=(other, *project.inversions[1:]))


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "reason"),
    [
        (make_project(0), full("a"), full("b"), "large"),
        (make_project(), make_project(), of_another_photo(make_project()), "another picture"),
        (make_project(), make_project(), of_the_turned_photo(make_project()), "turned"),
        (None, make_project(), with_another_result(make_project()), "preparation"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_says_why(base: Project | None, mine: Project, theirs: Project, reason: str) -> None:
    with pytest.raises(Unmergeable, match=reason):
        merge(base, mine, theirs)


def test_what_came_in_is_said_by_name() -> None:
    base = after(make_project(3), [renamed(0, "Zero"), renamed(1, "One"), renamed(2, "Two")])
    theirs = after(base, [added("b", "green"), renamed(3, "Three"), recoloured(1, "black"), deleted(0)])
    merged = merge(base, base, theirs).project
    came, changes, gone = said(base, merged)
    assert "“Three”" in came
    assert "“One”" in changes
    assert "“Zero”" in gone
    assert said(base, base) == ()
    many = changed(base, versions=tuple(make_version(f"n{n}", "two") for n in range(9)), current=None)
    assert "6 more" in said(changed(base, versions=(), current=None), many)[0]


def test_records_are_of_the_kinds_that_the_merge_knows() -> None:
    """A new list in the project has to be merged, too."""
    lists = {name for name, value in dict(make_project()).items() if isinstance(value, tuple)}
    assert lists == {"frames", "inversions", "versions"}


def test_what_one_side_says_of_the_photo_is_kept() -> None:
    base = make_project()
    moved = changed(base, photo=base.photo.model_copy(update={"name": "moved.png"}))
    assert merge(base, base, moved).project.photo == moved.photo
    assert merge(base, moved, base).project.photo == moved.photo
