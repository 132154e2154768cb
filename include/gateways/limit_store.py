"""The file in which all who share a rate limit write down their calls.

It begins with two heads that are written in turn; the newest that is whole says where, in the rest
of the file, the state is. A writer puts a new state beside the one that counts, and then the head
that names it over the older head. So a writer that is killed, at any instant, leaves the state
before or the state after, and there is nothing to repair. Checksums tell what is whole.

What was written can still be lost: the file is cut off or written over, or removed while it is in
use. Who holds a removed one takes what it said to the new one. Where there is a file, and nobody
can say what it said, nobody may call for a while; one that has never been there says that nobody
has called.
"""

from __future__ import annotations

import errno
import fcntl
import math
import os
import weakref
from array import array
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from struct import Struct
from threading import Lock
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakValueDictionary
from zlib import crc32

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"limits 3"
# Magic, generation, where the state is, the bytes of its three parts, their checksum, alive_until,
# paced_until, shut_until; then the head's own checksum.
HEAD = Struct("=8sQQIIIIddd")
CHECKSUM = Struct("=I")
HEAD_ROOM = 72
FIRST_PLACE = 2 * HEAD_ROOM
# The heads, and most states.
READ_AT_ONCE = 4096
TICKET_BYTES = 8
RECORD = Struct(f"={TICKET_BYTES}sd")


class Records(bytearray):
    """Tickets of those who call or wait, each with a moment; packed, as the file has them."""

    __slots__ = ()

    def ahead_of(self, ticket: bytes) -> int:
        """Return how many are before a ticket; all, when it is not there."""
        place = self.find(ticket)
        return (len(self) if place < 0 else place) // RECORD.size

    def put(self, ticket: bytes, moment: float) -> None:
        """Set the moment of a ticket, which comes to the end if it is not there."""
        place = self.ahead_of(ticket) * RECORD.size
        self[place : place + RECORD.size] = RECORD.pack(ticket, moment)

    def drop(self, ticket: bytes) -> None:
        """Remove a ticket, if it is there."""
        place = self.ahead_of(ticket) * RECORD.size
        del self[place : place + RECORD.size]

    def moment(self, number: int) -> float:
        """Return the moment of the first (0) or the last (-1) ticket."""
        return float(RECORD.unpack_from(self, number * RECORD.size)[1])

    def moments(self) -> list[float]:
        """Return the moments, in the order of their tickets."""
        return [moment for _, moment in RECORD.iter_unpack(self)]

    def keep(self, after: float, until: float) -> None:
        """Remove all but those whose moment is later than one and not later than another."""
        kept = [one for one in RECORD.iter_unpack(self) if after < one[1] <= until]
        self[:] = b"".join(RECORD.pack(*one) for one in kept)

    def merge(self, others: Records) -> None:
        """Add those of another, by their moments."""
        both = [*RECORD.iter_unpack(others), *RECORD.iter_unpack(self)]
        self[:] = b"".join(RECORD.pack(*one) for one in sorted(both, key=itemgetter(1)))


@dataclass
class State:
    """What the file says; moments are seconds of the machine's monotonic clock.

    Attributes:
        ended: when calls ended, in order.
        running: the calls that have not, with when each was sent; in that order.
        queue: those who wait, with when each is taken for dead; in order of arrival.
        alive_until: before that moment nobody in the queue is taken for dead.
        paced_until: when the last turn came, had all come evenly.
        shut_until: before that moment nobody calls, as nobody knows what was called before;
            infinite until somebody has said for how long.
    """

    ended: array[float] = field(default_factory=lambda: array("d"))
    running: Records = field(default_factory=Records)
    queue: Records = field(default_factory=Records)
    alive_until: float = 0.0
    paced_until: float = 0.0
    shut_until: float = 0.0

    def take_over(self, before: State) -> None:
        """Add what a file said that others have held before this one."""
        self.ended[:] = array("d", sorted(before.ended + self.ended))
        self.running.merge(before.running)
        self.queue[:0] = before.queue
        self.alive_until = min(before.alive_until, self.alive_until)
        self.paced_until = max(before.paced_until, self.paced_until)
        self.shut_until = max(before.shut_until, self.shut_until)


@dataclass(frozen=True)
class _Stored:
    """Which state counts, and where it is: what the next one must leave alone."""

    generation: int = 0
    place: int = FIRST_PLACE
    size: int = 0
    heads: bytes = bytes(FIRST_PLACE)

    def place_for(self, size: int) -> int:
        """Return where the next state goes: before this one if it fits there, else behind it."""
        return FIRST_PLACE if FIRST_PLACE + size <= self.place else self.place + self.size


