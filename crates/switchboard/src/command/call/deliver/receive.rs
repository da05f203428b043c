//! An answer while it comes: its heads, its pieces unpacked, and its end.

use super::super::redact::Redaction;
use super::super::trip::{Head, Receive, Stop};
use super::super::{media, trace};
use super::items::Items;
use super::unpack::{Ended, Unpack};
use super::{Delivery, Keep, LAID_OUT, length};
use crate::exit::Failure;
use http::header::CONTENT_ENCODING;

impl Receive for Delivery<'_> {
    fn passed(&mut self, head: &Head, nth: u32) -> Result<(), Stop> {
        self.learn(head);
        if self.wanted.verbose {
            trace::exchange(head, self.redaction);
        }
        self.dump(head, nth == 0).map_err(Stop::Failed)?;
        if (self.wanted.include || self.wanted.head) && self.keep != Keep::Hold {
            self.write(trace::head(head).as_bytes())?;
        }
        Ok(())
    }

    fn head(&mut self, head: &Head, nth: u32) -> Result<(), Stop> {
        self.learn(head);
        if self.wanted.verbose {
            trace::exchange(head, self.redaction);
        }
        self.pause = self.put_off.as_mut().and_then(|put_off| put_off(head));
        if self.pause.is_some() {
            return Err(Stop::Enough);
        }
        self.dump(head, nth == 0).map_err(Stop::Failed)?;
        // What is looked into is unpacked also where nobody asked for it to be packed.
        let unpacks = self.wanted.transfer.compressed || self.keep != Keep::Pass;
        self.unpack = if unpacks { Unpack::of(&head.fields) } else { None };
        if let Some(check) = &mut self.check {
            let mut fields = head.fields.clone();
            if self.unpack.is_some() {
                fields.remove(CONTENT_ENCODING);
            }
            check.head(head.status, &fields);
        }
        self.dropped = self.wanted.fail && !self.wanted.fail_with_body && head.status.as_u16() >= 400;
        if self.dropped {
            return Err(Stop::Enough);
        }
        if !self.open(head).map_err(Stop::Failed)? {
            self.dropped = true;
            return Err(Stop::Enough);
        }
        self.items = if head.status.is_success() { Items::of(&head.fields) } else { None };
        let by_item = self.items.is_some() && self.each.is_some();
        let lay_out = self.keep == Keep::LayOut && self.file.is_none() && media::is_json(&head.fields);
        let small = length(&head.fields).is_none_or(|length| length <= LAID_OUT);
        if !by_item && (self.keep == Keep::Hold || (lay_out && small)) {
            self.held = Some(Vec::new());
        }
        if (self.wanted.include || self.wanted.head) && (self.keep != Keep::Hold || by_item) {
            self.write(trace::head(head).as_bytes())?;
        }
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if let Some(progress) = &mut self.progress {
            progress.add(bytes.len());
        }
        let Some(mut unpack) = self.unpack.take() else { return self.plain(bytes) };
        let done = unpack.push(bytes, &mut |bytes| self.plain(bytes));
        self.unpack = Some(unpack);
        done.map_err(not_unpacked)
    }

    fn end(&mut self) -> Result<(), Stop> {
        if let Some(mut unpack) = self.unpack.take() {
            unpack.end(&mut |bytes| self.plain(bytes)).map_err(not_unpacked)?;
        }
        let last = self.items.as_mut().filter(|_| self.each.is_some()).and_then(Items::end);
        last.map_or(Ok(()), |item| self.item(&item))
    }
}

fn not_unpacked(ended: Ended<Stop>) -> Stop {
    match ended {
        Ended::Taker(stop) => stop,
        Ended::Packed(error) => Stop::Failed(
            Failure::run(format!("the answer cannot be unpacked: {error}"))
                .help("to see the bytes as they came: `--format raw`, without `--compressed`"),
        ),
    }
}

impl Delivery<'_> {
    /// Keeps in mind what an answer set.
    fn learn(&mut self, head: &Head) {
        match &mut self.sessions {
            Some(own) => own.cookies(&head.fields),
            None => Redaction::learn_answer(&head.fields),
        }
    }
}
