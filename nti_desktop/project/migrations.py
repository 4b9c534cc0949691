"""Older project.json to the format of today, before anything in it is believed.

What was kept must look as it did: a new parameter gets the value that does nothing, or does what was done before it.
"""

from collections.abc import Callable, Iterator
from typing import Any

Tree = dict[str, Any]


def migrate(tree: object) -> None:
    """Bring a parsed project.json of an older format up to today's; any other, damaged ones included, stays."""
    for step in _MIGRATIONS.get(version_of(tree), ()):
        step(tree)  # type: ignore[arg-type]  # what has a version is a dictionary


def version_of(tree: object) -> int | None:
    """The format that a parsed project.json says it has."""
    version = tree.get("schema_version") if isinstance(tree, dict) else None
    return version if type(version) is int else None


def recipes_in(tree: object) -> Iterator[Tree]:
    """Find the recipes of all versions and of their other areas, as far as the tree has the form of a project."""
    for version in _dicts(tree.get("versions")) if isinstance(tree, dict) else ():
        for part in (version, *_dicts(version.get("others"))):
            recipe = part.get("recipe")
            if isinstance(recipe, dict):
                yield recipe


def _from_1(tree: Tree) -> None:
    """Strength, what weights act on, and windows by the kind of change came with format 2.

    Weights acted on attention, where they did little, and windows were said by hand or were the model's usual ones.
    """
    tree["schema_version"] = 2
    for recipe in recipes_in(tree):
        words = recipe.get("words")
        controls = [word for word in words if isinstance(word, dict)] if isinstance(words, list) else []
        weighted = any(word.get("weight") != 1 for word in controls)
        recipe |= {"strength": 1.0, "reweighting": "attention" if weighted else "embedding", "automatic": False}


_MIGRATIONS: dict[int | None, tuple[Callable[[Tree], None], ...]] = {1: (_from_1,)}


def _dicts(rows: object) -> list[Tree]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
