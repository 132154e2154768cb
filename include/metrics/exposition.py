"""Prometheus's text format, version 0.0.4; all that we tell are gauges."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OF_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
OF_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Exposition:
    """Collects samples, and writes them family by family.

    Args:
        helps: what each metric tells, in the order in which they are written.
    """

    def __init__(self, helps: Mapping[str, str]) -> None:
        self._helps = helps
        self._samples: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)

    def add(self, metric: str, value: float, **labels: str) -> None:
        """Add a sample, in place of one with the same labels."""
        if metric not in self._helps:
            raise KeyError(metric)
        self._samples[metric][tuple(labels.items())] = value

    def text(self) -> str:
        """Return the page; metrics without a sample are left out."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for metric, said in self._helps.items():
            if metric in self._samples:
                yield f"# HELP {metric} {said.translate(OF_HELP)}"
                yield f"# TYPE {metric} gauge"
                for labels, value in self._samples[metric].items():
                    pairs = ",".join(f'{name}="{it.translate(OF_LABEL)}"' for name, it in labels)
                    yield (
                        f"{metric}{{{pairs}}} {_number(value)}"
                        if pairs
                        else (f"{metric} {_number(value)}")
                    )


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(value)
