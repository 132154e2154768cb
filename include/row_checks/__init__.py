"""What an entry's `checks` say of what landed: bounds, the rows of a table, the judgement.

Every way in ends in it: the runner judges what each attempt's period has landed.
"""

from include.row_checks.bounds import summary
from include.row_checks.judging import Judgement, judge

__all__ = ["Judgement", "judge", "summary"]
