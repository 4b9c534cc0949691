"""Which devices there are, what they are called, and what running out of their memory looks like."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nti_desktop.core.errors import DeviceStopped, EngineError, OutOfMemory
from nti_desktop.engine.memory import device as looking
from nti_desktop.engine.memory.device import devices, find_device, in_words, memory_errors, passed_over
from nti_desktop.engine.memory.faults import ran_out_of_memory
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.jobs import MeasureJob, ModelFiles
from tests.engine.test_service import IMAGE


def test_the_processor_is_always_there_and_the_last_choice() -> None:
    assert devices()[-1].kind == "cpu"
    assert devices()[-1].name.startswith("Processor, ")
    assert find_device("cpu") == torch.device("cpu")


class Cards:
    """Stands for graphics cards and their drivers. fault: what a computation on them ends with; tried: which were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fault: Exception | None = None
        self.tried: list[str] = []
        self._monkeypatch = monkeypatch
        for card, names in ((torch.cuda, ()), (torch.xpu, ())):
            self.put(card, *names)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
        monkeypatch.setattr(looking, "_compute", self._compute)
        monkeypatch.setattr(looking, "_has_nvidia_card", lambda: False)

    def put(self, card: object, *names: str) -> None:
        self._monkeypatch.setattr(card, "is_available", lambda: bool(names))
        self._monkeypatch.setattr(card, "device_count", lambda: len(names))
        self._monkeypatch.setattr(card, "get_device_name", lambda device: names[device.index or 0])

    def _compute(self, device: torch.device) -> None:
        self.tried.append(str(device))
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cards]:
    looking._fault_at_first.cache_clear()
    monkeypatch.setattr(looking, "_stopped", {})
    yield Cards(monkeypatch)
    looking._fault_at_first.cache_clear()


def test_a_graphics_card_is_named_and_comes_first(cards: Cards) -> None:
    cards.put(torch.cuda, "NVIDIA H200")
    assert devices()[0].name == "Graphics card: NVIDIA H200"
    assert find_device() == torch.device("cuda")
    assert find_device("cpu") == torch.device("cpu")
    assert passed_over() == ()


def test_of_several_cards_each_can_be_chosen(cards: Cards) -> None:
    cards.put(torch.cuda, "NVIDIA A", "NVIDIA B")
    cards.put(torch.xpu, "Arc")
    assert [(device.kind, device.name) for device in devices()][:3] == [
        ("cuda:0", "Graphics card 1: NVIDIA A"),
        ("cuda:1", "Graphics card 2: NVIDIA B"),
        ("xpu", "Intel graphics: Arc"),
    ]
    assert str(find_device("cuda")) == "cuda:0"
    assert str(find_device("cuda:1")) == "cuda:1"
    assert str(find_device("xpu")) == "xpu"
    with pytest.raises(EngineError, match="no graphics card"):
        find_device("cuda:2")


def test_a_card_by_rocm_is_named_so(cards: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "hip", "6.2")
    cards.put(torch.cuda, "AMD Radeon RX 7900 XTX")
    assert devices()[0].name == "Graphics card by ROCm: AMD Radeon RX 7900 XTX"


UNUSABLE = [
    (
        RuntimeError("CUDA error: no kernel image is available for execution on the device"),
        "not made for a card",
    ),
    (RuntimeError("The NVIDIA driver on your system is too old (found version 11040)."), "driver is too old"),
    (RuntimeError("CUDA error: CUDA driver version is insufficient for CUDA runtime version"), "driver is too old"),
    (AssertionError("Torch not compiled with CUDA enabled"), "built without it"),
    (RuntimeError("CUDA error: unspecified launch failure"), "failed at a first computation"),
    (ValueError("?"), "failed at a first computation"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "said"), UNUSABLE)
def test_a_card_that_computes_nothing_is_passed_over_with_the_reason(cards: Cards, fault: Exception, said: str) -> None:
    cards.put(torch.cuda, "GeForce GTX 1080")
    cards.fault = fault
    for kind in (None, "cuda", "cpu"):
        assert find_device(kind) == torch.device("cpu")
    assert cards.tried == ["cuda"]  # once
    (sentence,) = passed_over()
    assert sentence.startswith("“Graphics card: GeForce GTX 1080” is not used, as ")
    assert said in sentence
    assert ". " not in sentence
    measured = EngineService().measure(MeasureJob(built_in().files, IMAGE))
    assert (measured.kind, measured.passed_over) == ("cpu", (sentence,))


def stops(cards: Cards, monkeypatch: pytest.MonkeyPatch, at: str) -> tuple[EngineService, MeasureJob]:
    """A service on a card that stops while it does this to the model, which really is on the processor."""
    stopped: list[str] = []

    def load(files: ModelFiles, device: torch.device) -> DiffusionModel:
        if at == "load" and device.type != "cpu":
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        stopped.append(str(device))
        return load_model(files, torch.device("cpu"))

    def decode(model: DiffusionModel, latents: torch.Tensor) -> NDArray[np.float32]:
        if at == "decode" and stopped[-1] != "cpu":
            raise RuntimeError("CUDA error: unspecified launch failure")
        return drawn(model, latents)

    drawn = DiffusionModel.decode
    monkeypatch.setattr("nti_desktop.engine.service.load_model", load)
    monkeypatch.setattr(DiffusionModel, "decode", decode)
    return EngineService(), MeasureJob(built_in().files, IMAGE)


