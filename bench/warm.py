"""A large contract at first and at second use, beside what people read such documents with, in one run."""

import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "target/release/switchboard"
ROUNDS = int(os.environ.get("ROUNDS", "9"))
ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# Whole contract documents of this size have lines of several hundred bytes; wider ones fold less.
WIDTH = 100


class Server:
    """Answers every request with 204 and notes when its first bytes came."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.came = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                if connection.recv(65536):
                    self.came = time.perf_counter()
                    connection.sendall(ANSWER)


def run(command, environment, server=None):
    """CPU ms, and wall ms until the request came (else until the end)."""
    if server:
        server.came = None
    with open(os.devnull, "wb") as nothing, tempfile.TemporaryFile() as words:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=nothing, stderr=words, env=environment, cwd=environment["HOME"])
        _, status, used = os.wait4(process.pid, 0)
        end = time.perf_counter()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            words.seek(0)
            sys.exit(f"{command} ended with {process.returncode}: {words.read().decode()}")
    came = server.came if server and server.came else end
    return (used.ru_utime + used.ru_stime) * 1000, (came - start) * 1000


def peak(command, environment):
    """Peak MiB. By `time`, which is small: a child of this process would count its memory as well."""
    with tempfile.NamedTemporaryFile() as said:
        timed = ["/usr/bin/time", "-f", "%M", "-o", said.name, *command]
        subprocess.run(timed, capture_output=True, env=environment, cwd=environment["HOME"], check=True)
        return int(said.read()) / 1024


def biggest():
    corpus = ROOT.parent / "shared/corpus/openapi"
    found = sorted(corpus.glob("*.json"), key=lambda path: path.stat().st_size) if corpus.is_dir() else []
    return found[-1] if found else None


def as_yaml(document, path):
    """Writes the same document as YAML, without anchors; says whether that could be done."""
    try:
        import yaml
    except ImportError:
        return False

    class Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
        def ignore_aliases(self, _):
            return True

    path.write_text(yaml.dump(document, Dumper=Plain, allow_unicode=True, sort_keys=False, width=WIDTH))
    return True


def simple(document):
    """An operation without anything required but the path's parameters, and items for them."""
    for path, item in document["paths"].items():
        operation = item.get("get")
        if operation and "{" not in path and operation.get("operationId"):
            needed = [one for one in operation.get("parameters", []) if one.get("required") or "$ref" in one]
            if not needed:
                return operation["operationId"]
    sys.exit("no operation of this contract can be called without values")


def main():
    given = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else biggest()
    if not given:
        sys.exit("name a contract: there is no ../shared/corpus beside the project")
    home = pathlib.Path(tempfile.mkdtemp(prefix="switchboard-warm-"))
    try:
        measure(given, home)
    finally:
        shutil.rmtree(home)


def measure(given, home):
    document = json.loads(given.read_text())
    server = Server()
    base = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_COLOR": "1"}
    base |= {"XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
    files = {"JSON": home / "api.json"}
    shutil.copyfile(given, files["JSON"])
    # An index is believed without a look at the file's bytes once the file was left alone for a minute.
    long_ago = time.time() - 3600
    if as_yaml(document, home / "api.yaml"):
        files["YAML"] = home / "api.yaml"
    for path in files.values():
        os.utime(path, (long_ago, long_ago))
    operation = simple(document)
    own = str(BINARY)
    address = f"http://127.0.0.1:{server.port}"
    board = home / "board"
    board.mkdir()
    (board / "switchboard.toml").write_text(
        f'[apis.big]\ncontract = "../api.json"\n\n[apis.big.upstream]\nurls = ["{address}"]\n'
    )
    (home / "config").mkdir()

    def forget():
        shutil.rmtree(home / "state", ignore_errors=True)
        shutil.rmtree(board / ".switchboard", ignore_errors=True)

    def call(file):
        return [own, "call", str(file), operation, "--server", address, "--check", "off"]

    rows = {}
    peaks = {}

    def note(name, command, with_server=False, before=None):
        if before:
            before()
        rows.setdefault(name, []).append(run(command, base, server if with_server else None))
        if name not in peaks:
            if before:
                before()
            peaks[name] = peak(command, base)

    print(f"{given.name}, {given.stat().st_size} bytes; operation `{operation}`; waiting a minute", file=sys.stderr)
    time.sleep(float(os.environ.get("SETTLE", "61")))
    for turn in range(ROUNDS):
        for kind, file in files.items():
            note(f"{kind}: listed", [own, "contract", "operations", str(file), "--format", "json"])
            if kind == "JSON":
                note("JSON: python3 json.load", ["python3", "-c", f"import json; json.load(open({str(file)!r}))"])
                if shutil.which("jq"):
                    note("JSON: jq length", ["jq", "length", str(file)])
            elif turn < 2:
                loader = "import yaml; L = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)"
                note("YAML: python3 yaml.load (libyaml)", ["python3", "-c", f"{loader}; yaml.load(open({str(file)!r}), Loader=L)"])
            note(f"{kind}: first call", call(file), True, forget)
            for _ in range(2):
                note(f"{kind}: second call", call(file), True)
            note(f"{kind}: TAB after the operation", [own, "complete", "bash", "--", "call", str(file), operation, ""])
            note(f"{kind}: TAB over all operations", [own, "complete", "bash", "--", "call", str(file), ""])
        note("a board with it: first call", [own, "--board", str(board), "call", f"big.{operation}", "--check", "off"], True)
        note("a board with it: second call", [own, "--board", str(board), "call", f"big.{operation}", "--check", "off"], True)
        note("a board with it: TAB", [own, "--board", str(board), "complete", "bash", "--", "call", "big.", ""])
        note("a URL", [own, "call", f"{address}/"], True)
        note("curl", ["curl", "-s", f"{address}/"], True)
        note("`--version`", [own, "--version"])
    print("| what | CPU ms | until the request leaves, ms | peak MiB |")
    print("|---|--:|--:|--:|")
    for name, found in rows.items():
        # Without the process that warms the caches of the machine.
        found = found[1:] if len(found) > 2 else found
        cpu, wall = (statistics.median(column) for column in zip(*found))
        print(f"| {name} | {cpu:.0f} | {wall:.0f} | {peaks[name]:.0f} |")


main()
