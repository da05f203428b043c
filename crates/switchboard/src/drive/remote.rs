//! Documents on allowed hosts that a contract refers to: fetched once, then taken from the user's state folder.
//!
//! Only over https, unless the host is a loopback address; never with a credential, never after a redirect, and
//! within bounds of size and time. Which hosts are allowed is decided before anything comes here: none, unless
//! `refs-from` names them. A kept document that is not as it was fetched is fetched again.

use super::fetch::{self, Bounds};
use super::outside::write_private;
use super::place::state_folder;
use board::ServerUrl;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The largest document that is fetched for a reference.
const LARGEST: usize = 16 * 1024 * 1024;
/// The longest time that one may take.
const LONGEST: Duration = Duration::from_secs(20);
/// So long may all of them take in [`WINDOW`]: a slow host does not hold a process for hours.
const ALL: Duration = Duration::from_secs(120);
const WINDOW: Duration = Duration::from_secs(600);

/// Whether what is kept counts.
static ANEW: AtomicBool = AtomicBool::new(false);
static SPENT: Mutex<Option<(Instant, Duration)>> = Mutex::new(None);

/// From now on this process fetches everything again instead of taking what is kept.
pub(crate) fn anew() {
    ANEW.store(true, Ordering::Relaxed);
}

/// The document at a URL whose host is allowed.
pub(crate) fn get(url: &str) -> Result<Vec<u8>, String> {
    let server = ServerUrl::parse(url.split(['?', '#']).next().unwrap_or_default())?;
    if !server.is_safe() {
        return Err(format!("only a loopback address is asked over http: write https://{}", &url[7..]));
    }
    let path = kept_at(url);
    if !ANEW.load(Ordering::Relaxed)
        && let Some(bytes) = path.as_ref().and_then(|path| kept(path, url))
    {
        return Ok(bytes);
    }
    let begun = Instant::now();
    let spent = spent(Duration::ZERO);
    if spent >= ALL {
        return Err(format!(
            "fetching references took {} s already: nothing more is asked for a while",
            ALL.as_secs()
        ));
    }
    let bounds = Bounds { largest: LARGEST, longest: LONGEST.min(ALL.saturating_sub(spent)) };
    let bytes = apart(url, bounds);
    self::spent(begun.elapsed());
    let bytes = bytes?;
    if let Some(path) = path {
        let text = [format!("{url}\n{}\n", digest(&bytes)).as_bytes(), &bytes].concat();
        // What cannot be kept is fetched again the next time.
        let _ = write_private(&path, &text);
    }
    Ok(bytes)
}

/// The document at a URL as it was fetched before: for whoever sends nothing.
pub(crate) fn held(url: &str) -> Result<Vec<u8>, String> {
    kept_at(url).and_then(|path| kept(&path, url)).ok_or_else(|| {
        "it was not fetched yet, and nothing is sent here: run `switchboard check` once".to_owned()
    })
}

/// Fetches on a thread of its own: the caller may be inside a runtime, and waits.
fn apart(url: &str, bounds: Bounds) -> Result<Vec<u8>, String> {
    let fetched = std::thread::scope(|scope| {
        let thread = scope.spawn(|| super::runtime()?.block_on(fetch::get(url, bounds, None)));
        thread.join()
    });
    match fetched {
        Ok(Ok(Some(fetched))) => Ok(fetched.bytes),
        Ok(Ok(None)) => Err("it answered that nothing has changed, and was not asked that".to_owned()),
        Ok(Err(failure)) => Err(failure.message),
        Err(_) => Err("fetching it broke off".to_owned()),
    }
}

/// Adds to the time that fetching took in this window, and gives it.
fn spent(more: Duration) -> Duration {
    let mut spent = SPENT.lock().unwrap_or_else(PoisonError::into_inner);
    let (begun, sum) =
        spent.filter(|(begun, _)| begun.elapsed() < WINDOW).unwrap_or((Instant::now(), Duration::ZERO));
    *spent = Some((begun, sum + more));
    sum + more
}

/// Where a document is kept.
fn kept_at(url: &str) -> Option<PathBuf> {
    Some(state_folder().ok()?.join("refs").join(&digest(url.as_bytes())[..32]))
}

/// What is kept of this URL, if it is what was fetched.
fn kept(path: &std::path::Path, url: &str) -> Option<Vec<u8>> {
    let text = std::fs::read(path).ok()?;
    let rest = text.strip_prefix(url.as_bytes())?.strip_prefix(b"\n")?;
    let (hash, bytes) = rest.split_at_checked(64)?;
    let bytes = bytes.strip_prefix(b"\n")?;
    (hash == digest(bytes).as_bytes()).then(|| bytes.to_vec())
}

/// SHA-256 in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::get;

    #[test]
    fn plain_http_goes_to_loopback_addresses_only() {
        let told = get("http://schemas.acme.example/a.yaml").unwrap_err();
        assert!(told.contains("write https://schemas.acme.example/a.yaml"), "{told}");
        assert!(get("https://user:word@schemas.acme.example/a.yaml").is_err());
    }
}
