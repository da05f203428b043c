"""One measurement: load a contender with wrk and read the CPU time its process tree used."""

import os
import re
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
PROXY_CORE = "0"
OTHER_CORE = "1"


class Unfit(Exception):
    """The run had socket errors or answers other than the wanted one: it does not count."""


def tree(pid):
    """The process and all its descendants."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as children:
                    waiting.extend(int(child) for child in children.read().split())
        except FileNotFoundError:
            pass
    return found


def cpu_seconds(pid):
    """User and system time of the whole tree, in seconds."""
    ticks = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        except FileNotFoundError:
            pass
    return ticks / TICK


def load(url, pid, seconds, connections=64, script=None, wanted_errors=False, headers=()):
    """CPU seconds of the proxy for 100,000 requests, and the rate; raises Unfit."""
    command = ["taskset", "-c", OTHER_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", script]
    before = cpu_seconds(pid)
    out = subprocess.run(command + [url], capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    used = cpu_seconds(pid) - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    bad = int(bad.group(1)) if bad else 0
    if "Socket errors" in out:
        raise Unfit(re.search(r"Socket errors.*", out).group(0))
    if wanted_errors and bad != requests or not wanted_errors and bad:
        raise Unfit(f"{bad} of {requests} answers were not 2xx")
    return used * 100_000 / requests, requests / seconds


def start(command, **more):
    """A contender, pinned to the proxy's core."""
    return subprocess.Popen(["taskset", "-c", PROXY_CORE] + command, **more)


def stop(process):
    """Ends a process that was started here."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(url, headers=(), wanted="200", body=None):
    """Waits until the contender gives the wanted status; raises Unfit with what it gives instead."""
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "2"]
    for header in headers:
        command += ["-H", header]
    if body is not None:
        command += ["--data-binary", body]
    status = "none"
    for _ in range(50):
        status = subprocess.run(command + [url], capture_output=True, text=True).stdout
        if status == wanted:
            return
        time.sleep(0.1)
    raise Unfit(f"wanted {wanted} from {url}, got {status}")
