//! The desktop's keyring, where one answers: the Secret Service over D-Bus.
//!
//! Asked from a thread of its own and never waited for longer than [`PATIENCE`]: a bus that hangs must not hold a call.
//! Nobody is prompted: a keyring that is locked is none. Secrets cross the bus encrypted where the keyring can do that
//! ([`crossing`]), else as they are: the session's own socket is closed to other users.
//! Source: freedesktop.org, Secret Service API 0.2. Absent: macOS' keychain, which has no D-Bus.

mod crossing;

use crate::drive::entropy;
use crossing::{ALGORITHM, Agreed, Half};
use exchange::Secret;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;
use zbus::message::Body;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant};

/// How long a keyring has to answer.
const PATIENCE: Duration = Duration::from_millis(300);

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const OF_SERVICE: &str = "org.freedesktop.Secret.Service";
const OF_COLLECTION: &str = "org.freedesktop.Secret.Collection";
const OF_ITEM: &str = "org.freedesktop.Secret.Item";
/// What a keyring says of an algorithm that it does not have.
const UNSUPPORTED: &str = "org.freedesktop.DBus.Error.NotSupported";

/// What an item is found by.
pub(crate) type Attributes = Vec<(&'static str, String)>;

/// The secret under these attributes; none: the keyring has no such item.
///
/// # Errors
/// In words: why no keyring answered.
pub(crate) fn get(attributes: Attributes) -> Result<Option<Secret>, String> {
    asked(move || zbus::block_on(async move { Keyring::open().await?.get(&attributes).await }))
}

/// Keeps a secret under these attributes, in place of the one that is there.
///
/// # Errors
/// In words: why no keyring took it.
pub(crate) fn set(attributes: Attributes, label: String, secret: Secret) -> Result<(), String> {
    asked(move || {
        zbus::block_on(async move { Keyring::open().await?.set(&attributes, &label, &secret).await })
    })
}

/// Forgets what is under these attributes.
///
/// # Errors
/// In words: why no keyring answered.
pub(crate) fn remove(attributes: Attributes) -> Result<(), String> {
    asked(move || zbus::block_on(async move { Keyring::open().await?.remove(&attributes).await }))
}

/// Does it on a thread that may hang.
fn asked<T: Send + 'static>(work: impl FnOnce() -> Result<T, Trouble> + Send + 'static) -> Result<T, String> {
    if !has_bus() {
        return Err("there is no session bus here".to_owned());
    }
    let (say, hear) = mpsc::channel();
    let thread = std::thread::Builder::new().name("keyring".to_owned());
    thread
        .spawn(move || drop(say.send(work())))
        .map_err(|error| format!("the keyring cannot be asked: {error}"))?;
    match hear.recv_timeout(PATIENCE) {
        Ok(done) => done.map_err(|trouble| trouble.0),
        Err(_) => Err(format!("the keyring does not answer within {PATIENCE:?}")),
    }
}

/// Whether there is a session bus at all: nothing is tried where there is none.
fn has_bus() -> bool {
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty()) {
        return true;
    }
    // D-Bus specification, "Well-known message bus instances", as systemd has it.
    std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| PathBuf::from(folder).join("bus").exists())
}

/// Why it did not work, in words and without the bus' own.
struct Trouble(String);

impl From<zbus::Error> for Trouble {
    fn from(error: zbus::Error) -> Self {
        Self(match error {
            zbus::Error::MethodError(name, ..) => format!("the keyring refuses: {}", name.as_str()),
            other => format!("the keyring cannot be reached: {other}"),
        })
    }
}

/// A keyring that answered, and a session with it.
struct Keyring {
    bus: Connection,
    session: OwnedObjectPath,
    /// The key under which secrets cross; none: as they are.
    agreed: Option<Agreed>,
}

/// A secret as it crosses the bus: session, parameters, value, media type.
type OnBus = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

