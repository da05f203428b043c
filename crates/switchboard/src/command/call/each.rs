//! `--each` as the command line has it: what every row shares, and how the request of a row is made.

use super::batch;
use super::cookie::Cookies;
use super::data::Piece;
use super::draft::{self, Draft, Named};
use super::fill::Sampling;
use super::flag::Flag;
use super::item::{Item, Text};
use super::nearby::Nearby;
use super::redirect::Follow;
use super::target::{self, Target};
use super::wanted::Wanted;
use super::{Call, CheckMode, ending, free, input, outcome, trip, typed};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use std::sync::Arc;

impl Call {
    /// One call for each row.
    pub(super) fn each_row(
        &self,
        (file, words): (&str, &[String]),
        nearby: &Nearby<'_>,
        wanted: &Wanted,
        terminal: Terminal,
        expected: Option<ending::Expected>,
    ) -> Result<Exit, Failure> {
        if self.print.is_some() || self.dry_run {
            return Err(Failure::usage("`--print` and `--dry-run` show one request: leave `--each` out"));
        }
        if self.session.is_some() || wanted.transfer.jar.is_some() || wanted.transfer.resume.is_some() {
            return Err(Failure::usage("`--session`, `-c` and `-C` are for one request: leave `--each` out"));
        }
        let about_one = [
            (self.format.is_some(), "--format"),
            (self.show_secrets, "--show-secrets"),
            (self.conditional.if_changed, "--if-changed"),
            (self.until.is_given(), "--until"),
            (wanted.write_out.is_some(), "-w"),
            (wanted.transfer.dump_header.is_some(), "-D"),
        ];
        let word = about_one.iter().find(|(given, _)| *given).map(|(_, word)| *word);
        if let Some(word) = word.or(self.pages.word()) {
            return Err(Failure::usage(format!(
                "`{word}` is about one answer, and `--each` has one for each row"
            ))
            .help("results are JSON lines; what of each body is given, `--jq` says"));
        }
        // What all rows share is read once.
        let mut wanted = wanted.clone();
        for piece in &mut wanted.data {
            piece.hold()?;
        }
        let wanted = &wanted;
        let cookies = Cookies::read(&wanted.transfer)?;
        let finish = |mut draft: Draft| {
            draft.cookies(&cookies, true)?;
            draft.choose();
            Ok(draft)
        };
        let (target, taken) = target::read(words, nearby)?;
        let rest = &words[taken.min(words.len())..];
        let dial = call::Dial { idle_per_server: self.each.jobs(), ..outcome::dial(wanted) };
        let mut packing = None;
        let (make, shared, upstream, operation): (Box<batch::Make<'_>>, _, _, _) = match target {
            Target::Url(method, url) => {
                let shared = rest.iter().map(|word| held(Item::read(word, &[])?, true));
                let shared = shared.collect::<Result<Vec<_>, Failure>>()?;
                let upstream = draft::upstream(url.server.clone(), wanted, outcome::RETRIES);
                let make = move |items| {
                    let mut wanted = wanted.clone();
                    finish(free::draft(method.clone(), url.clone(), items, &mut wanted, outcome::RETRIES)?)
                };
                (Box::new(make), shared, upstream, None)
            }
            Target::Operation(api, contract, operation) => {
                self.login(api.as_ref(), nearby)?;
                let upstream = self.upstream(api.as_deref(), &contract, wanted)?;
                let named = Named { api: api.clone(), operation: Arc::clone(&operation), contract };
                let shared = typed::items(&named, rest)?.into_iter().map(|item| held(item, false));
                let shared = shared.collect::<Result<Vec<_>, Failure>>()?;
                let of = upstream.clone();
                let sampling = self.sample.then(|| Sampling::of(&named.contract, self.seed));
                let batches = api.iter().flat_map(|api| &api.batches).filter(|_| self.each.packs());
                packing = batches.into_iter().find(|batch| batch.of == operation.id).map(|batch| {
                    let named = Named { operation: Arc::clone(&batch.by), ..named.clone() };
                    let of = upstream.clone();
                    let make = move |items, body| {
                        let mut wanted = wanted.clone();
                        wanted.data.push(Piece::new(Flag::DataRaw, body));
                        finish(typed::draft_of(named.clone(), of.clone(), items, &mut wanted, None)?)
                    };
                    batch::Packing { operation: batch.clone(), make: Box::new(make) }
                });
                let make = move |items| {
                    let mut wanted = wanted.clone();
                    finish(typed::draft_of(named.clone(), of.clone(), items, &mut wanted, sampling.as_ref())?)
                };
                (Box::new(make), shared, upstream, Some(operation))
            }
        };
        let sender = batch::Sender {
            providers: trip::providers(dial, &upstream),
            patience: outcome::patience(wanted, outcome::RETRIES),
            follow: Follow::of(wanted, false),
            make,
            shared,
            upstream,
            operation,
            requests: self.check.unwrap_or(CheckMode::Block),
            responses: self.check.unwrap_or(CheckMode::Report),
            expected,
            jq: self.jq.clone(),
            // Results are written by us, in the order of the rows.
            plain: Wanted { output: None, ..wanted.clone() },
            terminal,
            history: self.keeping.many(nearby),
            packing,
        };
        batch::run(&self.each, words, file, wanted, terminal, &sender)
    }
}

/// An item with the text of its file; `whole`: a value of a body without a contract keeps its line end.
fn held(item: Item, whole: bool) -> Result<Item, Failure> {
    let here = |text: Text| free::read(&text).map(Text::Here);
    Ok(match item {
        Item::Value(name, Text::In(file)) if whole => {
            Item::Value(name, Text::Here(input::whole_text(&file)?))
        }
        Item::Value(name, text) => Item::Value(name, here(text)?),
        Item::Json(name, text) => Item::Json(name, here(text)?),
        Item::Query(name, text) => Item::Query(name, here(text)?),
        Item::Field(name, text) => Item::Field(name, here(text)?),
        item => item,
    })
}
