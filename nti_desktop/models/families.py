"""The families of models that can be used, declared once: how a model is known as one, and what was published for it.

Native size and prediction are each model's own: they stand in its configuration, those of the published models in
resources/models/configs.
"""

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
    weights begin in a single file; activation: of the first text encoder, by which a folder is told from the others
    with as many, None where no other is; preview_decoder: a published one.
    """

    title: str
    configs: str
    text_encoders: tuple[str, ...]
    noise_configs: str | None = None
    activation: str | None = None
    preview_decoder: PublishedDecoder | None = None


_TAESD = PublishedDecoder("madebyollin/taesd", LatentSpace(4, 8, 0.18215))
_TAESDXL = PublishedDecoder("madebyollin/taesdxl", LatentSpace(4, 8, 0.13025))

FAMILIES = [
    Family("Stable Diffusion 1", "sd15", ("cond_stage_model.transformer.",), preview_decoder=_TAESD),
    Family(
        "Stable Diffusion 2",
        "sd21",
        ("cond_stage_model.model.",),
        noise_configs="sd21-base",
        activation="gelu",  # OpenCLIP's
        preview_decoder=_TAESD,
    ),
    Family(
        "SDXL",
        "sdxl",
        ("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."),
        preview_decoder=_TAESDXL,
    ),
]


def family_of(encoders: int, activation: object) -> Family:
    """The family of a folder with so many text encoders. activation: of the first."""
    alike = [family for family in FAMILIES if len(family.text_encoders) == encoders]
    return next((f for f in alike if f.activation == activation), next(f for f in alike if f.activation is None))


def published_decoders() -> tuple[PublishedDecoder, ...]:
    """The preview decoders of all families, each once."""
    return tuple(dict.fromkeys(family.preview_decoder for family in FAMILIES if family.preview_decoder))
