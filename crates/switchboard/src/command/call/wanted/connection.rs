//! curl's flags about connections: proxies, certificate, TLS and HTTP versions, other addresses.
//!
//! What no flag says of proxies the environment does, as curl reads it (curl(1), ENVIRONMENT): `http_proxy` in lower case
//! only, since a web server hands `Proxy:` of a stranger on as `HTTP_PROXY` (CVE-2016-5385); the others in either case, lower
//! case first. `-x ''` is no proxy whatever the environment says, `--noproxy` takes the place of `NO_PROXY`.

use super::super::flag::{Flag, Given};
use super::super::input;
use super::seconds;
use crate::exit::Failure;
use call::{ConnectTo, Dial, Family, HttpVersion, Identity, NoProxy, Proxies, Proxy, TlsVersion};
use exchange::Secret;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How connections are made.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// `-x`, `--socks5`: none: what the environment says.
    proxy: Option<Proxies>,
    /// `-U`: `name:password`.
    proxy_user: Option<(String, Secret)>,
    no_proxy: Option<NoProxy>,
    certificate: Option<Arc<[u8]>>,
    key: Option<Secret>,
    http: HttpVersion,
    oldest_tls: Option<TlsVersion>,
    family: Option<Family>,
    unix_socket: Option<PathBuf>,
    connect_to: Vec<ConnectTo>,
    resolve: Vec<(String, u16, SocketAddr)>,
    pub(crate) timeout: Option<Duration>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            proxy: None,
            proxy_user: None,
            no_proxy: None,
            certificate: None,
            key: None,
            // As curl: HTTP/2 where it is agreed in TLS.
            http: HttpVersion::Agreed,
            oldest_tls: None,
            family: None,
            unix_socket: None,
            connect_to: Vec::new(),
            resolve: Vec::new(),
            timeout: None,
        }
    }
}

