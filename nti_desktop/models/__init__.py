"""Which models exist, and the samples that go with the built-in one."""
