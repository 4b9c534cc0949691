"""The families of models that can be used, declared once: how a model is known as one, and what was published for it;
likewise the noise schedules, by the classes that name them, and the models that were distilled to few steps.

Native size and prediction are each model's own: they stand in its configuration, those of the published models in
resources/models/configs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class LatentSpace:
    """What an autoencoder makes of a picture. factor: pixels of a side to one of the latents'; scaling_factor: what
    they are multiplied by, as the configuration has it.
    """

    channels: int
    factor: int
    scaling_factor: object


@dataclass(frozen=True)
class PublishedDecoder:
    """A published preview decoder, in the layout of diffusers' AutoencoderTiny. repository: owner/name on the Hub;
    latents: of the models that it is for.
    """

    repository: str
    latents: LatentSpace

    @property
    def about(self) -> str:
        """What it is for, in words that follow its name."""
        families = (family.title for family in FAMILIES if family.preview_decoder == self)
        return f"draws previews with {' and '.join(families)}"


@dataclass(frozen=True)
class Family:
    """What a model is a relative of. title: in words that people are shown; configs: folder of the published model's
    configuration, by which a single file is read; noise_configs: likewise of the published relative that predicts the
    noise, where the family comes both ways and the file's names do not tell; text_encoders: how the names of their
    weights begin in a single file; text_widths: numbers that each gives for a token; activation: of the first text
    encoder, by which a folder is told from the others with as many, None where no other is; preview_decoder: a
    published one.
    """

    title: str
    configs: str
    text_encoders: tuple[str, ...]
    text_widths: tuple[int, ...]
    noise_configs: str | None = None
    activation: str | None = None
    preview_decoder: PublishedDecoder | None = None


_TAESD = PublishedDecoder("madebyollin/taesd", LatentSpace(4, 8, 0.18215))
_TAESDXL = PublishedDecoder("madebyollin/taesdxl", LatentSpace(4, 8, 0.13025))

FAMILIES = [
    Family("Stable Diffusion 1", "sd15", ("cond_stage_model.transformer.",), (768,), preview_decoder=_TAESD),
    Family(
        "Stable Diffusion 2",
        "sd21",
        ("cond_stage_model.model.",),
        (1024,),
        noise_configs="sd21-base",
        activation="gelu",  # OpenCLIP's
        preview_decoder=_TAESD,
    ),
    Family(
        "SDXL",
        "sdxl",
        ("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."),
        (768, 1280),
        preview_decoder=_TAESDXL,
    ),
]


def family_of(encoders: int, activation: object) -> Family:
    """The family of a folder with so many text encoders. activation: of the first."""
    alike = [family for family in FAMILIES if len(family.text_encoders) == encoders]
    return next((f for f in alike if f.activation == activation), next(f for f in alike if f.activation is None))


def family_of_width(*widths: int) -> str | None:
    """Title of the family whose text encoders have these widths, each or together; None where none has."""
    return next((f.title for f in FAMILIES if widths in (f.text_widths, (sum(f.text_widths),))), None)


def published_decoders() -> tuple[PublishedDecoder, ...]:
    """The preview decoders of all families, each once."""
    return tuple(dict.fromkeys(family.preview_decoder for family in FAMILIES if family.preview_decoder))


# Schedulers of diffusers that walk one noise schedule, that of DDPM by its betas, each in its own steps; DDIM walks it
# in theirs' place. Those of other schedules begin as said below; any further one is not known.
SOLVERS = tuple(
    f"{name}Scheduler"
    for name in (
        *("DDIM", "DDIMInverse", "DDIMParallel", "DDPM", "DDPMParallel", "PNDM", "LMSDiscrete", "DEISMultistep"),
        *("EulerDiscrete", "EulerAncestralDiscrete", "HeunDiscrete", "KDPM2Discrete", "KDPM2AncestralDiscrete"),
        *("DPMSolverMultistep", "DPMSolverMultistepInverse", "DPMSolverSinglestep", "DPMSolverSDE"),
        *("UniPCMultistep", "SASolver", "LCM", "TCD"),
    )
)
EDM, FLOW = "EDM", "FlowMatch"  # Karras et al. 2022; Lipman et al. 2022
BETAS = ("linear", "scaled_linear", "squaredcos_cap_v2")
SPACINGS = ("leading", "linspace", "trailing")
BLOCKS = frozenset(("CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"))  # of every UNet here


@dataclass(frozen=True)
class FewSteps:
    """A kind of model that was distilled to few steps, as it was published. told: a pattern by which its name says so;
    solver: scheduler that it is saved with and no other is; steps: the most that were published for it;
    guidance_scale: 1 is none.
    """

    told: str
    steps: int
    guidance_scale: float = 1.0
    solver: str | None = None


# Luo et al. 2023 (LCM), Zheng et al. 2024 (TCD), Sauer et al. 2023 (Turbo), Lin et al. 2024 (Lightning), Ren et al.
# 2024 (Hyper-SD), Yin et al. 2024 (DMD2).
_TURBO = FewSteps("turbo", 4)
FEW_STEPS = (
    FewSteps(r"(?<![a-z])lcm(?![a-z])", 8, 1.5, "LCMScheduler"),
    FewSteps(r"(?<![a-z])tcd(?![a-z])", 8, solver="TCDScheduler"),
    _TURBO,
    FewSteps("lightning", 8),
    FewSteps(r"hyper(?![a-z])|hyper[-_ ]?sd", 8),
    FewSteps("dmd2", 4),
)


def few_steps_of(names: Iterable[str], solver: object = None, spacing: object = None) -> FewSteps | None:
    """Say how a model is used that was distilled to few steps; None for any other.

    names: what it is called; solver, spacing: of its scheduler, where it has one. Euler's steps counted from the noisy
    end, on a schedule that does not end in nothing but noise, are those that Turbo was published with.
    """
    for kind in FEW_STEPS:
        if (solver is not None and solver == kind.solver) or any(re.search(kind.told, n.lower()) for n in names):
            return kind
    return _TURBO if spacing == "trailing" and str(solver).startswith("Euler") else None
