"""What processes take of memory and processor, from Linux's `/proc`; on other systems every answer is None."""

import os
import platform
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def resident(pid: int) -> float | None:
    """Memory of a process in MB, with all that it shares with others."""
    return _megabytes(pid, ("VmRSS",), "status")


def own(pid: int) -> float | None:
    """Memory in MB that would be free if this process ended."""
    return _megabytes(pid, ("Private_Clean", "Private_Dirty"), "smaps_rollup")


def busy(pid: int) -> float | None:
    """Seconds of processor time that a process has taken, in its own code and in the kernel."""
    with suppress(OSError):
        return sum(map(int, _after_name(pid)[11:13])) / os.sysconf("SC_CLK_TCK")
    return None


def busy_children(pid: int) -> float | None:
    """Seconds of processor time of all processes that this one has started, those that have ended included."""
    with suppress(OSError):
        ended = sum(map(int, _after_name(pid)[13:15])) / os.sysconf("SC_CLK_TCK")
        return ended + sum(busy(one) or 0.0 for one in children(pid))
    return None


def children(pid: int) -> list[int]:
    """The processes that this one has started and that live, and those that they have."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            state, parent = _after_name(int(folder.name))[:2]
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def is_alive(pid: int) -> bool:
    """Whether a process is there, and is more than an entry that its parent has not read yet."""
    with suppress(OSError):
        return _after_name(pid)[0] != "Z"
    return False


def machine_busy() -> float | None:
    """Seconds of processor time that all processes of the machine have taken."""
    with suppress(OSError):
        user, nice, system, _, _, irq, softirq, *_ = map(int, (PROC / "stat").read_text().split()[1:9])
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    return None


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name."""
    with suppress(OSError):
        for line in (PROC / "cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory() -> float | None:
    """All memory of the machine, in GB."""
    with suppress(OSError):
        return int((PROC / "meminfo").read_text().split()[1]) / 1024**2
    return None


def _after_name(pid):
    """The fields of `/proc/PID/stat` from the state on; the name before them may hold spaces."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _megabytes(pid, names, file):
    with suppress(OSError):
        lines = (line.partition(":") for line in (PROC / str(pid) / file).read_text().splitlines())
        return sum(int(value.split()[0]) for name, _, value in lines if name in names) / 1024
    return None
