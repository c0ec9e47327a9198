//! What a statement becomes, for scripts.

use exactly_rows::{Bind, Plain, Shown};
use serde_json::{Value, json};

use super::Entry;

/// The document, indented, with a line end.
pub(super) fn render(statement: &str, all: &[Entry]) -> String {
    let dialects: Vec<_> =
        all.iter().map(|(spoken, shown)| dialect(spoken.name(), shown)).collect();
    let document = json!({ "statement": statement, "dialects": dialects });
    format!("{document:#}\n")
}

fn dialect(name: &str, shown: &Shown) -> Value {
    let statements = shown.statements().iter().map(|statement| {
        let binds: Vec<_> = statement.binds.iter().map(bound).collect();
        json!({ "text": statement.text, "binds": binds })
    });
    json!({
        "dialect": name,
        "round_trips": shown.round_trips(),
        "in_transaction": shown.in_transaction(),
        "statements": statements.collect::<Vec<_>>(),
    })
}

fn bound(bind: &Bind) -> Value {
    match bind {
        Bind::One(plain) => one(plain),
        Bind::Many(_, plains) => plains.iter().map(one).collect(),
    }
}

fn one(plain: &Plain) -> Value {
    match plain {
        Plain::Null => Value::Null,
        Plain::Bool(truth) => json!(truth),
        Plain::I64(number) => json!(number),
        Plain::U64(number) => json!(number),
        Plain::F64(number) => json!(number),
        Plain::Text(text) => json!(text),
        Plain::Bytes(bytes) => json!(bytes),
    }
}
