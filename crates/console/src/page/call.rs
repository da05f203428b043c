//! One call: what became of it, who decided what, what broke the contract, where the time went, what was said.

use super::{calls, frame, type_this};
use crate::json_lines;
use crate::{copy, words};
use board::Board;
use contract::{Contract, Pointer};
use exchange::{CallRecord, Decision, Detail, Finding, Message, Outcome, Stage, Timing};
use maud::{Markup, html};

/// Findings that are looked up in the contract's text: each is a scan of it.
const LOOKED_UP: usize = 20;
/// Bytes of a body that the page shows.
const MOST_BODY: usize = 24 * 1024;

/// What the page shows.
pub(crate) struct View<'v> {
    pub(crate) call: &'v CallRecord,
    pub(crate) detail: Option<&'v Detail>,
    pub(crate) board: &'v Board,
    pub(crate) now_ms: u64,
}

/// The page.
pub(crate) fn page(view: &View<'_>) -> Markup {
    let call = view.call;
    let contract =
        call.api.as_deref().and_then(|name| view.board.api(name)).and_then(|api| api.contract.as_deref());
    frame(
        &format!("{} {}", call.method, call.path),
        true,
        &html! {
            nav.crumbs aria-label="Back" { a href="/calls" { "Calls" } " / " span { (call.id) } }
            div class={ "verdict " (words::tone(call.outcome)) } {
                h1 { span.method { (call.method) } " " span.path { (call.path) } }
                p.story { (words::status(call)) " " (words::story(call)) }
            }
            (facts(view))
            @match view.detail {
                Some(detail) => {
                    @if !detail.findings.is_empty() { (findings(&detail.findings, contract)) }
                    (decisions(detail, call))
                    (time(&detail.timing, call))
                    (messages(detail))
                }
                None => (not_kept(call)),
            }
            (again(view))
        },
    )
}

fn facts(view: &View<'_>) -> Markup {
    let call = view.call;
    let fact = |name: &str, value: Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        dl.facts {
            (fact("Id", html! { code.id data-copy="" { (call.id) } }))
            (fact("When", html! { (words::time(call.id.at_ms(), view.now_ms)) br; span.dim.small { (words::utc(call.id.at_ms())) } }))
            (fact("Took", html! { (words::took(call.took_us)) }))
            (fact("Caller", html! {
                @match &call.consumer {
                    Some(name) => a href={ "/calls?who=" (name) } { (name) },
                    None => "nobody known",
                }
                @if let Some(plan) = &call.plan { ", plan " (plan) }
                @if let Some(address) = &call.address { br; span.dim.small { "from " (address) } }
            }))
            @if let Some(api) = &call.api {
                (fact("Operation", html! {
                    @match &call.operation {
                        Some(operation) => a href={ "/calls?api=" (api) "&operation=" (operation) } { (api) "." (operation) },
                        None => a href={ "/calls?api=" (api) } { (api) },
                    }
                }))
            }
            @if let Some(offer) = &call.offer { (fact("Offer", html! { (offer) })) }
            (fact("Came in", html! { (call.via) }))
            (fact("Contract", html! { (calls::verdict(call, view.board)) }))
            (fact("Size", html! { (words::size(call.bytes_in)) " in, " (words::size(call.bytes_out)) " out" }))
            @if let Some(reason) = call.reason { (fact("Reason", html! { a href={ "/calls?reason=" (reason) } { (reason) } })) }
            @if let Some(parent) = call.parent { (fact("Part of", html! { a href={ "/calls/" (parent) } { (parent) } })) }
            @if call.weight > 1 { (fact("Stands for", html! { (call.weight) " calls like it" })) }
        }
    }
}

/// A stage that let the call pass although it found something wrong.
fn found_wrong(decision: &Decision, findings: &[Finding]) -> bool {
    let direction = match decision.stage {
        Stage::Request => "request",
        Stage::Response => "response",
        _ => return false,
    };
    findings.iter().any(|finding| finding.direction == direction)
}

fn decisions(detail: &Detail, call: &CallRecord) -> Markup {
    let decisions = &detail.decisions;
    html! {
        @if !decisions.is_empty() {
            section aria-labelledby="decisions" {
                h2 #decisions { "Every decision" }
                ol.decisions {
                    @for decision in decisions {
                        li class=[(decision.refused.is_some() || found_wrong(decision, &detail.findings)).then_some("no")] {
                            span.stage { (words::stage(decision.stage)) }
                            div.said {
                                p { b { (decision.subject) } }
                                @if !decision.words.is_empty() { p.dim { (decision.words) } }
                                @if let Some(reason) = &decision.refused {
                                    p.refused { "Said no: " (reason) }
                                }
                            }
                            @if let Some(origin) = &decision.origin { code.origin { (origin) } }
                        }
                    }
                    li class={ "end " (words::tone(call.outcome)) } {
                        span.stage { "Outcome" }
                        div.said { p { (words::status(call)) } }
                    }
                }
            }
        }
    }
}

