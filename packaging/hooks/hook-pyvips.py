"""pyvips: the compiled binding to the libvips of pyvips-binary."""

hiddenimports = ["_libvips", "_cffi_backend"]
