"""`restore`: put a backup back where it was, whole, or ready to be done again."""

import filecmp
import shutil
from argparse import Namespace
from datetime import datetime, timezone
from pathlib import Path

from include.errors import ConfigurationError, ExpectedError, reason_of
from include.language import N_, _
from manager.alert_store import alert_store
from manager.backup.archive import ALERTS, BackupError, Entry, Manifest, unpack
from manager.journal import note, service_zone, user_name
from manager.layout import Layout
from manager.lifecycle.health import running
from manager.lifecycle.preparing import prepare_again
from manager.lifecycle.processes import service_processes

NEW, OLD = "restore.new", "restore.old"
PRIVATE = ("var/", "dumps/")
BESIDE = ("-wal", "-shm")  # what SQLite keeps beside a database; the next one must not read it
DONE, REFUSED = 0, 1
WAREHOUSE = "var/warehouse.db"
AGAIN = N_("run the same restore again: it ends what it began")


def restore(layout: Layout, arguments: Namespace) -> int:
    """Put a backup back.

    Returns:
        0, or 1 when it would overwrite something and `--yes` was not given.

    Raises:
        ConfigurationError: the service runs.
        BackupError: the file is none, or damaged; nothing was changed.
        ExpectedError: a file could not be written.
    """
    file = Path(arguments.file).expanduser()
    if not file.is_file():  # before the service is stopped for it
        raise BackupError(
            "{file} cannot be read: it is no file; name one that `backup` wrote", file=file
        )
    layout.make_var()
    with layout.lock():
        _check_stopped(layout)
        new = layout.var / NEW
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        try:
            manifest = unpack(file, new)
            _check_places(layout, manifest.entries)
            there = [entry for entry in manifest.entries if _differs(layout, entry)]
            if there and not arguments.yes:
                _refuse(layout, manifest, there)
                return REFUSED
            try:
                _put(layout, manifest.entries)
            except OSError as error:
                where, reason = error.filename or layout.shown(layout.root), reason_of(error)
                raise ExpectedError(
                    "{where}: {error}; {again}", where=where, error=reason, again=_(AGAIN)
                ) from error
            _note_stop(layout, manifest.entries)
            text = N_("restored from {name}, made at {made_at}")
            note(layout, _(text, name=file.name, made_at=manifest.made_at))
        finally:
            shutil.rmtree(new, ignore_errors=True)
    _tell(layout, file, manifest)
    return DONE


def _note_stop(layout: Layout, entries: list[Entry]) -> None:
    """Note in what is kept of alerts that the service is stopped: it ran when that was copied."""
    if any(entry.name == ALERTS for entry in entries):
        with alert_store(layout) as store:
            store.note_stop(user_name(), datetime.now(timezone.utc))


def check_whole(layout: Layout) -> None:
    """Raise ConfigurationError when a restore was interrupted, and so old and new lie mixed."""
    if (layout.var / OLD).exists():
        raise ConfigurationError(
            "a restore was interrupted: {again}. What was there before is in {var}",
            again=_(AGAIN),
            var=layout.shown(layout.var / OLD),
        )


def target_of(layout: Layout, name: str) -> Path:
    """Return where a file of a backup belongs."""
    top, _, rest = name.partition("/")
    if top == "var":
        return layout.var / rest
    return layout.var / "restored" / rest if top == "dumps" else layout.root / name


def _check_stopped(layout: Layout) -> None:
    if running(layout) or service_processes(layout):
        raise ConfigurationError(
            "the service runs, and would write into what is restored: run `{manager} stop`, "
            "then this command again"
        )


def _check_places(layout: Layout, entries: list[Entry]) -> None:
    """Refuse, before anything is changed, what cannot be put in its place."""
    for entry in entries:
        target = target_of(layout, entry.name)
        inside = [path for path in target.parents if path.is_relative_to(layout.root)]
        for path, is_in_the_way in (
            (target, target.is_dir()),
            *((folder, folder.exists() and not folder.is_dir()) for folder in inside),
        ):
            if is_in_the_way:
                text = N_(
                    "{path} is a file here and a folder in the backup: move it away first; nothing "
                    "was changed"
                )
                if path is target:
                    text = N_(
                        "{path} is a folder here and a file in the backup: move it away first; "
                        "nothing was changed"
                    )
                raise BackupError(text, path=layout.shown(path))


