"""京东's open platform (JOS)."""
