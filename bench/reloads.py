"""A thousand reloads under load, in one run: what failed, what was dropped, what the counters say.

The load is ab, runs of a fixed number of calls one after the other, so that every call sent is a call answered: what the
generator, the provider (nginx, `stub_status`), the ledger and the limit counted can be held against each other.
"""

import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from limits import ROOT, free_port

BINARY = os.environ.get("BINARY", str(ROOT / "target/release/switchboard"))
RELOADS = int(os.environ.get("RELOADS", "1000"))
ROUND = 5_000
CONNECTIONS = 8
# Calls of the limit, which fills up again over a month of 30 days.
FREE = 20_000_000
MONTH = 30 * 86_400


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


class Load(threading.Thread):
    """Runs of ab until it is told to stop; what they counted."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.ending = url, threading.Event()
        self.complete = self.failed = 0

    def run(self):
        while not self.ending.is_set():
            said = subprocess.run(
                ["ab", "-k", "-q", "-l", "-n", str(ROUND), "-c", str(CONNECTIONS), self.url], capture_output=True, text=True
            ).stdout
            for words in ("Failed requests", "Non-2xx responses"):
                found = re.search(rf"{words}:\s+(\d+)", said)
                self.failed += int(found.group(1)) if found else 0
            done = re.search(r"Complete requests:\s+(\d+)", said)
            self.complete += int(done.group(1)) if done else 0
            self.failed += 0 if done else ROUND


def provider(folder, port):
    """nginx that says how many requests it has had."""
    conf = folder / "provider.conf"
    conf.write_text(f"""
worker_processes 1; daemon off; pid {folder}/provider.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{port};
    location /count {{ stub_status; }}
    location / {{ default_type application/json; return 200 '{{}}'; }} }} }}
""")
    return subprocess.Popen(["nginx", "-c", str(conf), "-p", str(folder)], stderr=subprocess.DEVNULL)


def counted(port):
    """Requests that the provider has had, the asking ones left out."""
    counted.asked = getattr(counted, "asked", 0) + 1
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=5).read().decode()
    return int(text.splitlines()[2].split()[2]) - counted.asked


def ask(folder, path):
    with socket.socket(socket.AF_UNIX) as line:
        for _ in range(400):
            try:
                line.connect(str(folder / ".switchboard/run.sock"))
                break
            except OSError:
                time.sleep(0.025)
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: run.sock\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
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
    """A board that serves, and after how many seconds it did."""
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
        f'[plans.free]\nauth = "none"\nlimit = "{FREE + number % 2}/month"\n'
    )


def main():
    endless = Endless()
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder, port, upstream = pathlib.Path(name), free_port(), free_port()
        behind = provider(folder, upstream)
        write = lambda number: (folder / "switchboard.toml").write_text(board(port, upstream, endless.port, number))
        write(0)
        process, _ = start(folder, port)
        stream = socket.create_connection(("127.0.0.1", port))
        first = time.monotonic()
        stream.sendall(b"GET /flow HTTP/1.1\r\nHost: a.example\r\n\r\n")
        stream.recv(4096)
        load = Load(f"http://127.0.0.1:{port}/x")
        load.start()
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
            if number == max(RELOADS // 10, 1):
                before = memory(process.pid)
        after = memory(process.pid)
        load.ending.set()
        load.join()
        stream.settimeout(5)
        streaming = len(stream.recv(4096)) > 0
        ask(folder, "/flush")
        said = subprocess.run(
            [BINARY, "usage", "--by", "api", "--format", "json"], cwd=folder, check=True, capture_output=True, text=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        ).stdout
        usage = sum(row["calls"] for row in json.loads(said) if row["api"] == "parts")
        reached = counted(upstream)
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/x", timeout=5)
        left = int(answer.headers["x-ratelimit-remaining"])
        refilled = round((time.monotonic() - first) * FREE / MONTH)
        process.terminate()
        process.wait()
        behind.terminate()
        behind.wait()
    sent = load.complete
    # The stream and the last call are of the same limit.
    limit = FREE + RELOADS % 2 + refilled - left - 2
    print(f"{RELOADS} reloads (median {1000 * statistics.median(took):.1f} ms) during {sent} calls: {load.failed} failed, "
          f"stream {'kept' if streaming else 'DROPPED'}; usage {usage - sent:+d}, provider {reached - sent:+d}, limit {limit - sent:+d} "
          f"against the generator; memory {before:.1f} MiB after {max(RELOADS // 10, 1)}, {after:.1f} MiB at the end "
          f"({100 * (after / before - 1):+.1f} %)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
