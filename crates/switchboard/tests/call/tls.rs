//! HTTPS with a private certificate authority: trusted when named, refused in plain words otherwise.

use crate::harness::Place;
use demo::Provider;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_it_is_named() {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned(), "api.example".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let provider = Provider::echo().with_tls(leaf.pem(), key.serialize_pem()).start().await;
    let port = provider.address().port();
    let url = format!("https://localhost:{port}/x");
    let place = Place::new().with("ca.pem", authority.pem());
    for command in ["call", "curl"] {
        assert_eq!(place.run(&[command, &url, "--cacert", "ca.pem"]).json()["target"], "/x");
        assert_eq!(place.run(&[command, &url, "-k"]).json()["target"], "/x");
        let resolve = format!("api.example:{port}:127.0.0.1");
        let named = format!("https://api.example:{port}/y");
        assert_eq!(
            place.run(&[command, &named, "--cacert", "ca.pem", "--resolve", &resolve]).json()["target"],
            "/y"
        );
        let wrong = format!("https://other.example:{port}/");
        let resolve = format!("other.example:{port}:127.0.0.1");
        let code = if command == "call" { 1 } else { 60 };
        place
            .run(&[command, &wrong, "--cacert", "ca.pem", "--resolve", &resolve])
            .ended(code, &["other.example"]);
        place.run(&[command, &url]).ended(code, &[]);
    }
    place.run(&["call", &url]).ended(1, &["--cacert FILE", "-k"]);
    let plain = Provider::echo().start().await;
    let wrong = format!("https://127.0.0.1:{}/", plain.address().port());
    place.run(&["curl", &wrong]).ended(35, &[]);
}
