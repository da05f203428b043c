//! TLS towards providers: whom we trust, and why a handshake failed, in words.
//!
//! Trust is the system's roots, or a private authority in their place, or nothing at all where a person at
//! a terminal asked for it. The crypto provider is named here: no process-wide default is needed.

use crate::{Dial, ErrorKind, HttpVersion, Identity, TlsVersion};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme, SupportedProtocolVersion,
};
use rustls_platform_verifier::Verifier;
use std::io;
use std::sync::{Arc, OnceLock};

/// The system's roots are read once for the whole process: they are the same for every thread and provider.
static SYSTEM: OnceLock<Arc<dyn ServerCertVerifier>> = OnceLock::new();

/// Those who trust the system's roots and wish nothing else share their settings, and so the sessions to resume.
static ORDINARY: OnceLock<Arc<ClientConfig>> = OnceLock::new();

/// To whom TLS is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Provider,
    /// Speaks HTTP/1.1.
    Proxy,
}

/// The settings for connections that trust `authority`, or the system's roots where there is none, and show `identity`.
///
/// # Errors
/// In words: what is wrong with an authority, the system's roots or the client's certificate.
pub(crate) fn settings(
    authority: Option<&[u8]>,
    dial: &Dial,
    end: End,
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, String> {
    let Dial { insecure, oldest_tls, .. } = dial;
    let http = match end {
        End::Provider => dial.http,
        End::Proxy => HttpVersion::One,
    };
    let ordinary = !insecure
        && authority.or(dial.authority.as_deref()).is_none()
        && oldest_tls.is_none()
        && identity.is_none()
        && http == HttpVersion::One;
    if ordinary && let Some(known) = ORDINARY.get() {
        return Ok(Arc::clone(known));
    }
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let verifier = verifier(authority, dial, &crypto)?;
    let versions: &[&SupportedProtocolVersion] = match oldest_tls {
        Some(TlsVersion::Tls13) => &[&TLS13],
        Some(TlsVersion::Tls12) | None => &[&TLS13, &TLS12],
    };
    let builder = ClientConfig::builder_with_provider(crypto)
        .with_protocol_versions(versions)
        .map_err(|error| format!("no TLS version can be spoken: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = shown(identity)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("the client's certificate and key do not go together: {error}"))?
        }
    };
    // RFC 7301 §6; RFC 9113 §3.1
    let spoken: &[&[u8]] = match http {
        HttpVersion::One => &[b"http/1.1"],
        HttpVersion::Agreed => &[b"h2", b"http/1.1"],
        HttpVersion::Two => &[b"h2"],
    };
    config.alpn_protocols = spoken.iter().map(|name| name.to_vec()).collect();
    let config = Arc::new(config);
    Ok(if ordinary { Arc::clone(ORDINARY.get_or_init(|| config)) } else { config })
}

fn verifier(
    authority: Option<&[u8]>,
    dial: &Dial,
    crypto: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    if dial.insecure {
        return Ok(Arc::new(Anybody(Arc::clone(crypto))));
    }
    let more = dial.authority.as_deref().map(authorities).transpose()?.unwrap_or_default();
    if let Some(pem) = authority {
        let mut roots = RootCertStore::empty();
        for certificate in authorities(pem)?.into_iter().chain(more) {
            roots
                .add(certificate)
                .map_err(|error| format!("the authority holds a broken certificate: {error}"))?;
        }
        return rustls::client::WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(crypto),
        )
        .build()
        .map(|made| made as Arc<dyn ServerCertVerifier>)
        .map_err(|error| format!("the authority cannot be used: {error}"));
    }
    let unreadable = |error| {
        format!(
            "the system's trusted certificates cannot be read: {error}; install `ca-certificates`, or name an authority"
        )
    };
    if !more.is_empty() {
        return Verifier::new_with_extra_roots(more, Arc::clone(crypto))
            .map(|made| Arc::new(made) as Arc<dyn ServerCertVerifier>)
            .map_err(unreadable);
    }
    if let Some(known) = SYSTEM.get() {
        return Ok(Arc::clone(known));
    }
    let made = Arc::new(Verifier::new(Arc::clone(crypto)).map_err(unreadable)?);
    Ok(Arc::clone(SYSTEM.get_or_init(|| made)))
}

