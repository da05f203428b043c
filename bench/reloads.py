"""A thousand reloads under load, and a large board's start and reload, in one run."""

import hashlib
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from limits import ROOT, Upstream, free_port  # noqa: E402
import http.server

BINARY = os.environ.get("BINARY", str(ROOT / "target/release/switchboard"))
RELOADS = int(os.environ.get("RELOADS", "1000"))
OPERATIONS = int(os.environ.get("OPERATIONS", "10000"))
CONSUMERS = int(os.environ.get("CONSUMERS", "100000"))


class Endless(threading.Thread):
    """A provider whose one answer does not end."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                connection.sendall(b"1\r\nx\r\n")
                time.sleep(0.02)
        except OSError:
            # The board has stopped.
            connection.close()


def ask(folder, path):
    with socket.socket(socket.AF_UNIX) as line:
        for _ in range(400):
            try:
                line.connect(str(folder / ".switchboard/run.sock"))
                break
            except OSError:
                time.sleep(0.025)
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: run.sock\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        said = b""
        while part := line.recv(65536):
            said += part
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def start(folder, port):
    begun = time.monotonic()
    process = subprocess.Popen(
        [BINARY, "--quiet", "serve"], cwd=folder, env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, time.monotonic() - begun
        except OSError:
            if process.poll() is not None:
                sys.exit(f"serve ended with {process.returncode}")
            time.sleep(0.005)


def board(port, upstream, stream, number):
    return (
        f'console = false\n[listen.edge]\nbind = "127.0.0.1:{port}"\n'
        f'[apis.parts.upstream]\nurls = ["http://127.0.0.1:{upstream}"]\n[apis.parts.offer.all]\nat = "/"\nplans = ["free"]\n'
        f'[apis.flow.upstream]\nurls = ["http://127.0.0.1:{stream}"]\n[apis.flow.offer.all]\nat = "/flow"\nplans = ["free"]\n'
        f'[plans.free]\nauth = "none"\nlimit = "{10_000_000 + number}/month"\n'
    )


def thousand(upstream):
    endless = Endless()
    with tempfile.TemporaryDirectory() as name:
        folder, port = pathlib.Path(name), free_port()
        write = lambda number: (folder / "switchboard.toml").write_text(board(port, upstream, endless.port, number))
        write(0)
        process, _ = start(folder, port)
        stop, good, bad = threading.Event(), [0, 0], [0, 0]

        def press(index):
            line = http.client.HTTPConnection("127.0.0.1", port)
            while not stop.is_set():
                try:
                    line.request("GET", "/x")
                    answer = line.getresponse()
                    answer.read()
                    (good if answer.status == 200 else bad)[index] += 1
                except OSError:
                    bad[index] += 1
                    line.close()

        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(b"GET /flow HTTP/1.1\r\nHost: a.example\r\n\r\n")
        stream.recv(4096)
        workers = [threading.Thread(target=press, args=(index,)) for index in range(2)]
        [worker.start() for worker in workers]
        took, before = [], 0.0
        for number in range(1, RELOADS + 1):
            write(number)
            begun = time.monotonic()
            status, said = ask(folder, "/reload")
            took.append(time.monotonic() - begun)
            if status != 200 or not said["changed"]:
                sys.exit(f"reload {number}: {status} {said}")
            # Calls happen between two reloads as well.
            time.sleep(0.02)
            if number == RELOADS // 10:
                before = memory(process.pid)
        after = memory(process.pid)
        stop.set()
        [worker.join() for worker in workers]
        stream.settimeout(5)
        streaming = len(stream.recv(4096)) > 0
        ask(folder, "/flush")
        said = subprocess.run(
            [BINARY, "usage", "--by", "api", "--format", "json"], cwd=folder, check=True, capture_output=True, text=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        ).stdout
        usage = sum(row["calls"] for row in json.loads(said) if row["api"] == "parts")
        line = http.client.HTTPConnection("127.0.0.1", port)
        line.request("GET", "/x")
        left = int(line.getresponse().getheader("x-ratelimit-remaining"))
        process.terminate()
        process.wait()
    print(f"{RELOADS} reloads (median {1000 * statistics.median(took):.1f} ms) during {sum(good)} calls: {sum(bad)} failed, "
          f"stream {'kept' if streaming else 'DROPPED'}, usage {usage} of {sum(good)}, limit counted {10_000_000 + RELOADS - left - 1}, "
          f"memory {before:.1f} MiB after {RELOADS // 10}, {after:.1f} MiB at the end ({100 * (after / before - 1):+.1f} %)", flush=True)


def large(upstream):
    with tempfile.TemporaryDirectory() as name:
        folder, port = pathlib.Path(name), free_port()
        paths = "".join(
            f"  /part{number}/{{id}}:\n    get:\n      operationId: get{number}\n      parameters:\n"
            f"        - {{ name: id, in: path, required: true, schema: {{ type: integer }} }}\n"
            f"      responses: {{ '200': {{ description: ok }} }}\n"
            for number in range(OPERATIONS)
        )
        (folder / "parts.yaml").write_text(f'openapi: 3.1.0\ninfo: {{ title: Parts, version: "1" }}\npaths:\n{paths}')
        text = (
            f'console = false\n[listen.edge]\nbind = "127.0.0.1:{port}"\n[apis.parts]\ncontract = "parts.yaml"\n'
            f'[apis.parts.upstream]\nurls = ["http://127.0.0.1:{upstream}"]\n[apis.parts.offer.all]\nat = "/"\nplans = ["free"]\n'
            f'[plans.free]\nauth = "key"\nlimit = "%s/s"\n'
            + "".join(
                f'[consumers.c{number}]\nplans = ["free"]\nkeys = ["sha256:{hashlib.sha256(str(number).encode()).hexdigest()}"]\n'
                for number in range(min(CONSUMERS, int(os.environ.get("IN_FILE", "0"))))
            )
        )
        (folder / "switchboard.toml").write_text(text % 1000)
        fill(folder)
        process, begun = start(folder, port)
        (folder / "switchboard.toml").write_text(text % 2000)
        at = time.monotonic()
        status, said = ask(folder, "/reload")
        took = time.monotonic() - at
        print(f"{OPERATIONS} operations, {CONSUMERS} consumers: start {begun:.2f} s, reload {took:.2f} s ({status}), "
              f"{memory(process.pid):.0f} MiB")
        process.terminate()
        process.wait()


def fill(folder):
    """Consumers with a key each, written into the ledger's own tables."""
    import sqlite3
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    subprocess.run([BINARY, "consumer", "add", "first", "--plan", "free"], cwd=folder, env=environment, check=True, capture_output=True)
    subprocess.run([BINARY, "key", "new", "first"], cwd=folder, env=environment, check=True, capture_output=True)
    store = sqlite3.connect(folder / ".switchboard/accounts.db")
    columns = lambda table: [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
    for table, change in (
        ("consumers", lambda row, number: {**row, "name": f"c{number}"}),
        ("plans_held", lambda row, number: {**row, "consumer": f"c{number}"}),
        ("keys", lambda row, number: {
            **row, "consumer": f"c{number}", "digest": hashlib.sha256(str(number).encode()).digest(),
            **({"id": f"k{number:09}"} if "id" in row else {}),
        }),
    ):
        names = columns(table)
        row = dict(zip(names, store.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()))
        marks = ", ".join("?" * len(names))
        rows = ([change(row, number)[name] for name in names] for number in range(CONSUMERS - 1))
        store.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    store.commit()
    store.close()


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    large(server.server_address[1])
    thousand(server.server_address[1])
    server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
