"""A large board beside a small one, in one run: its start, its reload, and the CPU of a call.

Four kinds of calls, made by one generator for both: one key or each call another, one operation or each call another.
Usage is kept for each consumer and operation: what is at random in both makes a line of usage of almost every call. The
method of the CPU is that of `table.py`.
"""

import hashlib
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import contenders as c
from limits import free_port
from measure import load, start as pinned, stop, wait_for
from reloads import BINARY, ask, memory, start

OPERATIONS = int(os.environ.get("OPERATIONS", "10000"))
CONSUMERS = int(os.environ.get("CONSUMERS", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "6"))
SECONDS = int(os.environ.get("SECONDS", "4"))
TIMES = 5

RANDOM = """
local keys = {}
for line in io.lines("%s") do keys[#keys + 1] = line end
request = function()
  local headers = { ["X-Api-Key"] = keys[math.random(math.min(#keys, %d))] }
  return wrk.format("GET", "/part" .. math.random(0, %d) .. "/7", headers)
end
"""


def board(folder, port, operations, consumers):
    """Writes a board, its contract and its accounts; gives its text, with a place for the limit."""
    folder.mkdir()
    paths = "".join(
        f"  /part{number}/{{id}}:\n    get:\n      operationId: get{number}\n      parameters:\n"
        f"        - {{ name: id, in: path, required: true, schema: {{ type: integer }} }}\n"
        f"      responses: {{ '200': {{ description: ok }} }}\n"
        for number in range(operations)
    )
    (folder / "parts.yaml").write_text(f'openapi: 3.1.0\ninfo: {{ title: Parts, version: "1" }}\npaths:\n{paths}')
    text = (
        f'console = false\n[listen.edge]\nbind = "127.0.0.1:{port}"\n[apis.parts]\ncontract = "parts.yaml"\n'
        f'[apis.parts.upstream]\nurls = ["http://127.0.0.1:{c.UPSTREAM}"]\n[apis.parts.offer.all]\nat = "/"\nplans = ["free"]\n'
        f'[plans.free]\nauth = "key"\nlimit = "%d/min"\n'
    )
    (folder / "switchboard.toml").write_text(text % 100_000_000)
    fill(folder, consumers)
    return text


def fill(folder, consumers):
    """Consumers with a key each, written into the ledger's own tables."""
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    run = lambda *words: subprocess.run([BINARY, *words], cwd=folder, env=environment, check=True, capture_output=True)
    run("consumer", "add", "first", "--plan", "free")
    run("key", "new", "first")
    keys = [c.key(number) for number in range(consumers)]
    (folder / "keys").write_text("\n".join(keys) + "\n")
    store = sqlite3.connect(folder / ".switchboard/accounts.db")
    for table, change in (
        ("consumers", lambda row, number: {**row, "name": f"c{number}"}),
        ("plans_held", lambda row, number: {**row, "consumer": f"c{number}"}),
        ("keys", lambda row, number: {
            **row, "consumer": f"c{number}", "digest": hashlib.sha256(keys[number].encode()).digest(), "id": f"k{number:09}",
        }),
    ):
        names = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
        row = dict(zip(names, store.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()))
        marks = ", ".join("?" * len(names))
        rows = ([change(row, number)[name] for name in names] for number in range(consumers))
        store.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    store.commit()
    store.close()


def start_and_reload(folder, port, text):
    """Seconds of each, several times; and MiB."""
    started, reloaded, size = [], [], 0
    for number in range(TIMES):
        (folder / "switchboard.toml").write_text(text % 100_000_000)
        process, took = start(folder, port)
        started.append(took)
        (folder / "switchboard.toml").write_text(text % (200_000_000 + number))
        begun = time.monotonic()
        status, said = ask(folder, "/reload")
        reloaded.append(time.monotonic() - begun)
        if status != 200 or not said["changed"]:
            sys.exit(f"reload: {status} {said}")
        size = memory(process.pid)
        stop(process)
    return started, reloaded, size


def main():
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        small, large = pathlib.Path(name) / "small", pathlib.Path(name) / "large"
        ports = {small: free_port(), large: free_port()}
        sizes = {small: (10, 10), large: (OPERATIONS, CONSUMERS)}
        texts = {one: board(one, ports[one], *sizes[one]) for one in (small, large)}
        for one in (small, large):
            started, reloaded, size = start_and_reload(one, ports[one], texts[one])
            words = lambda all: f"{statistics.median(all):.2f} s ({min(all):.2f}–{max(all):.2f})"
            print(f"{sizes[one][0]} operations, {sizes[one][1]} consumers: start {words(started)}, reload {words(reloaded)}, "
                  f"{size:.0f} MiB", flush=True)
        running = {"upstream": subprocess.Popen(c.upstream(name))}
        try:
            for one in (small, large):
                running[one] = pinned([BINARY, "--board", str(one), "serve", "--threads", "1", "--quiet"],
                                      env={**os.environ, "XDG_STATE_HOME": str(one / "state")})
                wait_for(f"http://127.0.0.1:{ports[one]}/part1/7", [f"X-Api-Key: {c.key(7)}"])
            print("| calls | large ÷ small | min–max | small, CPU s per 100,000 | large |\n|---|--:|--:|--:|--:|")
            for title, keys, parts in KINDS:
                compare(title, [(running[one].pid, f"http://127.0.0.1:{ports[one]}", c.write(
                    name, f"{one.name}.lua", RANDOM % (one / "keys", min(keys, sizes[one][1]), min(parts, sizes[one][0]) - 1),
                )) for one in (small, large)])
        finally:
            for process in running.values():
                stop(process)


KINDS = [
    ("one key, one operation", 1, 1),
    ("one key, each call another operation", 1, OPERATIONS),
    ("each call another key, one operation", CONSUMERS, 1),
    ("each call another key and operation", CONSUMERS, OPERATIONS),
]


def compare(title, boards):
    """A line of the table: the CPU of the second for each call, beside the first's."""
    figures = ([], [])
    for number in range(ROUNDS):
        for at in (0, 1) if number % 2 == 0 else (1, 0):
            pid, url, script = boards[at]
            used, _ = load(url, pid, SECONDS, script=script)
            figures[at].append(used)
    ratios = [b / a for a, b in zip(*figures)]
    print(f"| {title} | {statistics.median(ratios):.2f} | {min(ratios):.2f}–{max(ratios):.2f} "
          f"| {statistics.median(figures[0]):.2f} | {statistics.median(figures[1]):.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
