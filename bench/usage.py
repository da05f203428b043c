"""How long `switchboard usage` takes for a year, a month and a day of the same ledger.

Method: the generator counts calls through the ledger's own recorder and adds them up as a running board does; each question
is then a process of its own, asked several times in turn with the others. Wall time is that of the process, start included.
The answers must agree: the months add up to the year, and `usage` to the export. Anything else ends the measurement.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import tempfile
import time

RELEASE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "target", "release")
OURS = os.path.abspath(os.environ.get("SWITCHBOARD", os.path.join(RELEASE, "switchboard")))
FILL = os.path.abspath(os.environ.get("FILL", os.path.join(RELEASE, "examples", "rows")))


def main():
    reader = argparse.ArgumentParser()
    reader.add_argument("--rounds", type=int, default=5)
    options = reader.parse_args()
    year, each = os.environ.get("YEAR", "2025"), os.environ.get("EACH", "10")
    with tempfile.TemporaryDirectory() as own:
        folder = os.path.abspath(os.environ.get("FOLDER", os.path.join(own, "ledger")))
        if not os.path.isdir(folder):
            print(subprocess.run([FILL, folder, "year", year, each], check=True, capture_output=True, text=True).stdout)
        with open(os.path.join(own, "switchboard.toml"), "w") as out:
            out.write(f'console = false\n[ledger]\nfolder = "{folder}"\n')
        environment = {"HOME": own, "PATH": os.environ["PATH"], "NO_COLOR": "1"}

        def ask(words):
            command = [OURS, "--board", own, "usage", *words, "--format", "json"]
            begun = time.perf_counter()
            ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
            wall = (time.perf_counter() - begun) * 1e3
            if ended.returncode:
                raise SystemExit(f"{command} ended with {ended.returncode}: {ended.stderr}")
            return wall, json.loads(ended.stdout)

        def calls(words):
            said = ask(words)[1]
            return said["totals"]["calls"] if isinstance(said, dict) else sum(row["calls"] for row in said)

        months = sum(calls(["--period", f"{year}-{month:02}", "--by", "plan"]) for month in range(1, 13))
        for words in (["--period", year, "--by", "plan"], ["export", "--period", year]):
            if calls(words) != months:
                raise SystemExit(f"{words} says {calls(words)} calls, the months {months}")
        questions = [
            ["--period", f"{year}-10-03", "--by", "plan"],
            ["--period", f"{year}-10", "--by", "plan"],
            ["--period", year, "--by", "plan"],
            ["--period", year, "--by", "consumer,plan", "--prices"],
            ["--period", year, "--by", "plan", "--consumer", "c3"],
            ["--period", f"{year}-10-03", "--by", "hour"],
            ["export", "--period", f"{year}-10"],
            ["export", "--period", year],
        ]
        figures = {}
        for _ in range(options.rounds):
            for words in questions:
                figures.setdefault(" ".join(words), []).append(ask(words)[0])
        counts = sqlite3.connect(os.path.join(folder, "usage.db"))
        sizes = [counts.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("usage", "usage_hours", "usage_days")]
        print(f"{months:,} calls; {sizes[0]:,} counts by the minute (62 days), {sizes[1]:,} by the hour, {sizes[2]:,} by the day\n")
        print("| `switchboard usage …` | ms, median | most |\n|---|--:|--:|")
        for words, times in figures.items():
            print(f"| `{words}` | {statistics.median(times):.0f} | {max(times):.0f} |")


if __name__ == "__main__":
    main()
