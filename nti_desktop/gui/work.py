"""The work on one photo: its session, the two sentences, the versions and how each came about. No Qt, no rendering."""

import time
from collections.abc import Callable
from dataclasses import replace

from nti_desktop.advice import changed_words
from nti_desktop.errors import ModelError
from nti_desktop.gui.history import EditState, History
from nti_desktop.jobs import Inverted
from nti_desktop.models.catalog import ModelEntry, find_model
from nti_desktop.photo.composite import Finish
from nti_desktop.project.schema import InversionRecord, VersionRecord
from nti_desktop.recipe.recipe import EditRecipe, recipe_for, with_prompt
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.session import Session


class Work:
    """Methods that change the edit say whether they did, and may raise NtiError, which changes nothing."""

    def __init__(self, session: Session, defaults: EditDefaults) -> None:
        """defaults: of the model that a first edit is meant for."""
        self.session = session
        self.defaults = defaults
        self.description = ""
        self.edit_text = ""
        self._histories = {version.id: History(_state_of(version)) for version in session.project.versions}
        self._models: dict[str, ModelEntry | None] = {}  # those of preparings, by id; None where one is gone
        self._draft: History | None = None  # the edit while the photo is not prepared with this description
        self._show_version()

    @property
    def version(self) -> VersionRecord | None:
        """The version being edited; None before the photo was prepared."""
        project = self.session.project
        return project.version(project.current) if project.current else None

    @property
    def version_id(self) -> str:
        return self.session.project.current or ""

    @property
    def inversion(self) -> InversionRecord | None:
        """What the version was prepared as."""
        version = self.version
        return self.session.project.inversion(version.inversion) if version else None

    @property
    def up_to_date(self) -> bool:
        """Whether the photo was prepared with the description as it stands."""
        inversion = self.inversion
        return inversion is not None and inversion.settings.prompt == self.description.strip()

    def edit_model(self, chosen: ModelEntry) -> ModelEntry | None:
        """The model that draws the edit: the one the photo was prepared with (None when gone), else the chosen."""
        inversion = self.inversion
        if inversion is None or not self.up_to_date or inversion.model == chosen.id:
            return chosen
        if inversion.model not in self._models:
            try:
                self._models[inversion.model] = find_model(inversion.model)
            except ModelError:
                self._models[inversion.model] = None
        return self._models[inversion.model]

    @property
    def history(self) -> History | None:
        """Of the version; of a draft, as long as the photo was not prepared with the description as it stands."""
        return self._histories[self.version_id] if self.up_to_date else self._draft

    @property
    def state(self) -> EditState | None:
        """The edit as it stands; None before there is a sentence to edit."""
        history = self.history
        return history.present if history else None

    @property
    def is_the_photo(self) -> bool:
        """Whether nothing at all is asked for."""
        state, version = self.state, self.version
        if state is None:
            return True
        if version is not None and self.up_to_date:
            return self.session.is_the_photo(state.recipe, version.inversion)
        return self.edit_text.split() == self.description.split() and not state.recipe.words

    @property
    def changed_words(self) -> tuple[str, ...]:
        """The words that hope to change something."""
        state = self.state
        return changed_words(self.description, state.recipe) if state else ()

    def describe(self, text: str) -> None:
        """What the photo shows. An unchanged edit follows; a photo that was prepared needs preparing again."""
        state, follows = self.state, self.edit_text == self.description
        self.description = text
        if self.up_to_date:  # typed back to what it was
            self._draft = None
            self._show_edit_text()
        else:
            self.edit_text = text if follows else self.edit_text
            self._draft = self._drafted(state)

    def _drafted(self, state: EditState | None) -> History | None:
        if not self.edit_text.strip():
            return None
        if state is None:
            return History(EditState(recipe_for(self.edit_text, self.defaults), Finish()))
        return History(replace(state, recipe=with_prompt(state.recipe, self.edit_text)))

    def say_in_words(self, text: str) -> bool:
        """The edit in words; controls travel with their words."""
        self.edit_text = text
        if self.state is None:
            self._draft = self._drafted(None)
            return True
        return self.edit("prompt", lambda recipe: with_prompt(recipe, text))

    def edit(self, subject: str, change: Callable[[EditRecipe], EditRecipe]) -> bool:
        """Change the recipe. subject: what is changed; quick changes of the same subject are undone as one."""
        state = self.state
        return state is not None and self._change(subject, replace(state, recipe=change(state.recipe)))

    def finish(self, finish: Finish) -> bool:
        """Change what the compositor does."""
        state = self.state
        return state is not None and self._change("finish", replace(state, finish=finish))

    def undo(self) -> bool:
        history = self.history
        return history is not None and self._travel(history.undone())

    def redo(self) -> bool:
        history = self.history
        return history is not None and self._travel(history.redone())

    def _travel(self, history: History) -> bool:
        if history == self.history:
            return False
        self._keep(history)
        self._show_edit_text()
        return True

    def _change(self, subject: str, state: EditState) -> bool:
        history = self.history
        if history is None or history.present == state:
            return False
        self._keep(history.changed(state, subject, time.monotonic()))
        return True

    def _keep(self, history: History) -> None:
        version = self.version
        if version is None or not self.up_to_date:
            self._draft = history
            return
        state = history.present
        if _state_of(version) != state:
            self.session.change_version(version.id, recipe=state.recipe, finish=state.finish)
        self._histories[version.id] = history

    def prepared(self, entry: ModelEntry, inverted: Inverted) -> None:
        """The photo was prepared: what was drafted becomes a version."""
        before, state = self.version_id, self.state
        inversion = self.session.keep_inversion(entry, inverted)
        state = state or EditState(recipe_for(inverted.settings.prompt, entry.defaults), Finish())
        self.add_version(self.free_name(), state, inversion.id, before or None)

    def add_version(self, name: str, state: EditState, inversion: str, made_from: str | None) -> None:
        """Add a version and go to it."""
        version = self.session.add_version(name, state.recipe, state.finish, inversion, made_from)
        self._histories[version.id] = History(state)
        self.go_to(version.id)

    def go_to(self, version_id: str) -> None:
        """Edit another version."""
        self.session.select_version(version_id)
        self._draft = None
        self._show_version()

    def delete_version(self) -> None:
        """Delete the current version, of two or more, and go to a neighbour."""
        ids = [version.id for version in self.session.project.versions]
        gone = ids.index(self.version_id)
        self.session.delete_version(ids[gone])
        self.go_to((ids[:gone] + ids[gone + 1 :])[min(gone, len(ids) - 2)])

    def free_name(self) -> str:
        """A name no version has yet."""
        taken = {version.name for version in self.session.project.versions}
        return next(name for n in range(1, len(taken) + 2) if (name := f"Version {n}") not in taken)

    def _show_version(self) -> None:
        inversion = self.inversion
        self.description = inversion.settings.prompt if inversion else ""
        self._show_edit_text()

    def _show_edit_text(self) -> None:
        state = self.state
        self.edit_text = state.recipe.prompt if state else self.description


def _state_of(version: VersionRecord) -> EditState:
    return EditState(version.recipe.recipe(), Finish(feather=version.finish.feather))
