//! Faults of TOML itself: the first is told where a person finds its cause, and of what follows from it a few.

use crate::harness::World;

/// A board of many lists, one of which is not closed.
fn unclosed(at: usize) -> String {
    let plan = |nth: usize| {
        let end = if nth == at { "" } else { "]" };
        format!("[plans.p{nth}]\nauth = \"key\"\nlimit = [\"60/min\", \"900/day\"{end}\n")
    };
    (0..60).map(plan).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_bracket_that_is_not_closed_is_told_where_it_opens_and_its_followers_are_few() {
    for at in [0, 30, 59] {
        let told = World::with(&unclosed(at)).told();
        let errors = told.to_json();
        assert_eq!(errors[0]["line"], 4 * at + 3, "{}", told.render(false));
        assert_eq!(errors[0]["column"], 9, "{}", told.render(false));
        let words = errors[0]["headline"].as_str().unwrap();
        assert!(words.contains("`[` is not closed"), "{words}");
        assert!(errors.as_array().unwrap().len() <= 4, "{}", told.render(false));
    }
    let told = World::with(&unclosed(0)).told().render(false);
    assert!(told.contains("more that may follow from it"), "{told}");
}

#[test]
fn faults_are_told_where_their_cause_is() {
    for (text, line, column, words) in [
        ("[listen.edge\nbind = \"127.0.0.1:8080\"\n", 1, 1, "`[` is not closed"),
        (
            "[plans.a]\nlimit = [\n  \"60/min\", # ]\n  \"[\"\n[plans.b]\nauth = \"key\"\n",
            2,
            9,
            "`[` is not closed",
        ),
        ("[plans.a]\nlimit = { a = 1\n[plans.b]\nauth = \"key\"\n", 2, 9, "`{` is not closed"),
        ("[plans.a]\nterms = \"\"\"\na [ b\n[plans.b]\nauth = \"key\"\n", 2, 9, "is not closed"),
        ("[plans.a]\nauth = \"key\n[plans.b]\nauth = \"key\"\n", 2, 8, "is not closed"),
        ("[plans.a]\nauth = 'key\n", 2, 8, "is not closed"),
        ("[plans.a]\nauth = \"key\"\n[plans.a]\n", 3, 8, "duplicate key"),
        ("[plans.a]\nauth \"key\"\n", 2, 6, "`=`"),
        ("[plans.a]\nauth =\n[plans.b]\n", 2, 7, ""),
    ] {
        let told = World::with(text).told();
        let json = told.to_json();
        let found = (json[0]["line"].as_u64(), json[0]["column"].as_u64());
        assert_eq!(found, (Some(line), Some(column)), "{text}\n{}", told.render(false));
        assert!(json[0]["headline"].as_str().unwrap().contains(words), "{}", told.render(false));
        assert_eq!(json[0]["code"], "syntax");
    }
}
