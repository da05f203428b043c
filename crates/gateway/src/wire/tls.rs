//! TLS towards callers: certificate and key from PEM, ALPN `http/1.1`.

use board::ListenerTls;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Reads certificate chain and key.
///
/// # Errors
/// In words, without anything of the key.
pub(crate) fn acceptor(tls: &ListenerTls) -> Result<TlsAcceptor, String> {
    let chain = CertificateDer::pem_slice_iter(&tls.certificates)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("the certificates cannot be read: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(tls.key.reveal().as_bytes())
        .map_err(|_| "the private key cannot be read: it must be one PEM block".to_owned())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| format!("certificate and key do not fit: {error}"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
