"""Alerts: what is wrong now against what was said, and the channels that it is said on."""
