"""What a device says when it has no memory left, cannot compute at all, or has stopped, told apart by its words.

PyTorch raises one RuntimeError for most of these.
"""

from contextlib import suppress

import torch

# Who says that there is no memory, and the words by which that is known. CUDA's libraries say that they find no engine
# or are not initialized where there is none for their own work; a trial has shown that they run.
_NO_MEMORY = {
    "PyTorch": ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc"),
    "PyTorch on Intel graphics": ("can not allocate memory block",),
    "PyTorch on a card that cannot be asked what is free": ("nvml_success ==",),
    "PyTorch on the processor of Windows": ("not enough memory",),
    "Windows, in any language": ("os error 1455", "winerror 1455"),
    "CUDA": ("error_out_of_memory", "errormemoryallocation"),
    "cuBLAS, cuSOLVER, cuDNN 8": ("status_alloc_failed", "status_not_initialized"),
    "cuDNN 9": ("host_allocation_failed", "device_allocation_failed"),
    "PyTorch about cuDNN": ("unable to find an engine", "unable to find a valid cudnn algorithm"),
    "ROCm": ("hiperroroutofmemory", "rocblas_status_memory_error"),
    "MIOpen": ("miopenstatusallocfailed", "memory not available to allocate buffer"),
    "Metal": ("invalid buffer size", "failed to allocate private mtlbuffer", "erroroutofmemory"),
    "Level Zero": ("out_of_device_memory", "out_of_host_memory", "out_of_resources"),
}
# Why a device computes nothing, what to do, and the words by which that is known.
_UNUSABLE = (
    (
        "this PyTorch is not made for a card of its kind",
        "install a build of PyTorch that is",
        ("no kernel image", "not compatible with the current pytorch", "invalid device function"),
    ),
    (
        "its driver is too old for this PyTorch",
        "update the driver",
        ("driver on your system is too old", "driver version is insufficient", "unsupported display driver"),
    ),
    ("no driver for it is found", "install its driver", ("found no nvidia driver", "no cuda-capable device")),
    ("another program keeps it to itself", "close that program", ("busy or unavailable",)),
    ("this PyTorch is built without it", "install a build of PyTorch that is made for it", ("not compiled with",)),
)
# Words of a device that was at work and stopped.
_STOPPED = (
    *("cuda error", "hip error", "cudnn", "cublas", "cusolver", "rocblas", "miopen", "device-side assert"),
    *("launch failure", "illegal memory access", "mps backend", "mpsgraph", "mtlcommandbuffer", "level_zero"),
    *("ur_result_error", "xpu error", "sycl", "no kernel image", "nvidia driver", "driver version"),
)


def ran_out_of_memory(error: BaseException) -> bool:
    """A full card raises torch.OutOfMemoryError; its libraries, the processor and other graphics a RuntimeError; the
    system an OSError where it maps a file.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError | OSError) and any(
        said in words for who in _NO_MEMORY.values() for said in who
    )


def is_device_fault(error: BaseException) -> bool:
    """Tell whether it is the device that failed, for another reason than a lack of memory."""
    words = str(error).lower()
    return isinstance(error, RuntimeError) and not ran_out_of_memory(error) and any(said in words for said in _STOPPED)


def why_unusable(error: BaseException) -> tuple[str, str] | None:
    """Say why a device computes nothing and what to do, in words that are part of a sentence; None where the error does
    not tell.
    """
    words = str(error).lower()
    return next(((why, remedy) for why, remedy, said in _UNUSABLE if any(part in words for part in said)), None)


def give_back_memory() -> None:
    """Give back what PyTorch keeps of freed graphics memory, and of memory that is not paged for it, so that it can be
    taken in other sizes.
    """
    with suppress(RuntimeError):  # of a card that has stopped
        for card in (torch.cuda, torch.xpu):
            if card.is_available():
                card.empty_cache()
                torch.accelerator.empty_host_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()