@pytest.mark.slow
@pytest.mark.parametrize("at", ["load", "decode"])
def test_a_card_that_stopped_is_not_used_again_and_the_processor_goes_on(
    cards: Cards, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    cards.put(torch.cuda, "NVIDIA A")
    service, job = stops(cards, monkeypatch, at)
    with pytest.raises(DeviceStopped, match="not used until the program is started again") as raised:
        service.measure(job)
    assert ". " not in str(raised.value)
    for kind in (None, "cuda", None):  # not even when it is chosen
        service.choose_device(kind)
        measured = service.measure(job)
        assert measured.kind == "cpu"
        (sentence,) = measured.passed_over
        assert sentence.startswith("“Graphics card: NVIDIA A” is not used, as it stopped in the middle of its work;")
        assert ". " not in sentence
        assert [device.name for device in measured.devices] == ["Graphics card: NVIDIA A, not used", measured.device]
    assert EngineService().measure(job).kind == "cpu"
    assert cards.tried == ["cuda"]  # before it stopped


def test_of_several_cards_only_the_one_that_stopped_is_given_up(cards: Cards) -> None:
    cards.put(torch.cuda, "NVIDIA A", "NVIDIA B")
    looking.give_up(find_device())
    assert str(find_device()) == "cuda:1"
    assert [device.name for device in devices()][:2] == [
        "Graphics card 1: NVIDIA A, not used",
        "Graphics card 2: NVIDIA B",
    ]
    assert find_device("cuda:0") == torch.device("cpu")


def test_the_processor_is_never_given_up() -> None:
    looking.give_up(torch.device("cpu"))
    assert find_device("cpu") == torch.device("cpu")
    assert passed_over() == ()


def test_a_full_card_is_no_broken_one(cards: Cards) -> None:
    cards.put(torch.cuda, "NVIDIA A")
    cards.fault = RuntimeError("CUDA error: out of memory")
    assert find_device() == torch.device("cuda")


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(
    ("built_with", "said"), [(None, "built without CUDA; make the environment"), ("13.0", "driver is too old")]
)
def test_a_card_that_pytorch_does_not_see_is_told(
    built_with: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_old() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 11040).")

    monkeypatch.setattr(looking, "_has_nvidia_card", lambda: True)
    monkeypatch.setattr(torch.version, "cuda", built_with)
    monkeypatch.setattr(torch.cuda, "init", too_old)
    (sentence,) = passed_over()
    assert said in sentence
    with pytest.raises(EngineError, match=said):
        find_device("cuda")


def test_the_trial_is_a_computation(cards: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    looking._compute(torch.device("cpu"))


FAULTS = [
    ("MPS backend out of memory (MPS allocated: 17.9 GB, max allowed: 18.1 GB)", "not enough memory"),
    ("CUDA error: out of memory", "not enough memory"),
    ("Invalid buffer size: 8.21 GB", "not enough memory"),
    ("CUDA error: no kernel image is available for execution on the device", "not made for a card of its kind"),
    ("CUDA error: unspecified launch failure", "stopped in the middle of its work"),
    ("CUDA error: an illegal memory access was encountered", "stopped in the middle of its work"),
    ("HIP error: unspecified launch failure", "stopped in the middle of its work"),
    ("level_zero backend failed with error: 20 (UR_RESULT_ERROR_DEVICE_LOST)", "stopped in the middle of its work"),
]


@pytest.mark.parametrize(("words", "said"), FAULTS)
def test_a_device_that_fails_while_a_model_is_loaded_leaves_the_models_name_alone(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to(self: torch.nn.Module, *given: object, **_options: object) -> torch.nn.Module:
        if given and isinstance(given[0], torch.device):
            raise RuntimeError(words)
        return self

    monkeypatch.setattr(torch.nn.Module, "to", to)
    with pytest.raises(EngineError, match=said) as raised, memory_errors():
        load_model(built_in().files, torch.device("cpu"))
    assert "damaged" not in str(raised.value)
    assert ". " not in str(raised.value)


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


@pytest.mark.slow
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
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("HIP out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
        RuntimeError("Unable to find a valid cuDNN algorithm to run convolution"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
        RuntimeError(
            'NVML_SUCCESS == r INTERNAL ASSERT FAILED at "../c10/cuda/CUDACachingAllocator.cpp":830, please report a'
        ),
        RuntimeError("HIP error: out of memory"),
        RuntimeError("CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`"),
        RuntimeError("miopenStatusAllocFailed"),
        RuntimeError("MIOpen Error: handlehip.cpp:70: Memory not available to allocate buffer: 655360000"),
        RuntimeError("Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"),
        RuntimeError("XPU out of memory. Tried to allocate 4.00 GiB. GPU 0 has a total capacity of 15.11 GiB."),
        RuntimeError("Current platform can NOT allocate memory block with size larger than 4GB!"),
        RuntimeError("Native API failed. Native API returns: -5 (PI_ERROR_OUT_OF_RESOURCES) -5"),
        RuntimeError("std::bad_alloc"),
        OSError("The paging file is too small for this operation to complete. (os error 1455)"),
        OSError("El archivo de paginación es demasiado pequeño para completar la operación. (os error 1455)"),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("Invalid buffer size: 8.21 GB"),
        RuntimeError("Failed to allocate private MTLBuffer for size 4294967296"),
        RuntimeError("UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY"),
        RuntimeError("level_zero backend failed with error: 40 (UR_RESULT_ERROR_OUT_OF_RESOURCES)"),
    ],
)
def test_every_way_of_running_out_of_memory_is_known(error: BaseException) -> None:
    assert ran_out_of_memory(error)
    with pytest.raises(OutOfMemory, match="not enough memory for this picture"), memory_errors():
        raise error


def test_other_faults_are_not_taken_for_it() -> None:
    for error in (RuntimeError("sizes do not match"), ValueError("out of memory"), OSError(28, "No space left")):
        assert not ran_out_of_memory(error)
    with pytest.raises(RuntimeError, match="sizes"), memory_errors():
        raise RuntimeError("sizes do not match")
