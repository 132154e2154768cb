"""Units, the smallest things that can land or fail, and which of them a job has in a period.

Nothing is imported here: a script's supervisor needs the exit codes, and starts without packages.
"""
