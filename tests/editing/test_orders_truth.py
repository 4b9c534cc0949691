"""The orders that the model which comes with the program carries out well, against the right answer."""

import numpy as np
import pytest

from nti_desktop.models.library.catalog import ORDERS_ID, built_in
from nti_desktop.recipe.methods import Method
from tests.figures.measuring import Measurement
from tests.figures.running import Runner, Subject
from tests.figures.tables import values

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SCENES = 4  # of each kind
RECOVERED = {"ground": 0.5, "weather": 0.5, "film": 0.7, "added": 0.4, "place": 0.35}


def test_orders_recover_the_truth() -> None:
    entry = built_in(ORDERS_ID)
    with Runner(Subject(entry.files, "", "every change")) as runner:
        for kind, floor in RECOVERED.items():
            seeds = runner.visible_seeds(kind, SCENES)
            answers = runner.run([Measurement("method", kind, seed, entry.defaults) for seed in seeds])
            assert np.mean(values(answers, Method.INSTRUCT)) >= floor, kind
