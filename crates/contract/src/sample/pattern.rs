//! Text that a pattern matches, made by walking the pattern; what was made is matched again by the check.
//!
//! Look-around is no part of that walk: it is cut out, and the check says whether the text fits all the same.

use super::random::Random;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Longest text that is made, in characters.
const LONGEST: usize = 4096;

/// A pattern ready to be walked.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Hir);

impl Pattern {
    /// Reads a pattern; none if it cannot be walked.
    pub(super) fn read(pattern: &str) -> Option<Self> {
        let usable = crate::schema::usable_pattern(pattern)?;
        let parse = |text: &str| regex_syntax::ParserBuilder::new().nest_limit(100).build().parse(text).ok();
        parse(&usable).or_else(|| parse(&without_look(&usable))).map(Self)
    }

    /// A text of about so many characters.
    pub(super) fn text(&self, random: &mut Random, least: usize, most: usize) -> Option<String> {
        let mut best = None;
        for extra in [0, 1, 3, 8, 24, 80, 260, 1024] {
            for _ in 0..3 {
                let mut text = String::new();
                write(&self.0, random, extra, &mut text)?;
                let length = text.chars().count();
                if (least..=most).contains(&length) {
                    return Some(text);
                }
                best.get_or_insert(text);
            }
        }
        best
    }
}

fn write(hir: &Hir, random: &mut Random, extra: usize, text: &mut String) -> Option<()> {
    if text.len() > LONGEST {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => {
            let ranges: Vec<(u32, u32)> = match class {
                Class::Unicode(class) => {
                    class.iter().map(|range| (range.start().into(), range.end().into())).collect()
                }
                Class::Bytes(class) => {
                    class.iter().map(|range| (range.start().into(), range.end().into())).collect()
                }
            };
            text.push(letter(&ranges, random)?);
        }
        HirKind::Repetition(repetition) => {
            let least = usize::try_from(repetition.min).ok()?;
            let most = repetition.max.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
            // A star that may be nothing looks better as something.
            let wish = if least == 0 && extra == 0 { usize::from(random.chance(50)) } else { least };
            let count = random.between(wish.min(most), least.saturating_add(extra).max(wish).min(most));
            for _ in 0..count {
                write(&repetition.sub, random, extra, text)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, random, extra, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, random, extra, text)?;
            }
        }
        HirKind::Alternation(ways) => write(random.of(ways)?, random, extra, text)?,
    }
    Some(())
}

/// A letter of a class: one that is easy to read and to send, if it has such.
fn letter(ranges: &[(u32, u32)], random: &mut Random) -> Option<char> {
    for (first, last) in [('a', 'z'), ('0', '9'), ('A', 'Z'), ('!', '~'), (' ', ' ')] {
        let (first, last) = (u32::from(first), u32::from(last));
        let cut: Vec<(u32, u32)> = ranges
            .iter()
            .map(|(start, end)| ((*start).max(first), (*end).min(last)))
            .filter(|(start, end)| start <= end)
            .collect();
        // Digits and capitals too, now and then, where the class has them.
        let easy =
            first != u32::from('a') || !random.chance(30) || ranges.iter().all(|(_, end)| *end <= last);
        if let (Some((start, end)), true) = (random.of(&cut).copied(), easy) {
            let width = usize::try_from(end - start).unwrap_or(0);
            return char::from_u32(start + u32::try_from(random.below(width + 1)).unwrap_or(0));
        }
    }
    ranges.first().and_then(|(start, _)| char::from_u32(*start))
}

/// The pattern without its groups that only look.
fn without_look(pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        if letter == '\\' {
            let end = rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| rest.starts_with(look)) {
            rest = &rest[group(rest)..];
            continue;
        }
        out.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    out
}

/// Where the group ends that begins here.
fn group(text: &str) -> usize {
    let (mut depth, mut escaped, mut class) = (0_usize, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' if !class => class = true,
            ']' if class => class = false,
            '(' if !class => depth += 1,
            ')' if !class => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}
