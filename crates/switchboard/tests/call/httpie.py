"""Runs HTTPie's own `main` for each line of words on standard input; what it would send goes to standard output."""
import base64
import io
import json
import sys
import tempfile

from httpie.context import Environment
from httpie.core import main

for line in sys.stdin:
    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    env = Environment(
        stdin=None, stdout=out, stdout_isatty=False, stderr=err, stderr_isatty=False, config_dir=tempfile.gettempdir()
    )
    words = ["http", "--offline", "--ignore-stdin", "--print=HB", *json.loads(line)]
    try:
        status = int(main(args=words, env=env))
    except BaseException as error:  # argparse ends with SystemExit
        status, err = 1, io.StringIO(repr(error))
    out.flush()
    sent = base64.b64encode(out.buffer.getvalue()).decode()
    print(json.dumps({"status": status, "sent": sent, "err": err.getvalue()}), flush=True)
