"""What is wrong with an installation, and what repairs it: a module per concern."""
