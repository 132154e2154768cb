"""The lines that doctor prints."""

import re
from pathlib import Path

from include.language import speaking
from manager import doctor
from manager.doctor.findings import ABOUT, WARN, Finding


def test_whatever_is_looked_at_has_a_name_in_chinese() -> None:
    """Each word that a finding is about stands in the list, and the catalogue has it."""
    modules = Path(doctor.__file__).parent.glob("*.py")
    said = {
        name
        for module in modules
        for name in re.findall(r'Finding\(\s*\w+, "([^"]+)"', module.read_text("utf-8"))
    }
    assert "contracts" in said
    assert said <= set(ABOUT)
    with speaking("zh"):
        assert str(Finding(WARN, "contracts", "x")) == "注意  契约：x"
        assert not [name for name in ABOUT if name in str(Finding(WARN, name, ""))]
