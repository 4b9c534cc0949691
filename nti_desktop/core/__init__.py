"""The ground floor, plain Python: errors, cancel and progress, units, resources, and how a file is written."""
