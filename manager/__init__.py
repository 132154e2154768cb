"""The commands behind `scheduler_manager.py`: install, start, watch, stop and run."""
