"""The tables of docs/performance.md about the client: one call, a thousand calls, memory of a batch, beside the peers.

Method: nginx on loopback answers 20 bytes; contenders are interleaved, the order turns every second round; CPU is user and
system time of the process as the kernel counts it, memory its largest resident set as GNU time reads it (a child of Python
itself would count Python's own); a figure is the median, a difference or ratio the median of the rounds'. A process
that ends with another code than 0 ends the measurement.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

OURS = os.path.abspath(os.environ.get("SWITCHBOARD", "target/release/switchboard"))
CONTRACT = """openapi: 3.1.0
info: {title: Things, version: '1'}
servers: [{url: '%s'}]
paths:
  /things/{id}:
    get:
      operationId: getThing
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: fine, content: {application/json: {schema: {type: object}}}}}
"""
NGINX = """daemon off; worker_processes 1; pid %(folder)s/pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 10000000; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p;
fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
server { listen 127.0.0.1:%(port)d; default_type application/json; location / { return 200 '{"thing":"a","n":1}\\n'; } } }
"""


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def found(name, variable):
    return os.environ.get(variable) or shutil.which(name)


def run(command, folder):
    """Wall and CPU milliseconds, peak memory in KiB."""
    environment = {"HOME": folder, "PATH": os.environ["PATH"], "NO_COLOR": "1"}
    begun = time.perf_counter()
    peak = os.path.join(folder, "peak")
    child = subprocess.Popen(
        ["/usr/bin/time", "-o", peak, "-f", "%M", *command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[:4]} ended with {child.returncode}: {said.decode(errors='replace')[:500]}")
    with open(peak) as text:
        return wall * 1e3, (used.ru_utime + used.ru_stime) * 1e3, int(text.read())


def rounds(contenders, times, folder):
    """The figures of each contender, by round."""
    figures = {name: [] for name in contenders}
    for one in range(times):
        order = list(contenders) if one % 2 == 0 else list(reversed(contenders))
        for name in order:
            figures[name].append(run(contenders[name], folder))
    return figures


def middle(figures, which):
    return statistics.median(figure[which] for figure in figures)


def against(figures, base, which, how):
    return statistics.median(how(one[which], other[which]) for one, other in zip(figures, base))


def one_call(contenders, times, folder):
    for command in contenders.values():
        run(command, folder)
    figures = rounds(contenders, times, folder)
    base = figures["curl"]
    print(f"\n### One call ({times} rounds)\n")
    print("| | CPU, ms | more than curl, ms | wall, ms | peak memory, MiB |\n|---|--:|--:|--:|--:|")
    for name, own in figures.items():
        more = against(own, base, 1, lambda a, b: a - b)
        print(f"| {name} | {middle(own, 1):.1f} | {more:+.1f} | {middle(own, 0):.1f} | {middle(own, 2) / 1024:.1f} |")


def thousand(url, folder, contract, times):
    rows = os.path.join(folder, "thousand.csv")
    with open(rows, "w") as out:
        out.write("id\n" + "".join(f"{n}\n" for n in range(1000)))
    urls = [f"{url}/things/{n}" for n in range(1000)]
    loop = lambda line: ["sh", "-c", f"i=0; while [ $i -lt 1000 ]; do {line}/things/$i >/dev/null || exit 1; i=$((i+1)); done"]
    contenders = {
        "curl, 1,000 processes": loop(f"curl -s {url}"),
        "`switchboard call`, 1,000 processes": loop(f"{OURS} call {url}"),
        "curl, one process, 1,000 URLs": ["curl", "-s", *urls],
        "`switchboard call --each`, 1,000 rows, one at a time": [
            OURS, "call", contract, "getThing", "--each", rows, "--jobs", "1", "--restart",
        ],
    }
    figures = rounds(contenders, times, folder)
    print(f"\n### 1,000 calls, one after another ({times} rounds)\n")
    print("| | CPU, s | wall, s | CPU beside curl's | peak memory, MiB |\n|---|--:|--:|--:|--:|")
    names = list(contenders)
    for nth, name in enumerate(names):
        own, base = figures[name], figures[names[nth // 2 * 2 if "process" in names[nth] and nth < 2 else 2]]
        ratio = against(own, base, 1, lambda a, b: a / b)
        print(f"| {name} | {middle(own, 1) / 1e3:.2f} | {middle(own, 0) / 1e3:.2f} | {ratio:.2f} | {middle(own, 2) / 1024:.1f} |")


def memory(folder, contract, sizes):
    print("\n### Memory of a batch (`--jobs 4`, results to /dev/null)\n")
    print("| rows | peak memory, MiB | wall, s | rows a second |\n|--:|--:|--:|--:|")
    for size in sizes:
        rows = os.path.join(folder, f"{size}.csv")
        with open(rows, "w") as out:
            out.write("id\n")
            out.writelines(f"{n}\n" for n in range(size))
        wall, _, peak = run([OURS, "call", contract, "getThing", "--each", rows, "--restart"], folder)
        print(f"| {size:,} | {peak / 1024:.1f} | {wall / 1e3:.1f} | {size / wall * 1e3:,.0f} |", flush=True)
        os.remove(rows)


def main():
    reader = argparse.ArgumentParser()
    reader.add_argument("--rounds", type=int, default=31, help="of one call")
    reader.add_argument("--loops", type=int, default=3, help="of a thousand calls")
    reader.add_argument("--rows", default="1000,100000,1000000", help="sizes of the batches")
    options = reader.parse_args()
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not nginx or not shutil.which("curl") or not os.path.exists("/usr/bin/time"):
        raise SystemExit("curl, nginx and GNU time are needed: apt-get install curl nginx-light time")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with open(f"{folder}/conf", "w") as out:
            out.write(NGINX % {"folder": folder, "port": port})
        with open(f"{folder}/things.yaml", "w") as out:
            out.write(CONTRACT % url)
        with open(f"{folder}/collection.json", "w") as out:
            schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
            item = {"name": "thing", "request": {"method": "GET", "url": f"{url}/things/1"}}
            json.dump({"info": {"name": "things", "schema": schema}, "item": [item]}, out)
        server = subprocess.Popen([nginx, "-c", f"{folder}/conf", "-p", folder, "-e", "/dev/null"])
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
            target, contract = f"{url}/things/1", f"{folder}/things.yaml"
            contenders = {
                "curl": ["curl", "-s", target],
                "`switchboard curl`": [OURS, "curl", "-s", target],
                "`switchboard call URL`": [OURS, "call", target],
                "`switchboard call CONTRACT OPERATION`": [OURS, "call", contract, "getThing", "id=1"],
            }
            peers = [
                ("HTTPie", found("http", "HTTPIE"), ["--ignore-stdin", target], "pip install httpie"),
                ("xh", found("xh", "XH"), ["--ignore-stdin", target], "cargo install xh"),
                ("newman", found("newman", "NEWMAN"), ["run", f"{folder}/collection.json"], "npm install newman"),
            ]
            for name, program, words, how in peers:
                if program:
                    contenders[name] = [os.path.abspath(program), *words]
                else:
                    print(f"missing, and left out: {name} ({how})")
            one_call(contenders, options.rounds, folder)
            thousand(url, folder, contract, options.loops)
            memory(folder, contract, [int(size) for size in options.rows.split(",")])
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
