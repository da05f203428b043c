//! Codes of diagnostics: a stable slug each, and the page that `switchboard explain SLUG` prints.
//!
//! A code cannot be written without its page, and no diagnostic without a code.

/// A code and its page: what it means, why, how to mend it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) slug: &'static str,
    pub(crate) page: &'static str,
}

macro_rules! codes {
    ($($name:ident = $slug:literal: $page:literal)*) => {
        $(pub(crate) const $name: Code = Code { slug: $slug, page: $page };)*

        /// Every code with its page, in the order of the manual.
        pub const CODES: &[(&str, &str)] = &[$(($name.slug, $name.page)),*];
    };
}

codes! {
    SYNTAX = "syntax": "The file is not TOML. A quote, a bracket or an equals sign is missing, a key stands
twice, or a table was continued after it was closed.

To mend it: mend the place that is marked. An inline table `{ … }` cannot be continued:
use `[apis.orders.upstream]` where a table may grow.
"
    UNREADABLE = "unreadable": "A file that the board needs cannot be read: it is not there, may not be read, or is too
large.

To mend it: check the path. It is taken from the folder that `switchboard.toml` lies in.
`switchboard init` writes a new board.
"
    UNKNOWN_KEY = "unknown-key": "No table of a board has this key here. Keys are written in small letters with hyphens. A
misspelt key is an error and not a comment, so that a limit never goes missing in
silence.

To mend it: write the key that is suggested. The tables and their keys are listed in the
manual under `switchboard.toml`.
"
    REMOVES_NOTHING = "removes-nothing": "An overlay says `false` to remove something that the base file does not have. It may be
misspelt.

To mend it: write the name as the base file has it, or leave the line out.
"
    NOT_BUILT_YET = "not-built-yet": "The word is part of the language and not built yet in this version.

To mend it: leave it out for now; nothing was ignored in silence. The changelog says
when it comes.
"
    WRONG_TYPE = "wrong-type": "A value is of another kind than this key takes: a number for a string, a string for a
table.

To mend it: write the value in the form that is shown.
"
    BAD_WORD = "bad-word": "The key takes one of a few words, and this is none of them.

To mend it: write one of the words that are listed.
"
    BAD_NAME = "bad-name": "Names of APIs, offers, plans, listeners and consumers consist of letters, digits, `-`
and `_`, at most 64. An API's name has no dot and is no HTTP method, so that
`switchboard call orders getOrder` can be told from `switchboard call GET …` and from a
host name.

To mend it: choose another name.
"
    BAD_DURATION = "bad-duration": "A duration is a whole number and a unit: `250ms`, `3s`, `15m`, `24h`, `7d`. It is at
least one millisecond.

To mend it: write it so. There is no default unit: `3` could be seconds or milliseconds.
"
    BAD_SIZE = "bad-size": "A size is a whole number and a unit: `512B`, `64KiB`, `1MiB`, `2GiB`.

To mend it: write it so.
"
    BAD_RATE = "bad-rate": "A rate is a number of calls per time: `60/min`; the time is one of `s`, `min`, `h`,
`day`, `month`. `burst 20` may follow, and for limits `per ip`, `per key`, `per
operation` or `per api`, and `soft`: then nobody is refused, and who goes over it is
named. A limit may also be a number of calls at a time: `4 at once`. It has from 1 to
4294967295 calls.

To mend it: write `60/min burst 20 per ip`, with the parts you need, in this order or
the other.
"
    BAD_QUOTA = "bad-quota": "A quota is a number of calls in a period: `10000/month`, with `h`, `day`, `week`,
`month` or `year` of the calendar (UTC); or in any stretch of time: `500 in 24h`.
`per ip`, `per key`, `per operation` or `per api` may follow, and `soft`: then nobody
is refused, and who goes over it is named. It has from 1 to 4294967295 calls, a window
from a minute to 732 days (`1m` to `732d`).

To mend it: write it so. Shorter times than an hour are a `limit`: `60/min`.
"
    BAD_PRICE = "bad-price": "`price` of a plan is a decimal number and a currency (ISO 4217): `0.001 EUR` for a call,
`1.50 EUR/1000` for a thousand calls; at most nine digits before and behind the point.
It is never a float: what is owed is exact, and rounded once for each line of a bill.

To mend it: write it so. A plan without a price costs nothing.
"
    BAD_ALERT = "bad-alert": "`when` of an alert is a threshold: `quota 80%` of any quota of a plan, `errors 5% in 5m` of
an API's calls, `drift` (or `drift 1% in 1h`) of calls that break their contract,
`soft-limit` for a soft quota that is used up, or for somebody who goes over a soft rate
or a soft bound of calls at once. Shares are above 0% and at most 100%, windows whole
minutes up to `24h`.

To mend it: write it so. More than 100% of a quota is never reached: what is above it is
refused.
"
    UNKNOWN_WEBHOOK = "unknown-webhook": "`to` of an alert names a webhook that is not on the board.

To mend it: write the name of a `[webhooks.NAME]` table, or add one with `url` and
`secret`.
"
    BAD_WEBHOOK_SECRET = "bad-webhook-secret": "The secret of a webhook is `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks has
it: whoever receives the news checks their signature with it.

To mend it: make one with `echo whsec_$(openssl rand -base64 32)`, store it with
`switchboard secret set NAME`, and give it to the receiver too.
"
    LIMIT_OF_ZERO = "limit-of-zero": "The limit lets no call through, ever.

To mend it: write at least 1. To shut somebody out, suspend the consumer: `switchboard
consumer suspend NAME`. To close an offer, take its plan away.
"
    BAD_ADDRESS = "bad-address": "`bind` is an address and a port: `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:443`. Host
names are not looked up: what is opened must not depend on a name server.

To mend it: write the address in numbers. What callers see goes into `url`.
"
    BAD_NETWORK = "bad-network": "`trust` is a list of networks whose `Forwarded` fields are believed: `10.0.0.0/8`,
`::1/128`, or one address.

To mend it: write an address and, after a slash, how many of its bits are fixed.
"
    BAD_URL = "bad-url": "The text is no URL of a server: a scheme `http` or `https`, a host, maybe a port and a
path; no password, no query.

To mend it: write `https://api.acme.example/v1`. A credential goes under `credential`.
"
    BAD_ORIGIN = "bad-origin": "`cors` lists origins of web pages: scheme, host and maybe a port, without a path:
`https://shop.acme.example`. Or `*` for every page.

To mend it: write the origin as the browser sends it in the `Origin` field: no slash at
the end.
"
    BAD_PATH = "bad-path": "`at` is the path that callers use: it begins with `/`, has no query, and no character
that would have to be encoded.

To mend it: write `/orders/v1`. It is removed from the path, and the rest is appended to
the upstream's URL.
"
    BAD_METHOD = "bad-method": "The word before the path is no HTTP method. Methods are written in capitals.

To mend it: write `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD` or `OPTIONS`.
"
    BAD_FIELD = "bad-field": "The text cannot be the name of a header field, a cookie or a query parameter.

To mend it: names of fields consist of letters, digits and hyphens: `X-Api-Key` (RFC
9110 §5.1).
"
    BAD_KEY = "bad-key": "A key of a consumer stands in the board as its digest: `sha256:` and 64 hexadecimal
digits. The key itself must not stand there.

To mend it: `switchboard key new NAME --digest` makes a key, shows it once and prints
its digest.
"
    KEY_TWICE = "key-twice": "The same key belongs to two consumers, or stands twice with one. Nobody could say who
calls.

To mend it: give each consumer a key of its own.
"
    UNKNOWN_OPERATION = "unknown-operation": "`only` or `except` names an operation, or a path, that the API's contract does not have;
of a key: that no contract has which it is for.
An offer must not depend on a misspelt name: `except` would open what it should close.

To mend it: write the operation's id as the contract has it. `switchboard contract
operations FILE` lists them.
"
    UNKNOWN_TAG = "unknown-tag": "`only` or `except` names a tag that no operation of the contract carries.

To mend it: write a tag as the contract has it, or use operation ids.
"
    RULE_WITHOUT_CONTRACT = "rule-without-contract": "`only` and `except` choose among the operations of a contract, and this API has none:
everything passes.

To mend it: give the API a `contract`, or leave the rule out. `switchboard contract
learn API` drafts a contract from calls.
"
    COST_OVER_LIMIT = "cost-over-limit": "A call costs more than a plan of the offer lets through at once, so no call ever would
be let through.

To mend it: write a smaller `cost`, or give the limit a larger `burst`.
"
    ONLY_AND_EXCEPT = "only-and-except": "An offer has both `only` and `except`. One of them says it all.

To mend it: keep `only` (nothing else is open) or `except` (everything else is).
"
    OPENS_NOTHING = "opens-nothing": "The offer's `only` or `except` leaves no operation open.

To mend it: name at least one operation, or take the offer away.
"
    BAD_TERMS = "bad-terms": "`terms` is a URL or a text file of the board's folder. A consumer must have accepted them
before the plan opens anything; another version of them has to be accepted anew: another
text of the file, another URL, or the same URL with another `#version`.

To mend it: write `https://acme.example/terms#2027-01`, or the name of a file; not in a
plan with `auth = \"none\"`, where nobody is known who could accept them.
"
    BAD_DATE = "bad-date": "`expires` is a day: the first one, in UTC, on which the key opens nothing.

To mend it: write it as year, month and day: `2027-01-01`.
"
    UNKNOWN_API = "unknown-api": "A key is narrowed to an API that is not on the board.

To mend it: write the name of an `[apis.NAME]` table.
"
    UNKNOWN_PLAN = "unknown-plan": "An offer or a consumer names a plan that is not on the board.

To mend it: write a plan that is there, or add `[plans.NAME]` with `auth = \"key\"` or
`auth = \"none\"`.
"
    ENDED_KEY = "ended-key": "A key of a consumer in the file has an `expires` that is over: it opens nothing. Who calls with
it gets 401 `key-expired`.

To mend it: take it out, or make another with `switchboard key new NAME --in-file`.
"
    UNKNOWN_LISTENER = "unknown-listener": "`on` names a listener that is not on the board.

To mend it: write the name of a `[listen.NAME]` table, or leave `on` out: then it is the
first one.
"
    UNKNOWN_SCHEME = "unknown-scheme": "`credential` gives a secret to a security scheme that the contract does not declare.

To mend it: write the scheme's name as the contract has it under
`components.securitySchemes`, or say where the secret goes: `{ header = \"X-Key\", value =
\"env:KEY\" }`.
"
    UNKNOWN_SECRET = "unknown-secret": "A secret is referred to by a name that is not under `[secrets]`.

To mend it: write the name as it stands there, or a reference: `env:NAME`, `file:PATH`,
`systemd:NAME`, `keyring:SERVICE/NAME`.
"
    MISSING_SECRET = "missing-secret": "A secret is referred to and cannot be had: the variable is not set, the file is not
there, the store does not have it. All missing ones are told in one run.

To mend it: run the command that is shown, then start again.
"
    LITERAL_SECRET = "literal-secret": "A secret stands in the file in clear. The file is read by many, goes into version
control and into backups. The text is blacked out in this message.

To mend it: store it with `switchboard secret set NAME`, then refer to it by that name;
or put it into a variable and write `env:NAME`. Then change it at the provider: it was
readable.
"
    UNUSED_SECRET = "unused-secret": "A name under `[secrets]` is used nowhere. It may be misspelt where it should be used.

To mend it: use it or take it away.
"
    LEDGER_IN_DATABASE = "ledger-in-database": "`[ledger]` has both a folder and a database. The database keeps calls, usage, consumers
and keys; the folder only `run.sock`, by which commands ask the board that runs here.

To mend it: leave `folder` out, unless that shall lie elsewhere; then this warning says
what lies where.
"
    BAD_REFERENCE = "bad-reference": "A secret's reference is incomplete: `env:` wants a variable's name, `file:` a path,
`systemd:` a credential's name, `keyring:` a service and a name.

To mend it: write `env:WEATHER_KEY`, `file:/run/secrets/weather`, `systemd:weather`,
`keyring:weather/me`.
"
    CONTRACT_UNREADABLE = "contract-unreadable": "The contract cannot be used: it is not there, cannot be parsed, is no API contract, or
is of a version that is not built yet. The place in the contract is marked where there
is one.

To mend it: mend the contract, or leave `contract` out: then the API is open and nothing
is checked.
"
    CONTRACT_WARNING = "contract-warning": "Something in the contract is left out or not enforced. The rest of it works.

To mend it: read what is said; `switchboard check CONTRACT` tells all of it.
"
    CONNECTION_TWICE = "connection-twice": "Two connections of one API name the same consumer: nobody could say with which account it
calls.

To mend it: leave the consumer's name in one `consumers = […]` and take it out of the
other.
"
    AMBIGUOUS_PATHS = "ambiguous-paths": "Two templates of one contract match the same paths and differ in the names of their
parameters only: `/a/{x}` and `/a/{y}`. OpenAPI forbids it, and published contracts do
it. The same method under both: the first in the document wins and the second can never
be called. Different methods: both work.

To mend it: give one of them another path in the contract.
"
    OFFER_TWICE = "offer-twice": "Two offers stand at the same address: same listener, same host, same path. A call could
not know which one it means.

To mend it: give one of them another `at`, `host` or `on`.
"
    OFFER_WITHOUT_PLANS = "offer-without-plans": "An offer without plans lets nobody in.

To mend it: write `plans = [\"NAME\"]`. For everybody, without a key: a plan with `auth =
\"none\"`.
"
    PLAN_NEVER_OFFERED = "plan-never-offered": "No offer names this plan, so nobody can use it.

To mend it: name it in an offer's `plans`, or take it away.
"
    PLAN_TWICE = "plan-twice": "A plan stands twice in one list.

To mend it: take one of them away.
"
    BAD_OVERLAY = "bad-overlay": "An overlay of an API's contract cannot be read, cannot be understood, or does not fit the
contract. The contract is not used without it: half a correction is none.

To mend it: correct the overlay where it is shown. It has `overlay: 1.1.0`, `info` and
`actions`, each with a `target` (JSONPath, RFC 9535) and one of `update`, `copy`, `remove`.
"
    BAD_HOST = "bad-host": "`refs-from` names the hosts that a contract's references may lead to, and this is none.

To mend it: write a host alone, with a port where it needs one: `schemas.acme.example`,
`127.0.0.1:9000`. A host that is no loopback address is asked over https only.
"
    OVERLAY_WITHOUT_CONTRACT = "overlay-without-contract": "`overlay` or `refs-from` is about a contract, and the API has none.

To mend it: give it a `contract`, or take the word away.
"
    NO_UPSTREAM = "no-upstream": "Nobody said where the API is: the board has no `urls`, and the contract has no server
that is a full URL.

To mend it: write `urls = \"https://api.acme.example\"` under `[apis.NAME.upstream]`.
"
    RELATIVE_SERVER = "relative-server": "The contract's server is a path without a host, so it cannot be called by itself.

To mend it: write the whole address under `[apis.NAME.upstream]`: `urls =
\"https://api.acme.example/v1\"`.
"
    BASE_PATH_DROPPED = "base-path-dropped": "The upstream's URL replaces the contract's server *with its path*, and the contract's
server has a path that the URL lacks. Calls would go to `/orders` where the contract
says `/v1/orders`.

To mend it: if the provider has that path, add it to `urls`. If not, nothing has to be
done.
"
    CHECKS_WITHOUT_CONTRACT = "checks-without-contract": "`check` is on, and the API has no contract to check against.

To mend it: give it a `contract`, or take `check` away.
"
    MOCK_WITHOUT_CONTRACT = "mock-without-contract": "`mock` is on, and the API has no contract to answer from.

To mend it: give it a `contract`, or take `mock` away.
"
    BAD_BATCH = "bad-batch": "A `batch` says that rows of one operation go together by another, and the contract does not bear it out:
an operation is not there, or its JSON body has no list to put rows into.

To mend it: write the operations' ids as the contract has them, and name the list with `items`.
"
    BAD_FAULT = "bad-fault": "`fault` of a mock is what goes wrong on purpose, and it cannot be understood.

To mend it: write `error` (a 500) or `drop` (the connection ends inside the body); a share follows a colon: `drop:10%`.
"
    PUBLIC_WITHOUT_TLS = "public-without-tls": "The listener can be reached from other machines and speaks plain HTTP: keys travel in
clear.

To mend it: give it `tls = { cert = \"…\", key = \"file:…\" }`, or bind it to `127.0.0.1`
behind something that speaks TLS.
"
    BAD_TLS = "bad-tls": "`tls` wants a certificate chain and its private key, both in PEM.

To mend it: write `tls = { cert = \"cert.pem\", key = \"file:key.pem\" }`.
"
    BAD_AUTHORITY = "bad-authority": "`ca` names a file with certificates in PEM.

To mend it: the file holds at least one `-----BEGIN CERTIFICATE-----`.
"
    LISTEN_TWICE = "listen-twice": "Two listeners, or a listener and the console, open the same address.

To mend it: give one of them another port.
"
    LOGIN_ELSEWHERE = "login-elsewhere": "A login that `switchboard auth login` stored was had for another server than this board
calls now, or cannot be read. It is never sent to another origin.

To mend it: look whether the server's URL is right, then log in again.
"
    MISSING_KEY = "missing-key": "A table lacks a key that it cannot do without.

To mend it: write the key that is shown.
"
    BAD_FLAG = "bad-flag": "A flag of `switchboard proxy` cannot be understood.

To mend it: write it as shown. `switchboard proxy --help` lists all of them.
"
}

/// The page of a code.
pub fn explain(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(slug, _)| *slug == code).map(|(_, page)| *page)
}

#[cfg(test)]
mod tests {
    use super::CODES;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_a_slug_of_its_own_with_a_page_that_helps() {
        let mut seen = HashSet::new();
        for (slug, page) in CODES {
            assert!(seen.insert(slug), "{slug}");
            assert!(slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{slug}");
            assert!(page.contains("To mend it: ") && page.ends_with(".\n"), "{slug}: {page}");
        }
    }
}
