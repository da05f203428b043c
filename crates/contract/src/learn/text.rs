//! Texts that were seen at one place: what they all are, and whether they are one of a few.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a segment of a path looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A number.
    Number,
    /// `2024-03-01`.
    Date,
    /// A UUID.
    Uuid,
    /// A hash or another key: letters and digits that are no word.
    Key,
    /// A word.
    Word,
}

/// The form of one segment, decoded.
pub(super) fn form(text: &str) -> Form {
    if text.is_empty() {
        return Form::Word;
    }
    if text.bytes().all(|letter| letter.is_ascii_digit()) {
        return Form::Number;
    }
    if is_uuid(text) {
        return Form::Uuid;
    }
    if is_date(text) {
        return Form::Date;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let usual = text.bytes().all(|one| one.is_ascii_alphanumeric() || b"_-.:~=@+".contains(&one));
    let hex = text.bytes().all(|one| one.is_ascii_hexdigit());
    // `v2`, `oauth2`, `s3`, `web3` are words, `cus_4fdAW5ft` and `9f86d081884c` are none.
    let key = usual && digits > 0 && letters > 0 && {
        let after = text.rsplit(['_', '-', '.']).next().unwrap_or(text);
        let mixed = digits >= 3 && text.len() >= 8;
        (hex && text.len() >= 8) || (mixed && (digits * 5 >= text.len() || after.len() >= 12))
    };
    let mail = text.contains('@') && text.rsplit('@').next().is_some_and(|host| host.contains('.'));
    let numbered = text.rsplit_once(['-', '_']).is_some_and(|(word, number)| {
        !word.is_empty() && number.len() >= 2 && number.bytes().all(|one| one.is_ascii_digit())
    });
    if key || mail || numbered || text == "***" { Form::Key } else { Form::Word }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter == b'-',
            _ => letter.is_ascii_hexdigit(),
        })
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|one| one.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// `full-date` of RFC 3339 §5.6.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let (Some(_), Some(month), Some(day)) = (number(year), number(month), number(day)) else { return false };
    [year.len(), parts[1].len(), parts[2].len()] == [4, 2, 2]
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
}

/// `date-time` of RFC 3339 §5.6.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let zone = time.rfind(['Z', 'z', '+', '-']).filter(|at| *at >= 8);
    let Some((clock, zone)) = zone.map(|at| time.split_at(at)) else { return false };
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return false };
    let below = |text: &str, most: u32| text.len() == 2 && number(text).is_some_and(|one| one < most);
    let whole = second.split('.').next().unwrap_or_default();
    let fraction = second
        .split_once('.')
        .is_none_or(|(_, rest)| !rest.is_empty() && number(rest.get(..1).unwrap_or_default()).is_some());
    let offset = matches!(zone, "Z" | "z")
        || zone
            .get(1..)
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(one, other)| below(one, 24) && below(other, 60));
    is_date(date) && below(hour, 24) && below(minute, 60) && below(whole, 60) && fraction && offset
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        let plain =
            |part: &str| part.bytes().all(|one| one.is_ascii_alphanumeric() || b".-_+".contains(&one));
        !name.is_empty()
            && plain(name)
            && plain(host)
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
    })
}

fn is_uri(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://"))
        && text.len() > 10
        && text.bytes().all(|one| one.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&one))
}

/// A format's name, and whether a text has it.
type Format = (&'static str, fn(&str) -> bool);

/// Formats that are told.
const FORMATS: [Format; 5] =
    [("uuid", is_uuid), ("date", is_date), ("date-time", is_date_time), ("email", is_email), ("uri", is_uri)];

/// More different words than this are no choice.
const MOST_CHOICES: usize = 8;
/// So often each of them must have come.
const EACH: u64 = 4;
/// So many texts there must have been.
const ENOUGH: u64 = 24;

/// Names of what people say of themselves: never a choice, however few of them there were.
const PERSONAL: [&str; 18] = [
    "name", "user", "mail", "phone", "address", "city", "street", "token", "secret", "password", "key",
    "owner", "author", "login", "title", "text", "id", "country",
];

/// Texts at one place.
#[derive(Debug)]
pub(super) struct Texts {
    count: u64,
    formats: u8,
    /// All texts until now are whole numbers; numbers; booleans.
    whole: bool,
    number: bool,
    boolean: bool,
    words: Option<BTreeMap<String, u64>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            count: 0,
            formats: u8::MAX,
            whole: true,
            number: true,
            boolean: true,
            words: Some(BTreeMap::new()),
        }
    }
}

