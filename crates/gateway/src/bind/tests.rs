//! Slots over very many reloads.

use super::{Change, MOST, Planned, Slot, plan};
use crate::GatewayError;
use board::{Listener, Outside, OutsideError};
use std::path::Path;

struct Text;

impl Outside for Text {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("switchboard.toml") => Ok(b"[listen.edge]\nbind = \"127.0.0.1:0\"\n".to_vec()),
            _ => Err(OutsideError("no such file".to_owned())),
        }
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn stored(&self, _: &str) -> Result<String, OutsideError> {
        Err(OutsideError("no such secret".to_owned()))
    }
}

/// The nth of many: another name at another address.
fn listener(edge: &Listener, nth: usize) -> Listener {
    let bind = format!("127.0.{}.{}:0", 1 + nth / 200, 1 + nth % 200);
    Listener { name: format!("edge-{nth}").into(), bind: bind.parse().unwrap(), ..edge.clone() }
}

fn edge() -> Listener {
    board::load(Path::new("/board"), None, &Text).unwrap().listeners.remove(0)
}

/// Reloads with these; gives what the only thread has to do.
fn reload(slots: &mut Vec<Slot>, listeners: &[Listener]) -> Result<Vec<Change>, GatewayError> {
    let Planned { slots: next, mut changes } = plan(listeners, slots, 1)?;
    *slots = next;
    Ok(changes.remove(0))
}

fn opened(changes: &[Change]) -> usize {
    changes.iter().find(|(_, opened)| opened.is_some()).unwrap().0
}

#[test]
fn listeners_that_come_and_go_use_the_slots_of_those_that_nobody_holds() {
    let (edge, mut slots) = (edge(), Vec::new());
    for nth in 0..3 * MOST {
        reload(&mut slots, &[listener(&edge, nth)]).unwrap();
        assert!(slots.len() <= 2, "{} after {nth}", slots.len());
        assert_eq!(slots.iter().filter_map(Slot::address).count(), 1);
    }
}

#[test]
fn a_slot_that_has_connections_is_nobody_elses_until_they_have_ended() {
    let (edge, mut slots) = (edge(), Vec::new());
    // What a connection holds, for which its door is the same as the socket.
    let kept = reload(&mut slots, &[listener(&edge, 0)]).unwrap();
    for nth in 1..100 {
        let changes = reload(&mut slots, &[listener(&edge, nth)]).unwrap();
        assert_ne!(opened(&changes), opened(&kept), "after {nth}");
    }
    // Moved under its name it keeps its slot, and whoever holds that.
    let moved = Listener { bind: "127.0.9.9:0".parse().unwrap(), ..listener(&edge, 99) };
    let before = reload(&mut slots, &[listener(&edge, 99)]).unwrap();
    assert!(before.is_empty());
    reload(&mut slots, &[moved]).unwrap();
    let slot = opened(&kept);
    drop(kept);
    let more: Vec<Listener> = (100..103).map(|nth| listener(&edge, nth)).collect();
    let reused =
        reload(&mut slots, &more).unwrap().iter().any(|(at, opened)| *at == slot && opened.is_some());
    assert!(reused, "free again");
}

#[test]
fn when_all_slots_are_held_a_reload_is_refused_and_changes_nothing() {
    let (edge, mut slots, mut kept) = (edge(), Vec::new(), Vec::new());
    for nth in 0..MOST {
        kept.push(reload(&mut slots, &[listener(&edge, nth)]).unwrap());
    }
    let refused = reload(&mut slots, &[listener(&edge, MOST)]).unwrap_err().to_string();
    assert!(refused.contains("have connections still"), "{refused}");
    assert_eq!(slots.iter().filter_map(Slot::address).count(), 1);
    kept.swap_remove(7);
    assert_eq!(opened(&reload(&mut slots, &[listener(&edge, MOST)]).unwrap()), 7);
}
