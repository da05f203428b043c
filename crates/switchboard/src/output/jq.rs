//! A jq program over a JSON document, on a thread of its own, bounded in time and in what it gives.

use crate::exit::{Exit, Failure};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use std::sync::mpsc;
use std::time::Duration;

/// How long a program may take.
const LONGEST: Duration = Duration::from_secs(20);
/// How many bytes a program may give.
const LARGEST: usize = 256 * 1024 * 1024;
/// Room for programs that recurse.
const STACK: usize = 64 * 1024 * 1024;

/// One value that a program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// A text.
    Text(String),
    /// Anything else, as JSON.
    Json(String),
}

impl Given {
    /// As a JSON document.
    pub(crate) fn json(&self) -> String {
        match self {
            Self::Text(text) => serde_json::Value::String(text.clone()).to_string(),
            Self::Json(json) => json.clone(),
        }
    }
}

/// Says whether `program` can be understood, before anything is sent.
pub(crate) fn check(program: &str) -> Result<(), Failure> {
    run_within(program, b"null", Some(()), LONGEST).map(|_| ())
}

/// Runs `program` over the document.
///
/// # Errors
/// A program that cannot be understood (exit 2), one that fails or the document is no JSON (exit 1), and one that takes too long (exit 7).
pub(crate) fn run(program: &str, document: &[u8]) -> Result<Vec<Given>, Failure> {
    run_within(program, document, None, LONGEST)
}

fn run_within(
    program: &str,
    document: &[u8],
    only_check: Option<()>,
    longest: Duration,
) -> Result<Vec<Given>, Failure> {
    let (done, result) = mpsc::channel();
    let (program, document) = (program.to_owned(), document.to_vec());
    // The thread is left behind when it takes too long: the process ends soon after.
    std::thread::Builder::new()
        .name("jq".to_owned())
        .stack_size(STACK)
        .spawn(move || drop(done.send(evaluate(&program, &document, only_check.is_some()))))
        .map_err(|error| Failure::run(format!("no thread can be had: {error}")))?;
    result.recv_timeout(longest).unwrap_or_else(|_| {
        Err(Failure::run(format!("the jq program took longer than {} s", longest.as_secs()))
            .exit(Exit::Timeout))
    })
}

fn evaluate(program: &str, document: &[u8], only_check: bool) -> Result<Vec<Given>, Failure> {
    let bad = |why: String| {
        Failure::usage(format!("the jq program cannot be understood: {why}"))
            .help("for example: --jq '.items[].name'")
    };
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code: program, path: () })
        .map_err(|errors| bad(errors.first().map_or_else(String::new, |(_, error)| load_error(error))))?;
    let filter = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let words = errors
            .iter()
            .flat_map(|(_, all)| all)
            .map(|(name, kind)| format!("there is no {} `{name}`", kind.as_str()));
        bad(words.collect::<Vec<_>>().join(", "))
    })?;
    if only_check {
        return Ok(Vec::new());
    }
    let input = read::parse_single(document).map_err(|error| {
        Failure::run(format!("the answer is no JSON, so `--jq` has nothing to read: {error}"))
            .help("to see it as it came: `--format raw`, without `--jq`")
    })?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut given = Vec::new();
    let mut size = 0;
    for value in filter.id.run((context, input)).map(unwrap_valr) {
        let value = value.map_err(|error| Failure::run(format!("the jq program failed: {error}")))?;
        let one = match &value {
            Val::TStr(text) => Given::Text(String::from_utf8_lossy(text).into_owned()),
            other => Given::Json(other.to_string()),
        };
        size += match &one {
            Given::Text(text) | Given::Json(text) => text.len(),
        };
        if size > LARGEST {
            return Err(Failure::run("the jq program gave more than 256 MiB"));
        }
        given.push(one);
    }
    Ok(given)
}

fn load_error(error: &jaq_core::load::Error<&str>) -> String {
    use jaq_core::load::Error;
    let near = |rest: &str| match rest.chars().take(20).collect::<String>() {
        rest if rest.is_empty() => "it ends too early".to_owned(),
        rest => format!("near `{rest}`"),
    };
    match error {
        Error::Io(_) => "modules cannot be read here".to_owned(),
        Error::Lex(errors) => errors.first().map_or_else(String::new, |(_, rest)| near(rest)),
        Error::Parse(errors) => errors.first().map_or_else(String::new, |(_, rest)| near(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, run, run_within};
    use crate::exit::Exit;
    use std::time::Duration;

    #[test]
    fn a_program_gives_values_and_texts() {
        let given = run(".items[] | .name, (.id | . * 2)", br#"{"items":[{"id":2,"name":"a"}]}"#).unwrap();
        assert_eq!(given, [Given::Text("a".to_owned()), Given::Json("4".to_owned())]);
        assert_eq!(
            run(".", br#"{"b":1,"a":["x"]}"#).unwrap(),
            [Given::Json(r#"{"b":1,"a":["x"]}"#.to_owned())]
        );
    }

    #[test]
    fn programs_that_are_wrong_say_so() {
        for (program, exit) in [
            (".[", Exit::Usage),
            ("nowhere", Exit::Usage),
            (".a.b", Exit::Run),
            ("", Exit::Usage),
            (".", Exit::Ok),
        ] {
            let end = run(program, br#"{"a":[1]}"#).map_or_else(|failure| failure.exit, |_| Exit::Ok);
            assert_eq!(end, exit, "{program}");
        }
        assert_eq!(run(".", b"<p>").unwrap_err().exit, Exit::Run);
    }

    #[test]
    fn a_program_without_end_is_ended() {
        let failure = run_within("def f: f; f", b"1", None, Duration::from_millis(200)).unwrap_err();
        assert_eq!(failure.exit, Exit::Timeout);
    }
}
