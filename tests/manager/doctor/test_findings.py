"""The lines that doctor prints."""

import re
from pathlib import Path

from include.language import speaking
from manager import doctor
from manager.doctor.examining import CHECKS
from manager.doctor.findings import WARN, Finding


def test_whatever_is_looked_at_has_a_name_in_chinese() -> None:
    """Each check says what it looks at, and the catalogue has it."""
    modules = Path(doctor.__file__).parent.glob("*.py")
    texts = [module.read_text("utf-8") for module in modules]
    said = [name for text in texts for name in re.findall(r'@looks_at\(N_\("([^"]+)"', text)]
    assert sorted(said) == sorted(CHECKS)
    with speaking("zh"):
        assert str(Finding(WARN, "x", about="contracts")) == "注意  契约：x"
        assert not [name for name in said if name in str(Finding(WARN, "", about=name))]