impl Connection {
    /// Takes one flag; false: it is about something else.
    pub(super) fn take(&mut self, given: &Given) -> Result<bool, Failure> {
        let value = given.value.as_str();
        match given.flag {
            Flag::Proxy if value.is_empty() => self.proxy = Some(Proxies::default()),
            Flag::Proxy => self.proxy = Some(proxy(value, "-x")?.into()),
            Flag::Socks5 => self.proxy = Some(proxy(&format!("socks5://{value}"), "--socks5")?.into()),
            Flag::Socks5Hostname => {
                self.proxy = Some(proxy(&format!("socks5h://{value}"), "--socks5-hostname")?.into());
            }
            Flag::ProxyUser => {
                let (name, password) = value.split_once(':').ok_or_else(|| {
                    Failure::usage("`--proxy-user` has no password, and none is asked for")
                        .help("write `--proxy-user NAME:PASSWORD`")
                })?;
                self.proxy_user = Some((name.to_owned(), Secret::new(password)));
            }
            Flag::NoProxy => self.no_proxy = Some(NoProxy::parse(value)),
            Flag::Cert => self.certificate = Some(certificate(value)?),
            Flag::Key => self.key = Some(key(&input::bytes(value)?, value)?),
            Flag::CertType | Flag::KeyType if value.eq_ignore_ascii_case("PEM") => {}
            Flag::CertType | Flag::KeyType => {
                return Err(Failure::usage(format!("`--{} {value}` is not read, only PEM is", given.long))
                    .help("make PEM of it: `openssl x509` or `openssl pkcs12`"));
            }
            Flag::Http1 => self.http = HttpVersion::One,
            Flag::Http2 => self.http = HttpVersion::Agreed,
            Flag::Http2Known => self.http = HttpVersion::Two,
            Flag::Tls12 => self.oldest_tls = Some(TlsVersion::Tls12),
            Flag::Tls13 => self.oldest_tls = Some(TlsVersion::Tls13),
            Flag::Ipv4 => self.family = Some(Family::V4),
            Flag::Ipv6 => self.family = Some(Family::V6),
            Flag::UnixSocket => self.unix_socket = Some(value.into()),
            Flag::ConnectTo => self.connect_to.extend(connect_to(value)?),
            Flag::Resolve => self.resolve.extend(resolve(value)?),
            Flag::ConnectTimeout => self.timeout = Some(seconds(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// All flags were taken: what is missing comes from the environment.
    pub(super) fn complete(&mut self) -> Result<(), Failure> {
        if self.certificate.is_none() && self.key.is_some() {
            return Err(Failure::usage("`--key` has no certificate").help("name it: `--cert FILE`"));
        }
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let proxies = match self.proxy.take() {
            Some(given) => given,
            None => environment(&variable)?,
        };
        let known = |proxy: Proxy| match &self.proxy_user {
            Some((name, password)) => proxy.with_user(name, password.clone()),
            None => proxy,
        };
        self.proxy = Some(Proxies { http: proxies.http.map(known), https: proxies.https.map(known) });
        if self.no_proxy.is_none() {
            let list = variable("no_proxy").or_else(|| variable("NO_PROXY"));
            self.no_proxy = list.map(|list| NoProxy::parse(&list));
        }
        Ok(())
    }

    /// Writes it into the wishes about connections.
    pub(crate) fn dial(&self, dial: Dial) -> Dial {
        let shown = |certificates: &Arc<[u8]>| Identity {
            certificates: Arc::clone(certificates),
            // One file may hold both.
            key: self
                .key
                .clone()
                .unwrap_or_else(|| Secret::new(String::from_utf8_lossy(certificates).into_owned())),
        };
        Dial {
            proxies: self.proxy.clone().unwrap_or_default(),
            no_proxy: self.no_proxy.clone().unwrap_or_default(),
            connect_timeout: self.timeout,
            connect_to: self.connect_to.clone(),
            resolve: self.resolve.clone(),
            http: self.http,
            oldest_tls: self.oldest_tls,
            identity: self.certificate.as_ref().map(shown),
            family: self.family,
            unix_socket: self.unix_socket.clone(),
            ..dial
        }
    }

    /// What is secret in it: the passwords for proxies.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let proxies = self.proxy.iter().flat_map(|both| [&both.http, &both.https]).flatten();
        proxies.filter_map(|proxy| proxy.user.as_ref()).map(|(_, password)| password.clone()).collect()
    }
}

fn proxy(text: &str, named: &str) -> Result<Proxy, Failure> {
    Proxy::parse(text).map_err(|words| Failure::usage(format!("`{named}`: {words}")))
}

/// The proxies that the environment names.
fn environment(variable: &impl Fn(&str) -> Option<String>) -> Result<Proxies, Failure> {
    let of = |names: &[&str]| {
        let found = names.iter().find_map(|name| Some((*name, variable(name)?)));
        found.map(|(name, text)| proxy(&text, name)).transpose()
    };
    Ok(Proxies {
        http: of(&["http_proxy", "all_proxy", "ALL_PROXY"])?,
        https: of(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
    })
}

/// The certificate of `--cert FILE`; curl's `FILE:PASSWORD` is for a key that is encrypted.
fn certificate(value: &str) -> Result<Arc<[u8]>, Failure> {
    if !Path::new(value).exists()
        && let Some((file, _)) = value.rsplit_once(':')
        && Path::new(file).exists()
    {
        return Err(Failure::usage(format!("the key of `{file}` has a password, and is not read"))
            .help("take the password off: `openssl pkey -in FILE -out NEW`"));
    }
    Ok(input::bytes(value)?.into())
}

fn key(bytes: &[u8], file: &str) -> Result<Secret, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("`{file}` is no key in PEM")).help("`openssl pkey` makes PEM"))?;
    Ok(Secret::new(text))
}

/// Reads `HOST:PORT:HOST:PORT`, each of which may be empty; nothing at all is nothing.
fn connect_to(text: &str) -> Result<Option<ConnectTo>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || {
        Failure::usage(format!("`--connect-to {text}` cannot be read"))
            .help("write `--connect-to HOST:PORT:HOST:PORT`, for example `--connect-to ::127.0.0.1:8080`")
    };
    let mut pieces = pieces(text).into_iter();
    let (Some(host), Some(port), Some(to_host), Some(to_port), None) =
        (pieces.next(), pieces.next(), pieces.next(), pieces.next(), pieces.next())
    else {
        return Err(bad());
    };
    let name = |text: &str| (!text.is_empty()).then(|| text.trim_matches(['[', ']']).to_owned());
    let number = |text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| bad()),
    };
    Ok(Some(ConnectTo {
        host: name(host),
        port: number(port)?,
        to_host: name(to_host),
        to_port: number(to_port)?,
    }))
}

