"""Devices and their memory: forecasts, savings, precision."""
