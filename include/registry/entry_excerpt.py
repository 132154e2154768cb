"""Cuts one entry out of a file's text, so that a starting task need not parse its neighbours."""

from __future__ import annotations

import re


def alone(raw: bytes, job_id: str) -> bytes:
    """Return a file's text with no entry but one, which keeps its line number.

    A line that begins with the list's own indent and dash cannot be inside of an entry, whatever
    the entry holds: all that belongs to it is indented further. A file that is not written with
    the id first, on a line of its own, is returned whole, and so is one that has the id twice.

    Args:
        raw: what a file of config/tasks/ holds.
        job_id: of the entry.
    """
    name = re.escape(job_id.encode())
    line = re.compile(rb"^( *)(- +)id: +%s *\r?$" % name, re.MULTILINE)
    # Inside of another entry's text such a line is indented further.
    found = min(line.finditer(raw), key=lambda match: len(match[1]), default=None)
    if found is None:
        return raw
    keys = len(found[1] + found[2])  # the column of the entries' keys
    said = rb"^ {0,%d}(?! ).*\bid[\"']?\s*:\s*[\"']?%s(?![a-z0-9_])" % (keys, name)
    if len(re.findall(said, raw, re.MULTILINE)) > 1:
        return raw
    dash = re.compile(rb"^%s- " % found[1], re.MULTILINE)
    first = dash.search(raw)
    following = dash.search(raw, found.end())
    head = raw[: first.start() if first else 0]
    blank = b"\n" * raw.count(b"\n", len(head), found.start())
    return head + blank + raw[found.start() : following.start() if following else len(raw)]
