"""Every kind of limit at ten times what it lets through, in one run: what was admitted beside what the model says.

The model of a rate is GCRA (ITU-T I.371) over the times at which the callers sent and got their answers: a call is admitted
somewhere between the two, so that a burst that is full at the beginning and refilled until the last answer bounds it from above.
"""

import http.client
import http.server
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = os.environ.get("BINARY", str(ROOT / "target/release/switchboard"))
SECONDS = float(os.environ.get("SECONDS", "6"))

CONTRACT = """openapi: 3.1.0
info: { title: Parts, version: "1" }
paths:
  /a: { get: { operationId: getA, responses: { "200": { description: ok } } } }
  /b: { get: { operationId: getB, responses: { "200": { description: ok } } } }
"""

# Name, the plan's line, the offer's line, the calls a second that may pass, the burst, what a call costs, subjects.
KINDS = [
    ("rate", 'limit = "50/s"', "", 50, 50, 1, 1),
    ("rate with a burst", 'limit = "50/s burst 5"', "", 50, 5, 1, 1),
    ("weighted", 'limit = "100/s"', "cost = { getA = 4 }", 100, 100, 4, 1),
    ("per key", 'limit = "25/s per key"', "", 25, 25, 1, 2),
    ("per operation", 'limit = "25/s per operation"', "", 25, 25, 1, 2),
    ("per address", 'limit = "25/s per ip"', "", 25, 25, 1, 2),
]


# The same for rates over two processes on one board: both are pressed by half of ten times the limit.
SHARED = [
    ("rate, two processes", 'limit = "50/s"', "", 50, 50, 1),
    ("rate with a burst, two processes", 'limit = "50/s burst 5"', "", 50, 5, 1),
    ("weighted, two processes", 'limit = "100/s"', "cost = { getA = 4 }", 100, 100, 4),
    ("slow rate, two processes", 'limit = "600/h burst 60"', "", 600 / 3600, 60, 1),
]
# What parts that were granted and not yet spent may let in beyond the model, in seconds of the rate.
LEASED = 0.25


class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    calls = {}
    inside = 0
    most = 0

    def do_GET(self):
        name = self.path.split("?")[0]
        with self.lock:
            Upstream.calls[name] = Upstream.calls.get(name, 0) + 1
            if name.startswith("/slow"):
                Upstream.inside += 1
                Upstream.most = max(Upstream.most, Upstream.inside)
        if name.startswith("/slow"):
            time.sleep(0.02)
            with self.lock:
                Upstream.inside -= 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def serve(folder, upstream, plan, offer, contract):
    port = free_port()
    (folder / "parts.yaml").write_text(CONTRACT)
    contract = 'contract = "parts.yaml"\n' if contract else ""
    (folder / "switchboard.toml").write_text(
        f'console = false\n[listen.edge]\nbind = "127.0.0.1:{port}"\ntrust = ["127.0.0.1/32"]\n'
        f'[apis.parts]\n{contract}[apis.parts.upstream]\nurls = ["http://127.0.0.1:{upstream}"]\n'
        f'[apis.parts.offer.all]\nat = "/"\nplans = ["free"]\n{offer}\n[plans.free]\nauth = "key"\n{plan}\n'
    )
    process = listening(folder, port)
    command = lambda *words: subprocess.run(
        [BINARY, *words], cwd=folder, env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        check=True, capture_output=True, text=True,
    ).stdout
    command("consumer", "add", "globex", "--plan", "free")
    keys = []
    for _ in range(2):
        said = command("key", "new", "globex")
        keys.append(next(word for word in said.split() if word.startswith("sbk_")))
    time.sleep(1)
    return process, port, keys


