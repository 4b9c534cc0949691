"""What a model's UNet sees of the photo beside the noise, which decides how it can be edited with."""

from enum import StrEnum


class Sees(StrEnum):
    """What lies beside the noise in a UNet's input."""

    NOTHING = "nothing"  # the photo is described, and edited by changing the words
    PHOTO = "photo"  # edited by an order (Brooks et al. 2022)
    SURROUNDINGS = "surroundings"  # a mask and the photo around it: draws into the mask (Rombach et al. 2022)

    @property
    def made_for(self) -> str:
        """What its models are for, in words that follow “made for”."""
        return {
            Sees.NOTHING: "drawing from words alone",
            Sees.PHOTO: "orders",
            Sees.SURROUNDINGS: "filling in places",
        }[self]

    def channels_beside(self, latent_channels: int) -> int:
        """Count the channels that lie beside those of the noise."""
        return {Sees.NOTHING: 0, Sees.PHOTO: latent_channels, Sees.SURROUNDINGS: latent_channels + 1}[self]


def sees_of(channels: int, latent_channels: int) -> Sees | None:
    """Tell what a UNet with so many input channels sees; None where it is none of these."""
    return next((s for s in Sees if latent_channels + s.channels_beside(latent_channels) == channels), None)
