"""The inversion methods, declared once: what each is good for, costs, keeps, and what was published of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from nti_desktop.recipe.costs import CHECKING, FOLLOWING, LEARNING, TUNING, Calls, Phase
from nti_desktop.recipe.kept_arrays import EMBEDDED, NULL_EMBEDDINGS, PAIR, PIVOT, TUNED, KeptArray
from nti_desktop.recipe.parameters import CROSS, GUIDANCE, IMAGE_GUIDANCE, IMAGE_PROMPT, NOISE, REDRAWN, SELF, STEPS
from nti_desktop.recipe.recipe import EditRecipe, Lot
from nti_desktop.recipe.sees import Sees

PUBLISHED_STEPS = int(STEPS.usual)  # of null-text, and of what it is compared with


class Method(StrEnum):
    """How a photo is edited; the values are those that files keep, and the engine's module of each has its name."""

    NULL_TEXT = "null-text"
    RESIDUAL = "residual"
    FLOWEDIT = "flowedit"
    NEGATIVE_PROMPT = "negative-prompt"
    PINNED = "pinned"
    EMBEDDING = "embedding"
    IMAGIC = "imagic"
    EDICT = "edict"
    RESAMPLE = "resample"
    DIFFEDIT = "diffedit"
    INSTRUCT = "instruct"
    INPAINT = "inpaint"

    @property
    def row(self) -> "MethodRow":
        """What is declared of it."""
        return METHODS[self]


@dataclass(frozen=True)
class Published:
    """Figures on PIE-Bench with Stable Diffusion and Prompt-to-Prompt (Ju et al. 2024): the background's PSNR in dB
    (more is better) and LPIPS (less is better), CLIP similarity of picture and edit in per cent (more is better), and
    seconds a picture where they say so.
    """

    psnr: float
    lpips: float
    clip: float
    seconds: float | None = None

    def __str__(self) -> str:
        time = "" if self.seconds is None else f", about {self.seconds:g} s a picture"
        return f"background {self.psnr:.2f} dB, LPIPS {self.lpips:.4f}, CLIP {self.clip:.2f}{time}"


BENCHMARK = "PIE-Bench, Prompt-to-Prompt, Stable Diffusion (Ju et al. 2024, arXiv 2310.01506)"


