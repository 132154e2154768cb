"""The code of the store-data scheduler; see the README for what it does."""
