//! Which operations of a contract come in pages, by which rule, and what says so.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops at what it did not expect, and reads its cases"
)]

use contract::paging::{Rule, declared};
use contract::{Contract, Document};
use std::path::Path;

fn contract(parameters: &str, answer: &str, more: &str) -> Contract {
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\npaths:\n  /things:\n    get:\n      operationId: list\n{more}\
         {}      responses:\n        '200':\n          description: ok\n{answer}",
        if parameters.is_empty() { String::new() } else { format!("      parameters:\n{parameters}") }
    );
    Document::read("t.yaml", text.as_bytes()).unwrap().contract()
}

fn query(name: &str, schema: &str) -> String {
    format!("        - {{name: '{name}', in: query, schema: {schema}}}\n")
}

fn json(schema: &str) -> String {
    format!("          content: {{application/json: {{schema: {schema}}}}}\n")
}

fn said(contract: &Contract) -> Option<String> {
    let found = declared(&contract.operations[0])?;
    let items = found.items.map_or("?".to_owned(), |items| items.to_string());
    let rule = match found.rule {
        Rule::Link => "link".to_owned(),
        Rule::Url(from) => format!("url {from}"),
        Rule::Cursor { into, from } => format!("cursor {from} -> {}", into.name),
        Rule::Page { into, first } => format!("page {} from {first}", into.name),
        Rule::Offset { into, first } => format!("offset {} from {first}", into.name),
    };
    assert!(!found.why.is_empty() && found.at.is_some(), "every rule has its evidence");
    Some(format!("[{items}] {rule}"))
}

#[test]
fn each_kind_of_paging_is_told_from_what_only_looks_like_it() {
    let (text, whole) = ("{type: string}", "{type: integer}");
    let list = "{type: array, items: {type: object}}";
    let link = "          headers: {Link: {schema: {type: string}}}\n";
    for (parameters, answer, more, expected) in [
        (
            query("cursor", text),
            json(&format!("{{properties: {{items: {list}, next: {{type: [string, 'null']}}}}}}")),
            "",
            Some("[items] cursor next -> cursor"),
        ),
        (
            query("pageToken", text),
            json(&format!("{{properties: {{files: {list}, nextPageToken: {text}}}}}")),
            "",
            Some("[files] cursor nextPageToken -> pageToken"),
        ),
        (
            query("page[cursor]", text),
            json(&format!(
                "{{properties: {{data: {list}, included: {list}, meta: {{properties: {{next_cursor: {text}}}}}}}}}"
            )),
            "",
            Some("[data] cursor meta.next_cursor -> page[cursor]"),
        ),
        (
            query("page", whole) + &query("per_page", whole),
            format!("{link}{}", json(list)),
            "",
            Some("[] link"),
        ),
        (query("page", whole) + &query("per_page", whole), json(list), "", Some("[] page page from 1")),
        (
            query("page", "{type: integer, default: 0}") + &query("size", whole),
            json(&format!("{{properties: {{content: {list}, totalPages: {whole}}}}}")),
            "",
            Some("[content] page page from 0"),
        ),
        (
            query("offset", whole) + &query("limit", whole),
            json(&format!("{{properties: {{data: {{properties: {{items: {list}}}}}}}}}")),
            "",
            Some("[data.items] offset offset from 0"),
        ),
        (
            query("startIndex", whole) + &query("count", whole),
            json(&format!("{{properties: {{Resources: {list}}}}}")),
            "",
            Some("[Resources] offset startIndex from 1"),
        ),
        (
            query("limit", whole),
            json(&format!("{{properties: {{results: {list}, next: {{type: string, format: uri}}}}}}")),
            "",
            Some("[results] url next"),
        ),
        // What only looks like it.
        (query("page", whole), json("{properties: {text: {type: string}}}"), "", None),
        (query("page", whole), json(list), "", None),
        (query("page", text) + &query("limit", whole), json(list), "", None),
        (query("cursor", text), json(list), "", None),
        (query("limit", whole), json(list), "", None),
        (String::new(), json(&format!("{{properties: {{a: {list}, b: {list}}}}}")), "", None),
        (String::new(), String::new(), "", None),
        // Extensions.
        (
            String::new(),
            json("{}"),
            "      x-ms-pageable: {nextLinkName: nextLink}\n",
            Some("[value] url nextLink"),
        ),
        (String::new(), json("{}"), "      x-ms-pageable: {nextLinkName: null}\n", None),
        (
            String::new(),
            json("{}"),
            "      x-speakeasy-pagination: {type: cursor, inputs: [{name: after, in: parameters, type: cursor}], outputs: {nextCursor: '$.rows[-1].id', results: $.rows}}\n",
            Some("[rows] cursor rows[-1].id -> after"),
        ),
        (
            String::new(),
            json("{}"),
            "      x-speakeasy-pagination: {type: offsetLimit, inputs: [{name: p, in: parameters, type: page}], outputs: {results: $.d.rows}}\n",
            Some("[d.rows] page p from 1"),
        ),
        (
            String::new(),
            json("{}"),
            "      x-speakeasy-pagination: {type: url, outputs: {nextUrl: $.next}}\n",
            Some("[?] url next"),
        ),
        (String::new(), json("{}"), "      x-speakeasy-pagination: {type: sideways}\n", None),
    ] {
        let contract = contract(&parameters, &answer, more);
        assert_eq!(said(&contract).as_deref(), expected, "{parameters}{answer}{more}");
        assert_eq!(
            contract.warnings.iter().any(|one| one.code == "paging-extension"),
            more.contains("sideways")
        );
    }
}

#[test]
fn real_contracts_are_read_as_their_documentation_says() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/openapi");
    if !corpus.is_dir() {
        eprintln!("skipped: the corpus is not here");
        return;
    }
    for (file, operation, expected) in [
        ("github.json", "issues/list-for-repo", Some("[] link")),
        ("github.json", "issues/get", None),
        ("azure.com-resources-links.yaml", "ResourceLinks_ListAtSubscription", Some("[value] url nextLink")),
    ] {
        let text = std::fs::read(corpus.join(file)).unwrap();
        let mut contract = Document::read(file, &text).unwrap().contract();
        contract.operations.retain(|known| known.id.as_str() == operation);
        assert_eq!(said(&contract).as_deref(), expected, "{file} {operation}");
    }
}
