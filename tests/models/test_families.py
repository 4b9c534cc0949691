"""The table of families is true to the published configurations that come with the program."""

import pytest

from nti_desktop.core.resources import resource
from nti_desktop.models.families import FAMILIES, Family, few_steps_of, published_decoders
from nti_desktop.models.formats.layout import shipped_layout


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.configs)
def test_the_published_model_of_a_family_is_recognised_and_its_preview_decoder_fits(family: Family) -> None:
    for configs in filter(None, (family.configs, family.noise_configs)):
        layout = shipped_layout(resource("models", "configs", configs))
        assert layout.family == family
        assert family.preview_decoder is None or layout.latents == family.preview_decoder.latents


def test_families_share_no_name_and_no_sign() -> None:
    for told in (lambda f: f.title, lambda f: f.configs, lambda f: f.text_encoders):
        assert len({told(family) for family in FAMILIES}) == len(FAMILIES)
    assert len({(len(family.text_encoders), family.activation) for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("dreamshaperXL_lightningDPMSDE", 8),
        ("DreamShaperXL_Turbo_v2", 4),
        ("stabilityai/sd-turbo", 4),
        ("LCM_Dreamshaper_v7", 8),
        ("Hyper-SDXL-8steps", 8),
        ("realDMD2_v1", 4),
        ("v1-5-pruned-emaonly", None),
        ("HyperRealism_v3", None),
        ("halcyon", None),
    ],
)
def test_few_steps_are_told_by_a_name(name: str, steps: int | None) -> None:
    found = few_steps_of((name,))
    assert (found and found.steps) == steps


def test_a_preview_decoder_is_listed_once_with_all_families_that_it_is_for() -> None:
    assert [decoder.about for decoder in published_decoders()] == [
        "draws previews with Stable Diffusion 1 and Stable Diffusion 2",
        "draws previews with SDXL",
    ]
