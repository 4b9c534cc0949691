"""What a measurement gives."""

# For each way, or whatever else was measured: its figures by name. None where a figure has no meaning.
Answer = dict[str, dict[str, float | None]]
