"""The table of docs/performance.md about searching: `switchboard log` by every filter, on many rows, while calls come in.

Method: `rows` writes calls through the ledger's own recorder; `serve` then runs on that folder and is called without
pause over four connections; each question is a process of its own and is asked several times, in turn with the others.
Wall time is that of the process, start included. A page is full, or the period was searched to its end, or it says where
to go on; anything else ends the measurement.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import threading
import time

import postgres

RELEASE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "target", "release")
OURS = os.path.abspath(os.environ.get("SWITCHBOARD", os.path.join(RELEASE, "switchboard")))
FILL = os.path.abspath(os.environ.get("FILL", os.path.join(RELEASE, "examples", "rows")))
LIMIT = 200.0
BOARD = """console = false
[listen.edge]
bind = "127.0.0.1:%(port)d"
[ledger]
folder = "%(folder)s"
keep = "90d"
%(more)s
[apis.up]
mock = true
contract = "up.json"
[apis.up.offer.all]
at = "/up"
plans = ["open"]
[plans.open]
auth = "none"
"""
CONTRACT = {
    "openapi": "3.1.0", "info": {"title": "Up", "version": "1"},
    "paths": {"/x": {"get": {"operationId": "getX", "responses": {"200": {
        "description": "ok", "content": {"application/json": {"schema": {"type": "object"}, "example": {"up": True}}}}}}}},
}
# Before the load began: what is asked for lies among the rows that were made.
QUESTIONS = [
    ("nothing", []),
    ("a consumer who calls often", ["--who", "c3"]),
    ("a consumer who hardly calls", ["--who", "rare"]),
    ("an API", ["--api", "stock"]),
    ("an operation", ["--operation", "getstock3"]),
    ("an operation hardly called", ["--operation", "rareOne"]),
    ("a class", ["--status", "5xx"]),
    ("a status", ["--status", "502"]),
    ("a status that never came", ["--status", "418"]),
    ("an outcome: failed", ["--outcome", "failed"]),
    ("an outcome: declined", ["--outcome", "declined"]),
    ("an outcome: panicked", ["--outcome", "panicked"]),
    ("a reason", ["--reason", "provider-silent"]),
    ("a reason that never came", ["--reason", "suspended"]),
    ("a path", ["--path", "/orders/v1/things7/"]),
    ("a path hardly called", ["--path", "/rare"]),
    ("an address", ["--address", "10.0.3.77"]),
    ("an address hardly seen", ["--address", "192.0.2.1"]),
    ("slow", ["--slower", "2s"]),
    ("slower than all", ["--slower", "60s"]),
    ("not that slow", ["--slower", "300ms"]),
    ("contract broken", ["--broken"]),
    ("still running", ["--open"]),
    ("consumer and class", ["--who", "c3", "--status", "5xx"]),
    ("consumer and reason", ["--who", "c77", "--reason", "over-limit"]),
    ("operation and status", ["--operation", "getorders0", "--status", "404"]),
    ("API, class and path", ["--api", "orders", "--status", "4xx", "--path", "/orders/v1/things2/"]),
    ("API and slow", ["--api", "billing", "--slower", "1s"]),
    ("consumer, operation and broken", ["--who", "c3", "--operation", "listorders1", "--broken"]),
    ("address and outcome", ["--address", "10.0.3.77", "--outcome", "refused"]),
]


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def load(port, ends, counts, at):
    """Calls without pause until it is told to end."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while not ends.is_set():
        try:
            connection.request("GET", "/up/x")
            connection.getresponse().read()
            counts[at] += 1
        except (OSError, http.client.HTTPException):
            connection.close()


def ask(board, words, before, environment):
    """Wall milliseconds, how many rows came, and how it ended."""
    command = [OURS, "--board", board, "log", "--since", "30d", "--before", before, "--format", "ndjson", *words]
    begun = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    wall = (time.perf_counter() - begun) * 1e3
    if ended.returncode:
        raise SystemExit(f"{command} ended with {ended.returncode}: {ended.stderr}")
    rows = len(ended.stdout.splitlines())
    more = re.search(r"searched back to (\S+ ?\S*); go on", ended.stderr)
    if rows == 50:
        how = "50"
    elif more:
        how = f"{rows}, and goes on"
    else:
        how = f"{rows}, all there are"
    return wall, how, more


def crockford(number):
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return "c_" + "".join(alphabet[number >> 5 * place & 31] for place in range(12, -1, -1))


def main():
    reader = argparse.ArgumentParser()
    reader.add_argument("--rounds", type=int, default=5)
    options = reader.parse_args()
    rows, days = int(os.environ.get("ROWS", "10000000")), int(os.environ.get("DAYS", "5"))
    with tempfile.TemporaryDirectory() as own, contextlib.ExitStack() as until:
        os.chmod(own, 0o755)
        folder = os.path.abspath(os.environ.get("FOLDER", os.path.join(own, "ledger")))
        filled, place, more, environment = os.path.isdir(folder), folder, "", {}
        if os.environ.get("DATABASE") == "postgres":
            place = until.enter_context(postgres.server(folder))
            folder, more, environment = os.path.join(own, "state"), 'postgres = "env:LEDGER"', {"LEDGER": place}
        if not filled:
            print(subprocess.run([FILL, place, str(rows), str(days)], check=True, capture_output=True, text=True).stdout)
        board, port = os.path.join(own, "board"), free_port()
        os.makedirs(board)
        with open(os.path.join(board, "up.json"), "w") as out:
            json.dump(CONTRACT, out)
        with open(os.path.join(board, "switchboard.toml"), "w") as out:
            out.write(BOARD % {"port": port, "folder": folder, "more": more})
        environment |= {"HOME": own, "PATH": os.environ["PATH"], "NO_COLOR": "1"}
        server = subprocess.Popen([OURS, "--board", board, "serve", "--quiet"], env=environment)
        ends, counts = threading.Event(), [0] * 4
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.1)
            # Rows of the load itself are newer, and are left out: what is asked for lies behind them.
            before = crockford(int(time.time() * 1000) << 22)
            threads = [threading.Thread(target=load, args=(port, ends, counts, at)) for at in range(4)]
            [thread.start() for thread in threads]
            time.sleep(3)
            begun, figures = time.monotonic(), {}
            for _ in range(options.rounds):
                for name, words in QUESTIONS:
                    figures.setdefault(name, []).append(ask(board, words, before, environment))
            seconds = time.monotonic() - begun
            ends.set()
            [thread.join() for thread in threads]
        finally:
            ends.set()
            server.terminate()
            server.wait()
        print(f"{rows:,} rows over {days} days; meanwhile {sum(counts) / (seconds + 3):,.0f} calls a second\n")
        print("| asked for | rows of 50 | ms, median | most |\n|---|---|--:|--:|")
        for name, all_of in figures.items():
            times = [one[0] for one in all_of]
            how = statistics.mode(one[1] for one in all_of)
            mark = "" if max(times) <= LIMIT else " (over)"
            print(f"| {name} | {how} | {statistics.median(times):.0f} | {max(times):.0f}{mark} |")


if __name__ == "__main__":
    main()
