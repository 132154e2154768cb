"""Loads a file whose one list has entries with ids: every valid one, and every problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr

from include.errors import ConfigurationError
from include.language import _
from include.registry.entries import read_entries
from include.registry.problems import BY_PLACE, Problem, costing_only, listed
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.validation import models_of
from include.registry.yaml_positions import REMOVE
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from typing_extensions import Self


class FileEntry(BaseModel):
    """An entry of such a file, which knows where it stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: ClassVar[str]  # relative to the project root
    _line: int | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:
        """Remember the line that the entry begins at, where it is known."""
        self._line = context

    @property
    def place(self) -> str:
        """The file and line of its entry, for messages."""
        return f"{self.file}:{self._line}" if self._line else self.file


Model = TypeVar("Model", bound=FileEntry)


@dataclass(frozen=True)
class EntryFile(Generic[Model]):
    """What such a file says."""

    by_id: dict[str, Model] = field(default_factory=dict)  # the valid entries, in the file's order
    problems: list[Problem] = field(default_factory=list)  # what is wrong in it
    # The ids of all of them, the invalid ones too, each with its line
    said: dict[str, int] = field(default_factory=dict)

    # Relative to the project root; its list's name; what to do where it is empty; templates of
    # what is said where another entry has the same `{id}`, and where none has it.
    file: ClassVar[str]
    key: ClassVar[str]
    if_empty: ClassVar[str] = REMOVE
    clash: ClassVar[str]
    absent: ClassVar[str]

    def get(self, entry_id: str) -> Model:
        """Return an entry.

        Raises:
            ConfigurationError: there is none, or what is wrong with it.
        """
        if entry_id in self.by_id:
            return self.by_id[entry_id]
        own = [problem for problem in self.problems if problem.job_id in (entry_id, None)]
        raise ConfigurationError(listed(own) if own else self.unknown(entry_id))

    def unknown(self, entry_id: str) -> str:
        """Return a message that there is no such entry, and which there are."""
        near = suggestion(entry_id, self.said) if self.said else _("add it there")
        return _(self.absent, id=quoted(entry_id), file=self.file, near=near)

    @classmethod
    def load(
        cls,
        root: Path,
        model: type[Model],
        misfits: Callable[[Model], Iterable[tuple[tuple[int | str, ...], str]]] = lambda _: (),
    ) -> Self:
        """Read a project's file; what is wrong with one entry costs that entry alone.

        Args:
            root: the project root.
            model: what an entry should be.
            misfits: yields what else is wrong with one, each with the keys that lead to it.
        """
        if not (root / cls.file).exists():  # a project without such entries needs no such file
            return cls()
        try:
            raw = read_bytes(root, cls.file)
        except UnreadableError as error:
            return cls(problems=[error.problem])
        problems: list[Problem] = []
        entries = read_entries(cls.file, raw, cls.key, problems, cls.if_empty)
        said: dict[str, int] = {}
        for entry in entries:
            if entry.said_id:
                said.setdefault(entry.said_id, entry.line)
        made, rivals = models_of(entries, model, attrgetter("line"), cls.clash, problems)
        refused = {*rivals}
        for entry, one in made.items():
            before = len(problems)
            with costing_only(cls.file, entry.line, entry.said_id, problems):
                problems += [entry.problem(path, text) for path, text in misfits(one)]
            if len(problems) > before:
                refused.add(entry)
        valid = {str(entry.said_id): one for entry, one in made.items() if entry not in refused}
        problems.sort(key=BY_PLACE)
        return cls(valid, problems, said)
