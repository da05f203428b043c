//! Through real proxies, beside real curl: tinyproxy for HTTP and CONNECT, microsocks for SOCKS 5.

use crate::harness::{Ended, Place};
use crate::papers::Papers;
use crate::server::{Server, is_here};
use demo::Provider;

/// A provider that speaks TLS as `localhost`, and its authority.
async fn private() -> (Provider, String) {
    let papers = Papers::new();
    let (certificate, key) = papers.server;
    (Provider::echo().with_tls(certificate, key).start().await, papers.authority)
}

/// The same words through both of our commands and through curl: the same outcome. Gives ours.
fn beside_curl(place: &Place, words: &[&str], variables: &[(&str, &str)]) -> (Ended, Ended) {
    let switchboard = env!("CARGO_BIN_EXE_switchboard");
    let own = |command: &str| {
        let words: Vec<&str> = std::iter::once(command).chain(words.iter().copied()).collect();
        place.end_with(switchboard, &words, "", variables)
    };
    let (called, ours) = (own("call"), own("curl"));
    let theirs = place.end_with("curl", words, "", variables);
    assert_eq!(ours.code, theirs.code, "{words:?} {variables:?}: {ours:?} {theirs:?}");
    (called, ours)
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_urls_and_for_tunnels() {
    if !is_here("tinyproxy") {
        return;
    }
    let (private, authority) = private().await;
    let plain = Provider::echo().start().await;
    let place = Place::new().with("ca.pem", authority);
    let proxy = Server::tinyproxy(Some(("mandy", "hush-hush")));
    let port = proxy.port;
    let (http, https) =
        (format!("{}/a?b=c", plain.url()), format!("https://localhost:{}/a?b=c", private.address().port()));
    let with_user = format!("http://mandy:hush-hush@127.0.0.1:{port}");
    let bare = format!("127.0.0.1:{port}");
    for url in [&http, &https] {
        for way in [vec!["-x", &with_user], vec!["--proxy", &bare, "-U", "mandy:hush-hush"]] {
            let words: Vec<&str> =
                ["-s", "--cacert", "ca.pem", url].into_iter().chain(way.iter().copied()).collect();
            let (called, ours) = beside_curl(&place, &words, &[]);
            for ended in [called, ours] {
                assert_eq!(ended.json()["target"], "/a?b=c", "{words:?}");
            }
        }
    }
    let log = proxy.log();
    assert!(log.contains(&format!("CONNECT localhost:{}", private.address().port())), "{log}");
    assert!(log.contains(&format!("GET {http}")), "{log}");
    assert!(plain.requests().iter().all(|seen| seen.field("proxy-authorization").is_none()));
    // Told apart: no user, a wrong one, nobody there, a name that is not known.
    let wrong = format!("http://mandy:wrong-one@127.0.0.1:{port}");
    for (way, url, code, words) in [
        (bare.as_str(), &https, 1, "407"),
        (&wrong, &https, 1, "does not accept its user or password"),
        (&bare, &http, 4, ""),
        ("http://127.0.0.1:1", &http, 1, "nobody listens at 127.0.0.1:1"),
        ("http://nowhere.invalid:3128", &http, 1, "http://nowhere.invalid:3128"),
    ] {
        let (called, ours) = beside_curl(&place, &["-sS", "--cacert", "ca.pem", "-x", way, url], &[]);
        let said = called.ended(code, &[words]);
        assert!(!said.err.contains("wrong-one") && !ours.err.contains("wrong-one"), "{said:?} {ours:?}");
    }
    // What is shown of it is no secret.
    for url in [&http, &https] {
        let shown = place.run(&["call", "-v", "--cacert", "ca.pem", "-x", &with_user, url]);
        assert!(!shown.err.contains("hush-hush") && !shown.err.contains("bWFuZHk6aHVzaC1odXNo"), "{shown:?}");
    }
    let shown = place.run(&["call", "-v", "-x", &with_user, &http]);
    assert!(shown.err.contains(&format!("> GET {http} HTTP/1.1")), "{shown:?}");
}

#[tokio::test]
async fn a_socks_proxy_connects() {
    if !is_here("microsocks") {
        return;
    }
    let (private, authority) = private().await;
    let plain = Provider::echo().start().await;
    let place = Place::new().with("ca.pem", authority);
    let (open, closed) = (Server::microsocks(None), Server::microsocks(Some(("mandy", "hush-hush"))));
    let (http, https) =
        (format!("{}/x", plain.url()), format!("https://localhost:{}/x", private.address().port()));
    let at = |server: &Server| format!("127.0.0.1:{}", server.port);
    for url in [&http, &https] {
        for way in [
            vec!["-x".to_owned(), format!("socks5://{}", at(&open))],
            vec!["-x".to_owned(), format!("socks5h://{}", at(&open))],
            vec!["--socks5".to_owned(), at(&open)],
            vec!["--socks5-hostname".to_owned(), at(&open)],
            vec!["-x".to_owned(), format!("socks5h://mandy:hush-hush@{}", at(&closed))],
            vec!["--socks5".to_owned(), at(&closed), "-U".to_owned(), "mandy:hush-hush".to_owned()],
        ] {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            let words = [&["-s", "--cacert", "ca.pem", url], way.as_slice()].concat();
            let (called, ours) = beside_curl(&place, &words, &[]);
            for ended in [called, ours] {
                assert_eq!(ended.json()["target"], "/x", "{words:?}");
            }
        }
    }
    let log = open.log();
    assert!(log.contains(&format!("connected to localhost:{}", private.address().port())), "{log}");
    let wrong = format!("socks5h://mandy:wrong-one@{}", at(&closed));
    let nobody = format!("socks5h://{}", at(&closed));
    for way in [&wrong, &nobody] {
        let (called, ours) = beside_curl(&place, &["-sS", "-x", way, &http], &[]);
        assert!(!called.err.contains("wrong-one") && !ours.err.contains("wrong-one"), "{called:?}");
        called.ended(1, &["the proxy socks5h://127.0.0.1"]);
    }
    // Through it and beside the provider: nobody there.
    let nobody = format!("http://127.0.0.1:{}/", crate::server::free_port());
    beside_curl(&place, &["-s", "-x", &format!("socks5h://{}", at(&open)), &nobody], &[]).0.ended(1, &[]);
}

#[tokio::test]
async fn the_environment_names_proxies_as_curl_reads_it() {
    if !(is_here("tinyproxy") && is_here("microsocks")) {
        return;
    }
    let (private, authority) = private().await;
    let plain = Provider::echo().start().await;
    let place = Place::new().with("ca.pem", authority);
    let (proxy, socks) = (Server::tinyproxy(None), Server::microsocks(None));
    let (http, https) =
        (format!("{}/x", plain.url()), format!("https://localhost:{}/x", private.address().port()));
    let by_http = format!("http://127.0.0.1:{}", proxy.port);
    let by_socks = format!("socks5h://127.0.0.1:{}", socks.port);
    // How often each proxy was used by the three of us.
    let used = |url: &str, flags: &[&str], variables: &[(&str, &str)]| {
        let count =
            || (proxy.log().matches("Request (file").count(), socks.log().matches("connected to").count());
        let before = count();
        let words = [&["-s", "--cacert", "ca.pem", url], flags].concat();
        let (called, ours) = beside_curl(&place, &words, variables);
        assert_eq!((called.code, ours.code), (0, 0), "{words:?} {variables:?} {called:?} {ours:?}");
        let after = count();
        (after.0 - before.0, after.1 - before.1)
    };
    let nowhere = "http://127.0.0.1:1";
    for (url, flags, variables, expected) in [
        (&http, vec![], vec![("http_proxy", by_http.as_str())], (3, 0)),
        (&http, vec![], vec![("HTTP_PROXY", nowhere)], (0, 0)),
        (&https, vec![], vec![("http_proxy", nowhere)], (0, 0)),
        (&https, vec![], vec![("HTTPS_PROXY", &by_http)], (3, 0)),
        (&https, vec![], vec![("HTTPS_PROXY", nowhere), ("https_proxy", &by_http)], (3, 0)),
        (&http, vec![], vec![("ALL_PROXY", &by_socks)], (0, 3)),
        (&http, vec![], vec![("all_proxy", &by_socks), ("http_proxy", &by_http)], (3, 0)),
        (&http, vec![], vec![("http_proxy", nowhere), ("NO_PROXY", "other.example,127.0.0.1")], (0, 0)),
        (&https, vec![], vec![("https_proxy", nowhere), ("no_proxy", "*")], (0, 0)),
        (&http, vec!["--noproxy", "*"], vec![("http_proxy", nowhere)], (0, 0)),
        (&http, vec!["--noproxy", "x.example"], vec![("http_proxy", &by_http), ("no_proxy", "*")], (3, 0)),
        (&http, vec!["-x", ""], vec![("http_proxy", nowhere)], (0, 0)),
        (&http, vec!["-x", &by_http], vec![("http_proxy", nowhere), ("no_proxy", "a.example")], (3, 0)),
        (&http, vec!["-x", nowhere], vec![("no_proxy", "127.0.0.1")], (0, 0)),
    ] {
        assert_eq!(used(url, &flags, &variables), expected, "{url} {flags:?} {variables:?}");
    }
    let refused = place.end_with(
        env!("CARGO_BIN_EXE_switchboard"),
        &["call", &http],
        "",
        &[("http_proxy", "socks4://mandy:hush-hush@127.0.0.1:1")],
    );
    assert!(!refused.err.contains("hush-hush"), "{refused:?}");
    refused.ended(2, &["http_proxy", "socks4"]);
}
