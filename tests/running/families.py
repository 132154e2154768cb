"""Scripts with the worst of manners, for the tests that must end them to the last process."""

from __future__ import annotations

# Holds a lock that all its processes share, so that a script beside it would notice; starts a
# child, a grandchild and a daemon that has cut every tie (two forks, a session of its own).
FAMILY = """
import fcntl, os, signal, subprocess, sys, time
scratch = os.environ["SCRATCH"]
alone = os.open(scratch + "/alone", os.O_RDWR | os.O_CREAT)
try:
    fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit("OVERLAP: what another run started is still alive")
os.set_inheritable(alone, True)
if "QUICK" in os.environ:
    sys.exit(0)
if "STUBBORN" in os.environ:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-IS", "-c", "import time; time.sleep(600)"]
child = f"import subprocess; subprocess.run({sleep!r}, close_fds=False)"
subprocess.Popen([sys.executable, "-IS", "-c", child], close_fds=False)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        for fd in (0, 1, 2):
            os.close(fd)
        time.sleep(600)
    os._exit(0)
os.wait()
with open(scratch + "/ready.tmp", "w") as file:
    file.write(str(os.getpid()))
os.rename(scratch + "/ready.tmp", scratch + "/ready")
print("ready", flush=True)
if "LEAVE" in os.environ:
    sys.exit(0)
time.sleep(600)
"""

# Ignores every signal that can be ignored.
STUBBORN = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
open(os.environ["SCRATCH"] + "/ready", "w").close()
time.sleep(600)
"""

# Notices TERM and puts its things in order.
POLITE = """
import os, signal, sys, time
def leave(number, frame):
    print("put in order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
open(os.environ["SCRATCH"] + "/ready", "w").close()
time.sleep(600)
"""
