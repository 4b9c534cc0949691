"""Every action once: a method with `@command` and a docstring becomes a menu entry, a shortcut and a tooltip."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from nti_desktop.gui.widgets.plain import set_tip


class Menu(StrEnum):
    """The menus, in their order."""

    FILE = "&File"
    EDIT = "&Edit"
    VERSION = "Ve&rsion"
    VIEW = "&View"
    HELP = "&Help"


@dataclass(frozen=True)
class Command:
    """What a menu says about one action.

    shortcuts: portable key names as Qt writes them, the first one is shown; none that a text field acts on, on any
    system; choice: the title of a menu of its own, of whose commands one is always checked.
    """

    title: str
    menu: Menu
    shortcuts: tuple[str, ...] = ()
    checkable: bool = False
    separated: bool = False  # a line above it in the menu
    last: bool = False  # below the commands of every other owner
    choice: str = ""


F = TypeVar("F", bound=Callable[..., None])


def command(
    title: str,
    menu: Menu,
    *shortcuts: str,
    checkable: bool = False,
    separated: bool = False,
    last: bool = False,
    choice: str = "",
) -> Callable[[F], F]:
    """Makes a method of the window an action; the first line of its docstring is the tooltip."""

    def mark(function: F) -> F:
        function.__dict__["command"] = Command(
            title, menu, shortcuts, checkable or bool(choice), separated, last, choice
        )
        return function

    return mark


def commands_of(kind: type) -> Iterator[tuple[str, Command, str]]:
    """(method name, command, explanation) of a class, in the order they are written."""
    for owner in reversed(kind.__mro__):
        for name, function in vars(owner).items():
            found = getattr(function, "command", None)
            if isinstance(found, Command):
                yield name, found, (inspect.getdoc(function) or "").splitlines()[0]


def add_actions(window: QMainWindow, owners: Sequence[QObject]) -> dict[str, QAction]:
    """Fills the window's menu bar from the commands of `owners`; the actions come back by method name."""
    menus: dict[Menu, QMenu] = {menu: window.menuBar().addMenu(menu.value) for menu in Menu}
    choices: dict[str, tuple[QMenu, QActionGroup]] = {}
    actions: dict[str, QAction] = {}
    commands = [(owner, *found) for owner in owners for found in commands_of(type(owner))]
    for owner, name, entry, explanation in sorted(commands, key=lambda found: found[2].last):
        action = QAction(entry.title, window)
        action.setObjectName(name)
        action.setCheckable(entry.checkable)
        action.setShortcuts([QKeySequence(keys) for keys in entry.shortcuts])
        shown = f" ({QKeySequence(entry.shortcuts[0]).toString()})" if entry.shortcuts else ""
        set_tip(action, explanation.rstrip(".") + shown)
        method = cast(Callable[..., None], getattr(owner, name))
        if entry.checkable:
            action.toggled.connect(method)
        else:
            action.triggered.connect(method)
        menu = menus[entry.menu]
        if entry.separated:
            menu.addSeparator()
        if entry.choice:
            if entry.choice not in choices:
                choices[entry.choice] = menu.addMenu(entry.choice), QActionGroup(window)
            menu, one_of_them = choices[entry.choice]
            one_of_them.addAction(action)
        menu.addAction(action)
        actions[name] = action
    return actions
