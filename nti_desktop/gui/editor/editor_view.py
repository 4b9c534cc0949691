"""The middle of the window: photo and panels. It shows the open photo and passes on what is done to the panels."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from nti_desktop.core.units import duration
from nti_desktop.editing import feedback
from nti_desktop.editing.area_rows import area_rows, whole_row
from nti_desktop.editing.changes import Change
from nti_desktop.editing.document import Document
from nti_desktop.editing.marking import can_be_marked, marks_on_photo
from nti_desktop.editing.preparation_text import DESCRIBE, completing_text, preparation_text, standing_of
from nti_desktop.editing.used_mask import used_mask
from nti_desktop.editing.version_areas import is_the_photo
from nti_desktop.gui import theme
from nti_desktop.gui.canvas.photo_view import PhotoView
from nti_desktop.gui.canvas.picture import is_reddish, mask_overlay
from nti_desktop.gui.controllers.areas import Areas
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.marking import Marking
from nti_desktop.gui.controllers.versions import Versions
from nti_desktop.gui.editor.area_bar import AreaBar
from nti_desktop.gui.editor.mask_panel import MaskPanel
from nti_desktop.gui.editor.model_panel import ModelPanel
from nti_desktop.gui.editor.prompt_bar import PromptBar
from nti_desktop.gui.editor.start_page import StartPage
from nti_desktop.gui.editor.structure_panel import StructurePanel
from nti_desktop.gui.editor.versions_panel import VersionRow, VersionsPanel
from nti_desktop.gui.editor.words_panel import WordsPanel
from nti_desktop.gui.widgets.low_area import LowArea
from nti_desktop.gui.widgets.message_bar import MessageBar
from nti_desktop.gui.widgets.plain import set_tip
from nti_desktop.gui.widgets.work_strip import WorkStrip
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area, frame_of
from nti_desktop.project.schema import Project, VersionRecord
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.words import is_too_long

_SIDE = 316  # pixels; the sliders' column
_VERSIONS = 190
LOADING = "Loading…"  # badge of a first view


class EditorView(QWidget):
    """Versions on the left, the photo and its sentences in the middle, controls on the right."""

    def __init__(
        self, editor: Editor, commands: Versions, areas: Areas, marking: Marking, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.editor = editor
        self._areas = areas
        self.start = StartPage()
        self.view = PhotoView()
        self.first_view = PhotoView()  # of a photo that is still being opened
        self.messages = MessageBar()
        self.area_bar = AreaBar()
        self.prompts = PromptBar()
        self.words_panel = WordsPanel()
        self.structure_panel = StructurePanel()
        self.mask_panel = MaskPanel()
        self.model_panel = ModelPanel()
        self.versions_panel = VersionsPanel()
        self.strip = WorkStrip()
        self._lay_out()
        self._connect(commands, marking)
        self.show_again(Change.EVERYTHING)

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        for title, panel in (
            ("Words", self.words_panel),
            ("Structure", self.structure_panel),
            ("Mask", self.mask_panel),
            ("Model", self.model_panel),
        ):
            self.tabs.addTab(panel, title)
        self.tabs.setFixedWidth(_SIDE)
        self.versions_panel.setFixedWidth(_VERSIONS)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        self.stack.addWidget(self.view)
        self.stack.addWidget(self.first_view)
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(LowArea(self.messages, lambda: self.height() // 3))
        middle.addWidget(self.stack, 1)
        middle.addWidget(self.area_bar)
        middle.addWidget(self.prompts)
        across = QHBoxLayout()
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.versions_panel)
        across.addLayout(middle, 1)
        across.addWidget(self.tabs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(across, 1)
        column.addWidget(self.strip)

    def _connect(self, commands: Versions, marking: Marking) -> None:
        editor = self.editor
        editor.glimpsed.connect(self._glimpsed)
        editor.opened.connect(self._opened)
        editor.changed.connect(self.show_again)
        editor.moved.connect(self._moved)
        editor.pictured.connect(self._pictured)
        self.area_bar.chosen.connect(self._areas.choose)
        self.area_bar.left.connect(self._areas.leave)
        self.area_bar.draw_asked.connect(self._areas.draw_area)
        self.area_bar.around_asked.connect(self._areas.choose_around)
        self._areas.leaving.connect(self.prompts.edit.settle)
        self._areas.drawing_asked.connect(self.view.draw_area)
        marking.drawing_asked.connect(self.view.draw_line)
        self.view.line_drawn.connect(marking.mark)
        self.mask_panel.mark_button.clicked.connect(marking.mark_place)
        self.mask_panel.unmark_button.clicked.connect(marking.clear_marks)
        self.view.area_drawn.connect(self._areas.choose)
        editor.said.connect(self.messages.say)
        editor.outdated.connect(self.messages.clear)
        self.view.zoom_changed.connect(self._zoomed)
        self.first_view.zoom_changed.connect(self._zoomed)
        self.prompts.description.edited.connect(editor.describe)
        self.prompts.description.settled.connect(editor.settle_description)
        self.prompts.edit_settled.connect(editor.say_in_words)
        self.prompts.prepare_asked.connect(self.prepare)
        self.prompts.prepare_by_asked.connect(self._prepare_by)
        self.prompts.render_asked.connect(editor.render)
        self.mask_panel.show_mask.toggled.connect(self._mask_toggled)
        self.model_panel.preparing_changed.connect(self._preparing_changed)
        self.versions_panel.add_button.clicked.connect(commands.add_version)
        self.versions_panel.delete_button.clicked.connect(commands.delete_version)
        self.versions_panel.chosen.connect(commands.choose)
        self.versions_panel.renamed.connect(commands.rename)
        self.versions_panel.looked_at.connect(self._versions_looked_at)
        self.editor.stored_previews.thumbnail_arrived.connect(self._thumbnail_arrived)
        commands.leaving.connect(self.prompts.edit.settle)
        commands.leaving.connect(self.versions_panel.settle)
        commands.rename_asked.connect(self.versions_panel.rename_current)

    # What is shown

    @property
    def canvas(self) -> PhotoView:
        """Where a photo is to be seen."""
        return self.first_view if self.stack.currentWidget() is self.first_view else self.view

    @slot()
    def _glimpsed(self) -> None:
        """The first view of a photo takes the place of what is there until the whole has come, or will not come."""
        glimpse = self.editor.glimpse
        if glimpse is not None:
            self.first_view.show_photo(glimpse.picture, glimpse.size)
            self.first_view.show_edit(None, LOADING)
            self.stack.setCurrentWidget(self.first_view)
        else:
            self.stack.setCurrentWidget(self.start if self.editor.document is None else self.view)
            self.first_view.show_photo(None)

    @slot()
    def _opened(self) -> None:
        document = self.editor.document
        assert document is not None
        seen = self.canvas is self.first_view
        self.stack.setCurrentWidget(self.view)
        self.view.show_photo(self.editor.pictures.before)
        if seen:
            self.view.look_like(self.first_view)
            self.first_view.show_photo(None)
        self._pictured()
        self.prompts.description.replace_text(document.description)
        self.prompts.edit.replace_text(document.edit_text)
        (self.prompts.edit if document.up_to_date else self.prompts.description).setFocus()

    @slot(Change)
    def show_again(self, change: Change) -> None:
        """Bring up to date what shows what has changed."""
        editor, document = self.editor, self.editor.document
        if change & Change.OPENING:
            self._show_opening(document)
        if document is None:
            return
        if change & (Change.MODEL | Change.EDIT | Change.VERSIONS):
            self.prompts.show_models(editor.model.entry, document.edit_model(editor.model.entry))
        if change & (Change.EDIT | Change.AREA):
            self._show_sentences(document)
        if change & (Change.EDIT | Change.AREA | Change.VERSIONS | Change.PREPARATION | Change.MODEL):
            self._show_recipe(document)
        if change & (Change.EDIT | Change.AREA | Change.VERSIONS | Change.MODEL | Change.PICTURE):
            self._show_areas(document)
        if change & (Change.EDIT | Change.VERSIONS | Change.PICTURE):
            self._show_versions(document)
        if change & (Change.EDIT | Change.AREA | Change.VERSIONS | Change.PICTURE):
            self._show_mask()
        self._show_preparation(document)

    def _show_opening(self, document: Document | None) -> None:
        """The panels lie around the photo as soon as there is something to see, and work once it is there."""
        glimpse = self.editor.glimpse
        for widget in (self.area_bar, self.prompts, self.tabs, self.versions_panel):
            widget.setVisible(document is not None or glimpse is not None)  # so that the photo keeps its place
            widget.setEnabled(glimpse is None)
        if document is None and glimpse is not None:
            self._make_room(Area(0, 0, *glimpse.size))

    def _show_sentences(self, document: Document) -> None:
        self.prompts.show_method(document.row, document.takes_description)
        self.prompts.show_source(document.source)
        self.prompts.description.show_text(document.description)
        self.prompts.show_edit(document.edit_text)
        self.prompts.show_subject(whole=document.area == document.whole)
        self.prompts.show_suggestions(self._suggestions(document))

    def _suggestions(self, document: Document) -> tuple[str, ...]:
        """Choose what can be tried on the whole of a sample: sentences or orders, as the method wants."""
        sample = self.editor.sample
        if sample is None or document.area != document.whole or is_too_long(document.source):
            return ()
        if document.row.described:
            return sample.edits
        return sample.orders if document.row.sees is Sees.PHOTO else ()

    def _show_recipe(self, document: Document) -> None:
        state, model = document.state, self.editor.model
        self.words_panel.setEnabled(state is not None)
        self.structure_panel.setEnabled(state is not None)
        self.mask_panel.setEnabled(can_be_marked(document))
        self.mask_panel.show_method(document.row)
        self.words_panel.show_recipe(state.recipe if state else None)
        if state is not None:
            self.structure_panel.show_recipe(
                state.recipe,
                document.basis.automatic(state.recipe),
                feedback.kinds_of_change(document.source, state.recipe),
                model.method.row,
                model.guidance,
            )
            threshold = model.entry.defaults.blend_threshold
            self.mask_panel.show_recipe(document.source, state.recipe, state.finish.feather, threshold)

    def _make_room(self, whole: Area) -> None:
        """Fill the panels around a first photo as they will be when it is there, so that it keeps its place."""
        entry = self.editor.model.entry
        self.prompts.show_models(entry, entry)
        self.prompts.show_preparation(DESCRIBE, possible=False, again=False, needed=True)
        frame = frame_of(whole, entry.native_size, entry.multiple)
        self.area_bar.show_areas([whole_row(whole)], whole, feedback.effective_resolution(frame, True))

    def _show_areas(self, document: Document) -> None:
        frame = document.session.frame_for(self.editor.model.entry, document.area)
        detail = feedback.effective_resolution(frame, document.area == document.whole)
        self.area_bar.show_areas(area_rows(document), document.area, detail)
        self.area_bar.show_words(self._areas.words_with_a_place)
        self.view.show_area(None if document.area == document.whole else document.area)
        self.view.show_marks(marks_on_photo(document))

    @slot()
    def prepare(self) -> None:
        """The photo is described; meanwhile the edit can be written."""
        self.editor.prepare()
        if self.editor.preparing.plan.at_work:
            self.prompts.edit.setFocus()

    @slot(Method)
    def _prepare_by(self, method: Method) -> None:
        defaults = self.editor.model.entry.defaults
        self.model_panel.show_preparing(defaults, self.editor.model.entry.ways, method)
        self.editor.model.choose_way(method, defaults.steps_for(method))
        self.prepare()

    @slot()
    def _moved(self) -> None:
        """To another area: its sentences, ready to be typed."""
        document = self.editor.document
        assert document is not None
        self.prompts.description.replace_text(document.description)
        self.prompts.edit.replace_text(document.edit_text)
        (self.prompts.edit if document.up_to_date else self.prompts.description).setFocus()

    def _show_preparation(self, document: Document) -> None:
        editor, plan = self.editor, self.editor.preparing.plan
        standing = standing_of(document, plan, editor.model.entry, editor.model.way)
        text = preparation_text(standing)
        measured = plan.estimates.measured
        set_tip(self.prompts.estimate, feedback.measured_on(measured) if measured else "")
        self.prompts.show_preparation(
            text,
            plan.possible,
            again=document.prepared_before and document.row.described,
            needed=not document.up_to_date,
        )
        ways = plan.estimates.far_apart(editor.model.entry.defaults)
        offered = tuple((method, duration(seconds)) for method, seconds in ways)
        wanted = plan.possible and not document.up_to_date
        self.prompts.show_offers(completing_text(standing), offered if wanted else ())
        shown = editor.pictures.by_hand and document.up_to_date
        self.prompts.show_render_button(shown, editor.pictures.can_render)

    def _show_versions(self, document: Document) -> None:
        project = document.session.project
        rows = [
            VersionRow(version.id, version.name, version.recipe.prompt, self._thumbnail(project, version))
            for version in project.versions
        ]
        self.versions_panel.show_versions(rows, project.current, editable=document.up_to_date)

    def _thumbnail(self, project: Project, version: VersionRecord) -> QImage:
        """The newest small picture of a version: rendered, as stored, or the photo where it is that, and until one of
        these is there.
        """
        pictures, stored = self.editor.pictures, self.editor.stored_previews.thumbnails.get(version.id)
        assert pictures.before is not None
        seen = pictures.of_versions.get(version.id)
        if seen is None and stored is not None and not is_the_photo(project, version):
            return stored
        return (seen or pictures.before).levels[-1]

    @slot(tuple)
    def _versions_looked_at(self, versions: tuple[str, ...]) -> None:
        seen = self.editor.pictures.of_versions
        self.editor.stored_previews.ask_for_thumbnails(version for version in versions if version not in seen)

    @slot(str, QImage)
    def _thumbnail_arrived(self, version: str, image: QImage) -> None:
        if version not in self.editor.pictures.of_versions:
            self.versions_panel.show_thumbnail(version, image)

    @slot()
    def _pictured(self) -> None:
        self.view.replace_photo(self.editor.pictures.before)
        self.view.show_edit(self.editor.pictures.after, self.editor.pictures.badge)
        self._show_mask()
        self._look_closer()

    def _show_mask(self) -> None:
        """The newest mask, and how much it covers."""
        document = self.editor.document
        mask = None if document is None else used_mask(document, self.editor.rendering.plan.last)
        if mask is not None and document is not None:
            self.mask_panel.show_coverage(mask.coverage, mask.area == document.whole)
        if mask is None or not self.mask_panel.show_mask.isChecked():
            self.view.show_overlay(None)
            return
        before, area = self.editor.pictures.before, mask.area
        colour = theme.MASK_ON_RED if before and is_reddish(before) else theme.MASK
        self.view.show_overlay(mask_overlay(mask.reach, colour), QRectF(area.x, area.y, area.width, area.height))

    @slot(float)
    def _zoomed(self, _zoom: float) -> None:
        shown = self.editor.glimpse or self.editor.pictures.before
        self._look_closer()
        self.strip.zoom.setText("" if shown is None else f"{self.canvas.zoom() * 100:.0f} %")

    def _look_closer(self) -> None:
        """Pictures are composed at the size they are mostly looked at; closer, the full size is needed."""
        last = self.editor.rendering.plan.last
        if last is not None and last.picture is self.editor.pictures.after and self.view.lacks_detail:
            self.editor.rendering.plan.sharpen()

    @slot(bool)
    def _mask_toggled(self, _on: bool) -> None:
        self._show_mask()

    @slot()
    def _preparing_changed(self) -> None:
        self.editor.model.choose_way(*self.model_panel.preparing())
