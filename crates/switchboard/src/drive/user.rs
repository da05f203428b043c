//! Who runs this command, by the system's name for the user: what the audit says beside `cli`. A claim, not a proof: whoever
//! may write the ledger may also write something else there.
//!
//! No name service is asked: who is not in `/etc/passwd` is called as the environment says, or by number.

use std::io::Read as _;
use std::sync::OnceLock;

/// How much of `/etc/passwd` is read.
const LARGEST: u64 = 4 * 1024 * 1024;
/// Characters of a name that are kept.
const LONGEST: usize = 64;

/// `cli:deploy`; `cli:root (sudo: deploy)` where `sudo` says who asked for it.
pub(super) fn who() -> &'static str {
    static WHO: OnceLock<String> = OnceLock::new();
    WHO.get_or_init(|| {
        let mut users = String::new();
        // Without the file the environment has to do.
        let read =
            std::fs::File::open("/etc/passwd").and_then(|file| file.take(LARGEST).read_to_string(&mut users));
        drop(read);
        let uid = rustix::process::geteuid().as_raw();
        claimed(&users, uid, |name| std::env::var(name).ok())
    })
}

/// The same, by these lines of `passwd(5)`, this user and this environment.
fn claimed(users: &str, uid: u32, variable: impl Fn(&str) -> Option<String>) -> String {
    let of_line = |line: &str| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then(|| clean(name))?
    };
    let said = |name: &str| variable(name).and_then(|text| clean(&text));
    let user = users.lines().find_map(of_line).or_else(|| said("LOGNAME")).or_else(|| said("USER"));
    let user = user.unwrap_or_else(|| uid.to_string());
    match said("SUDO_USER").filter(|by| *by != user) {
        Some(by) => format!("cli:{user} (sudo: {by})"),
        None => format!("cli:{user}"),
    }
}

/// A name without what a terminal or a list would take for something else; `None`: nothing is left.
fn clean(name: &str) -> Option<String> {
    let kept = |letter: &char| letter.is_alphanumeric() || "._-@+\\$".contains(*letter);
    let name: String = name.chars().filter(kept).take(LONGEST).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::claimed;

    #[test]
    fn a_user_is_called_as_the_system_says_then_as_the_environment_then_by_number() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\nbroken\ndeploy:x:1000:1000::/home/deploy:/bin/sh\n:x:7:7:::\n";
        let long = "n".repeat(200);
        for (uid, variables, expected) in [
            (1000, vec![("LOGNAME", "somebody")], "cli:deploy"),
            (0, vec![("SUDO_USER", "deploy")], "cli:root (sudo: deploy)"),
            (0, vec![("SUDO_USER", "root")], "cli:root"),
            (5, vec![("LOGNAME", "ACME\\deploy"), ("USER", "other")], "cli:ACME\\deploy"),
            (5, vec![("LOGNAME", ""), ("USER", "de\u{1b}[31mp\nl\u{202e}oy")], "cli:de31mploy"),
            (5, vec![("LOGNAME", &*long)], &*format!("cli:{}", "n".repeat(64))),
            (5, vec![("USER", "\n\t")], "cli:5"),
            (7, vec![], "cli:7"),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(claimed(users, uid, variable), expected, "{uid} {variables:?}");
        }
    }
}
