"""The commands of `scheduler_manager.py`, a file each."""
