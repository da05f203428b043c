"""The contenders and their configuration: each does the same job with what it really offers.

nginx: `map` for keys, `limit_req`, one `location` an operation. nginx+lua decodes the body with cjson and
checks no schema. haproxy: `map` on the key, a stick table, `json_query` on one field. Each does less than
a schema check; the table says so.
"""

import hashlib
import json
import os

from measure import start

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.path.join(HERE, "..", "target", "release", "switchboard")
UPSTREAM = 18000
KEYS = 1000
OPERATIONS = 500
ANSWER = json.dumps({"id": 4021, "status": "in_transit", "total": 42.5, "currency": "EUR", "items": [1, 2, 3]})
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def letters(data, count):
    """The first letters of 5 bits each, as the keys of switchboard have them."""
    bits = "".join(f"{byte:08b}" for byte in data).ljust(count * 5, "0")
    return "".join(ALPHABET[int(bits[5 * at : 5 * at + 5], 2)] for at in range(count))


def key(number):
    """A key in the form that switchboard issues."""
    body = letters(hashlib.sha256(f"bench {number}".encode()).digest(), 52)
    return f"sbk_{body}{letters(hashlib.sha256(body.encode()).digest(), 4)}"


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def upstream(folder):
    """The provider behind every contender: nginx on the other core, a fixed answer."""
    conf = write(folder, "upstream.conf", f"""
worker_processes 1; daemon off; pid {folder}/upstream.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{UPSTREAM} backlog=4096; client_max_body_size 10m;
    location / {{ default_type application/json; return 200 '{ANSWER}'; }} }} }}
""")
    return ["taskset", "-c", "1", "nginx", "-c", conf, "-p", folder]


def nginx(folder, port, lua=False):
    """nginx: plain proxy at /plain/, keyed and limited operations at /api/.

    Locations are prefixes, which nginx finds in a tree; regular expressions it would try one after the other.
    """
    places = "\n".join(
        f"location ^~ /api/things{n}/ {{ if ($who = '') {{ return 401; }} limit_req zone=per burst=1000000 nodelay; proxy_pass http://up; }}"
        for n in range(OPERATIONS))
    keys = "\n".join(f'"{key(n)}" c{n};' for n in range(KEYS + 1))
    script = """
location = /api/orders { access_by_lua_block {
  if ngx.var.who == '' then return ngx.exit(401) end
  ngx.req.read_body()
  local ok, body = pcall(cjson.decode, ngx.req.get_body_data() or '')
  if not ok or type(body) ~= 'table' or not body.currency then return ngx.exit(400) end
} limit_req zone=per burst=1000000 nodelay; proxy_pass http://up; }
""" if lua else ""
    modules = "\n".join(
        f"load_module /usr/lib/nginx/modules/{module};"
        for module in ("ndk_http_module.so", "ngx_http_lua_module.so") if lua)
    init = "init_by_lua_block { cjson = require 'cjson.safe'; cjson = require 'cjson' }" if lua else ""
    conf = write(folder, f"nginx{port}.conf", f"""
{modules}
worker_processes 1; daemon off; pid {folder}/nginx{port}.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_buffer_size 64k; map_hash_max_size 65536; map_hash_bucket_size 256;
  {init}
  map $http_x_api_key $who {{ default ''; {keys} }}
  limit_req_zone $who zone=per:10m rate=1000000r/s;
  limit_req_zone $who zone=tight:1m rate=1r/m; limit_req_status 429;
  upstream up {{ server 127.0.0.1:{UPSTREAM}; keepalive 256; keepalive_requests 1000000000; }}
  proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering on;
  proxy_set_header Via '1.1 bench'; proxy_set_header X-Forwarded-For $remote_addr;
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location ^~ /plain/ {{ proxy_pass http://up; }}
    location ^~ /tight/ {{ if ($who = '') {{ return 401; }} limit_req zone=tight; proxy_pass http://up; }}
    {script}
    {places}
  }} }}
""")
    return start(["nginx", "-c", conf, "-p", folder])


