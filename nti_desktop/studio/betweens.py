"""Pictures on the way from one scene to another: the right answers for an edit that is half done."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from nti_desktop.studio.render import TRAINING_SIZE, developed, exposure, render, sampled
from nti_desktop.studio.scenes import Scene, Sky, Weather

RAYS = 2  # as the pictures of training


@torch.no_grad()
def between(source: Scene, target: Scene, share: float, size: int = TRAINING_SIZE) -> NDArray[np.uint8]:
    """The picture (size, size, 3) at `share`, 0 to 1, of the way from a scene to one that differs in one attribute.

    A thing's colour is mixed in linear light; fog grows denser; the sun goes down from day to sunset; a film loses its
    saturation. Raises ValueError for scenes that differ in anything else, between which there is no way.
    """
    weathers, skies = {source.weather, target.weather}, {source.sky, target.sky}
    if weathers == {Weather.CLEAR, Weather.FOG}:
        foggy, fog = (target, share) if target.weather is Weather.FOG else (source, 1 - share)
        return render(replace(foggy, fog=fog), size, RAYS).image
    if skies == {Sky.DAY, Sky.SUNSET}:
        evening = share if target.sky is Sky.SUNSET else 1 - share
        return render(replace(source, sky=Sky.DAY, evening=evening), size, RAYS).image
    if source.film is not target.film:
        light = exposure(source, size * RAYS)[0]
        one, other = developed(light, source.film), developed(light, target.film)
        return sampled(one * (1 - share) + other * share, RAYS)
    colours = [thing.colour for thing in target.things]
    recoloured = tuple(replace(thing, colour=colour) for thing, colour in zip(source.things, colours, strict=True))
    if replace(source, things=recoloured) != target:
        raise ValueError("There is no way between scenes that differ in more than a colour, fog, evening or film.")
    one, other = (exposure(scene, size * RAYS)[0] for scene in (source, target))
    return sampled(developed(one * (1 - share) + other * share, source.film), RAYS)
