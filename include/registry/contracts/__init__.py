"""The contracts (config/contracts.yaml): when a period is complete for those who read it."""

from include.registry.contracts.loading import Contracts, load_contracts
from include.registry.contracts.schema import Contract
from include.registry.paths import CONTRACTS_FILE

__all__ = ["CONTRACTS_FILE", "Contract", "Contracts", "load_contracts"]
