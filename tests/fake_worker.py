"""A worker that speaks as `dmm.runs.worker` does and trains nothing; `python -S tests/fake_worker.py HOW`.

obedient   goes on with a run until it is told to end
brief      is done with each run at once
deaf       hears no orders
dying      ends with status 3 as soon as it has a run
late       ends a turn that must yield only when another line comes in
stillborn  ends before it is ready
noisy      says things that nobody can understand, else obedient
"""

import json
import os
import sys
import time

STATES = {"pause": "paused", "cancel": "cancelled", "yield": "queued", "interrupt": "interrupted"}


def main(how):
    if how == "stillborn":
        sys.exit(3)
    if how == "noisy":
        print("\n[]\n7\nhello\n{", flush=True)
    say({"ready": os.getpid()})
    run = None
    for line in sys.stdin:
        message = json.loads(line)
        if "run" in message:
            run = begin(message, how)
        elif run:
            run = hear(run, message, how)
    if run:
        end(run, "interrupted")


def begin(message, how):
    """The run that is under way then."""
    run = message["run"]
    note(run, "begin")
    write(run, "running")
    if how == "dying":
        os._exit(3)
    return end(run, "done") if how == "brief" or message["steps"] else run


def hear(run, message, how):
    """As `begin`."""
    note(run, json.dumps(message))
    if how == "deaf" or "order" not in message:
        return run
    if how == "late" and message["order"] == "yield":
        note(run, sys.stdin.readline().strip())
    return end(run, STATES[message["order"]])


def end(run, state):
    write(run, state)
    say({"ended": state})


def write(run, state):
    """Replace the state of a run, if its folder is still there."""
    try:
        with open(f"{run}/status.json") as file:
            status = json.load(file)
        status |= {"state": state, "pid": os.getpid(), "heartbeat": time.time()}
        with open(f"{run}/.status.tmp", "w") as file:
            json.dump(status, file)
        os.replace(f"{run}/.status.tmp", f"{run}/status.json")
    except (OSError, ValueError):
        pass


def note(run, what):
    """Write down what came in, for the test."""
    with open(f"{os.path.dirname(run)}/heard.txt", "a") as file:
        file.write(f"{os.path.basename(run)} {what}\n")


def say(message):
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