@dataclass(frozen=True)
class MethodRow:
    """One method. sentence: what it is good for; preparing: its phases in their order, with the calls that they make at
    most; editing: calls for each level that an edit stands on, its source's attention being recorded; unguided: the
    same where nothing is guided, None where these are no fewer; keeps: the arrays in the sidecar; source: paper and
    arXiv number; published: None where that benchmark's paper has no figures of it; learns: by gradients;
    enough_levels: an edit that stands on more of them hardly differs; scheduled: whether a Schedule is said with its
    name; one_guidance: whether a preparation holds for the guidance that it was made with only; guidance: that was
    published for it, None where a model's own usual one does; steps: that were published for it, None where a model's
    own usual ones do; sees: what its models see of the photo beside the noise, so that it takes one sentence in place
    of two: an order, or what is to stand in a marked place; drifts: whether unchanged words, drawn beside the photo,
    lead elsewhere; numbers: fields of the recipe that may be said by hand; lots: what noise an edit may be drawn from,
    the usual one first, none where it is the photo's own path; looks: whether it knows where words look, so that masks
    can be tied to them; finds: whether it finds by itself where the edit may change the photo.
    """

    method: Method
    title: str
    sentence: str
    preparing: tuple[Phase, ...]
    editing: Calls
    keeps: tuple[KeptArray, ...]
    source: str
    unguided: Calls | None = None
    published: Published | None = None
    learns: bool = False
    enough_levels: int | None = None
    scheduled: bool = False
    one_guidance: bool = False
    guidance: float | None = None
    steps: int | None = None
    sees: Sees = Sees.NOTHING
    drifts: bool = False
    numbers: tuple[str, ...] = (CROSS.field, SELF.field, GUIDANCE.field)
    lots: tuple[Lot, ...] = ()
    looks: bool = True
    finds: bool = False

    @property
    def described(self) -> bool:
        """Whether the photo is described, and the edit is that sentence with other words."""
        return self.sees is Sees.NOTHING

    @property
    def fills(self) -> bool:
        """Whether it draws into what is marked, and the surroundings there where nothing is said."""
        return self.sees is Sees.SURROUNDINGS

    @property
    def takes_pictures(self) -> bool:
        """Whether what is marked can be drawn after a picture."""
        return self.fills or self.lays

    @property
    def lays(self) -> bool:
        """Whether a thing of another picture can be laid into what is marked, see `engine.methods.reference`: beside
        the photo's own path, by words as they are.
        """
        return self.looks and PIVOT in self.keeps and EMBEDDED not in self.keeps

    @property
    def prepares(self) -> bool:
        """Whether the photo is prepared before words can change it."""
        return bool(self.keeps)

    def lot_of(self, recipe: EditRecipe) -> Lot | None:
        """Tell what noise an edit is drawn from: the recipe's own choice, else the method's usual one; None where there
        is no choice.
        """
        return recipe.lot if recipe.lot in self.lots else next(iter(self.lots), None)

    @property
    def preparing_rows(self) -> float:
        """UNet rows of preparing, for each step."""
        return sum(phase.each_step.rows for phase in self.preparing)

    @property
    def once_rows(self) -> float:
        """UNet rows of preparing, beside those of its steps."""
        return sum(phase.once.rows for phase in self.preparing)

    @property
    def edit_rows(self) -> float:
        """UNet rows of an edit, for each level that it stands on."""
        return self.editing.rows

    def rows_of_preparing(self, steps: int) -> float:
        """UNet rows of preparing a photo with so many steps."""
        return self.once_rows + self.preparing_rows * steps

    def calls_of_edit(self, recipe: EditRecipe | None, steps: int, guidance: float | None = None) -> Calls:
        """Count the calls of an edit of a photo prepared with so many steps and this guidance, None for any but 1.
        recipe: None for one by words.
        """
        laid = self.lays and recipe is not None and recipe.image_prompt is not None
        alone = not self._is_guided(recipe, guidance)
        each = _LAID if laid else (self.unguided or self.editing) if alone else self.editing
        calls = each.times(self.levels_of_edit(steps, recipe))
        again = recipe is not None and not laid and recipe.redrawn > 0 and REDRAWN.field in self.numbers
        return replace(calls, double=calls.double + REDRAWN_LEVELS) if again else calls

    def _is_guided(self, recipe: EditRecipe | None, guidance: float | None) -> bool:
        if recipe is None:
            return guidance != 1
        unsaid = self.fills and not recipe.prompt.strip() and recipe.image_prompt is None
        return not unsaid and (guidance if recipe.guidance_scale is None else recipe.guidance_scale) != 1

    def levels_of_edit(self, steps: int, recipe: EditRecipe | None = None) -> int:
        """Count the levels that an edit of a photo prepared with so many steps stands on. recipe: as in
        `calls_of_edit`.
        """
        if NOISE.field in self.numbers:
            noise = NOISE.usual if recipe is None or recipe.noise is None else recipe.noise
            return max(1, int(noise * steps))
        return min(steps, self.enough_levels or steps)


_FOLLOW = Phase(FOLLOWING, Calls(single=1))
_CHECK = Phase(CHECKING, Calls(double=1))
_LEARNT = Calls(learned=240)  # sixty steps of the optimiser, on four noisy copies each
_GUIDED = Calls(double=1)
_ALONE = Calls(single=1)
_LAID = Calls(single=1, double=1)  # recorded, then guided
REDRAWN_LEVELS = 4  # that what has changed is drawn anew on, see `engine.methods.redrawing`
_ENOUGH_LEVELS = 25  # measured for `residual`, see tests/benchmarks/README.md

