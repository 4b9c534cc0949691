"""The built-in model's world: captioned still lifes, drawn by a renderer. For training, tests and benchmarks."""
