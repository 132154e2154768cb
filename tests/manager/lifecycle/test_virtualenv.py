"""Making `.venv` and keeping it in step with the pinned requirements."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from include import PROJECT_ROOT
from include.errors import ExpectedError
from manager.layout import Layout
from manager.lifecycle.virtualenv import CLUSTER, DEVELOPMENT, REQUIREMENTS, ensure, stamp, usable

ENSURE = """
import sys
from pathlib import Path
from manager.lifecycle.virtualenv import ensure
from manager.layout import Layout
root = Path(sys.argv[1])
ensure(Layout(root=root, var=root / "var"))
"""


def make_wheel(folder: Path, name: str, version: str) -> str:
    """Make the smallest installable package; return the pinned line that installs it."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        file.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{name} @ file://{wheel} --hash=sha256:{digest}\n"


def version_of(layout: Layout, name: str = "tiny") -> str:
    """Ask the environment's Python for the package that it has."""
    code = f"import {name}; print({name}.VERSION)"
    done = subprocess.run(
        [layout.python, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Return a checkout whose requirements were installed once."""
    root = tmp_path_factory.mktemp("checkout")
    layout = Layout(root=root, var=root / "var")
    (root / REQUIREMENTS).write_text(make_wheel(root, "tiny", "1.0"))
    before = os.umask(0)
    try:
        ensure(layout)
        assert os.umask(0) == 0
    finally:
        os.umask(before)
    return layout


def test_no_other_user_can_write_what_is_installed(layout: Layout) -> None:
    """Whatever the umask is: who can write there, runs programs as this user."""
    paths = [layout.venv, *layout.venv.rglob("*")]
    assert len(paths) > 100
    assert [path for path in paths if not path.is_symlink() and path.stat().st_mode & 0o022] == []


def test_a_fresh_checkout_gets_its_packages(layout: Layout) -> None:
    """`.venv` is made with what is pinned, and stamped."""
    assert version_of(layout) == "1.0"
    assert usable(layout)
    assert stamp(layout, layout.root / REQUIREMENTS).exists()


def test_nothing_changed_costs_nothing(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the stamp in place not even pip is asked: no program is started."""
    monkeypatch.setattr("subprocess.Popen", None)
    ensure(layout)


def test_development_requirements_come_on_top(layout: Layout) -> None:
    """The tests' packages are installed when they are asked for, with stamps of their own."""
    (layout.root / CLUSTER).write_text(make_wheel(layout.root, "more", "4.0"))
    (layout.root / DEVELOPMENT).write_text(make_wheel(layout.root, "extra", "3.0"))
    ensure(layout)
    assert not stamp(layout, layout.root / DEVELOPMENT).exists()
    ensure(layout, development=True)
    installed = [version_of(layout, name) for name in ("extra", "more", "tiny")]
    assert installed == ["3.0", "4.0", "1.0"]


def test_a_long_lock_is_installed_by_several_at_once(
    layout: Layout, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every package is there, and nothing of the parts is left; if one is refused, all fails."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    names = [f"many{number}" for number in range(20)]
    lock = layout.root / DEVELOPMENT
    lock.write_text("".join(make_wheel(layout.root, name, "1.0") for name in names))
    (layout.root / CLUSTER).write_text(make_wheel(layout.root, "more", "4.0"))
    ensure(layout, development=True)
    assert {version_of(layout, name) for name in names} == {"1.0"}
    assert list(layout.venv.glob(".part-*")) == []
    assert capfd.readouterr().out.count(f"installing the packages of {DEVELOPMENT}") == 1
    lock.write_text(lock.read_text()[:-5] + "0000\n")
    with pytest.raises(ExpectedError, match="DO NOT MATCH THE HASHES"):
        ensure(layout, development=True)
    assert not stamp(layout, lock).exists()
    (layout.venv / ".installing").unlink()


def test_a_changed_lock_is_installed(layout: Layout) -> None:
    """After the requirements changed the old stamp is gone and the new version there."""
    old = stamp(layout, layout.root / REQUIREMENTS)
    (layout.root / REQUIREMENTS).write_text(make_wheel(layout.root, "tiny", "2.0"))
    ensure(layout)
    assert version_of(layout) == "2.0"
    assert not old.exists()


def test_a_failure_shows_why_and_leaves_no_stamp(
    layout: Layout, capfd: pytest.CaptureFixture[str]
) -> None:
    """A package that is not what was pinned is refused, in pip's words, with the log's place."""
    good = (layout.root / REQUIREMENTS).read_text()
    (layout.root / REQUIREMENTS).write_text(good[:-5] + "0000\n")
    with pytest.raises(ExpectedError) as caught:
        ensure(layout)
    said = str(caught.value)
    assert "DO NOT MATCH THE HASHES" in said
    assert "var/logs/install.log" in said
    assert "failed" in capfd.readouterr().out
    assert not stamp(layout, layout.root / REQUIREMENTS).exists()
    (layout.root / REQUIREMENTS).write_text(good)


def test_an_interrupted_install_is_begun_again(layout: Layout) -> None:
    """A mark without its end means that nothing in `.venv` can be trusted."""
    half_copied = next(layout.venv.glob("lib/python*/site-packages")) / "half_copied.py"
    half_copied.touch()
    for path in layout.venv.glob(".requirements-*"):
        path.unlink()
    (layout.venv / ".installing").touch()
    ensure(layout)
    assert not half_copied.exists()
    assert not (layout.venv / ".installing").exists()
    assert version_of(layout) == "2.0"


def test_two_at_once_install_once(layout: Layout) -> None:
    """Of two commands started together one installs, and the other waits for it."""
    stamp(layout, layout.root / REQUIREMENTS).unlink()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ENSURE, layout.root],
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("installing" in text for text in said) == 1


def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    """Debian's Python without python3-venv is told the package's name."""
    (tmp_path / REQUIREMENTS).write_text(make_wheel(tmp_path, "tiny", "1.0"))
    hidden = "import sys; sys.modules['ensurepip'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", hidden + ENSURE, tmp_path],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"sudo apt install python{version}-venv" in done.stderr
