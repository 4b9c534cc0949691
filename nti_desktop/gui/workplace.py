"""The middle of the window: photo and panels. It shows what is on the desk and passes on what is done to the panels."""

from functools import partial

from PySide6.QtCore import QRectF, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from nti_desktop import advice
from nti_desktop.gui import edits, theme
from nti_desktop.gui.areas import Areas
from nti_desktop.gui.canvas.photo_view import PhotoView
from nti_desktop.gui.canvas.picture import film, is_reddish
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.filing import thumbnail
from nti_desktop.gui.panels.area_bar import AreaBar, AreaRow
from nti_desktop.gui.panels.mask_panel import MaskPanel
from nti_desktop.gui.panels.message_bar import MessageBar
from nti_desktop.gui.panels.model_panel import ModelPanel
from nti_desktop.gui.panels.prompt_bar import PromptBar
from nti_desktop.gui.panels.start_page import StartPage
from nti_desktop.gui.panels.structure_panel import StructurePanel
from nti_desktop.gui.panels.versions_panel import VersionRow, VersionsPanel
from nti_desktop.gui.panels.words_panel import WordsPanel
from nti_desktop.gui.panels.work_strip import WorkStrip, duration
from nti_desktop.gui.threads import at_home
from nti_desktop.gui.versions import Versions
from nti_desktop.gui.work import Work
from nti_desktop.photo.frame import Area, frame_of
from nti_desktop.recipe.recipe import Reweighting, WordRef, with_weight
from nti_desktop.recipe.settings import Method

_SIDE = 316  # pixels; the sliders' column
_VERSIONS = 190
_DESCRIBE = "Describe the photo in one sentence; then prepare it, which is needed once."
LOADING = "Loading…"  # badge of a first view


