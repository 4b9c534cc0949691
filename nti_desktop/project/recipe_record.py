"""What an edit asks for, as a project stores it."""

from dataclasses import asdict, fields, replace
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from nti_desktop.core.errors import RecipeError
from nti_desktop.project.fields import MAX_ROWS, Count, Record, Text, encodable
from nti_desktop.recipe.image_prompt import MOST_CHARACTERS, ImagePrompt
from nti_desktop.recipe.outlines import MOST_OUTLINES, MOST_POINTS, Outline
from nti_desktop.recipe.recipe import Blend, EditRecipe, Lot, Reweighting, Side, WordControl, WordRef
from nti_desktop.recipe.words import word_at


class WordControlRecord(Record):
    """WordControl as it is stored."""

    position: Count
    text: Text
    weight: float
    cross_until: float | None


class WordRefRecord(Record):
    """WordRef as it is stored."""

    side: Side
    position: Count
    text: Text

    def ref(self) -> WordRef:
        """The word that is meant."""
        return WordRef(self.side, self.position, self.text)


class BlendRecord(Record):
    """Blend as it is stored."""

    words: Annotated[tuple[WordRefRecord, ...], Field(max_length=MAX_ROWS)]
    keep: Annotated[tuple[WordRefRecord, ...], Field(max_length=MAX_ROWS)]
    threshold: float
    start: float
    positions: Count
    pooled: bool = True

    def blend(self) -> Blend:
        """The mask that is meant."""
        return Blend(
            words=tuple(word.ref() for word in self.words),
            keep=tuple(word.ref() for word in self.keep),
            threshold=self.threshold,
            start=self.start,
            positions=self.positions,
            pooled=self.pooled,
        )


class OutlineRecord(Record):
    """Outline as it is stored."""

    points: Annotated[tuple[tuple[float, float], ...], Field(max_length=MOST_POINTS)]


class ImagePromptRecord(Record):
    """ImagePrompt as it is stored."""

    data: Annotated[str, Field(max_length=MOST_CHARACTERS)]
    adapter: Annotated[Text, BeforeValidator(encodable)]
    part: tuple[Count, Count, Count, Count] | None = None

    def image_prompt(self) -> ImagePrompt:
        """The picture that is meant."""
        return ImagePrompt(self.data, self.adapter, self.part)


class RecipeRecord(Record):
    """EditRecipe as it is stored."""

    prompt: Text
    words: Annotated[tuple[WordControlRecord, ...], Field(max_length=MAX_ROWS)]
    strength: float
    reweighting: Reweighting
    automatic: bool
    cross_until: float
    self_until: float
    self_limit: float
    blend: BlendRecord | None
    guidance_scale: float | None
    image_guidance: float | None = None
    noise: float | None = None
    redrawn: float = 0.0
    lot: Lot | None = None
    seed: Count = 0
    within: Annotated[tuple[OutlineRecord, ...], Field(max_length=MOST_OUTLINES)] = ()
    image_prompt: ImagePromptRecord | None = None
    image_prompt_weight: float | None = None

    @model_validator(mode="after")
    def _makes_a_recipe(self) -> Self:
        try:
            self.recipe()
        except RecipeError as error:
            raise ValueError(str(error)) from error
        return self

    @classmethod
    def of(cls, recipe: EditRecipe) -> Self:
        """Record a recipe."""
        return cls.model_validate(asdict(recipe))

    def recipe(self) -> EditRecipe:
        """The recipe; raises RecipeError where a value is out of range."""
        blend = None if self.blend is None else self.blend.blend()
        if blend is not None:
            blend = replace(blend, words=self._refs(blend.words), keep=self._refs(blend.keep))
        stored = {field.name: getattr(self, field.name) for field in fields(EditRecipe)}
        within = tuple(Outline(outline.points) for outline in self.within)
        shown = None if self.image_prompt is None else self.image_prompt.image_prompt()
        made = {"words": self._controls(), "blend": blend, "within": within, "image_prompt": shown}
        return EditRecipe(**stored | made)

    def _controls(self) -> tuple[WordControl, ...]:
        """One of each word, where the program that wrote them split it into several."""
        controls: dict[int, WordControl] = {}
        for control in self.words:
            word = word_at(self.prompt, control.position, control.text)
            position, text = (control.position, control.text) if word is None else (word.position, word.text)
            controls.setdefault(position, WordControl(position, text, control.weight, control.cross_until))
        return tuple(controls.values())

    def _refs(self, refs: tuple[WordRef, ...]) -> tuple[WordRef, ...]:
        found = ((ref, word_at(self.prompt, ref.position, ref.text)) for ref in refs)
        placed = (
            WordRef(ref.side, word.position, word.text) if word is not None and ref.side is Side.EDIT else ref
            for ref, word in found
        )
        return tuple(dict.fromkeys(placed))