/// The certificates of authorities in PEM, at least one.
fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("the authority is not PEM: {error}"))?;
    if found.is_empty() {
        return Err("the authority holds no certificate: it needs a `BEGIN CERTIFICATE` block".to_owned());
    }
    Ok(found)
}

/// The client's own certificates and key.
fn shown(identity: &Identity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain = CertificateDer::pem_slice_iter(&identity.certificates)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("the client's certificate is not PEM: {error}"))?;
    if chain.is_empty() {
        return Err("the client's certificate is missing: a `BEGIN CERTIFICATE` block is needed".to_owned());
    }
    let text = identity.key.reveal();
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        if text.contains("ENCRYPTED") {
            "the client's key is encrypted: take the password off with `openssl pkey`".to_owned()
        } else {
            "the client's key is missing: a `BEGIN PRIVATE KEY` block is needed".to_owned()
        }
    })?;
    Ok((chain, key))
}

/// What a failed handshake means: its kind, and the reason in words with what to do.
pub(crate) fn failure(error: &io::Error, host: &str) -> (ErrorKind, String) {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        let words = if error.kind() == io::ErrorKind::UnexpectedEof {
            "the connection was closed inside the TLS handshake".to_owned()
        } else {
            format!("TLS failed: {error}")
        };
        return (ErrorKind::TlsBroken, words);
    };
    let Error::InvalidCertificate(why) = tls else {
        return (ErrorKind::TlsBroken, broken(tls));
    };
    (ErrorKind::Untrusted, untrusted(why, host))
}

fn untrusted(why: &CertificateError, host: &str) -> String {
    use CertificateError as C;
    match why {
        C::UnknownIssuer => {
            "its certificate was issued by an authority that is not trusted (unknown issuer); \
             name the authority's certificate in PEM, `authority` on a board or `--cacert` here"
                .to_owned()
        }
        C::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names: Vec<_> = presented.iter().take(5).map(|name| plain(name)).collect();
            format!(
                "its certificate is for another name (name mismatch): for {}, not `{host}`",
                names.join(", ")
            )
        }
        C::NotValidForName | C::NotValidForNameContext { .. } => {
            format!("its certificate is for another name (name mismatch), not `{host}`")
        }
        C::Expired | C::ExpiredContext { .. } => {
            "its certificate has expired; its owner has to renew it, if the clock here is right".to_owned()
        }
        C::NotValidYet | C::NotValidYetContext { .. } => {
            "its certificate is not valid yet; look whether the clock here is right".to_owned()
        }
        C::Revoked => "its certificate was revoked".to_owned(),
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
            "its certificate is not made for servers (invalid purpose)".to_owned()
        }
        C::BadSignature => {
            "its certificate was not signed by the authority that it names (bad signature)".to_owned()
        }
        other => format!("its certificate is not trusted: {other}"),
    }
}

fn broken(error: &Error) -> String {
    match error {
        Error::InvalidMessage(_) => {
            "it does not answer with TLS: is it plain `http`, or is the port another one".to_owned()
        }
        Error::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::CertificateRequired) => {
            format!("it refused the TLS handshake ({error}): does it want a client's certificate")
        }
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "it does not speak the HTTP version that was asked for".to_owned() // RFC 7301 §3.2
        }
        Error::AlertReceived(alert) => format!("it refused the TLS handshake ({alert:?})"),
        Error::PeerIncompatible(_) => format!("no TLS version or cipher is spoken by both sides: {error}"),
        other => format!("TLS failed: {other}"),
    }
}

/// A name from a stranger's certificate, as it may stand in a message: `DnsName("a.example")` is `a.example`.
fn plain(name: &str) -> String {
    let inner = name.split_once("(\"").and_then(|(_, rest)| rest.strip_suffix("\")")).unwrap_or(name);
    let clean: String = inner.chars().filter(|letter| !letter.is_control()).take(100).collect();
    format!("`{clean}`")
}

/// Trusts anybody: `-k`.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
