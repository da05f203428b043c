//! Proxies for these tests: HTTP (tunnels and whole URLs) and SOCKS 5, on threads of their own, that write down what they
//! were asked. At most 16 connections each.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy that runs as long as its test.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Speaks HTTP; every host is the one at `provider`. With `user`, nobody else may.
    pub(crate) fn http(provider: SocketAddr, user: Option<&'static str>) -> Self {
        Self::start(move |client, asked| http(client, provider, user, asked))
    }

    /// Speaks SOCKS 5; every host is the one at `provider`. With `user` (name and password), nobody else may.
    pub(crate) fn socks(provider: SocketAddr, user: Option<(&'static str, &'static str)>) -> Self {
        Self::start(move |client, asked| socks(client, provider, user, asked))
    }

    fn start(serve: impl Fn(TcpStream, &Mutex<Vec<String>>) -> Option<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (serve, known) = (Arc::new(serve), Arc::clone(&asked));
        thread::spawn(move || {
            for client in listener.incoming().take(16) {
                let (serve, known) = (Arc::clone(&serve), Arc::clone(&known));
                thread::spawn(move || serve(client.unwrap(), &known));
            }
        });
        Self { address, asked }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn head(client: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_384 {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn http(
    mut client: TcpStream,
    provider: SocketAddr,
    user: Option<&str>,
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    let head = head(&mut client)?;
    let line = head.lines().next()?.to_owned();
    let known = head.lines().find_map(|line| line.strip_prefix("proxy-authorization: "));
    asked.lock().unwrap().push(format!("{line} | {}", known.unwrap_or("-")));
    if user.is_some() && known != user {
        client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").ok()?;
        return None;
    }
    let mut to = TcpStream::connect(provider).ok()?;
    if line.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    } else {
        // As a proxy does it (RFC 9112 §3.2.2): the path alone, and not what was for the proxy.
        let (method, rest) = line.split_once(" http://")?;
        let path = rest.find('/').map(|at| &rest[at..])?;
        let fields: Vec<_> =
            head.lines().skip(1).filter(|line| !line.starts_with("proxy-authorization")).collect();
        to.write_all(format!("{method} {path}\r\n{}\r\n", fields.join("\r\n")).as_bytes()).ok()?;
    }
    pass(client, to)
}

fn socks(
    mut client: TcpStream,
    provider: SocketAddr,
    user: Option<(&str, &str)>,
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut read = |size: usize| {
        let mut bytes = vec![0; size];
        client.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    let greeting = read(2)?;
    let methods = read(usize::from(greeting[1]))?;
    let method = if user.is_some() { 2 } else { 0 };
    if !methods.contains(&method) {
        client.write_all(&[5, 0xff]).ok()?;
        return None;
    }
    client.write_all(&[5, method]).ok()?;
    let mut read = |size: usize| {
        let mut bytes = vec![0; size];
        client.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    if let Some((name, password)) = user {
        let name_size = read(2)?[1];
        let given = read(usize::from(name_size))?;
        let size = read(1)?[0];
        let given_password = read(usize::from(size))?;
        let right = given == name.as_bytes() && given_password == password.as_bytes();
        client.write_all(&[1, u8::from(!right)]).ok()?;
        if !right {
            return None;
        }
    }
    let mut read = |size: usize| {
        let mut bytes = vec![0; size];
        client.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    let whereto = match read(4)?[3] {
        1 => {
            let bytes = read(4)?;
            format!("address {}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3])
        }
        3 => {
            let size = read(1)?[0];
            format!("name {}", String::from_utf8(read(usize::from(size))?).ok()?)
        }
        _ => return None,
    };
    let port = read(2)?;
    asked.lock().unwrap().push(format!("{whereto} {}", u16::from_be_bytes([port[0], port[1]])));
    let to = TcpStream::connect(provider).ok()?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    pass(client, to)
}

/// Bytes both ways until both sides have ended.
fn pass(client: TcpStream, to: TcpStream) -> Option<()> {
    let (mut from, mut into) = (client.try_clone().ok()?, to.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut into);
        let _ = into.shutdown(Shutdown::Write);
    });
    let (mut from, mut into) = (to, client);
    let _ = std::io::copy(&mut from, &mut into);
    let _ = into.shutdown(Shutdown::Write);
    Some(())
}
