"""One file that holds an installation: written while it runs, and put back where it was."""
