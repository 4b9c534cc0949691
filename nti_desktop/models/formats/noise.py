"""What kind of noise a model was trained on, and what its latents are: read from its configuration, and refused where
this program would compute something else.
"""

from nti_desktop.core.errors import ModelError
from nti_desktop.models.families import BETAS, BLOCKS, EDM, FLOW, SOLVERS, SPACINGS
from nti_desktop.models.formats.configs import SUPPORTED, Config

MOST_LEVELS = 100_000  # in training; usual are 1000
EPSILON, ZERO_SNR = "epsilon", "rescale_betas_zero_snr"


def other_noise(name: str, kind: str) -> ModelError:
    """The error for a model of a kind of noise that is none of DDPM's."""
    return ModelError(
        f"“{name}” was trained on noise of another kind ({kind}), which this program cannot use; {SUPPORTED}."
    )


def edm(name: str) -> ModelError:
    """The error for a model that was trained as Karras et al. 2022 do."""
    return other_noise(name, "EDM, as Playground 2.5 and CosXL")


def check_schedule(schedule: Config, solvers: tuple[object, ...], name: str) -> None:
    """See that a schedule is DDPM's, by its betas, and can be inverted.

    solvers: the classes that are named for it, None where there is none. Raises ModelError in one sentence.
    """
    for solver in solvers:
        if str(solver).startswith(EDM):
            raise edm(name)
        if str(solver).startswith(FLOW):
            raise other_noise(name, "flow matching")
        if solver is not None and solver not in SOLVERS:
            raise other_noise(name, "with a scheduler that it does not know")
    if schedule.get("use_flow_sigmas"):
        raise other_noise(name, "flow matching")
    if schedule.get("sigma_data") is not None or schedule.get("timestep_type") == "continuous":
        raise edm(name)
    levels = schedule.get("num_train_timesteps", 1000)
    if (
        schedule.get("beta_schedule", BETAS[0]) not in BETAS
        or schedule.get("timestep_spacing", SPACINGS[0]) not in SPACINGS
        or type(levels) is not int
        or not 2 <= levels <= MOST_LEVELS
        or not all(_is_between(schedule.get(beta, 0.01), 0, 1) for beta in ("beta_start", "beta_end"))
    ):
        raise other_noise(name, "with a schedule that it does not know")
    ends_in_noise = schedule.get(ZERO_SNR) and schedule.get("timestep_spacing", SPACINGS[0]) != SPACINGS[0]
    if ends_in_noise and schedule.get("prediction_type", EPSILON) == EPSILON:
        raise ModelError(
            f"“{name}” predicts noise where there is nothing else (zero SNR), so it cannot be inverted; {SUPPORTED}."
        )


def check_latents(vae: Config, name: str) -> None:
    """See that latents are an autoencoder's, times one factor. Raises ModelError in one sentence."""
    moved = vae.get("shift_factor") or vae.get("latents_mean") is not None or vae.get("latents_std") is not None
    if moved or not _is_between(vae.get("scaling_factor", 1.0), 0, 1000):
        raise ModelError(
            f"The autoencoder (VAE) of “{name}” moves or scales its latents in a way that this program does not; "
            f"{SUPPORTED}."
        )


def check_unet(unet: Config, name: str) -> None:
    """See that a UNet is built of blocks that read words and is told no guidance. Raises ModelError in one sentence."""
    if unet.get("time_cond_proj_dim") is not None:
        raise told_its_guidance(name)
    blocks = [unet.get(f"{way}_block_types") for way in ("down", "up")]
    named = [block for found in blocks if isinstance(found, list) for block in found]
    reading = any(str(block).startswith("CrossAttn") for block in named)
    if named and not (reading and all(isinstance(block, str) and block in BLOCKS for block in named)):
        raise ModelError(f"The UNet of “{name}” is built of parts that this program does not know; {SUPPORTED}.")


def told_its_guidance(name: str) -> ModelError:
    """The error for a latent consistency model whose UNet is told the guidance (Luo et al. 2023)."""
    return ModelError(
        f"“{name}” was distilled so that its UNet is told the guidance (LCM), which this program cannot do; add the "
        "model that it was made from."
    )


def _is_between(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return low < value < high
