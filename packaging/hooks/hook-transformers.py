"""transformers looks at its own source files to learn which classes lie where."""

module_collection_mode = "pyz+py"
