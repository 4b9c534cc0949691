"""torch for the CPU: its libraries less those of its own tests, and the helper program that it insists on finding."""

from pathlib import Path

from PyInstaller.utils.hooks import collect_dynamic_libs, get_module_file_attribute

_TESTS = ("aoti_custom_ops", "backend_with_compiler", "jitbackend_test", "torchbind_test")

binaries = [
    (source, folder)
    for source, folder in collect_dynamic_libs("torch", search_patterns=["*.so", "*.so.*", "*.dll"])
    if Path(folder).parts == ("torch", "lib") and not any(test in source for test in _TESTS)
]
_helper = Path(get_module_file_attribute("torch")).parent / "bin" / "torch_shm_manager"
if _helper.exists():
    binaries.append((str(_helper), "torch/bin"))
hiddenimports = [*(f"torch._dynamo.polyfills.{name}" for name in ("copy", "fx", "tensor")), "torch.onnx.operators"]
module_collection_mode = "pyz+py"  # parts of torch read their own source
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]
