"""Reading an old scheduler's own configuration, and bringing its jobs here."""
