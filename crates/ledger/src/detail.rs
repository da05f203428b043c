//! Heads, bodies and decisions of a call as bytes: JSON, deflated.
//!
//! They were redacted before they got here; nothing is looked for in them.

use crate::StoreError;
use crate::connection::Connection;
use crate::sql::Sql;
use exchange::{CallId, Detail, Message};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use std::io::{self, Read};

/// No detail of ours is longer; a damaged one must not fill the memory.
const LONGEST: u64 = 64 << 20;

/// Packs a detail.
pub(crate) fn pack(detail: &Detail) -> io::Result<Vec<u8>> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut out, detail)?;
    out.finish()
}

/// Unpacks a detail.
pub(crate) fn unpack(bytes: &[u8]) -> io::Result<Detail> {
    Ok(serde_json::from_reader(io::BufReader::new(DeflateDecoder::new(bytes).take(LONGEST)))?)
}

/// About how much memory a detail holds, in bytes.
pub(crate) fn size(detail: &Detail) -> usize {
    let message = |message: &Option<Message>| {
        message.as_ref().map_or(0, |message| {
            let fields: usize = message.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
            message.body.len() + fields
        })
    };
    1024 + message(&detail.request) + message(&detail.sent) + message(&detail.response)
}

/// How many go into one statement. Full statements are prepared once.
const AT_ONCE: usize = 32;

/// Writes packed details; one that is there already is replaced. No id may be among them twice.
pub(crate) async fn write(calls: &mut Connection, packed: &[(CallId, &[u8])]) -> Result<(), StoreError> {
    for some in packed.chunks(AT_ONCE) {
        let mut write = Sql::new("INSERT INTO details (call, body) ");
        write.push_rows(some, 2, |row, (id, bytes)| row.extend([id.0.into(), bytes.into()]));
        write.push(" ON CONFLICT (call) DO UPDATE SET body = excluded.body");
        calls.execute(write.once(some.len() < AT_ONCE)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};
    use exchange::{Detail, Message};

    #[test]
    fn a_detail_comes_back_smaller() {
        let body = "all work and no play ".repeat(500);
        let message = Message { line: "GET / HTTP/1.1".into(), body: body.clone(), ..Message::default() };
        let detail = Detail { request: Some(message), ..Detail::default() };
        let packed = pack(&detail).unwrap();
        assert!(packed.len() < body.len() / 10);
        assert_eq!(unpack(&packed).unwrap().request.unwrap().body, body);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        assert!(unpack(b"nonsense").is_err());
        assert!(unpack(&[]).is_err());
    }
}
