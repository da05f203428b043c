//! curl's patterns in a URL: `{a,b}`, `[1-10]`, `[001-100:3]`, `[a-z]`, and `#1` in a file's name for what they stand for.
//!
//! As curl(1), URL and `-o`, has it: the last pattern changes fastest, `\` takes a bracket's meaning away, `[…]` with an IPv6
//! address is none. URLs are made one by one, so a range of any length costs no memory.

/// Patterns of one URL, as many as curl takes.
const MOST: usize = 100;

/// A text with patterns, and where they stand.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    pieces: Vec<Piece>,
    /// Whether all texts were given.
    over: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Fixed(String),
    Set { all: Vec<String>, at: usize },
    Letters { first: u8, last: u8, step: u8, at: u8 },
    Numbers { first: u64, last: u64, step: u64, width: usize, at: u64 },
}

/// What is wrong with a pattern; the place counts from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    why: &'static str,
    at: usize,
}

impl Wrong {
    /// As curl says it.
    pub(super) fn words(&self, url: &str) -> String {
        let at = self.at;
        format!("{} in URL position {at}:\n{url}\n{:>at$}", self.why, "^")
    }
}

impl Glob {
    /// Reads the patterns of a text.
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        let mut reading = Reading { text, at: 0 };
        let (mut pieces, mut amount) = (Vec::new(), 1_u64);
        while reading.at < text.len() {
            let fixed = reading.fixed()?;
            let piece = match reading.peek() {
                _ if !fixed.is_empty() => Piece::Fixed(fixed),
                Some(b'{') => reading.set()?,
                _ => reading.range()?,
            };
            amount = amount
                .checked_mul(piece.amount())
                .ok_or(Wrong { why: "range overflow", at: reading.at + 1 })?;
            pieces.push(piece);
            if pieces.len() >= MOST {
                return Err(Wrong { why: "too many globs", at: reading.at + 1 });
            }
        }
        Ok(Self { pieces, over: false })
    }

    /// The text as it is.
    pub(super) fn literal(text: &str) -> Self {
        Self { pieces: vec![Piece::Fixed(text.to_owned())], over: false }
    }

    /// The text that its patterns make now.
    pub(super) fn now(&self) -> Option<String> {
        (!self.over).then(|| self.pieces.iter().map(Piece::now).collect())
    }

    /// Goes on to the next one: the last pattern first.
    pub(super) fn step(&mut self) {
        self.over = !self.pieces.iter_mut().rev().any(Piece::step);
    }

    /// A file's name with `#1` as what the first pattern stands for; a number without a pattern stays.
    pub(super) fn fill(&self, name: &str) -> String {
        let patterns: Vec<&Piece> =
            self.pieces.iter().filter(|piece| !matches!(piece, Piece::Fixed(_))).collect();
        let (mut filled, mut rest) = (String::new(), name);
        while let Some((before, after)) = rest.split_once('#') {
            filled.push_str(before);
            let digits = after.len() - after.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
            // As curl: a number must be below the count of all pieces, of which a URL has one that is no pattern.
            let nth =
                after[..digits].parse::<usize>().ok().filter(|nth| (1..self.pieces.len()).contains(nth));
            if let Some(pattern) = nth.and_then(|nth| patterns.get(nth - 1)) {
                filled.push_str(&pattern.now());
                rest = &after[digits..];
            } else {
                filled.push('#');
                rest = after;
            }
        }
        filled + rest
    }
}

impl Piece {
    fn amount(&self) -> u64 {
        match self {
            Self::Fixed(_) => 1,
            Self::Set { all, .. } => all.len() as u64,
            Self::Letters { first, last, step, .. } => u64::from((last - first) / step + 1),
            Self::Numbers { first, last, step, .. } => ((last - first) / step).saturating_add(1),
        }
    }

    fn now(&self) -> String {
        match self {
            Self::Fixed(text) => text.clone(),
            Self::Set { all, at } => all.get(*at).cloned().unwrap_or_default(),
            Self::Letters { at, .. } => char::from(*at).to_string(),
            Self::Numbers { at, width, .. } => format!("{at:0width$}"),
        }
    }

    /// To its next value; false: it is at its first one again.
    fn step(&mut self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Set { all, at } => {
                *at = (*at + 1) % all.len().max(1);
                *at > 0
            }
            Self::Letters { first, last, step, at } => {
                let next = at.checked_add(*step).filter(|next| next <= last);
                *at = next.unwrap_or(*first);
                next.is_some()
            }
            Self::Numbers { first, last, step, at, .. } => {
                let next = at.checked_add(*step).filter(|next| next <= last);
                *at = next.unwrap_or(*first);
                next.is_some()
            }
        }
    }
}

