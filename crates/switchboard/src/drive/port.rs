//! Ports: is one free, and who has it if not.

use std::fs;
use std::net::{SocketAddr, TcpListener};

/// A port that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The address that was wanted.
    pub(crate) address: SocketAddr,
    /// Who has it, where that can be seen: `python3 (process 4711)`.
    pub(crate) owner: Option<String>,
    /// What the system says.
    pub(crate) why: String,
}

impl std::fmt::Display for Taken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.owner {
            Some(owner) => write!(out, "{} is taken by {owner}", self.address),
            None => write!(out, "{} cannot be opened: {}", self.address, self.why),
        }
    }
}

/// Opens and closes the address to see that it is free; port 0 becomes a free one.
///
/// Without `SO_REUSEPORT`, so that a second gateway on the same port is seen instead of sharing it.
pub(crate) fn free(address: SocketAddr) -> Result<SocketAddr, Taken> {
    TcpListener::bind(address).and_then(|listener| listener.local_addr()).map_err(|error| Taken {
        address,
        owner: if error.kind() == std::io::ErrorKind::AddrInUse { owner(address.port()) } else { None },
        why: error.to_string(),
    })
}

/// The first free address from here on, counting the port up; those that were taken come with it.
pub(crate) fn next_free(mut address: SocketAddr) -> Result<(SocketAddr, Vec<Taken>), Taken> {
    let mut passed = Vec::new();
    loop {
        match free(address) {
            Ok(found) => return Ok((found, passed)),
            Err(taken) if passed.len() < 50 && address.port() != 0 && address.port() < u16::MAX => {
                address.set_port(address.port() + 1);
                passed.push(taken);
            }
            Err(taken) => return Err(taken),
        }
    }
}

/// The process that listens on this port, from `/proc` (Linux); elsewhere nobody knows.
fn owner(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| listening(line, port)).collect::<Vec<_>>())
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let holds = fs::read_dir(process.path().join("fd")).ok()?.flatten().any(|open| {
            fs::read_link(open.path())
                .is_ok_and(|to| inodes.iter().any(|inode| to.as_os_str() == inode.as_str()))
        });
        if !holds {
            return None;
        }
        let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        Some(format!("{} (process {pid})", name.trim()))
    })
}

/// The inode of a line of `/proc/net/tcp` that listens on this port; proc(5).
fn listening(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let own = fields.get(1)?.rsplit(':').next()?;
    let listens = *fields.get(3)? == "0A";
    if listens && u16::from_str_radix(own, 16) == Ok(port) {
        fields.get(9).map(|inode| (*inode).to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{free, next_free};
    use std::net::TcpListener;

    #[test]
    fn a_taken_port_is_named_with_who_has_it_and_the_next_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = free(address).unwrap_err();
        if cfg!(target_os = "linux") {
            let owner = taken.owner.unwrap();
            assert!(owner.contains(&format!("process {}", std::process::id())), "{owner}");
        }
        let (found, passed) = next_free(address).unwrap();
        assert!(found.port() > address.port());
        assert_eq!(passed[0].address, address);
    }
}
