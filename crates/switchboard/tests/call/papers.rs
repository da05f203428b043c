//! Certificates for a test: an authority, a server and a client of its, as OpenSSL wants them too.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

/// PEM of an authority, and certificate and key of a server and of a client.
pub(crate) struct Papers {
    pub(crate) authority: String,
    /// For `api.example` and `localhost`.
    pub(crate) server: (String, String),
    /// For `client.example`.
    pub(crate) client: (String, String),
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl Papers {
    pub(crate) fn new() -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Without names of their own OpenSSL takes what was issued for self-signed.
        params.distinguished_name = named("Acme authority");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(params, authority_key);
        let issued = |name: &str, purpose| {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec![name.to_owned(), "localhost".to_owned()]).unwrap();
            params.distinguished_name = named(name);
            params.extended_key_usages = vec![purpose];
            (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
        };
        Self {
            server: issued("api.example", ExtendedKeyUsagePurpose::ServerAuth),
            client: issued("client.example", ExtendedKeyUsagePurpose::ClientAuth),
            authority: authority.pem(),
        }
    }
}
