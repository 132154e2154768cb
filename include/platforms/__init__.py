"""The platforms: a folder each, with its dialect, its error codes and what is pulled."""