fn findings(findings: &[Finding], contract: Option<&Contract>) -> Markup {
    let count = findings.len();
    html! {
        section aria-labelledby="findings" {
            h2 #findings { (count) @if count == 1 { " point breaks the contract" } @else { " points break the contract" } }
            ol.findings {
                @for (number, finding) in findings.iter().enumerate() {
                    li {
                        p.what { b { (in_words(finding)) } ": " (finding.detail) }
                        dl.where {
                            div { dt { "In the " (finding.direction) } dd {
                                code { (finding.place) } @if !finding.at.is_empty() { " " span.dim { "pointer " code { (finding.at) } } }
                            } }
                            div { dt { "In the contract" } dd { (rule(finding, contract.filter(|_| number < LOOKED_UP))) } }
                        }
                    }
                }
            }
        }
    }
}

/// `total`, `items[0].total`, or the place where there is no pointer.
fn in_words(finding: &Finding) -> String {
    if finding.at.is_empty() { finding.place.clone() } else { words::path_of(&finding.at) }
}

/// The contract's line, with the lines around it.
fn rule(finding: &Finding, contract: Option<&Contract>) -> Markup {
    let stand = contract.and_then(|contract| contract.stand(&Pointer::parse(&finding.rule)?));
    html! {
        // The rule may stand in another file than the contract's own, or in an overlay.
        @match stand.as_ref().map(|stand| (stand, stand.line())) {
            Some((stand, line)) => {
                code.origin { (stand.file) ":" (line) } " " span.dim { "rule " code { (finding.code) } }
                pre.excerpt tabindex="0" aria-label={ "Lines of " (stand.file) } {
                    @for (number, text) in around(&stand.text, line) {
                        span class=[(number == line).then_some("here")] { i { (number) } (text) "\n" }
                    }
                }
            }
            None => { code { (finding.rule) } " " span.dim { "rule " code { (finding.code) } } }
        }
    }
}

/// Two lines before, the line, two after; long ones are cut.
fn around(text: &str, line: u32) -> impl Iterator<Item = (u32, String)> + '_ {
    let first = line.saturating_sub(2).max(1);
    (first..)
        .zip(text.lines().skip(first as usize - 1))
        .take((line - first + 3) as usize)
        .map(|(number, text)| (number, text.chars().take(160).collect()))
}

fn time(timing: &[Timing], call: &CallRecord) -> Markup {
    let end = timing
        .iter()
        .map(|part| part.from_us.saturating_add(part.took_us))
        .fold(call.took_us, u64::max)
        .max(1);
    let provider = (call.provider_us > 0).then(|| share(call.provider_us, call.took_us.max(1)));
    html! {
        @if !timing.is_empty() {
            section aria-labelledby="time" {
                h2 #time { "Where the time went" }
                p { (words::took(call.took_us)) " in all"
                    @match provider {
                        Some(share) => { "; " (words::took(call.provider_us)) " of it (" (share) " %) until the provider's answer began." }
                        None => "; the provider was not asked.",
                    }
                }
                table.parts {
                    caption.unseen { "Parts of the call, in order" }
                    thead { tr { th scope="col" { "Part" } th.number scope="col" { "After" } th.number scope="col" { "Took" } th scope="col" { "Share" } } }
                    tbody { @for part in timing { tr {
                        th scope="row" { (part.part) }
                        td.number { (words::took(part.from_us)) }
                        td.number { (words::took(part.took_us)) }
                        td.bar {
                            svg viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                                rect.track x="0" y="7" width="1000" height="2" {}
                                rect class={ "part " (part_class(&part.part)) } x=(thousandths(part.from_us, end)) y="2" width=(thousandths(part.took_us, end).max(4)) height="12" rx="2" {}
                            }
                            span { (share(part.took_us, end)) " %" }
                        }
                    } } }
                }
            }
        }
    }
}

/// Whose time it is: the network's and the provider's, or ours.
fn part_class(part: &str) -> &'static str {
    if ["provider", "connect", "tls", "body", "upstream"].iter().any(|known| part.contains(known)) {
        "theirs"
    } else {
        "ours"
    }
}

fn thousandths(part: u64, whole: u64) -> u64 {
    rounded(part, whole, 1000)
}

fn share(part: u64, whole: u64) -> u64 {
    rounded(part, whole, 100)
}