struct Reading<'t> {
    text: &'t str,
    at: usize,
}

impl Reading<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong<T>(&self, why: &'static str) -> Result<T, Wrong> {
        Err(Wrong { why, at: self.at + 1 })
    }

    /// The next letter, whole.
    fn letter(&mut self) -> Option<char> {
        let letter = self.text.get(self.at..)?.chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    /// What stands before the next pattern.
    fn fixed(&mut self) -> Result<String, Wrong> {
        let mut fixed = String::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'{' => break,
                b'[' => {
                    let Some(length) = address(&self.text[self.at..]) else { break };
                    fixed.push_str(&self.text[self.at..self.at + length]);
                    self.at += length;
                    continue;
                }
                b'}' | b']' => return self.wrong("unmatched close brace/bracket"),
                b'\\' if self.text[self.at + 1..].starts_with(['{', '[', '}', ']']) => self.at += 1,
                _ => {}
            }
            fixed.extend(self.letter());
        }
        Ok(fixed)
    }

    fn set(&mut self) -> Result<Piece, Wrong> {
        let opened = self.at + 1;
        self.at += 1;
        let begin = self.at;
        let (mut all, mut one) = (Vec::new(), String::new());
        loop {
            match self.peek() {
                None => return Err(Wrong { why: "unmatched brace", at: opened }),
                Some(b'{' | b'[') => return self.wrong("nested brace"),
                Some(b']') => return self.wrong("unexpected close bracket"),
                Some(b'}') if self.at == begin => return self.wrong("empty string within braces"),
                Some(byte @ (b',' | b'}')) => {
                    self.at += 1;
                    all.push(std::mem::take(&mut one));
                    if byte == b'}' {
                        return Ok(Piece::Set { all, at: 0 });
                    }
                }
                Some(byte) => {
                    if byte == b'\\' && self.at + 1 < self.text.len() {
                        self.at += 1;
                    }
                    one.extend(self.letter());
                }
            }
        }
    }

    fn range(&mut self) -> Result<Piece, Wrong> {
        self.at += 1;
        let (begin, text) = (self.at, &self.text[self.at..]);
        let found = match text.bytes().next() {
            Some(byte) if byte.is_ascii_alphabetic() => letters(text),
            Some(byte) if byte.is_ascii_digit() => numbers(text),
            _ => return self.wrong("bad range specification"),
        };
        match found {
            Ok((piece, length)) => {
                self.at += length;
                Ok(piece)
            }
            Err(length) => Err(Wrong { why: "bad range", at: begin + length + 1 }),
        }
    }
}

/// The length of an IPv6 address in brackets, as it begins a text: at least two colons and no dash.
fn address(text: &str) -> Option<usize> {
    let end = text.find(']')?;
    let inside = text.get(1..end)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || ":.%".contains(letter);
    (inside.chars().all(fits) && inside.matches(':').count() >= 2).then_some(end + 1)
}

/// `a-z]`, `a-z:2]`: the range and how long it is; else where it is wrong.
fn letters(text: &str) -> Result<(Piece, usize), usize> {
    let bytes = text.as_bytes();
    let [first, b'-', last, end, ..] = *bytes else { return Err(0) };
    let (step, length) = match end {
        b']' => (1, 4),
        b':' => {
            let digits = text.get(4..).ok_or(0_usize)?;
            let (step, rest) = number(digits).ok_or(0_usize)?;
            if !rest.starts_with(']') {
                return Err(0);
            }
            (step, text.len() - rest.len() + 1)
        }
        _ => return Err(0),
    };
    let wide = last.checked_sub(first).map(u64::from);
    let fits = match wide {
        Some(0) => step == 1,
        Some(wide) => (1..=wide).contains(&step) && wide <= u64::from(b'z' - b'a'),
        None => false,
    };
    let step = u8::try_from(step).ok().filter(|_| fits).ok_or(length)?;
    Ok((Piece::Letters { first, last, step, at: first }, length))
}

