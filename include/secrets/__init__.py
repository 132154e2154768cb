"""Secrets: how they may look, which values they have, and keeping them out of what is shown."""
