"""What the published configurations say of each kind of model, in full depth and at a tenth of the width."""

from dataclasses import dataclass

CHANNELS = 32  # the UNet's model_channels, published 320; also the autoencoder's ch, published 128
CONTEXT_LENGTH = 77
VOCABULARY = 49408
TEXT_WIDTH = 64  # of each text encoder, published 768, 1024 and 1280
HEAD_WIDTH = 64  # where the number of heads is not fixed

UNET = "model.diffusion_model."
VAE = "first_stage_model."


@dataclass(frozen=True)
class Structure:
    """One published configuration; `depths` counts the transformer blocks behind each residual block of a level."""

    multipliers: tuple[int, ...] = (1, 2, 4, 4)
    depths: tuple[int, ...] = (1, 1, 1, 0)
    middle_depth: int = 1
    fixed_heads: int | None = None
    linear_projections: bool = True
    clip: str | None = None  # prefix of the encoder in transformers' layout, OpenAI's CLIP-L with 12 layers
    open_clip: str | None = None  # prefix of the encoder in OpenCLIP's layout
    open_clip_layers: int = 0

    @property
    def text_encoders(self) -> tuple[str, ...]:
        """The prefixes of the text encoders, in the order in which the UNet's context has them."""
        return tuple(prefix for prefix in (self.clip, self.open_clip) if prefix)

    @property
    def context_width(self) -> int:
        return TEXT_WIDTH * len(self.text_encoders)

    @property
    def vector_width(self) -> int:
        """Width of SDXL's second condition: the pooled text and six sizes (adm_in_channels); 0 without one."""
        return TEXT_WIDTH + 6 * 256 if self.clip and self.open_clip else 0

    def heads(self, channels: int) -> int:
        return self.fixed_heads or max(1, channels // HEAD_WIDTH)


STRUCTURES = {
    "sd15": Structure(  # CompVis/stable-diffusion v1-inference.yaml
        fixed_heads=8, linear_projections=False, clip="cond_stage_model.transformer.text_model."
    ),
    "sd21": Structure(  # Stability-AI/stablediffusion v2-inference-v.yaml, OpenCLIP ViT-H-14
        open_clip="cond_stage_model.model.", open_clip_layers=24
    ),
    "sdxl": Structure(  # Stability-AI/generative-models sd_xl_base.yaml, OpenCLIP ViT-bigG-14
        multipliers=(1, 2, 4),
        depths=(0, 2, 10),
        middle_depth=10,
        clip="conditioner.embedders.0.transformer.text_model.",
        open_clip="conditioner.embedders.1.model.",
        open_clip_layers=32,
    ),
}
