//! JSON read from bytes that come in pieces (RFC 8259): tokens, with no tree behind them.
//!
//! Refuses what the reader of whole messages refuses, including nesting past 127. Holds the piece of a
//! token that is cut by the end of a chunk, nothing else.

use crate::decimal::Weight;
use serde_json::{Number, Value};

/// Deepest nesting.
const DEEPEST: usize = 127;

/// What is told of the tokens of a text, in their order.
pub(super) trait Sink {
    /// A member's name.
    fn key(&mut self, name: &str);
    /// A value begins: told before everything else of it.
    fn value(&mut self);
    /// A list or an object begins.
    fn open(&mut self, object: bool);
    /// The innermost list or object ends.
    fn close(&mut self);
    /// Null, a boolean or a number.
    fn scalar(&mut self, value: Value);
    /// A text.
    fn text(&mut self, text: &str);
}

/// Why a text is no JSON, at a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Not in UTF-8.
    Encoding(usize),
    /// Not JSON.
    Syntax(usize),
    /// Nested too deep.
    Depth(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    FirstItem,
    FirstKey,
    Key,
    Colon,
    After,
    Done,
    Text { key: bool, escaped: bool },
    Word,
}

/// A reader under way.
#[derive(Debug)]
pub(super) struct Tokens {
    state: State,
    /// Whether each open one is an object.
    open: Vec<bool>,
    /// The token that is cut, without its first quote.
    piece: Vec<u8>,
    /// The byte at which that token begins.
    piece_at: usize,
    /// Whether the text that is cut has a backslash.
    slashed: bool,
    at: usize,
    /// What the numbers cost.
    weight: Weight,
    broken: Option<Broken>,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            state: State::Value,
            open: Vec::new(),
            piece: Vec::new(),
            piece_at: 0,
            slashed: false,
            at: 0,
            weight: Weight::default(),
            broken: None,
        }
    }

    /// Bytes that are held.
    pub(super) fn held(&self) -> usize {
        self.piece.len()
    }

    /// Whether nothing but white space came.
    pub(super) fn is_empty(&self) -> bool {
        self.state == State::Value && self.open.is_empty() && self.broken.is_none()
    }

    fn fail(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let mut rest = bytes;
        while self.broken.is_none() && !rest.is_empty() {
            let used = match self.state {
                State::Text { .. } => self.in_text(rest, sink),
                State::Word => self.in_word(rest, sink),
                _ => self.between(rest, sink),
            };
            self.at += used;
            rest = &rest[used..];
        }
        if self.broken.is_some() {
            self.after_fault(rest);
        }
    }

    /// What comes after a fault is only looked at for its encoding, which is told before any other fault.
    fn after_fault(&mut self, rest: &[u8]) {
        if matches!(self.broken, Some(Broken::Encoding(_))) {
            return;
        }
        let start = self.at - self.piece.len();
        self.piece.extend_from_slice(rest);
        self.at += rest.len();
        match std::str::from_utf8(&self.piece) {
            Ok(_) => self.piece.clear(),
            Err(error) if error.error_len().is_some() => {
                self.broken = Some(Broken::Encoding(start + error.valid_up_to()));
                self.piece.clear();
            }
            Err(error) => drop(self.piece.drain(..error.valid_up_to())),
        }
    }

    /// Ends the text.
    pub(super) fn end(&mut self, sink: &mut impl Sink) -> Option<Broken> {
        if self.broken.is_none() && self.state == State::Word {
            self.word(sink);
        }
        if self.broken.is_none() && self.state != State::Done {
            self.fail(Broken::Syntax(self.at));
        }
        if !matches!(self.broken, None | Some(Broken::Encoding(_)))
            && let Err(error) = std::str::from_utf8(&self.piece)
        {
            return Some(Broken::Encoding(self.at - self.piece.len() + error.valid_up_to()));
        }
        self.broken
    }

    fn between(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let blank = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        let Some(byte) = bytes.get(blank) else { return blank };
        let here = self.at + blank;
        let valued = matches!(self.state, State::Value | State::FirstItem);
        match (byte, self.state) {
            (b'"', State::FirstKey | State::Key) => {
                self.begin(State::Text { key: true, escaped: false }, here);
            }
            (b'}', State::FirstKey) | (b']', State::FirstItem) => self.close(sink),
            (b':', State::Colon) => self.state = State::Value,
            (b',', State::After) => {
                self.state = if self.open.last() == Some(&true) { State::Key } else { State::Value };
            }
            (b'}', State::After) if self.open.last() == Some(&true) => self.close(sink),
            (b']', State::After) if self.open.last() == Some(&false) => self.close(sink),
            (b'{' | b'[', _) if valued => {
                if self.open.len() >= DEEPEST {
                    self.fail(Broken::Depth(here));
                    return blank;
                }
                let object = *byte == b'{';
                sink.value();
                sink.open(object);
                self.open.push(object);
                self.state = if object { State::FirstKey } else { State::FirstItem };
            }
            (b'"', _) if valued => {
                sink.value();
                self.begin(State::Text { key: false, escaped: false }, here);
            }
            (b'-' | b'0'..=b'9' | b't' | b'f' | b'n', _) if valued => {
                sink.value();
                self.begin(State::Word, here);
                return blank;
            }
            _ => {
                self.fail(Broken::Syntax(here));
                return blank;
            }
        }
        blank + 1
    }

    fn begin(&mut self, state: State, at: usize) {
        self.state = state;
        self.piece.clear();
        self.slashed = false;
        self.piece_at = at;
    }

    fn close(&mut self, sink: &mut impl Sink) {
        self.open.pop();
        sink.close();
        self.ended();
    }

    fn ended(&mut self) {
        self.state = if self.open.is_empty() { State::Done } else { State::After };
    }

    fn in_text(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let State::Text { key, escaped } = self.state else { return 0 };
        if escaped {
            self.piece.push(bytes[0]);
            self.state = State::Text { key, escaped: false };
            return 1;
        }
        let end = bytes.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' ');
        let Some(end) = end else {
            self.piece.extend_from_slice(bytes);
            return bytes.len();
        };
        match bytes[end] {
            b'"' => {
                let before = std::mem::take(&mut self.piece);
                if before.is_empty() {
                    self.whole_text(&bytes[..end], key, sink);
                } else {
                    let mut whole = before;
                    whole.extend_from_slice(&bytes[..end]);
                    self.whole_text(&whole, key, sink);
                    whole.clear();
                    self.piece = whole;
                }
                end + 1
            }
            b'\\' => {
                self.piece.extend_from_slice(&bytes[..=end]);
                self.slashed = true;
                self.state = State::Text { key, escaped: true };
                end + 1
            }
            _ => {
                self.piece.extend_from_slice(&bytes[..end]);
                self.at += end;
                self.fail(Broken::Syntax(self.at));
                self.at -= end;
                end
            }
        }
    }

    fn whole_text(&mut self, raw: &[u8], key: bool, sink: &mut impl Sink) {
        let text = match std::str::from_utf8(raw) {
            Ok(text) => text,
            Err(error) => return self.fail(Broken::Encoding(self.piece_at + 1 + error.valid_up_to())),
        };
        let written;
        let text = if self.slashed {
            match serde_json::from_str::<String>(&format!("\"{text}\"")) {
                Ok(text) => {
                    written = text;
                    written.as_str()
                }
                Err(_) => return self.fail(Broken::Syntax(self.piece_at)),
            }
        } else {
            text
        };
        if key {
            sink.key(text);
            self.state = State::Colon;
        } else {
            sink.text(text);
            self.ended();
        }
    }

    fn in_word(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let end = bytes.iter().take_while(part).count();
        self.piece.extend_from_slice(&bytes[..end]);
        if end < bytes.len() {
            self.word(sink);
        }
        end
    }

    fn word(&mut self, sink: &mut impl Sink) {
        let value = match self.piece.as_slice() {
            b"null" => Some(Value::Null),
            b"true" => Some(Value::Bool(true)),
            b"false" => Some(Value::Bool(false)),
            number => serde_json::from_slice::<Number>(number)
                .ok()
                .filter(|number| number.is_i64() || self.weight.carries(number.as_str()))
                .map(Value::Number),
        };
        self.piece.clear();
        match value {
            Some(value) => {
                sink.scalar(value);
                self.ended();
            }
            None => self.fail(Broken::Syntax(self.piece_at)),
        }
    }
}