def _differs(layout: Layout, entry: Entry) -> bool:
    """Return whether something else than this is there already."""
    here, new = target_of(layout, entry.name), layout.var / NEW / entry.name
    if not here.exists():
        return False
    changes = any(here.with_name(here.name + end).exists() for end in BESIDE)
    return changes or not filecmp.cmp(here, new, shallow=False)


def _refuse(layout: Layout, manifest: Manifest, there: list[Entry]) -> None:
    print(
        _(
            "the backup was made at {made_at}; restoring it would overwrite:",
            made_at=manifest.made_at,
        )
    )
    for entry in there:
        path = target_of(layout, entry.name)
        changed = datetime.fromtimestamp(path.stat().st_mtime, service_zone(layout))
        print(
            _(
                "  {path}  (last changed {changed:%Y-%m-%d %H:%M:%S%z})",
                path=layout.shown(path),
                changed=changed,
            )
        )
    print(
        _("nothing was changed; add --yes to do it, and run `backup` first to keep what is there")
    )


def _put(layout: Layout, entries: list[Entry]) -> None:
    """Put every file in its place, the ones before aside; all can be done again from anywhere."""
    old = layout.var / OLD
    old.mkdir(mode=0o700, exist_ok=True)
    prepare_again(layout)  # older tables are brought up to date
    for entry in entries:
        target = target_of(layout, entry.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = [target.with_name(target.name + end) for end in BESIDE]
        for path in (target, *beside):
            _keep(path, old / f"{entry.name}{path.name[len(target.name) :]}")
        for path in beside:
            path.unlink(missing_ok=True)
        shared = not entry.name.startswith(PRIVATE)
        new = layout.var / NEW / entry.name
        new.chmod((0o755 if entry.executable else 0o644) if shared else 0o600)
        _move(new, target)
    shutil.rmtree(old)


def _keep(path: Path, aside: Path) -> None:
    """Keep what was there; what an interrupted restore has put there is not what was."""
    if not path.exists() or aside.exists():
        return
    aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = aside.with_name(f"{aside.name}.draft")
    shutil.copy2(path, draft)
    draft.replace(aside)


def _move(source: Path, target: Path) -> None:
    """Replace a file in one step, also from another disk."""
    draft = target.with_name(f".{target.name}.restoring")
    draft.unlink(missing_ok=True)
    shutil.move(source, draft)
    draft.replace(target)


def _tell(layout: Layout, file: Path, manifest: Manifest) -> None:
    """Print what was done, and what is left to do."""
    print(
        _(
            "restored {count} files of {file}, made at {made_at}",
            count=len(manifest.entries),
            file=file,
            made_at=manifest.made_at,
        )
    )
    for entry in manifest.entries:
        if entry.name.startswith("dumps/"):
            dump = layout.shown(target_of(layout, entry.name))
            load = (
                "pg_restore --clean --if-exists" if entry.name.endswith("postgresql") else "mysql"
            )
            print(
                _(
                    "{dump} is the dump of a database on a server: load it there with `{load}`",
                    dump=dump,
                    load=load,
                )
            )
    if manifest.warehouse and any(entry.name == WAREHOUSE for entry in manifest.entries):
        print(
            _(
                "the warehouse was {warehouse}; it is {new} now: move it there, or edit "
                "the connection 'warehouse'",
                warehouse=manifest.warehouse,
                new=layout.shown(layout.warehouse),
            )
        )
    for sentence in manifest.missing:
        print(_("the backup did not have everything: {sentence}", sentence=sentence))
    print(_("`{manager} start` brings older tables up to date, and goes on"))