METHODS: Mapping[Method, MethodRow] = {
    row.method: row
    for row in (
        MethodRow(
            Method.NULL_TEXT,
            "Null-text",
            "Learns an empty-prompt embedding for every step, so that guidance follows the photo; slow to prepare, and "
            "holds for one guidance.",
            preparing=(_FOLLOW, Phase(LEARNING, Calls(single=2, learned=10))),
            editing=_GUIDED,
            keeps=(PIVOT, NULL_EMBEDDINGS),
            drifts=True,
            source="Mokady et al., Null-text Inversion, CVPR 2023, arXiv 2211.09794",
            published=Published(27.03, 0.0607, 24.75, 145),
            learns=True,
            scheduled=True,
            one_guidance=True,
            steps=PUBLISHED_STEPS,
        ),
        MethodRow(
            Method.PINNED,
            "Pinned",
            "Guides away from the empty prompt with the photo's own path beside the edit; has the best published "
            "figures with Prompt-to-Prompt.",
            preparing=(_FOLLOW, _CHECK),
            editing=_GUIDED,
            unguided=_ALONE,
            keeps=(PIVOT,),
            drifts=True,
            source="Ju et al., PnP Inversion, ICLR 2024, arXiv 2310.01506",
            published=Published(27.22, 0.0546, 25.02, 30),
        ),
        MethodRow(
            Method.RESIDUAL,
            "Residual",
            "Adds the error of the photo's own path to the edit, so that unchanged words return the photo exactly.",
            preparing=(_FOLLOW, _CHECK),
            editing=_GUIDED,
            enough_levels=_ENOUGH_LEVELS,
            keeps=(PIVOT,),
            source="known as the ablation “add source” of PnP Inversion (Ju et al., ICLR 2024, arXiv 2310.01506); not "
            "published as a method of its own",
        ),
        MethodRow(
            Method.FLOWEDIT,
            "Direct",
            "Noises the photo anew at every step in place of following its path; is prepared at once, and measures "
            "best on the Studio model, above all from short descriptions.",
            preparing=(),
            editing=_GUIDED,
            enough_levels=_ENOUGH_LEVELS,
            keeps=(PIVOT,),
            numbers=(CROSS.field, SELF.field, GUIDANCE.field, REDRAWN.field),
            source="Kulikov et al., FlowEdit, 2024, arXiv 2412.08629; noise of each level's own as in "
            "Huberman-Spiegelglas et al., An Edit Friendly DDPM Noise Space, CVPR 2024, arXiv 2304.06140",
        ),
        MethodRow(
            Method.NEGATIVE_PROMPT,
            "Negative prompt",
            "Guides away from the photo's own description; nothing is learned, and unchanged words return the photo "
            "nearly.",
            preparing=(_FOLLOW, _CHECK),
            editing=_GUIDED,
            unguided=_ALONE,
            keeps=(PIVOT,),
            drifts=True,
            source="Miyake et al., Negative-prompt Inversion, 2023, arXiv 2305.16807",
            published=Published(26.21, 0.0690, 24.61),
        ),
        MethodRow(
            Method.EMBEDDING,
            "Own words",
            "Learns what the description leaves out of the photo, as an embedding of its own, and edits from there; "
            "for descriptions of few words.",
            preparing=(Phase(LEARNING, once=_LEARNT), _FOLLOW, _CHECK),
            editing=_GUIDED,
            enough_levels=_ENOUGH_LEVELS,
            keeps=(PIVOT, EMBEDDED),
            source="the first stage of Kawar et al., Imagic, CVPR 2023, arXiv 2210.09276, from the source’s sentence "
            "as in Forgedit (Zhang et al. 2023, arXiv 2309.10556)",
            learns=True,
        ),
        MethodRow(
            Method.IMAGIC,
            "Imagic",
            "Learns the photo’s own words and tunes the model on this one photo, so that it knows the photo when it "
            "is edited; slow to prepare.",
            preparing=(Phase(LEARNING, once=_LEARNT), Phase(TUNING, once=_LEARNT), _FOLLOW, _CHECK),
            editing=_GUIDED,
            enough_levels=_ENOUGH_LEVELS,
            keeps=(PIVOT, EMBEDDED, TUNED),
            source="Kawar et al., Imagic, CVPR 2023, arXiv 2210.09276, with low-rank additions (Hu et al. 2021, arXiv "
            "2106.09685) inside `residual`",
            learns=True,
        ),
        MethodRow(
            Method.EDICT,
            "Coupled",
            "Carries two coupled copies of the photo up, so that its own sentence leads back to it exactly, and draws "
            "them down after the edit’s.",
            preparing=(Phase(FOLLOWING, Calls(double=1.6)), Phase(CHECKING, Calls(double=1.6))),
            editing=Calls(double=1.6),
            keeps=(PAIR,),
            source="Wallace et al., EDICT, CVPR 2023, arXiv 2211.12446",
            one_guidance=True,
            guidance=3.0,
            steps=PUBLISHED_STEPS,
            numbers=(GUIDANCE.field,),
            looks=False,
        ),
        MethodRow(
            Method.RESAMPLE,
            "Draw anew",
            "Gives up part of the photo to noise and draws it anew after the edit’s sentence; for restyling freely, "
            "with as many tries as one likes.",
            preparing=(_FOLLOW, _CHECK),
            editing=_GUIDED,
            unguided=_ALONE,
            keeps=(PIVOT,),
            source="Meng et al., SDEdit, ICLR 2022, arXiv 2108.01073; with the photo's own noise Su et al., DDIB, ICLR "
            "2023, arXiv 2203.08382, and Elarabawy et al., Direct Inversion, 2022, arXiv 2211.07825",
            numbers=(NOISE.field, GUIDANCE.field),
            lots=(Lot.SEED, Lot.OWN),
            looks=False,
        ),
        MethodRow(
            Method.DIFFEDIT,
            "Found place",
            "Finds where the model’s answers to the edit differ from those to the description, and draws anew there "
            "alone; for other things and materials, not for skies or grounds.",
            preparing=(_FOLLOW, _CHECK),
            editing=_GUIDED,
            keeps=(PIVOT,),
            source="Couairon et al., DiffEdit, ICLR 2023, arXiv 2210.11427",
            numbers=(GUIDANCE.field,),
            looks=False,
            finds=True,
        ),
        MethodRow(
            Method.INSTRUCT,
            "Orders",
            "Takes an order (“make it blue”, “add a ball on the left”) and needs no preparing; moves and adds things "
            "more often than sentences do; wants a model made for orders.",
            preparing=(),
            editing=Calls(double=1.5),  # three rows
            keeps=(),
            source="Brooks et al., InstructPix2Pix, CVPR 2023, arXiv 2211.09800; the photo held as in Kulikov et al., "
            "FlowEdit, 2024, arXiv 2412.08629",
            sees=Sees.PHOTO,
            numbers=(GUIDANCE.field, IMAGE_GUIDANCE.field),
            lots=(Lot.HELD, Lot.SEED),
            looks=False,
        ),
        MethodRow(
            Method.INPAINT,
            "Fill in",
            "Draws what is said or shown into what is marked on the photo, or removes what is there where nothing is; "
            "wants a model made for inpainting, which changes no words of a description.",
            preparing=(),
            editing=_GUIDED,
            unguided=_ALONE,
            keeps=(),
            source="Rombach et al., Latent Diffusion, CVPR 2022, arXiv 2112.10752; with words as in Stable Diffusion’s "
            "inpainting models",
            sees=Sees.SURROUNDINGS,
            numbers=(GUIDANCE.field, IMAGE_PROMPT.field),
            lots=(Lot.SEED,),
            looks=False,
        ),
    )
}

SLOWEST = max(METHODS, key=lambda method: METHODS[method].preparing_rows)
