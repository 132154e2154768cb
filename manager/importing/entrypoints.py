"""Whether a function that the old scheduler calls is what its file does when it is run."""

import ast
import warnings
from pathlib import Path
from typing import Any

from include.errors import ExpectedError
from manager.importing.source_text import read_text


def script_of(folder: str, entrypoint: Any) -> str | None:
    """Return the file of a function, where running the file calls the function; else None.

    Args:
        folder: what the file's path is relative to.
        entrypoint: `flows/orders.py:orders`, or whatever stands in its place.
    """
    file, _colon, function = str(entrypoint or "").rpartition(":")
    path = Path(folder, file)
    if not file or not path.is_absolute() or not calls_itself(path, function):
        return None
    return str(path)


def calls_itself(file: Path, function: str) -> bool:
    """Return whether a Python file, when it is run, calls one of its functions without arguments.

    The file is read, and not run.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(read_text(file).text)
    except (ExpectedError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == function
        and not call.args
        and not call.keywords
        for block in tree.body
        if isinstance(block, ast.If) and "__main__" in ast.unparse(block.test)
        for call in ast.walk(block)
    )