class LimitFile:
    """The file at a path, made when it is needed; it is locked while somebody holds it.

    It stays open. A process that was forked opens it anew, as the lock belongs to what was opened.
    """

    _open_ones: ClassVar[WeakValueDictionary[Path, LimitFile]] = WeakValueDictionary()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = Lock()
        self._descriptor = -1
        self._process = -1
        self._close = weakref.finalize(self, int)
        self._known: tuple[State, _Stored] | None = None

    @classmethod
    def at(cls, path: Path) -> LimitFile:
        """Return the one that this process has for a path."""
        return cls._open_ones.setdefault(path, cls(path))

    @contextmanager
    def held(self) -> Iterator[State]:
        """Hold the file: read it, let the caller change the state, write that.

        Raises:
            ConfigurationError: the file cannot be read or written.
        """
        try:
            with self._mutex:
                self._lock()
                try:
                    known, self._known = self._known, None
                    state, stored = _read(self._descriptor, known)
                    yield state
                    self._known = state, _write(self._descriptor, state, stored)
                finally:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        except OSError as error:
            raise ConfigurationError(
                f"rate limits cannot be kept in {self.path}: {error.strerror or error}; "
                "make its folder writable, or set SCHEDULER_VAR to one that is"
            ) from error

    def _lock(self) -> None:
        if self._process != os.getpid():
            self._use(self._opened())
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        while not os.fstat(self._descriptor).st_nlink:  # removed: others hold a new one
            self._move()

    def _move(self) -> None:
        """Hold the new file instead of a removed one, and bring what that one says.

        It says nothing from then on, so that only the first of those who hold it brings something.
        Killed before that, the first leaves it to be brought twice: too careful, for a while.
        """
        removed, known = self._descriptor, self._known
        with ExitStack() as undoing:
            undoing.callback(fcntl.flock, removed, fcntl.LOCK_UN)
            new = self._opened()
            undoing.callback(os.close, new)
            fcntl.flock(new, fcntl.LOCK_EX)
            before, place = _read(removed, known)
            state, stored = _read(new, None)
            state.take_over(before)
            _write(new, state, stored)
            _write(removed, State(), place)
            undoing.pop_all()
        self._use(new)

    def _opened(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)

    def _use(self, descriptor: int) -> None:
        """Close what was open, and so unlock it."""
        self._close()
        self._known = None
        self._descriptor, self._process = descriptor, os.getpid()
        self._close = weakref.finalize(self, partial(os.close, descriptor))


def _read(descriptor: int, known: tuple[State, _Stored] | None) -> tuple[State, _Stored]:
    """Return the state that counts; `known` is what this process has written last."""
    start = os.pread(descriptor, READ_AT_ONCE, 0)
    if known and known[1].heads == start[:FIRST_PLACE]:
        return known
    if start:
        start = start.ljust(FIRST_PLACE, b"\0")
        first, second = HEAD.unpack_from(start), HEAD.unpack_from(start, HEAD_ROOM)
        newest_first = (0, HEAD_ROOM) if first[1] > second[1] else (HEAD_ROOM, 0)
        for room in newest_first:
            if found := _state_of(descriptor, start, room):
                return found
    if start or known:  # there was something, and now nobody knows what
        return State(shut_until=math.inf), _Stored()
    return State(), _Stored()


def _state_of(descriptor: int, start: bytes, room: int) -> tuple[State, _Stored] | None:
    """Return the state that the head in a room names, if that head is whole.

    A head is written after its state. So one that is not whole was being written, and the other one
    counts; of one that is whole, the state is there, or something else has damaged the file.
    """
    magic, generation, place, *sizes, checksum, alive, paced, shut = HEAD.unpack_from(start, room)
    own = CHECKSUM.unpack_from(start, room + HEAD.size)
    if magic != MAGIC or own != (crc32(start[room : room + HEAD.size]),):
        return None
    size = sum(sizes)
    is_here = place + size <= len(start)
    parts = start[place : place + size] if is_here else os.pread(descriptor, size, place)
    if crc32(parts) != checksum:
        return State(shut_until=math.inf), _Stored(generation, heads=start[:FIRST_PLACE])
    ended, running, _ = sizes
    state = State(
        array("d", parts[:ended]),
        Records(parts[ended : ended + running]),
        Records(parts[ended + running :]),
        alive,
        paced,
        shut,
    )
    return state, _Stored(generation, place, size, start[:FIRST_PLACE])


def _write(descriptor: int, state: State, stored: _Stored) -> _Stored:
    parts = b"".join((state.ended, state.running, state.queue))
    sizes = state.ended.itemsize * len(state.ended), len(state.running), len(state.queue)
    generation, place = stored.generation + 1, stored.place_for(len(parts))
    moments = state.alive_until, state.paced_until, state.shut_until
    head = HEAD.pack(MAGIC, generation, place, *sizes, crc32(parts), *moments)
    head = (head + CHECKSUM.pack(crc32(head))).ljust(HEAD_ROOM, b"\0")
    room = generation % 2 * HEAD_ROOM
    _put(descriptor, parts, place)
    _put(descriptor, head, room)
    heads = stored.heads[:room] + head + stored.heads[room + HEAD_ROOM :]
    return _Stored(generation, place, len(parts), heads)


def _put(descriptor: int, content: bytes, place: int) -> None:
    if os.pwrite(descriptor, content, place) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
