"""拼多多's open platform."""