impl Keyring {
    async fn open() -> Result<Self, Trouble> {
        let bus = Connection::session().await?;
        let random = entropy().map_err(|failure| Trouble(failure.message))?;
        let half = Half::new(&random);
        let asked = (ALGORITHM, Variant::from(half.public()));
        let (session, agreed) = match call(&bus, ROOT, OF_SERVICE, "OpenSession", &asked).await {
            Ok(body) => {
                let (public, session): (OwnedVariant, OwnedObjectPath) = body.deserialize()?;
                (session, Some(half.agreed(&Vec::<u8>::try_from(public)?)?))
            }
            // Source: Secret Service API 0.2, OpenSession: what it cannot do it says so.
            Err(trouble) if trouble.0.ends_with(UNSUPPORTED) => {
                let body = call(&bus, ROOT, OF_SERVICE, "OpenSession", &("plain", Variant::from(""))).await?;
                let (_, session): (OwnedVariant, OwnedObjectPath) = body.deserialize()?;
                (session, None)
            }
            Err(trouble) => return Err(trouble),
        };
        Ok(Self { bus, session, agreed })
    }

    /// Items by their attributes; locked ones are unlocked where that needs nobody.
    async fn found(&self, attributes: &Attributes) -> Result<Vec<OwnedObjectPath>, Trouble> {
        let wanted = (by_name(attributes),);
        let body = call(&self.bus, ROOT, OF_SERVICE, "SearchItems", &wanted).await?;
        let (mut open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = body.deserialize()?;
        if open.is_empty() && !locked.is_empty() {
            open = self.unlocked(locked).await?;
        }
        Ok(open)
    }

    async fn unlocked(&self, locked: Vec<OwnedObjectPath>) -> Result<Vec<OwnedObjectPath>, Trouble> {
        let body = call(&self.bus, ROOT, OF_SERVICE, "Unlock", &(locked,)).await?;
        let (open, _prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = body.deserialize()?;
        if open.is_empty() { Err(Trouble("the keyring is locked".to_owned())) } else { Ok(open) }
    }

    async fn get(&self, attributes: &Attributes) -> Result<Option<Secret>, Trouble> {
        let Some(item) = self.found(attributes).await?.into_iter().next() else { return Ok(None) };
        let body = call(&self.bus, item.as_str(), OF_ITEM, "GetSecret", &(&self.session,)).await?;
        let (secret,): (OnBus,) = body.deserialize()?;
        let (_, vector, value, _) = secret;
        let bytes = match &self.agreed {
            Some(agreed) => agreed.shown(&vector, value)?,
            None => value,
        };
        let text =
            String::from_utf8(bytes).map_err(|_| Trouble("what the keyring has is no text".to_owned()))?;
        Ok(Some(Secret::new(text)))
    }

    async fn set(&self, attributes: &Attributes, label: &str, secret: &Secret) -> Result<(), Trouble> {
        let body = call(&self.bus, ROOT, OF_SERVICE, "ReadAlias", &("default",)).await?;
        let (collection,): (OwnedObjectPath,) = body.deserialize()?;
        if collection.as_str() == "/" {
            return Err(Trouble("the keyring has no collection to keep things in".to_owned()));
        }
        self.unlocked(vec![collection.clone()]).await?;
        let properties: HashMap<&str, Variant<'_>> = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Variant::from(by_name(attributes))),
        ]);
        let bytes = secret.reveal().as_bytes();
        let (vector, value) = match &self.agreed {
            Some(agreed) => agreed.hidden(bytes)?,
            None => (Vec::new(), bytes.to_vec()),
        };
        let value: OnBus = (self.session.clone(), vector, value, "text/plain".to_owned());
        let body =
            call(&self.bus, collection.as_str(), OF_COLLECTION, "CreateItem", &(properties, value, true))
                .await?;
        let (item, _prompt): (OwnedObjectPath, OwnedObjectPath) = body.deserialize()?;
        if item.as_str() == "/" { Err(Trouble("the keyring is locked".to_owned())) } else { Ok(()) }
    }

    async fn remove(&self, attributes: &Attributes) -> Result<(), Trouble> {
        for item in self.found(attributes).await? {
            call(&self.bus, item.as_str(), OF_ITEM, "Delete", &()).await?;
        }
        Ok(())
    }
}

fn by_name(attributes: &Attributes) -> HashMap<String, String> {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

async fn call<B>(
    bus: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<Body, Trouble>
where
    B: serde::Serialize + zbus::DynamicType,
{
    Ok(bus.call_method(Some(SERVICE), path, Some(interface), method, body).await?.body())
}
