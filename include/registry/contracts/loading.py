"""Loads config/contracts.yaml: every valid contract and every problem, whatever the file holds."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from include.language import N_, _
from include.registry.contracts.fit import misfits
from include.registry.contracts.schema import Contract
from include.registry.entries import read_entries
from include.registry.paths import CONTRACTS_FILE
from include.registry.problems import BY_PLACE, costing_only, listed
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.validation import models_of
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from pathlib import Path

    from include.registry.entries import Entry
    from include.registry.problems import Problem
    from include.registry.registry import Registry

CLASH = N_(
    "id '{id}' is also in line {line}: neither is judged until one of them has another id, or is "
    "removed"
)
EMPTY = N_("write 'contracts: []' into it, or add a contract")


class Contracts(NamedTuple):
    """What config/contracts.yaml says.

    Attributes:
        by_id: the valid ones, in the file's order.
        problems: what is wrong in it.
        said: the ids of all of them, the invalid ones too, each with its line.
    """

    by_id: dict[str, Contract]
    problems: list[Problem]
    said: dict[str, int]

    def get(self, contract_id: str) -> Contract:
        """Return a contract.

        Raises:
            ConfigurationError: there is none, or what is wrong with it.
        """
        if contract_id in self.by_id:
            return self.by_id[contract_id]
        own = [problem for problem in self.problems if problem.job_id in (contract_id, None)]
        if own:
            raise ConfigurationError(listed(own))
        told = _(
            "contract {contract} is not in {file}: {near}",
            contract=quoted(contract_id), file=CONTRACTS_FILE,
            near=suggestion(contract_id, self.said) if self.said else _("add it there"),
        )  # fmt: skip
        raise ConfigurationError(told)

    def is_broken(self, contract_id: str) -> bool:
        """Return whether a contract is there, or may be, and its entry or the file is wrong."""
        if contract_id in self.by_id:
            return False
        return contract_id in self.said or any(one.job_id is None for one in self.problems)

    def naming(self, job_id: str) -> list[Contract]:
        """Return those that need a job."""
        return [contract for contract in self.by_id.values() if job_id in contract.jobs]


def load_contracts(root: Path = PROJECT_ROOT, registry: Registry | None = None) -> Contracts:
    """Read a project's contracts; what is wrong with one costs that contract alone.

    Args:
        root: the project root.
        registry: all of its jobs, which are held against those that contracts name; None where
            whether they fit does not matter yet.
    """
    if not (root / CONTRACTS_FILE).exists():  # a project without contracts needs no such file
        return Contracts({}, [], {})
    problems: list[Problem] = []
    try:
        raw = read_bytes(root, CONTRACTS_FILE)
    except UnreadableError as error:
        return Contracts({}, [error.problem], {})
    entries = read_entries(CONTRACTS_FILE, raw, "contracts", problems, EMPTY)
    said: dict[str, int] = {}
    for entry in entries:
        if entry.said_id:
            said.setdefault(entry.said_id, entry.line)
    made, rivals = models_of(entries, Contract, attrgetter("line"), CLASH, problems)
    valid = {
        contract.id: contract
        for entry, contract in made.items()
        if _fits(entry, contract, registry, problems) and entry not in rivals
    }
    problems.sort(key=BY_PLACE)
    return Contracts(valid, problems, said)


def _fits(
    entry: Entry, contract: Contract, registry: Registry | None, problems: list[Problem]
) -> bool:
    """Return whether a contract's jobs are there and fit; what is wrong is added to `problems`."""
    if registry is None:
        return True
    before = len(problems)
    with costing_only(CONTRACTS_FILE, entry.line, entry.said_id, problems):
        problems += [entry.problem(path, text) for path, text in misfits(contract, registry)]
    return len(problems) == before
