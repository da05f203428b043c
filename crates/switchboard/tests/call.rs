//! `switchboard call` and `switchboard curl` as a person runs them: the binary, real sockets, exit code, stdout and stderr.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at what it did not expect, and says what it skipped"
)]

#[path = "call/checks.rs"]
mod checks;
#[path = "call/contract.rs"]
mod contract_calls;
#[path = "call/curl.rs"]
mod curl;
#[path = "call/differential.rs"]
mod differential;
#[path = "call/failures.rs"]
mod failures;
#[path = "call/free.rs"]
mod free;
#[path = "call/harness.rs"]
mod harness;
#[path = "call/history.rs"]
mod history;
#[path = "call/httpie.rs"]
mod httpie;
#[path = "credentials/issuer.rs"]
mod issuer;
#[path = "call/login.rs"]
mod login;
#[path = "call/manual.rs"]
mod manual;
#[path = "call/named.rs"]
mod named;
#[path = "call/origins.rs"]
mod origins;
#[path = "call/papers.rs"]
mod papers;
#[path = "call/patience.rs"]
mod patience;
#[path = "call/printed.rs"]
mod printed;
#[path = "call/proxies.rs"]
mod proxies;
#[path = "call/recorder.rs"]
mod recorder;
#[path = "call/redirects.rs"]
mod redirects;
#[path = "call/repeated.rs"]
mod repeated;
#[path = "call/sampled.rs"]
mod sampled;
#[path = "call/secrets.rs"]
mod secrets;
#[path = "call/server.rs"]
mod server;
#[path = "call/shown.rs"]
mod shown;
#[path = "call/timing.rs"]
mod timing;
#[path = "call/tls.rs"]
mod tls;
#[path = "call/ways.rs"]
mod ways;