/// `1-10]`, `001-100:3]`: the range and how long it is; else where it is wrong.
fn numbers(text: &str) -> Result<(Piece, usize), usize> {
    let width = if text.starts_with('0') { text.find(|letter: char| !letter.is_ascii_digit()) } else { None };
    let (first, rest) = number(text).ok_or(0_usize)?;
    let rest = rest.strip_prefix('-').ok_or(0_usize)?.trim_start_matches([' ', '\t']);
    let second = text.len() - rest.len();
    let (last, rest) = number(rest).ok_or(second)?;
    let (step, rest) = match rest.strip_prefix(':') {
        // curl: no digits are a zero, which is no step.
        Some(rest) if rest.starts_with(']') => (0, rest),
        Some(rest) => number(rest).ok_or(text.len() - rest.len())?,
        None => (1, rest),
    };
    let rest = rest.strip_prefix(']').ok_or(second)?;
    let length = text.len() - rest.len();
    let wide = last.checked_sub(first).ok_or(length)?;
    let fits = if wide == 0 { step == 1 } else { (1..=wide).contains(&step) };
    if !fits {
        return Err(length);
    }
    Ok((Piece::Numbers { first, last, step, width: width.unwrap_or(0), at: first }, length))
}

fn number(text: &str) -> Option<(u64, &str)> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    Some((text[..text.len() - rest.len()].parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::Glob;

    fn all(text: &str) -> Vec<String> {
        let mut glob = Glob::read(text).unwrap_or_else(|wrong| panic!("{}", wrong.words(text)));
        let mut texts = Vec::new();
        while let Some(text) = glob.now() {
            texts.push(text);
            glob.step();
        }
        texts
    }

    #[test]
    fn patterns_make_texts_and_the_last_changes_fastest() {
        for (text, expected) in [
            ("http://a/", vec!["http://a/"]),
            ("a{x,y}", vec!["ax", "ay"]),
            ("a{x}[1-2]b", vec!["ax1b", "ax2b"]),
            ("{a,b}[1-2]", vec!["a1", "a2", "b1", "b2"]),
            ("[08-11]", vec!["08", "09", "10", "11"]),
            ("[1-10:4]", vec!["1", "5", "9"]),
            ("[a-e:2]", vec!["a", "c", "e"]),
            ("[7-7]", vec!["7"]),
            ("{,a}", vec!["", "a"]),
            ("{a\\,b,ü}", vec!["a,b", "ü"]),
            ("a\\{b\\}\\[c\\]\\d", vec!["a{b}[c]\\d"]),
            ("http://[::1]:80/[1-2]", vec!["http://[::1]:80/1", "http://[::1]:80/2"]),
            (
                "[18446744073709551614-18446744073709551615]",
                vec!["18446744073709551614", "18446744073709551615"],
            ),
        ] {
            assert_eq!(all(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_has_what_patterns_stand_for() {
        let mut glob = Glob::read("http://a/{x,y}/[01-02]").unwrap();
        glob.step();
        glob.step();
        for (name, filled) in [
            ("#1", "y"),
            ("#2_#1.txt", "01_y.txt"),
            ("#3#", "#3#"),
            ("#0#x", "#0#x"),
            ("no", "no"),
            ("#12", "#12"),
        ] {
            assert_eq!(glob.fill(name), filled, "{name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_said_with_its_place() {
        for (text, said) in [
            ("http://a/[1-3", "bad range in URL position 13:\nhttp://a/[1-3\n            ^"),
            ("a{b", "unmatched brace in URL position 2:\na{b\n ^"),
            ("a}b", "unmatched close brace/bracket in URL position 2:\na}b\n ^"),
            ("a{}", "empty string within braces in URL position 3:\na{}\n  ^"),
            ("{a{", "nested brace in URL position 3:\n{a{\n  ^"),
            ("[-]", "bad range specification in URL position 2:\n[-]\n ^"),
            ("[3-1]", "bad range in URL position 6:\n[3-1]\n     ^"),
            ("[a-z:0]", "bad range in URL position 8:\n[a-z:0]\n       ^"),
            ("[1-5:]", "bad range in URL position 7:\n[1-5:]\n      ^"),
            ("[1-5x", "bad range in URL position 4:\n[1-5x\n   ^"),
            ("{a]", "unexpected close bracket in URL position 3:\n{a]\n  ^"),
            ("[1-99999999999999999999]", "bad range in URL position 4:\n[1-99999999999999999999]\n   ^"),
            (
                "[0-18446744073709551614][0-9]",
                "range overflow in URL position 30:\n[0-18446744073709551614][0-9]\n                             ^",
            ),
        ] {
            assert_eq!(Glob::read(text).unwrap_err().words(text), said, "{text}");
        }
    }
}
