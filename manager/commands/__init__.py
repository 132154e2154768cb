"""The commands of `scheduler_manager.py`, a file each, in the order in which `--help` lists them.

`--help` and mistakes are answered before anything is installed. So these files import only what
needs no package, and the rest in the functions that use it.
"""

from manager.commands import (
    airflow,
    backup,
    check,
    connect,
    demo,
    docker_env,
    doctor,
    gaps,
    logs,
    migrate,
    pause,
    repair,
    report,
    restart,
    restore,
    rotate,
    run,
    start,
    status,
    stop,
    test,
    trigger,
    waive,
)

COMMANDS = {
    "demo": demo.COMMAND,
    "start": start.COMMAND,
    "stop": stop.COMMAND,
    "restart": restart.COMMAND,
    "status": status.COMMAND,
    "logs": logs.COMMAND,
    "trigger": trigger.COMMAND,
    "repair": repair.COMMAND,
    "pause": pause.PAUSE,
    "resume": pause.RESUME,
    "check": check.COMMAND,
    "run": run.COMMAND,
    "gaps": gaps.COMMAND,
    "waive": waive.WAIVE,
    "unwaive": waive.UNWAIVE,
    "report": report.COMMAND,
    "doctor": doctor.COMMAND,
    "connect": connect.COMMAND,
    "migrate": migrate.COMMAND,
    "backup": backup.COMMAND,
    "restore": restore.COMMAND,
    "rotate": rotate.COMMAND,
    "test": test.COMMAND,
    "airflow": airflow.COMMAND,
    "docker-env": docker_env.COMMAND,
}
