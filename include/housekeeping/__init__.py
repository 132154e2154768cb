"""What keeps an installation from growing for ever: old logs, old rows, free pages."""
