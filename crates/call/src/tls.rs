//! TLS towards providers: whom we trust, and why a handshake failed, in words.
//!
//! Trust is the system's roots, or a private authority in their place, or nothing at all where a person at
//! a terminal asked for it. The crypto provider is named here: no process-wide default is needed.

use crate::{Dial, ErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::io;
use std::sync::{Arc, OnceLock};

/// The system's roots are read once for the whole process: they are the same for every thread and provider.
static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();

/// The settings for connections that trust `authority`, or the system's roots where there is none.
///
/// # Errors
/// In words: what is wrong with the authority or the system's roots.
pub(crate) fn settings(authority: Option<&[u8]>, dial: &Dial) -> Result<Arc<ClientConfig>, String> {
    let crypto = Arc::new(aws_lc_rs::default_provider());
    if dial.insecure {
        let verifier = Arc::new(Anybody(Arc::clone(&crypto)));
        return config(crypto, verifier);
    }
    if let Some(pem) = authority {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| format!("the authority is not PEM: {error}"))?;
            roots
                .add(certificate)
                .map_err(|error| format!("the authority holds a broken certificate: {error}"))?;
        }
        if roots.is_empty() {
            return Err("the authority holds no certificate: it needs a `BEGIN CERTIFICATE` block".to_owned());
        }
        let verifier =
            rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto))
                .build()
                .map_err(|error| format!("the authority cannot be used: {error}"))?;
        return config(crypto, verifier);
    }
    if let Some(known) = SYSTEM.get() {
        return Ok(Arc::clone(known));
    }
    let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&crypto)).map_err(|error| {
        format!("the system's trusted certificates cannot be read: {error}; install `ca-certificates`, or name an authority")
    })?;
    let made = config(crypto, Arc::new(verifier))?;
    Ok(Arc::clone(SYSTEM.get_or_init(|| made)))
}

fn config(
    crypto: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<Arc<ClientConfig>, String> {
    let mut config = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("no TLS version can be spoken: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()]; // RFC 7301 §6
    Ok(Arc::new(config))
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
