"""What is done to the panels of the edit, as changes of its recipe."""

from functools import partial

from PySide6.QtCore import QObject

from nti_desktop.editing import edits
from nti_desktop.editing.changes import Change
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.mask_panel import MaskPanel
from nti_desktop.gui.editor.structure_panel import StructurePanel
from nti_desktop.gui.editor.words_panel import WordsPanel
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.parameters import STRENGTH, Parameter
from nti_desktop.recipe.recipe import Lot, Reweighting, WordRef, with_weight


class PanelEdits(QObject):
    """Each is a change with a subject, so that one slider moved for long is one step; see Editor.edit."""

    def __init__(
        self, editor: Editor, words: WordsPanel, structure: StructurePanel, mask: MaskPanel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._editor, self._automatic = editor, structure.automatic
        words.weight_moved.connect(self._weight_moved)
        words.strength.moved.connect(self._strength_moved)
        structure.automatic.clicked.connect(self._automatic_asked)
        structure.follow.moved.connect(self._follow_moved)
        for slider in structure.sliders.values():
            slider.moved.connect(self._structure_moved)
        structure.reweighting_chosen.connect(self._reweighting_chosen)
        structure.lot_chosen.connect(self._lot_chosen)
        mask.words_chosen.connect(self._mask_chosen)
        mask.threshold.moved.connect(self._threshold_moved)
        mask.feather.moved.connect(self._feather_moved)

    @slot(int, float)
    def _weight_moved(self, position: int, weight: float) -> None:
        self._editor.edit(f"weight {position}", partial(with_weight, position=position, weight=weight))

    @slot(object, float)
    def _strength_moved(self, _key: object, strength: float) -> None:
        self._editor.edit("strength", partial(edits.with_number, parameter=STRENGTH, value=strength))

    @slot()
    def _automatic_asked(self) -> None:
        self._editor.edit("automatic", partial(edits.with_automatic, on=self._automatic.isChecked()))

    @slot(object, float)
    def _follow_moved(self, _key: object, share: float) -> None:
        self._editor.edit("follow", partial(edits.following, share=share))

    @slot(Reweighting)
    def _reweighting_chosen(self, reweighting: Reweighting) -> None:
        self._editor.edit("reweighting", partial(edits.with_reweighting, reweighting=reweighting))

    @slot(Lot)
    def _lot_chosen(self, lot: Lot) -> None:
        self._editor.edit("lot", partial(edits.with_lot, lot=lot))

    @slot(object, float)
    def _structure_moved(self, parameter: Parameter, value: float) -> None:
        self._editor.edit(parameter.field, partial(edits.with_number, parameter=parameter, value=value))

    @slot(tuple, tuple)
    def _mask_chosen(self, places: tuple[WordRef, ...], keeps: tuple[WordRef, ...]) -> None:
        defaults = self._editor.model.entry.defaults
        self._editor.edit("mask", partial(edits.with_mask, places=places, keeps=keeps, defaults=defaults))
        self._editor.tell(Change.EDIT)  # words to keep may wait for a first one to change, which changes no recipe

    @slot(object, float)
    def _threshold_moved(self, _key: object, threshold: float) -> None:
        self._editor.edit("threshold", partial(edits.with_threshold, threshold=round(threshold, 2)))

    @slot(object, float)
    def _feather_moved(self, _key: object, feather: float) -> None:
        self._editor.set_feather(feather)