/// `part` of `whole` in `units`; wide enough for every number that may have been written.
fn rounded(part: u64, whole: u64, units: u64) -> u64 {
    let share = (u128::from(part) * u128::from(units) + u128::from(whole) / 2) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn messages(detail: &Detail) -> Markup {
    let places = |direction: &str| {
        detail.findings.iter().filter(|finding| finding.direction == direction).collect::<Vec<_>>()
    };
    let same =
        detail.request.as_ref().zip(detail.sent.as_ref()).is_some_and(|(request, sent)| request == sent);
    html! {
        @if detail.request.is_some() || detail.response.is_some() || detail.sent.is_some() {
            section aria-labelledby="messages" {
                h2 #messages { "What was said" }
                p.dim { "Secrets are replaced by " code { "***" } " before anything is kept." }
                div.messages {
                    (message("request", "Request", "as the caller sent it", detail.request.as_ref(), &places("request"), true))
                    (message("response", "Response", "as the caller got it", detail.response.as_ref(), &places("response"), true))
                }
                @if same { p.dim { "The provider got the request as it was." } }
                @else if detail.sent.is_some() {
                    (message("sent", "Sent on", "as the provider got it", detail.sent.as_ref(), &[], false))
                }
            }
        }
    }
}

fn message(
    id: &str,
    name: &str,
    whose: &str,
    message: Option<&Message>,
    findings: &[&Finding],
    open: bool,
) -> Markup {
    html! {
        details.message #{ "m-" (id) } open[open] {
            summary { b { (name) } " " span.dim { (whose) @if let Some(message) = message { ", " (words::size(message.size)) } } }
            @match message {
                None => p.dim { "There was none." },
                Some(message) => {
                    pre.head tabindex="0" aria-label={ (name) ": head" } {
                        b { (message.line) } "\n"
                        @for (name, value) in &message.fields { span.name { (name) } ": " (value) "\n" }
                    }
                    (body(name, message, findings))
                }
            }
        }
    }
}

fn body(name: &str, message: &Message, findings: &[&Finding]) -> Markup {
    if message.body.is_empty() {
        return html! {
            p.dim { @if message.size == 0 { "No body." } @else { "A body of " (words::size(message.size)) ", of which nothing was kept." } }
        };
    }
    let places: Vec<&str> = findings.iter().map(|finding| finding.at.as_str()).collect();
    let label = format!("{name}: body");
    // What is too long to show is no JSON any more once it is cut, so it is shown as it is.
    let shown = upto(&message.body, MOST_BODY);
    let lines = if shown.len() == message.body.len() { json_lines::lines(shown, &places) } else { None };
    html! {
        @match lines {
            Some(lines) => pre.body tabindex="0" aria-label=(label) {
                @for line in lines {
                    @if line.marks.is_empty() { (line.text) "\n" }
                    @else {
                        mark { (line.text) }
                        @for mark in &line.marks { @if let Some(finding) = findings.get(*mark) { span.note { " ← " (finding.detail) } } }
                        "\n"
                    }
                }
            },
            None => pre.body tabindex="0" aria-label=(label) { (shown) },
        }
        @if shown.len() < message.body.len() { p.dim { "Shown: the first " (words::size(shown.len() as u64)) "." } }
        @if message.cut { p.dim { "The body was cut when it was kept; it had " (words::size(message.size)) "." } }
    }
}

fn upto(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn not_kept(call: &CallRecord) -> Markup {
    html! {
        section.notkept aria-labelledby="notkept" {
            h2 #notkept { "Not kept" }
            @if call.outcome == Outcome::Succeeded && call.breaks == 0 {
                p { "Decisions, timing and messages are kept for calls that were declined, refused, failed or broke a contract. This one went well." }
                p { "To keep them for every call, in " code { "switchboard.toml" } ":" }
                (type_this("[record]\ndetails = \"all\""))
            } @else {
                p { "Details of this call are not kept: " code { "record.details" } " says of which calls they are, and those that come faster than they can be written are dropped and counted." }
            }
        }
    }
}

fn again(view: &View<'_>) -> Markup {
    let request = view.detail.and_then(|detail| detail.request.as_ref());
    html! {
        @if let Some(lines) = copy::lines(view.call, request, view.board) {
            section aria-labelledby="again" {
                h2 #again { "Make it again" }
                @if let Some(missing) = lines.missing { p { (missing) } }
                h3 { "curl" } (type_this(&lines.curl))
                h3 { "switchboard call" } (type_this(&lines.call))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rule;
    use contract::{Contract, Files, Reach};
    use exchange::Finding;

    struct Parts(Reach);

    impl Files for Parts {
        fn bytes(&self, _: &str) -> Result<Vec<u8>, String> {
            Ok(b"limit:\n  name: limit\n  in: query\n  schema:\n    type: integer\n    maximum: 100\n"
                .to_vec())
        }

        fn reach(&self) -> &Reach {
            &self.0
        }
    }

    #[test]
    fn a_rule_is_shown_with_the_lines_of_the_file_it_stands_in() {
        let text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get:\n      parameters: [{$ref: 'parts.yaml#/limit'}]\n      responses: {}\n";
        let parts = Parts(Reach::around("orders.yaml"));
        let contract = Contract::read_with("orders.yaml", text.as_bytes(), &parts).unwrap();
        let at = contract.operations[0].parameters[0].shape.at().at("maximum");
        let finding = Finding {
            direction: "request".to_owned(),
            place: "query parameter limit".to_owned(),
            at: String::new(),
            rule: at.to_string(),
            code: "maximum".to_owned(),
            detail: String::new(),
        };
        let shown = rule(&finding, Some(&contract)).into_string();
        assert!(shown.contains("parts.yaml:6") && shown.contains("maximum: 100"), "{shown}");
        assert!(!shown.contains("orders.yaml"), "{shown}");
    }
}
