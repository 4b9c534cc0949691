"""Who collects garbage, and when."""

import gc
import threading

import pytest

from nti_desktop.core.garbage import collect_due, collected_by_hand, kept_for_good


class Ring:
    """Holds only itself."""

    def __init__(self) -> None:
        self.me = self


def rings() -> int:
    gc_objects = gc.get_objects()
    return sum(type(each) is Ring for each in gc_objects)


def make_rings(count: int = 2000) -> None:
    for _ in range(count):
        Ring()


def test_what_is_due_is_collected_by_hand() -> None:
    with collected_by_hand():
        make_rings()
        assert rings() == 2000
        collect_due()
        assert rings() == 0


@pytest.mark.slow
def test_nothing_is_collected_while_another_thread_imports_nor_is_it_looked_at_again() -> None:
    imported, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with kept_for_good():
            make_rings()
            imported.set()
            go_on.wait()

    before = gc.get_freeze_count()
    with collected_by_hand():
        thread = threading.Thread(target=work)
        thread.start()
        imported.wait()
        collect_due()
        assert rings() == 2000
        go_on.set()
        thread.join()
        assert gc.get_freeze_count() >= before + 2000
        gc.collect()
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # as it was
    assert rings() == 0
