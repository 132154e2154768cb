"""Which version a warehouse's tables have, read without Alembic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from include.errors import ConfigurationError
from include.language import speaking
from include.warehouse import connect, migrating
from include.warehouse.migrating import migrate
from include.warehouse.versions import known_versions, newest_version, opened, version_of

if TYPE_CHECKING:
    from pathlib import Path


def test_the_files_names_say_what_alembic_says() -> None:
    """Every migration, in its order; the last one is what a warehouse is brought to."""
    migrations = ScriptDirectory.from_config(migrating._config())
    in_order = [revision.revision for revision in migrations.walk_revisions()]
    assert known_versions() == in_order[::-1]
    assert newest_version() == migrations.get_current_head()


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "has no tables of this project: `python3 scheduler_manager.py migrate` brings"),
        ("0003", "has tables of version 0003, and this project needs"),
        ("9999", "is of version 9999.*newer code has made its tables: update the project"),
    ],
)
def test_other_tables_than_the_codes_are_not_opened(
    tmp_path: Path, version: str | None, said: str
) -> None:
    """Older, newer or none: the message says what they are and which command repairs it."""
    url = f"sqlite:///{tmp_path}/warehouse.db"
    (tmp_path / "warehouse.db").touch()
    engine = connect(url)
    with engine.begin() as connection:
        if version:
            connection.execute(text("CREATE TABLE warehouse_version (version_num TEXT)"))
            connection.execute(text("INSERT INTO warehouse_version VALUES (:v)"), {"v": version})
        assert version_of(connection) == version
    with pytest.raises(ConfigurationError, match=said):
        opened(url)


def test_the_newest_is_opened(tmp_path: Path) -> None:
    """As `migrate` leaves it."""
    url = f"sqlite:///{tmp_path}/warehouse.db"
    migrate(url)
    with opened(url).connect() as connection:
        assert version_of(connection) == newest_version()


def test_a_chinese_reader_sees_the_version_and_the_repair_in_chinese(tmp_path: Path) -> None:
    """The command stays as it is."""
    (tmp_path / "warehouse.db").touch()
    said = "中没有本项目的表：请用 `python3 scheduler_manager.py migrate` 更新"
    with speaking("zh"), pytest.raises(ConfigurationError, match=said):
        opened(f"sqlite:///{tmp_path}/warehouse.db")
