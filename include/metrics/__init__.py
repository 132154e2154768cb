"""What monitoring is told: one set of figures, for a scrape and for a textfile collector."""