impl Texts {
    /// One more.
    pub(super) fn add(&mut self, text: &str) {
        self.count += 1;
        for (index, (_, has)) in FORMATS.iter().enumerate() {
            if !has(text) {
                self.formats &= !(1 << index);
            }
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain =
            !digits.is_empty() && digits.len() <= 15 && digits.bytes().all(|one| one.is_ascii_digit());
        // `007` is a text that happens to have digits.
        self.whole &= plain && (digits == "0" || !digits.starts_with('0'));
        let float = || {
            let (before, after) = digits.split_once('.').unwrap_or((digits, "0"));
            let part = |text: &str| {
                !text.is_empty() && text.len() <= 12 && text.bytes().all(|one| one.is_ascii_digit())
            };
            part(before) && part(after) && (before == "0" || !before.starts_with('0'))
        };
        self.number &= float();
        self.boolean &= matches!(text, "true" | "false");
        let word = (2..=30).contains(&text.len())
            && text.bytes().all(|one| one.is_ascii_lowercase() || b"_-".contains(&one))
            || text.bytes().all(|one| one.is_ascii_uppercase() || one == b'_')
                && (2..=30).contains(&text.len());
        if !word {
            self.words = None;
        }
        if let Some(words) = &mut self.words {
            *words.entry(text.to_owned()).or_default() += 1;
            if words.len() > MOST_CHOICES {
                self.words = None;
            }
        }
    }

    /// What a string is said to be.
    pub(super) fn write(&self, name: &str, out: &mut Map<String, Value>) {
        if self.count == 0 {
            return;
        }
        let format = FORMATS.iter().enumerate().find(|(index, _)| self.formats & 1 << index != 0);
        if let Some((_, (format, _))) = format {
            out.insert("format".to_owned(), json!(format));
        }
        if let Some(words) = self.words.as_ref().filter(|words| self.is_choice(name, words)) {
            out.insert("enum".to_owned(), words.keys().cloned().collect());
        }
    }

    /// Few words, each again and again, of something that is not personal.
    fn is_choice(&self, name: &str, words: &BTreeMap<String, u64>) -> bool {
        let name = name.to_ascii_lowercase();
        words.len() > 1
            && self.count >= ENOUGH
            && words.values().all(|count| *count >= EACH)
            && !PERSONAL.iter().any(|personal| name.contains(personal))
    }

    /// The schema of a parameter, which is text on the wire whatever it is.
    pub(super) fn parameter(&self, name: &str) -> Value {
        let kind = match self {
            Self { count: 0, .. } => return json!({}),
            Self { whole: true, .. } => "integer",
            Self { number: true, .. } => "number",
            Self { boolean: true, .. } => "boolean",
            _ => "string",
        };
        let mut out = Map::from_iter([("type".to_owned(), json!(kind))]);
        if kind == "string" {
            self.write(name, &mut out);
        }
        Value::Object(out)
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, form, is_date_time};

    #[test]
    fn ids_are_told_from_words() {
        let table = [
            ("4021", Form::Number),
            ("0", Form::Number),
            ("123e4567-e89b-12d3-a456-426614174000", Form::Uuid),
            ("2024-02-29", Form::Date),
            ("9f86d081884c7d659a2feaa0c55ad015", Form::Key),
            ("507f1f77bcf86cd799439011", Form::Key),
            ("cus_4fdAW5ftNQow1a", Form::Key),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", Form::Key),
            ("ord-00042", Form::Key),
            ("ann@acme.example", Form::Key),
            ("orders", Form::Word),
            ("v1", Form::Word),
            ("v2.1", Form::Word),
            ("oauth2", Form::Word),
            ("s3", Form::Word),
            ("order-lines", Form::Word),
            ("facade", Form::Word),
            ("deadbeef", Form::Word),
            ("openapi.json", Form::Word),
            ("me", Form::Word),
            ("", Form::Word),
        ];
        for (text, expected) in table {
            assert_eq!(form(text), expected, "{text}");
        }
    }

    #[test]
    fn a_date_time_is_one_of_the_internet() {
        for (text, expected) in [
            ("2024-02-29T10:00:00Z", true),
            ("2024-02-29T10:00:00.123+02:00", true),
            ("2024-02-29T10:00:00", false),
            ("2024-02-29 10:00:00Z", false),
            ("2024-13-29T10:00:00Z", false),
            ("2024-02-29T25:00:00Z", false),
        ] {
            assert_eq!(is_date_time(text), expected, "{text}");
        }
    }
}
