"""What the documents for strangers name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nti_desktop"
HOUSE = (PACKAGE / "README.md").read_text("utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def paths(text: str) -> set[str]:
    """Everything that looks like a file or a folder of the repository, but for placeholders."""
    found = re.findall(r"(?<![\w./<-])(?:[a-z_]+/)+(?:[a-z_]+\.(?:py|md|toml))?", text)
    return {path for path in found if path.count("/") > 1 or path.endswith((".py", ".md"))}


def test_every_path_of_the_house_is_there() -> None:
    named = paths(HOUSE)
    assert len(named) > 50
    assert [path for path in named if not ((PACKAGE / path).exists() or (ROOT / path).exists())] == []


def test_every_path_of_the_guide_is_there() -> None:
    named = paths(GUIDE)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_room_has_its_line() -> None:
    rooms = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert {line.split("`")[1].rstrip("/") for line in HOUSE.splitlines() if re.match(r"\| `\w+/` \|", line)} == rooms


def test_the_glossary_is_in_order_and_says_where() -> None:
    rows = [line.split(" | ") for line in HOUSE[HOUSE.index("## Glossary") :].splitlines()[4:]]
    words = [row[0].removeprefix("| ") for row in rows]
    assert len(words) > 40
    assert words == sorted(words)
    assert all(re.fullmatch(r"`[\w/]+\.py` \|", row[2]) for row in rows)


@pytest.mark.parametrize("command", ["run", "test", "slow", "lint", "format", "figures", "bench"])
def test_every_make_target_of_the_guide_is_one(command: str) -> None:
    assert f"make {command}" in GUIDE
    assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_continuous_integration_runs_every_part() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    parts = re.findall(r"^run_(\w+)\(\)", script, re.MULTILINE)
    assert len(parts) > 3
    assert f"part: [{', '.join(parts)}]" in workflow
    assert f'parts=("${{@:-{" ".join(parts)}}}")' in script


def undocumented(file: Path) -> list[str]:
    """Public names of a module without a docstring; what Qt or a protocol's own docstring documents is left out."""
    found = []

    def look(node: ast.AST, inside: str, protocol: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.ClassDef | ast.FunctionDef):
                continue
            name = child.name
            of_qt = file.is_relative_to(PACKAGE / "gui") and (name in OF_QT or name != name.lower())
            function = isinstance(child, ast.FunctionDef)
            left_out = name.startswith("_") or (function and (protocol or of_qt))
            if not left_out and ast.get_docstring(child) is None:
                found.append(f"{file.relative_to(PACKAGE)}: {inside}{name}")
            if isinstance(child, ast.ClassDef) and not name.startswith("_"):
                bases = {ast.unparse(base).split("[")[0] for base in child.bases}
                look(child, f"{name}.", "Protocol" in bases)

    look(ast.parse(file.read_text("utf-8")), "", protocol=False)
    return found


OF_QT = {"count", "event", "run"}


RIDDLES = {"What", "Whether", "That", "How", "Where", "Which", "Those", "Who", "When"}


def riddles(file: Path) -> list[str]:
    """Functions whose docstring does not begin with what they do; properties are named as things are."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.FunctionDef) or not (said := ast.get_docstring(node)):
            continue
        is_property = any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
        if not is_property and said.split()[0] in RIDDLES:
            found.append(f"{file.relative_to(PACKAGE)}: {node.name}")
    return found


def test_what_a_function_does_is_said_first() -> None:
    assert [name for file in sorted(PACKAGE.rglob("*.py")) for name in riddles(file)] == []


def test_everything_public_is_documented() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 200
    assert [name for file in files for name in undocumented(file)] == []
