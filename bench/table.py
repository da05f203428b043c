"""The table of docs/performance.md: CPU for each request, beside the peers, in one run.

Method: the proxy on one core, wrk and the upstream on the other; contenders interleaved, the order
reversed every second round; a ratio is the median of the rounds' ratios, with the smallest and the
largest; a run with a socket error or an answer other than the wanted one does not count; under 8 % is
no difference.
"""

import argparse
import os
import statistics
import subprocess
import tempfile

import contenders as c
from measure import Unfit, load, start, stop, wait_for

POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Api-Key"] = "%s"
wrk.body = [==[%s]==]
"""


def rows(folder):
    """What is measured: title, path, headers, script, status, peers."""
    good, body = f"X-Api-Key: {c.key(7)}", c.body()
    tight = f"X-Api-Key: {c.key(c.KEYS)}"
    post = c.write(folder, "post.lua", POST % (c.key(7), body))
    broken = c.write(folder, "broken.lua", POST % (c.key(7), body.replace('"currency"', '"money"')))
    kind = "Content-Type: application/json"
    return [
        ("plain GET", "/plain/x", "/plain/x", [], None, "200", None, ("nginx", "haproxy")),
        ("key + limit + 500 operations, GET", "/api/things250/7", "/api/things250/7", [good], None, "200", None, ("nginx", "lua", "haproxy")),
        ("the same, responses checked (report)", "/api/things250/7", "/api/things250/7", [good], None, "200", None, ("nginx", "lua", "haproxy")),
        ("the same, the ledger writes every row", "/api/things250/7", "/api/things250/7", [good], None, "200", None, ("nginx", "lua", "haproxy")),
        # Of itself: what rows and details cost beside the counts, which are always kept.
        ("the ledger: counts, 50 rows a second", "/api/things250/7", "/api/things250/7", [good], None, "200", None, ("counts alone",)),
        ("the ledger: counts, every row", "/api/things250/7", "/api/things250/7", [good], None, "200", None, ("counts alone",)),
        ("the ledger: counts, every row, every detail", "/api/things250/7", "/api/things250/7", [good], None, "200", None, ("counts alone",)),
        ("the same + 900 B JSON POST, full schema", "/api/orders", "/api/orders", [good, kind], post, "200", body, ("lua", "haproxy")),
        ("refusal 401", "/api/things250/7", "/api/things250/7", [], None, "401", None, ("nginx", "haproxy")),
        ("refusal 429", "/api/things250/7", "/tight/x", [tight], None, "429", None, ("nginx", "haproxy")),
        ("refusal 400, body", "/api/orders", "/api/orders", [good, kind], broken, "400", body.replace('"currency"', '"money"'), ("lua", "haproxy")),
    ]


def main():
    reader = argparse.ArgumentParser()
    reader.add_argument("--seconds", type=int, default=4)
    reader.add_argument("--rounds", type=int, default=6)
    reader.add_argument("--only", help="rows whose title holds this")
    options = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        running = {"upstream": subprocess.Popen(c.upstream(folder))}
        running["ours"] = c.switchboard(folder, 18080)
        running["checked"] = c.switchboard(folder, 18081, responses="report")
        running["written"] = c.switchboard(folder, 18085, rows="100000/s")
        running["counts alone"] = c.switchboard(folder, 18086, rows="1/s")
        running["detailed"] = c.switchboard(folder, 18087, rows="100000/s", details="all")
        running["nginx"] = c.nginx(folder, 18082)
        running["lua"] = c.nginx(folder, 18083, lua=True)
        running["haproxy"] = c.haproxy(folder, 18084)
        try:
            print("| workload | peer | ratio (peer ÷ ours) | min–max | ours, CPU s per 100,000 | peer |")
            print("|---|---|--:|--:|--:|--:|")
            for row in rows(folder):
                if not options.only or options.only in row[0]:
                    measure(row, running, options)
        finally:
            for process in running.values():
                stop(process)


PORTS = {"ours": 18080, "checked": 18081, "nginx": 18082, "lua": 18083, "haproxy": 18084, "written": 18085, "counts alone": 18086, "detailed": 18087}


# Which configuration of ours a row is about.
OWN = {"responses checked": "checked", "ledger writes": "written", "every detail": "detailed", "every row": "written"}


def measure(row, running, options):
    title, path, peer_path, headers, script, status, body, peers = row
    ours = next((own for words, own in OWN.items() if words in title), "ours")
    names = [ours, *peers]
    figures = {name: [] for name in names}
    unfit = {}
    urls = {name: f"http://127.0.0.1:{PORTS[name]}{path if name == ours else peer_path}" for name in names}
    try:
        for name in names:
            if status == "429":
                subprocess.run(["curl", "-s", "-o", "/dev/null", *sum((["-H", h] for h in headers), []), urls[name]])
            wait_for(urls[name], headers, status, body)
    except Unfit as why:
        print(f"| {title} | | does not count: {why} | | | |", flush=True)
        return
    for round_ in range(options.rounds):
        order = names if round_ % 2 == 0 else names[::-1]
        for name in order:
            try:
                lines = [] if script else headers
                used, _ = load(urls[name], running[name].pid, options.seconds, script=script,
                               wanted_errors=status[0] != "2", headers=lines)
                figures[name].append(used)
            except Unfit as why:
                unfit[name] = str(why)
                figures[name].append(None)
    for peer in peers:
        pairs = [(p, o) for p, o in zip(figures[peer], figures[ours]) if p and o]
        if not pairs or peer in unfit or ours in unfit:
            print(f"| {title} | {peer} | does not count: {unfit.get(peer) or unfit.get(ours)} | | | |", flush=True)
            continue
        ratios = [p / o for p, o in pairs]
        print(f"| {title} | {peer} | **{statistics.median(ratios):.2f}** | {min(ratios):.2f}–{max(ratios):.2f} "
              f"| {statistics.median(o for _, o in pairs):.2f} | {statistics.median(p for p, _ in pairs):.2f} |", flush=True)


if __name__ == "__main__":
    main()
