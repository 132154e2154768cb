"""Loads config/contracts.yaml: every valid contract and every problem, whatever the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.language import N_
from include.registry.contracts.fit import misfits
from include.registry.contracts.schema import Contract
from include.registry.entry_files import EntryFile
from include.registry.paths import CONTRACTS_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from include.registry.registry import Registry


class Contracts(EntryFile[Contract]):
    """What config/contracts.yaml says."""

    file, key = CONTRACTS_FILE, "contracts"
    if_empty = N_("write 'contracts: []' into it, or add a contract")
    clash = N_(
        "id '{id}' is also in line {line}: neither is judged until one of them has another id, or "
        "is removed"
    )
    absent = N_("contract {id} is not in {file}: {near}")

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
    if registry is None:
        return Contracts.load(root, Contract)
    return Contracts.load(root, Contract, lambda contract: misfits(contract, registry))
