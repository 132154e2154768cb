"""Feeds: HTTP JSON endpoints that config/feeds.yaml describes."""
