"""What a DAG and a script need; nothing here knows the manager, the sandbox or the DAG files."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