def listening(folder, port, *words):
    """The board of a folder, started, once it takes connections."""
    process = subprocess.Popen(
        [BINARY, "--quiet", *words, "serve"], cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    sys.exit(f"the board of {folder} does not listen on {port}")


def beside(folder):
    """Another process on the same board, with a port of its own."""
    port = free_port()
    (folder / "switchboard.second.toml").write_text(f'[listen.edge]\nbind = "127.0.0.1:{port}"\n')
    process = listening(folder, port, "--env", "second")
    time.sleep(1)
    return process, port


def press(port, calls_a_second, seconds, fields, path, seen, threads=4):
    """Calls at a steady pace; notes when each was sent, when it was answered, and how."""
    def one(number):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        start = time.monotonic() + number / calls_a_second
        step = threads / calls_a_second
        count = 0
        while (due := start + count * step) < start + seconds:
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            sent = time.monotonic()
            connection.request("GET", path, headers=fields)
            answer = connection.getresponse()
            answer.read()
            seen.append((sent, time.monotonic(), answer.status))
            count += 1
    workers = [threading.Thread(target=one, args=(number,)) for number in range(threads)]
    [worker.start() for worker in workers]
    return workers


def most_by_model(seen, rate, burst, cost):
    """The most that GCRA lets through of these calls, each judged at the latest moment that is possible."""
    admitted, arrival = 0, 0.0
    for _, answered, _ in sorted(seen, key=lambda call: call[1]):
        if max(arrival, answered) + cost / rate - answered <= burst / rate + 1e-9:
            arrival = max(arrival, answered) + cost / rate
            admitted += 1
    return admitted


def rates(upstream):
    for name, plan, offer, rate, burst, cost, subjects in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            process, port, keys = serve(pathlib.Path(folder), upstream, plan, offer, True)
            try:
                parts = []
                for subject in range(subjects):
                    key = keys[subject] if name == "per key" else keys[0]
                    fields = {"Authorization": f"Bearer {key}", "X-Api-Key": key}
                    if name == "per address":
                        fields["X-Forwarded-For"] = f"192.0.2.{subject + 1}"
                    path = "/b" if name == "per operation" and subject else "/a"
                    seen = []
                    parts.append((seen, press(port, 10 * rate / cost, SECONDS, fields, path, seen)))
                [worker.join() for _, workers in parts for worker in workers]
                tried = sum(len(seen) for seen, _ in parts)
                admitted = sum(status == 200 for seen, _ in parts for _, _, status in seen)
                model = sum(most_by_model(seen, rate, burst, cost) for seen, _ in parts)
                yield name, plan.split('"')[1] + (", cost 4" if cost > 1 else ""), tried, admitted, model
            finally:
                process.terminate()
                process.wait()


def shared_rates(upstream):
    for name, plan, offer, rate, burst, cost in SHARED:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            first, port, keys = serve(folder, upstream, plan, offer, True)
            second, other = beside(folder)
            try:
                seen, workers = [], []
                fields = {"Authorization": f"Bearer {keys[0]}", "X-Api-Key": keys[0]}
                pace = max(10 * rate / cost, 10 * burst / SECONDS) / 2
                for at in (port, other):
                    workers += press(at, pace, SECONDS, fields, "/a", seen, threads=2)
                [worker.join() for worker in workers]
                admitted = sum(status == 200 for _, _, status in seen)
                model = most_by_model(seen, rate, burst, cost)
                yield name, plan.split('"')[1] + (", cost 4" if cost > 1 else ""), len(seen), admitted, model, LEASED * rate / cost
            finally:
                for process in (first, second):
                    process.terminate()
                    process.wait()


def at_once(upstream):
    with tempfile.TemporaryDirectory() as folder:
        process, port, keys = serve(pathlib.Path(folder), upstream, 'limit = "4 at once"', "", False)
        try:
            seen = []
            fields = {"X-Api-Key": keys[0]}
            workers = press(port, 4000, SECONDS, fields, "/slow", seen, threads=40)
            [worker.join() for worker in workers]
            return len(seen), sum(status == 200 for _, _, status in seen), Upstream.most
        finally:
            process.terminate()
            process.wait()


def quota(upstream, text, most):
    with tempfile.TemporaryDirectory() as folder:
        Upstream.calls.clear()
        process, port, keys = serve(pathlib.Path(folder), upstream, f'quota = "{text}"', "", False)
        try:
            seen = []
            workers = press(port, 10 * most / SECONDS, SECONDS, {"X-Api-Key": keys[0]}, "/q", seen)
            [worker.join() for worker in workers]
            return len(seen), sum(status == 200 for _, _, status in seen), most
        finally:
            process.terminate()
            process.wait()


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    upstream = server.server_address[1]
    print("| kind | limit | tried | admitted | model | over |\n|---|---|--:|--:|--:|--:|")
    for name, limit, tried, admitted, model in rates(upstream):
        print(f"| {name} | `{limit}` | {tried} | {admitted} | {model} | {100 * (admitted - model) / model:+.2f} % |", flush=True)
    for name, limit, tried, admitted, model, leased in shared_rates(upstream):
        over = f"{100 * (admitted - model) / model:+.2f} %, leases may {100 * leased / model:+.2f} %"
        print(f"| {name} | `{limit}` | {tried} | {admitted} | {model} | {over} |", flush=True)
    tried, admitted, most = at_once(upstream)
    print(f"| at once | `4 at once` | {tried} | {admitted} | at most {most} of 4 together | {max(0, most - 4)} |")
    for text, most in [("300/year", 300), ("300 in 24h", 300)]:
        tried, admitted, model = quota(upstream, text, most)
        print(f"| quota | `{text}` | {tried} | {admitted} | {model} | {admitted - model} |")
    server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
