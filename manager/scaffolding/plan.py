"""What is to be made, worked out as a whole before the first file is written."""

import ast
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import yaml

from include.errors import ConfigurationError, reason_of
from include.foreign_errors import explained
from manager.scaffolding.edits import with_sorted_imports

TEMPLATES = Path(__file__).parent / "templates"
PARTS = TEMPLATES / "platform_parts"
END = ".tmpl"
NAME = re.compile(r"@(\w+)@")
CONFIG = "config/"


@dataclass
class Plan:
    """New files and changed ones, none of them written yet.

    Attributes:
        root: the project.
        values: what stands for each `@name@` of the templates.
        made: new files, by path.
        changed: files with something added, by path.
    """

    root: Path
    values: Mapping[str, str]
    made: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """Return a template's text with the values."""
        return NAME.sub(lambda found: self.values[found[1]], text)

    def part(self, name: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
        """Return what is added to a file that is there; `more`: further values."""
        text = (PARTS / f"{name}{END}").read_text("utf-8")
        return Plan(self.root, {**self.values, **more}).fill(text)

    def make(self, folder: str) -> None:
        """Plan a file for each template of a folder.

        Raises:
            ConfigurationError: one of them is there already.
        """
        start = TEMPLATES / folder
        for template in sorted(start.rglob(f"*{END}")):
            path = self.fill(str(template.relative_to(start)).removesuffix(END))
            if (self.root / path).exists():
                raise ConfigurationError(
                    "{path} is there already, and nothing is written over it: take another id, "
                    "or move it away",
                    path=path,
                )
            self.made[path] = with_sorted_imports(self.fill(template.read_text("utf-8")))

    def change(self, path: str, change: Callable[[str], str]) -> None:
        """Plan a change of a file.

        Raises:
            ConfigurationError: it is not there.
        """
        if path not in self.changed:
            try:
                self.changed[path] = (self.root / path).read_text("utf-8")
            except OSError as error:
                raise ConfigurationError(
                    "{path} cannot be read: {reason}", path=path, reason=reason_of(error)
                ) from None
        self.changed[path] = change(self.changed[path])

    def write(self) -> None:
        """Write all of it; what is read while the service runs comes last.

        Raises:
            ConfigurationError: what would be written could not be read again.
        """
        for path, text in {**self.made, **self.changed}.items():
            _check_readable(path, text)
        late = [path for path in self.made if path.startswith(CONFIG)]
        for path in self.made:
            if path not in late:
                _write_new(self.root / path, self.made[path])
        for path, text in self.changed.items():
            draft = self.root / f"{path}.new"
            draft.write_text(text, "utf-8")
            draft.chmod((self.root / path).stat().st_mode)
            draft.replace(self.root / path)
        for path in late:
            _write_new(self.root / path, self.made[path])


def _check_readable(path: str, text: str) -> None:
    readers: dict[str, Callable[[str], object]] = {
        ".py": ast.parse,
        ".json": json.loads,
        ".yaml": yaml.safe_load,
    }
    try:
        readers[Path(path).suffix](text)
    except (ValueError, SyntaxError, yaml.YAMLError) as error:
        raise ConfigurationError(
            "{path} could not be read with what is to be added ({error}): nothing was written",
            path=path,
            error=explained(error),
        ) from None


def _write_new(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
