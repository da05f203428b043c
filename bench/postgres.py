"""A PostgreSQL server of a measurement's own: Debian's, on a socket in a folder, as `nobody` where root measures.

With Debian's settings but for what a small machine has too little of: durable, with autovacuum, so that what is measured is
what a user gets.
"""

import contextlib
import glob
import os
import pathlib
import subprocess
import sys
import time

SETTINGS = ["listen_addresses=", "shared_buffers=256MB", "max_wal_size=4GB", "unix_socket_permissions=0777"]


def as_nobody(command):
    """`initdb` refuses root."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command] if os.geteuid() == 0 else command


@contextlib.contextmanager
def server(folder):
    """Runs one on this folder, made where it is missing; gives the URL of its database."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not programs:
        sys.exit("PostgreSQL is not installed: apt-get install postgresql")
    folder = pathlib.Path(folder)
    data = folder / "data"
    if not data.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
        subprocess.run(as_nobody([f"{programs[-1]}/initdb", "-D", data, "-U", "ledger", "-A", "trust"]), check=True,
                       stdout=subprocess.DEVNULL, cwd="/")
    words = [word for setting in [*SETTINGS, f"unix_socket_directories={folder}"] for word in ("-c", setting)]
    process = subprocess.Popen(as_nobody([f"{programs[-1]}/postgres", "-D", data, *words]), cwd="/",
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if subprocess.run([f"{programs[-1]}/pg_isready", "-q", "-h", folder, "-U", "ledger"]).returncode == 0:
                break
            if process.poll() is not None:
                sys.exit(f"PostgreSQL does not start in {folder}")
            time.sleep(0.1)
        yield f"postgres://ledger@localhost/postgres?host={folder}"
    finally:
        # Fast: who is connected is let go.
        process.send_signal(2)
        process.wait()
