"""anyio reads its own source to import its parts on demand."""

module_collection_mode = "pyz+py"
