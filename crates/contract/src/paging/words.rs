//! The words that APIs use about pages, whatever their spelling: `next_cursor`, `nextCursor` and `NextCursor` are one.
//!
//! Collected from published contracts; a word stands here only if it means one thing.

use super::Trail;
use serde_json::Value;

/// Parameters that take a cursor.
pub(super) const CURSORS: &[&str] = &[
    "cursor",
    "pagetoken",
    "nexttoken",
    "nextpagetoken",
    "continuationtoken",
    "continuation",
    "nextcursor",
    "pagecursor",
    "startingafter",
    "after",
    "aftercursor",
    "marker",
    "startcursor",
    "paginationtoken",
    "scrollid",
    "startkey",
    "exclusivestartkey",
    "offsettoken",
    "next",
    "token",
    "skiptoken",
];
/// Fields of an answer that are the next cursor.
pub(super) const NEXT_CURSORS: &[&str] = &[
    "nextcursor",
    "nextpagetoken",
    "nexttoken",
    "continuationtoken",
    "nextcontinuationtoken",
    "endcursor",
    "cursornext",
    "nextmarker",
    "nextpage",
    "nextpagecursor",
    "nextkey",
    "lastevaluatedkey",
    "scrollid",
    "next",
    "after",
    "cursor",
    "continuation",
    "paginationtoken",
    "continue",
];
/// Fields of an answer that are the next page's address.
pub(super) const NEXT_URLS: &[&str] =
    &["odatanextlink", "nextlink", "nexturl", "nextpageurl", "nexthref", "nextpageuri", "nexturi", "next"];
/// Parameters that count pages.
pub(super) const PAGES: &[&str] = &["page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage"];
/// Parameters that count items.
pub(super) const OFFSETS: &[&str] =
    &["offset", "skip", "startindex", "startat", "start", "pageoffset", "firstresult"];
/// Parameters that say how many items a page has.
pub(super) const SIZES: &[&str] = &[
    "limit",
    "perpage",
    "pagesize",
    "size",
    "count",
    "maxresults",
    "top",
    "maxitems",
    "pagelimit",
    "pagelen",
    "rows",
    "itemsperpage",
    "resultsperpage",
    "max",
    "take",
    "length",
];
/// Members that are the list, where there are several.
const LISTS: &[&str] =
    &["items", "data", "results", "value", "values", "records", "entries", "content", "resources"];
/// Objects in which an answer speaks of its pages.
const ABOUT: &[&str] = &[
    "meta",
    "metadata",
    "pagination",
    "paging",
    "pageinfo",
    "page",
    "links",
    "cursors",
    "responsemetadata",
    "resultinfo",
    "listmeta",
];

/// A name without its spelling.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a name is about pages as a whole.
pub(super) fn is_about(name: &str) -> bool {
    ABOUT.contains(&plain(name).as_str())
}

/// The list among several members that are lists.
pub(super) fn the_list<'n>(names: &[&'n str]) -> Option<&'n str> {
    match names {
        [only] => Some(only),
        _ => LISTS.iter().find_map(|list| names.iter().find(|name| plain(name) == *list).copied()),
    }
}

/// A member of one of these names, at the top or where the answer speaks of its pages, the likeliest name first.
pub(super) fn look<'v>(body: &'v Value, names: &[&str]) -> Option<(Trail, &'v Value)> {
    names.iter().find_map(|name| below(body, &Trail::root(), name, 2))
}

fn below<'v>(value: &'v Value, trail: &Trail, name: &str, depth: u8) -> Option<(Trail, &'v Value)> {
    let members = value.as_object()?;
    let own = members.iter().find(|(own, _)| plain(own) == name);
    if let Some((own, value)) = own {
        return Some((trail.then(own), value));
    }
    let about = members.iter().filter(|(own, value)| depth > 0 && value.is_object() && is_about(own));
    about.into_iter().find_map(|(own, value)| below(value, &trail.then(own), name, depth - 1))
}

/// Whether the answer says that there is more.
pub(super) fn more(body: &Value) -> Option<bool> {
    let of = |names: &[&str]| look(body, names).and_then(|(_, value)| value.as_bool());
    of(&["hasmore", "hasnext", "hasnextpage", "more", "moreavailable", "istruncated", "truncated"])
        .or_else(|| of(&["islast", "islastpage", "last", "lastpage"]).map(|last| !last))
}

/// How many items there are in all.
pub(super) fn total(body: &Value) -> Option<u64> {
    let names = ["total", "totalcount", "totalitems", "totalresults", "totalelements", "totalrecords"];
    look(body, &names)?.1.as_u64()
}

/// How many pages there are in all.
pub(super) fn pages(body: &Value) -> Option<u64> {
    look(body, &["totalpages", "pagecount", "numpages", "pagestotal", "lastpage", "pages"])?.1.as_u64()
}

/// The number that an answer gives itself.
pub(super) fn number_of_page(body: &Value) -> Option<u64> {
    names_page(body).and_then(|(_, value)| value.as_u64())
}

fn names_page(body: &Value) -> Option<(Trail, &Value)> {
    let found = look(body, &["currentpage", "pagenumber", "page"]).filter(|(_, value)| value.is_u64());
    found.or_else(|| look(body, &["number"]).filter(|(_, value)| value.is_u64()))
}

/// A reference in a field: a text, or an object with `href`; an empty one is none.
pub(super) fn address(value: &Value) -> Option<&str> {
    let text = value.as_str().or_else(|| value.get("href")?.as_str())?;
    Some(text).filter(|text| !text.trim().is_empty())
}

/// A cursor in a field; an empty one is none.
pub(super) fn cursor(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The list in an answer: itself, its only one, or the likeliest; also one object deeper (`data.items`, HAL's `_embedded`).
pub(super) fn list(body: &Value) -> Option<Trail> {
    if body.is_array() {
        return Some(Trail::root());
    }
    let lists = |value: &Value| -> Option<String> {
        let members = value.as_object()?;
        let names: Vec<&str> =
            members.iter().filter(|(_, value)| value.is_array()).map(|(name, _)| name.as_str()).collect();
        the_list(&names).map(str::to_owned)
    };
    if let Some(name) = lists(body) {
        return Some(Trail::of(&[&name]));
    }
    let wrappers = ["embedded", "data", "result", "response", "results", "list"];
    wrappers.iter().find_map(|wrapper| {
        let (own, value) = body.as_object()?.iter().find(|(own, _)| plain(own) == *wrapper)?;
        Some(Trail::of(&[own]).then(&lists(value)?))
    })
}
