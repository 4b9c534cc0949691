"""Which devices there are, what they are called, and what running out of their memory looks like."""

import pytest
import torch

from nti_desktop.core.errors import EngineError, OutOfMemory
from nti_desktop.engine.memory.device import devices, find_device, in_words, memory_errors, ran_out_of_memory
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.jobs import MeasureJob
from tests.engine.test_service import IMAGE


def test_the_processor_is_always_there_and_the_last_choice() -> None:
    assert devices()[-1].kind == "cpu"
    assert devices()[-1].name.startswith("Processor, ")
    assert find_device("cpu") == torch.device("cpu")


def test_a_graphics_card_is_named_and_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H200")
    assert devices()[0].name == "Graphics card: NVIDIA H200"
    assert find_device() == torch.device("cuda")
    assert find_device("cpu") == torch.device("cpu")


def test_threads_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for threads, words in ((1, "Processor, 1 thread"), (2, "Processor, 2 threads")):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert in_words(torch.device("cpu")).name == words


@pytest.fixture
def only_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("only_a_processor")
@pytest.mark.parametrize(("kind", "named"), [("cuda", "graphics card"), ("mps", "Apple graphics")])
def test_a_device_that_is_not_there_is_one_sentence(kind: str, named: str) -> None:
    with pytest.raises(EngineError, match=named) as raised:
        find_device(kind)
    assert str(raised.value).count(". ") == 0


@pytest.mark.usefixtures("only_a_processor")
def test_choosing_another_device_loads_the_model_anew_and_the_same_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    phases: list[str] = []
    service, job = EngineService(), MeasureJob(built_in().files, IMAGE)
    for kind, loads in ((None, 1), (None, 1), ("cpu", 2), ("cpu", 2)):
        service.choose_device(kind)
        measured = service.measure(job, lambda progress: phases.append(progress.phase))
        assert measured.kind == "cpu"
        assert measured.devices == devices()
        assert measured.precision == "full precision"
        assert phases.count("Loading the model") == 2 * loads
    service.choose_device("cuda")
    with pytest.raises(EngineError, match="no graphics card"):
        service.measure(job)
    service.choose_device(None)
    assert service.measure(job).autoencoder_psnr > 0


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to ..."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB, max allowed: 9.07 GB)."),
    ],
)
def test_every_way_of_running_out_of_memory_is_known(error: BaseException) -> None:
    assert ran_out_of_memory(error)
    with pytest.raises(OutOfMemory, match="not enough memory for this picture"), memory_errors():
        raise error


def test_other_faults_are_not_taken_for_it() -> None:
    for error in (RuntimeError("sizes do not match"), ValueError("out of memory")):
        assert not ran_out_of_memory(error)
    with pytest.raises(RuntimeError, match="sizes"), memory_errors():
        raise RuntimeError("sizes do not match")
