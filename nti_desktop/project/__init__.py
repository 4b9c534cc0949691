"""The .nti sidecar: what a project says, and how it is read and written without ever losing it."""