class Workplace(QWidget):
    """Versions on the left, the photo and its sentences in the middle, controls on the right."""

    def __init__(self, desk: Desk, commands: Versions, areas: Areas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
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
        self._connect(commands)
        self.show_all()

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
        middle.addWidget(self.messages)
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

    def _connect(self, commands: Versions) -> None:
        desk = self.desk
        desk.glimpsed.connect(self._glimpsed)
        desk.opened.connect(self._opened)
        desk.changed.connect(self.show_all)
        desk.moved.connect(self._moved)
        desk.pictured.connect(self._pictured)
        self.area_bar.chosen.connect(self._areas.choose)
        self.area_bar.left.connect(self._areas.leave)
        self.area_bar.draw_asked.connect(self._areas.draw_area)
        self.area_bar.around_asked.connect(self._areas.choose_around)
        self._areas.drawing_asked.connect(self.view.draw_area)
        self.view.area_drawn.connect(self._areas.choose)
        for teller in (desk, desk.model):
            teller.said.connect(self.messages.say)
            teller.outdated.connect(self.messages.clear)
        self.view.zoom_changed.connect(self._zoomed)
        self.first_view.zoom_changed.connect(self._zoomed)
        self.prompts.described.connect(desk.describe)
        self.prompts.description_settled.connect(desk.settle_description)
        self.prompts.edit_settled.connect(desk.say_in_words)
        self.prompts.prepare_asked.connect(self.prepare)
        self.prompts.prepare_by_asked.connect(self._prepare_by)
        self.prompts.render_asked.connect(desk.render)
        self.words_panel.weight_moved.connect(self._weight_moved)
        self.words_panel.strength_moved.connect(self._strength_moved)
        self.structure_panel.automatic_asked.connect(self._automatic_asked)
        self.structure_panel.follow_moved.connect(self._follow_moved)
        self.structure_panel.moved.connect(self._structure_moved)
        self.structure_panel.reweighting_chosen.connect(self._reweighting_chosen)
        self.mask_panel.words_chosen.connect(self._mask_chosen)
        self.mask_panel.threshold_moved.connect(self._threshold_moved)
        self.mask_panel.feather_moved.connect(desk.set_feather)
        self.mask_panel.film_toggled.connect(self._film_toggled)
        self.model_panel.preparing_changed.connect(self._preparing_changed)
        self.versions_panel.add_asked.connect(commands.add_version)
        self.versions_panel.delete_asked.connect(commands.delete_version)
        self.versions_panel.chosen.connect(commands.choose)
        self.versions_panel.renamed.connect(commands.rename)
        commands.leaving.connect(self.prompts.edit.settle)
        commands.rename_asked.connect(self.versions_panel.rename_current)

    # The desk shows

    @property
    def canvas(self) -> PhotoView:
        """Where a photo is to be seen."""
        return self.first_view if self.stack.currentWidget() is self.first_view else self.view

    @Slot()
    def _glimpsed(self) -> None:
        """The first view of a photo takes the place of what is there until the whole has come, or will not come."""
        at_home(self)
        glimpse = self.desk.glimpse
        if glimpse is not None:
            self.first_view.show_photo(glimpse.picture, glimpse.size)
            self.first_view.show_edit(None, LOADING)
            self.stack.setCurrentWidget(self.first_view)
        else:
            self.stack.setCurrentWidget(self.start if self.desk.work is None else self.view)
            self.first_view.show_photo(None)

    @Slot()
    def _opened(self) -> None:
        at_home(self)
        work = self.desk.work
        assert work is not None
        seen = self.canvas is self.first_view
        self.stack.setCurrentWidget(self.view)
        self.view.show_photo(self.desk.before)
        if seen:
            self.view.look_like(self.first_view)
            self.first_view.show_photo(None)
        self._pictured()
        self.prompts.description.replace_text(work.description)
        self.prompts.edit.replace_text(work.edit_text)
        (self.prompts.edit if work.version else self.prompts.description).setFocus()

    @Slot()
    def show_all(self) -> None:
        """Bring every panel up to date."""
        at_home(self)
        desk, work = self.desk, self.desk.work
        loading = desk.glimpse is not None
        for widget in (self.area_bar, self.prompts, self.tabs, self.versions_panel):
            widget.setVisible(work is not None or loading)  # so that the photo keeps its place when the whole comes
            widget.setEnabled(not loading)
        if work is None:
            if desk.glimpse is not None:
                self._make_room(Area(0, 0, *desk.glimpse.size))
            return
        self.prompts.show_models(desk.model.entry, work.edit_model(desk.model.entry))
        self.prompts.show_source(work.description)
        self.prompts.description.show_text(work.description)
        self.prompts.show_edit(work.edit_text)
        self.prompts.show_subject(whole=work.area == work.whole)
        self.prompts.show_suggestions(desk.suggestions if work.area == work.whole else ())
        self._show_preparation(work)
        state = work.state
        for panel in (self.words_panel, self.structure_panel, self.mask_panel):
            panel.setEnabled(state is not None)
        self.words_panel.show_recipe(state.recipe if state else None)
        if state is not None:
            self.structure_panel.show_recipe(
                state.recipe,
                work.automatic(state.recipe),
                work.changed_kinds,
                desk.model.guidance,
                desk.model.guidance_is_fixed,
            )
            threshold = desk.model.entry.defaults.blend_threshold
            self.mask_panel.show_recipe(work.description, state.recipe, state.finish.feather, threshold)
        self._show_areas(work)
        self._show_versions(work)
        self._show_mask()

    def _make_room(self, whole: Area) -> None:
        """Fill the panels around a first photo as they will be when it is there, so that it keeps its place."""
        entry = self.desk.model.entry
        self.prompts.show_models(entry, entry)
        self.prompts.show_preparation(_DESCRIBE, possible=False, again=False, needed=True)
        frame = frame_of(whole, entry.native_size, entry.multiple)
        rows = [AreaRow(whole, "Whole photo", "", can_leave=False)]
        self.area_bar.show_areas(rows, whole, advice.effective_resolution(frame, True))

    def _show_areas(self, work: Work) -> None:
        project, edited = work.session.project, work.edited_areas
        names = {area: f"Area {number}" for number, area in enumerate(work.areas)} | {work.whole: "Whole photo"}
        rows = [
            AreaRow(
                area,
                names[area],
                f"{area.width} × {area.height} pixels of {project.photo.width} × {project.photo.height}",
                can_leave=area != work.whole and (area not in edited or len(edited) > 1),
            )
            for area in work.areas
        ]
        frame = work.session.frame_for(self.desk.model.entry, work.area)
        self.area_bar.show_areas(rows, work.area, advice.effective_resolution(frame, work.area == work.whole))
        self.area_bar.show_words(self._areas.words_with_a_place)
        self.view.show_area(None if work.area == work.whole else work.area)

    @Slot()
    def prepare(self) -> None:
        """The photo is described; meanwhile the edit can be written."""
        at_home(self)
        self.desk.prepare()
        if self.desk.preparing.at_work:
            self.prompts.edit.setFocus()

    @Slot(Method)
    def _prepare_by(self, method: Method) -> None:
        at_home(self)
        defaults = self.desk.model.entry.defaults
        self.model_panel.show_preparing(defaults, method)
        self.desk.model.choose_way(method, defaults.steps_for(method))
        self.prepare()

    @Slot()
    def _moved(self) -> None:
        """To another area: its sentences, ready to be typed."""
        at_home(self)
        work = self.desk.work
        assert work is not None
        self.prompts.description.replace_text(work.description)
        self.prompts.edit.replace_text(work.edit_text)
        (self.prompts.edit if work.up_to_date else self.prompts.description).setFocus()

    def _show_preparation(self, work: Work) -> None:
        desk = self.desk
        seconds, judged = desk.preparing.estimates.preparing(*desk.model.way), desk.preparing.estimates.judged
        if seconds is not None and judged is not None:
            takes = advice.takes(duration(seconds), judged, desk.model.way[0])
        elif desk.preparing.judging:
            takes = "Measuring how long it takes here…"
        else:
            takes = ""
        if desk.preparing.at_work:
            text = "Being prepared; you can go on writing the edit."
        elif work.up_to_date and work.inversion is not None:
            text = f"Prepared in {duration(work.inversion.figures.seconds).removeprefix('about ')}."
            explained = work.inversion.figures.explained
            strange = judged is not None and advice.is_strange(desk.model.entry, judged)
            if not strange and (more := advice.say_more(desk.model.entry, work.description, explained)):
                text = f"{text} {more}"
        elif work.session.read_only:
            text = work.session.read_only
        elif work.area not in (*work.edited_areas, work.whole):
            text = f"Describe what the photo shows in this area, without its edits; then prepare it. {takes}"
        elif work.version is not None:
            text = f"The description has changed; prepare the photo again to use it. {takes}"
        elif not work.description.strip():
            text = _DESCRIBE
        else:
            text = f"Needed once before words can change the photo. {takes}"
        self.prompts.estimate.setToolTip(advice.measured_on(judged) if judged else "")
        possible = work.can_be_prepared and not desk.preparing.at_work
        self.prompts.show_preparation(text, possible, again=work.area in work.edited_areas, needed=not work.up_to_date)
        ways = desk.preparing.estimates.far_apart(desk.model.entry.defaults)
        offered = tuple((method, duration(seconds)) for method, seconds in ways)
        self.prompts.show_ways(offered, possible and not work.up_to_date)
        self.prompts.show_render_button(desk.render_by_hand, not desk.picture_is_final)

    def _show_versions(self, work: Work) -> None:
        assert self.desk.before is not None
        pictures, before, project = self.desk.pictures, self.desk.before, work.session.project
        rows = [
            VersionRow(version.id, version.name, version.recipe.prompt, thumbnail(pictures.get(version.id, before)))
            for version in project.versions
        ]
        self.versions_panel.show_versions(rows, project.current, editable=work.up_to_date)

    @Slot()
    def _pictured(self) -> None:
        at_home(self)
        self.view.replace_photo(self.desk.before)
        self.view.show_edit(self.desk.after, self.desk.badge)
        self._show_mask()
        self._look_closer()

    def _show_mask(self) -> None:
        """The newest mask, and how much it covers."""
        work, last = self.desk.work, self.desk.rendering.last
        mask = last.reach if last else None
        if (
            work is None
            or last is None
            or last.rendered is None
            or mask is None
            or not work.state
            or work.state.recipe.blend is None
        ):
            self.view.show_film(None)
            return
        self.mask_panel.show_coverage(last.rendered.coverage)
        if not self.mask_panel.film.isChecked():
            self.view.show_film(None)
            return
        project = work.session.project
        frame = project.frame(project.inversion(last.wanted.inversion).frame)
        colour = theme.MASK_ON_RED if self.desk.before and is_reddish(self.desk.before) else theme.MASK
        self.view.show_film(film(mask, colour), QRectF(frame.x, frame.y, frame.width, frame.height))

    @Slot(float)
    def _zoomed(self, _zoom: float) -> None:
        at_home(self)
        shown = self.desk.glimpse or self.desk.before
        self._look_closer()
        self.strip.zoom.setText("" if shown is None else f"{self.canvas.zoom() * 100:.0f} %")

    def _look_closer(self) -> None:
        """Pictures are composed at the size they are mostly looked at; closer, the full size is needed."""
        last = self.desk.rendering.last
        if last is not None and last.picture is self.desk.after and self.view.lacks_detail:
            self.desk.rendering.sharpen()

    # The panels ask

    @Slot(int, float)
    def _weight_moved(self, position: int, weight: float) -> None:
        at_home(self)
        self.desk.edit(f"weight {position}", partial(with_weight, position=position, weight=weight))

    @Slot(float)
    def _strength_moved(self, strength: float) -> None:
        at_home(self)
        self.desk.edit("strength", partial(edits.with_strength, strength=strength))

    @Slot(bool)
    def _automatic_asked(self, on: bool) -> None:
        at_home(self)
        self.desk.edit("automatic", partial(edits.with_automatic, on=on))

    @Slot(float)
    def _follow_moved(self, share: float) -> None:
        at_home(self)
        self.desk.edit("follow", partial(edits.following, share=share))

    @Slot(Reweighting)
    def _reweighting_chosen(self, reweighting: Reweighting) -> None:
        at_home(self)
        self.desk.edit("reweighting", partial(edits.with_reweighting, reweighting=reweighting))

    @Slot(str, float)
    def _structure_moved(self, field: str, value: float) -> None:
        at_home(self)
        self.desk.edit(field, partial(edits.with_structure, field=field, value=value))

    @Slot(tuple, tuple)
    def _mask_chosen(self, places: tuple[WordRef, ...], keeps: tuple[WordRef, ...]) -> None:
        at_home(self)
        defaults = self.desk.model.entry.defaults
        self.desk.edit("mask", partial(edits.with_mask, places=places, keeps=keeps, defaults=defaults))
        self.show_all()  # words to keep may wait for a first word to change, which changes nothing on the desk

    @Slot(float)
    def _threshold_moved(self, threshold: float) -> None:
        at_home(self)
        self.desk.edit("threshold", partial(edits.with_threshold, threshold=round(threshold, 2)))

    @Slot(bool)
    def _film_toggled(self, _on: bool) -> None:
        at_home(self)
        self._show_mask()

    @Slot()
    def _preparing_changed(self) -> None:
        at_home(self)
        self.desk.model.choose_way(*self.model_panel.preparing())