def haproxy(folder, port):
    """haproxy: map of keys, stick table for the limit, one field of the body looked at."""
    keys = write(folder, "keys.map", "\n".join(f"{key(n)} c{n}" for n in range(KEYS + 1)))
    paths = write(folder, "paths.lst", "\n".join(f"/api/things{n}/" for n in range(OPERATIONS)) + "\n/api/orders\n")
    conf = write(folder, "haproxy.cfg", f"""
global
  nbthread 1
  maxconn 4096
  tune.bufsize 32768
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 2s
  timeout http-request 10s
frontend in
  bind 127.0.0.1:{port} backlog 4096
  stick-table type string len 64 size 100k expire 60s store http_req_rate(60s)
  acl api path_beg /api/
  acl tight path_beg /tight/
  acl guarded path_beg /api/ /tight/
  acl known_path path_beg -f {paths}
  http-request set-var(txn.who) req.hdr(x-api-key),map({keys})
  http-request return status 401 if guarded !{{ var(txn.who) -m found }}
  http-request return status 404 if api !known_path
  http-request track-sc0 var(txn.who) if guarded
  http-request return status 429 if tight {{ sc_http_req_rate(0) gt 1 }}
  http-request return status 429 if api {{ sc_http_req_rate(0) gt 1000000000 }}
  http-request wait-for-body time 5s if METH_POST
  http-request return status 400 if METH_POST !{{ req.body,json_query('$.currency') -m found }}
  option forwardfor
  http-request add-header Via "1.1 bench"
  default_backend up
backend up
  http-reuse always
  server one 127.0.0.1:{UPSTREAM} pool-max-conn 256
""")
    return start(["haproxy", "-f", conf, "-q"])


def contract():
    """500 operations with a path parameter, and one that takes a body of 900 bytes."""
    order = {
        "type": "object", "required": ["currency", "customer", "items"], "additionalProperties": False,
        "properties": {
            "currency": {"type": "string", "enum": ["EUR", "USD", "GBP"]},
            "customer": {"type": "object", "required": ["name", "email"], "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 80},
                "email": {"type": "string", "pattern": "^[^@ ]+@[^@ ]+$"},
                "age": {"type": "integer", "minimum": 0, "maximum": 150}}},
            "items": {"type": "array", "minItems": 1, "maxItems": 100, "items": {
                "type": "object", "required": ["sku", "quantity", "price"], "additionalProperties": False,
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1},
                               "price": {"type": "number", "minimum": 0}}}},
            "note": {"type": "string", "maxLength": 500}}}
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": {
        "type": "object", "required": ["id", "status", "total"],
        "properties": {"id": {"type": "integer"}, "status": {"type": "string"}, "total": {"type": "number"}}}}}}}
    paths = {
        f"/things{n}/{{id}}": {"get": {"operationId": f"getThing{n}", "responses": answer, "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]}}
        for n in range(OPERATIONS)}
    paths["/orders"] = {"post": {"operationId": "createOrder", "responses": answer, "requestBody": {
        "required": True, "content": {"application/json": {"schema": order}}}}}
    return {"openapi": "3.1.0", "info": {"title": "bench", "version": "1"}, "paths": paths,
            "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}}},
            "security": [{"key": []}]}


def body():
    """An order of about 900 bytes."""
    items = [{"sku": f"SKU-{n:05}", "quantity": n + 1, "price": 9.5 + n} for n in range(14)]
    return json.dumps({"currency": "EUR", "customer": {"name": "Globex", "email": "buyer@globex.example", "age": 42},
                       "items": items, "note": "leave it at the door, please. " * 5})


def switchboard(folder, port, responses="off", rows="50/s", details="none"):
    """switchboard: an open API at /plain, the contract at /api and /tight, and the same with responses checked."""
    own = os.path.join(folder, f"board{port}")
    os.makedirs(own, exist_ok=True)
    write(own, "bench.json", json.dumps(contract()))
    consumers = "\n".join(
        f'[consumers.c{n}]\nplans = ["wide"]\nkeys = ["sha256:{hashlib.sha256(key(n).encode()).hexdigest()}"]'
        for n in range(KEYS))
    tight = hashlib.sha256(key(KEYS).encode()).hexdigest()
    write(own, "switchboard.toml", f"""
console = false

[listen.bench]
bind = "127.0.0.1:{port}"
guesses = "100000000/s per ip"

[apis.plain.upstream]
urls = ["http://127.0.0.1:{UPSTREAM}"]

[apis.plain.offer.all]
at = "/plain"
plans = ["open"]

[apis.things]
contract = "bench.json"
check = {{ requests = "block", responses = "{responses}" }}

[apis.things.upstream]
urls = ["http://127.0.0.1:{UPSTREAM}"]

[apis.things.offer.all]
at = "/api"
plans = ["wide", "tight"]

[plans.open]
auth = "none"

[plans.wide]
auth = "key"
limit = "100000000/min"

[plans.tight]
auth = "key"
limit = "1/day"

[record]
rows = "{rows}"
details = "{details}"

{consumers}

[consumers.tight]
plans = ["tight"]
keys = ["sha256:{tight}"]
""")
    return start([BINARY, "--board", own, "serve", "--threads", "1", "--quiet"])