/// Splits at colons, those in brackets aside.
fn pieces(text: &str) -> Vec<&str> {
    let (mut found, mut begin, mut inside) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => inside = true,
            b']' => inside = false,
            b':' if !inside => {
                found.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[begin..]);
    found
}

/// Reads `HOST:PORT:ADDRESS,ADDRESS`; `-HOST:PORT` forgets what is known, which is nothing here.
fn resolve(text: &str) -> Result<Vec<(String, u16, SocketAddr)>, Failure> {
    if text.starts_with('-') {
        return Ok(Vec::new());
    }
    let bad = || {
        Failure::usage(format!("`--resolve {text}` cannot be read"))
            .help("write `--resolve HOST:PORT:ADDRESS`, for example `--resolve api.example:443:127.0.0.1`")
    };
    let mut pieces = text.trim_start_matches('+').splitn(3, ':');
    let (Some(host), Some(port), Some(addresses)) = (pieces.next(), pieces.next(), pieces.next()) else {
        return Err(bad());
    };
    let port: u16 = port.parse().map_err(|_| bad())?;
    let address = |text: &str| {
        let address: IpAddr = text.trim().trim_matches(['[', ']']).parse().map_err(|_| bad())?;
        Ok((host.to_owned(), port, SocketAddr::new(address, port)))
    };
    addresses.split(',').map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::{connect_to, environment, resolve};

    #[test]
    fn addresses_are_read_for_a_host_and_port() {
        let found = resolve("api.example:443:[::1],127.0.0.1").unwrap();
        let shown: Vec<_> = found.iter().map(|(host, port, to)| format!("{host} {port} {to}")).collect();
        assert_eq!(shown, ["api.example 443 [::1]:443", "api.example 443 127.0.0.1:443"]);
        assert_eq!(resolve("*:80:127.0.0.1").unwrap()[0].0, "*");
        for text in ["api.example:443", "api.example:x:127.0.0.1", "api.example:1:name"] {
            assert!(resolve(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_servers_are_read() {
        let read = |text: &str| {
            let one = connect_to(text).unwrap().unwrap();
            format!("{:?} {:?} {:?} {:?}", one.host, one.port, one.to_host, one.to_port)
        };
        assert_eq!(
            read("a.example:443:[::1]:8443"),
            "Some(\"a.example\") Some(443) Some(\"::1\") Some(8443)"
        );
        assert_eq!(read("::b.example:"), "None None Some(\"b.example\") None");
        assert!(connect_to("a.example:443").is_err() && connect_to("a:b:c:d:e").is_err());
        assert!(connect_to("").unwrap().is_none());
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let read = |set: &[(&str, &str)]| {
            let found = environment(&|name: &str| {
                let hit = set.iter().find(|(known, _)| *known == name);
                hit.map(|(_, text)| (*text).to_owned())
            });
            let both = found.unwrap();
            let shown = |one: Option<call::Proxy>| one.map_or("-".to_owned(), |one| one.to_string());
            format!("{} {}", shown(both.http), shown(both.https))
        };
        for (set, expected) in [
            (vec![], "- -"),
            (vec![("http_proxy", "a.example:1")], "http://a.example:1 -"),
            // CVE-2016-5385
            (vec![("HTTP_PROXY", "a.example:1")], "- -"),
            (vec![("HTTPS_PROXY", "a.example:1")], "- http://a.example:1"),
            (vec![("HTTPS_PROXY", "b.example:1"), ("https_proxy", "a.example:1")], "- http://a.example:1"),
            (
                vec![("ALL_PROXY", "socks5://s.example"), ("http_proxy", "a.example:1")],
                "http://a.example:1 socks5://s.example:1080",
            ),
            (vec![("all_proxy", "https://s.example")], "https://s.example:443 https://s.example:443"),
        ] {
            assert_eq!(read(&set), expected, "{set:?}");
        }
        let bad =
            environment(&|name: &str| (name == "all_proxy").then(|| "socks4://u:hush@a.example".into()));
        let said = bad.unwrap_err().message;
        assert!(said.contains("all_proxy") && !said.contains("hush"), "{said}");
    }
}
