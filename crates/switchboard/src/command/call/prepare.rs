//! A call from its words to its end: what it is made of and keeps to, what is shown instead of sending, and by which way it goes.

use super::asked::Asked;
use super::check::{self, CheckMode};
use super::cookie::Cookies;
use super::draft::Draft;
use super::nearby::Nearby;
use super::session::Session;
use super::target::{self, Target};
use super::wanted::Wanted;
use super::{Call, acting, deliver, ending, envelope, fill, outcome, pages, print, trace, until};
use crate::arguments::Global;
use crate::exit::{Exit, Failure};
use crate::output::jq;
use crate::terminal::Terminal;

/// How a request is sent.
enum Way<'c> {
    Once,
    /// Until something holds.
    Until(until::Condition<'c>),
    /// Page by page.
    Pages(pages::Plan),
}

impl Call {
    pub(super) fn prepared(
        &self,
        global: &Global,
        (words, mut wanted): (&[String], Wanted),
        terminal: Terminal,
    ) -> Result<Exit, Failure> {
        if let Some(program) = &self.jq {
            jq::check(program)?;
        }
        let expected = self.expect.as_deref().map(ending::Expected::read).transpose()?;
        // Before anything is said, by whatever kind of call.
        call::learn(&wanted.connection.secrets());
        let nearby = Nearby::new(global).with(&self.reading);
        if self.example {
            let (target, _) = target::read(words, &nearby)?;
            let Target::Operation(_, _, operation) = target else {
                return Err(Failure::usage("`--example` needs an operation: a URL has no contract"));
            };
            terminal.data(fill::skeleton(&operation)?);
            return Ok(Exit::Ok);
        }
        if let Some(file) = self.each.file()? {
            return self.each_row((file, words), &nearby, &wanted, terminal, expected);
        }
        let mut draft = self.draft(&nearby, words, &mut wanted)?;
        let from = deliver::resume::ask(&mut draft, &wanted, true)?;
        let mut cookies = Cookies::read(&wanted.transfer)?;
        let session = self.session.as_deref().map(|name| Session::open(name, &draft)).transpose()?;
        if let Some(session) = &session {
            session.apply(&mut draft, &wanted, &mut cookies)?;
        }
        draft.cookies(&cookies, true)?;
        let redaction = draft.redaction();
        redaction.learn();
        let keeper = self.conditional.apply(&mut draft, &wanted, terminal)?;
        let request_mode = self.check.unwrap_or(CheckMode::Block);
        let found = if request_mode == CheckMode::Off { Vec::new() } else { check::request(&draft) };
        if !found.is_empty() {
            let lines = envelope::lines(&found, &draft);
            if request_mode == CheckMode::Block && self.print.is_none() {
                return Err(Failure::usage(format!(
                    "the request breaks its contract, nothing was sent\n  {}",
                    lines.join("\n  ")
                ))
                .exit(Exit::RequestBreaks)
                .help(check::help(&found, &draft, words)));
            }
            for line in lines {
                terminal.say(format!("request breaks its contract: {line}"));
            }
        }
        let way = self.way(&draft, &wanted)?;
        if self.dry_run {
            terminal.data(trace::request(&draft, &redaction, self.show_secrets));
            if let Way::Pages(plan) = &way {
                terminal.say(plan.words(&draft));
            }
            return Ok(Exit::Ok);
        }
        if let Some(language) = self.print {
            let code = print::code(language, &draft, &wanted, self.show_secrets)?;
            if !self.show_secrets && code.contains("***") {
                terminal
                    .say("a secret of the body stands as `***`: put it in, or print with `--show-secrets`");
            }
            terminal.line(code);
            return Ok(Exit::Ok);
        }
        let asked = Asked {
            format: self.format,
            jq: self.jq.as_deref(),
            responses: self.check.unwrap_or(CheckMode::Report),
            expected,
            request_breaks: found,
            from,
            history: self.keeping.begin(&nearby, self.command_line()).into(),
            redaction,
            show_secrets: self.show_secrets,
            keeper,
        };
        let sent = match (&self.as_consumer, way) {
            (Some(name), _) => acting::send(name, &draft, &nearby, &wanted, terminal, &asked, &mut cookies),
            (None, Way::Until(until)) => until::poll(&until, &draft, &wanted, terminal, &asked, &mut cookies),
            (None, Way::Pages(plan)) => pages::walk(&plan, &draft, &wanted, terminal, &asked, &mut cookies),
            (None, Way::Once) => outcome::send(&draft, &wanted, terminal, &asked, &mut cookies),
        };
        cookies.save(&wanted.transfer)?;
        if let Some(session) = session {
            session.save(&draft, &wanted, &cookies)?;
        }
        sent
    }

    /// How it is sent: what cannot be is refused before anything is begun.
    fn way(&self, draft: &Draft, wanted: &Wanted) -> Result<Way<'_>, Failure> {
        if let Some(until) = self.until.condition(draft)? {
            return match self.pages.word() {
                Some(word) => Err(Failure::usage(format!(
                    "`--until` asks for one answer again and again, and `{word}` is about many"
                ))),
                None => Ok(Way::Until(until)),
            };
        }
        // A condition is about one answer, and so is what it says.
        let plan =
            if self.conditional.if_changed { None } else { self.pages.plan(draft, wanted, self.format)? };
        Ok(plan.map_or(Way::Once, Way::Pages))
    }

    /// The words that make this call again.
    fn command_line(&self) -> Vec<String> {
        let own = || std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        self.again.clone().unwrap_or_else(own)
    }
}
