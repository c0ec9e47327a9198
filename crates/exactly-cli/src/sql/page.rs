//! What a statement becomes, for people: SQL that can be copied, and what is bound as comments.

use exactly_rows::{Bind, Plain, Statement};

use super::Entry;
use crate::figures::counted;
use crate::screen::{Palette, Screen, painted};
use crate::stored::plain;

/// Every dialect, one after the other. Two of one text are shown once.
pub(super) fn render(all: &[Entry], screen: Screen) -> String {
    let mut sections: Vec<(String, &Entry)> = Vec::new();
    for entry in all {
        match sections.last_mut() {
            Some((names, before)) if before.1 == entry.1 => {
                names.push_str(&format!(", {}", entry.0.0));
            }
            _ => sections.push((entry.0.0.to_string(), entry)),
        }
    }
    let sections = sections.iter().map(|(names, entry)| section(names, entry, &screen));
    sections.collect::<Vec<_>>().join("\n")
}

fn section(names: &str, (_, shown): &Entry, screen: &Screen) -> String {
    let Palette { strong, faint, .. } = &screen.palette;
    let trips = counted(shown.round_trips() as u64, "round trip");
    let mut text = painted(*strong, format!("-- {names}: {trips}")) + "\n";
    text += if shown.in_transaction() { "BEGIN;\n" } else { "" };
    for statement in shown.statements() {
        text += &folded(&statement.text, screen.width);
        text += ";\n";
        if let Some(binds) = bound(statement) {
            text += &(painted(*faint, format!("-- bound: {binds}")) + "\n");
        }
    }
    text += if shown.in_transaction() { "COMMIT;\n" } else { "" };
    text
}

fn bound(statement: &Statement) -> Option<String> {
    let binds: Vec<_> = statement.binds.iter().map(told).collect();
    (!binds.is_empty()).then(|| binds.join(", "))
}

fn told(bind: &Bind) -> String {
    match bind {
        Bind::One(value) => one(value),
        Bind::Many(_, values) => {
            format!("[{}]", values.iter().map(one).collect::<Vec<_>>().join(", "))
        }
    }
}

fn one(value: &Plain) -> String {
    match value {
        Plain::Null => "NULL".to_owned(),
        Plain::Bool(truth) => truth.to_string(),
        Plain::I64(number) => number.to_string(),
        Plain::U64(number) => number.to_string(),
        Plain::F64(number) => number.to_string(),
        Plain::Text(text) => format!("'{}'", plain(&text.replace('\'', "''"))),
        Plain::Bytes(bytes) => counted(bytes.len() as u64, "byte"),
    }
}

/// Cut between words, where the line is full, and never within a name, which may have blanks.
fn folded(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in words(text) {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() < width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines.join("\n")
}

/// What stands between the blanks that are not quoted.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    text.split(move |letter: char| {
        match quote {
            Some(open) if open == letter => quote = None,
            None if matches!(letter, '"' | '`' | '\'') => quote = Some(letter),
            Some(_) | None => {}
        }
        letter == ' ' && quote.is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_one_piece() {
        let text = r#"SELECT "my   long column" FROM `another   one`"#;
        assert_eq!(folded(text, 20), "SELECT\n  \"my   long column\"\n  FROM\n  `another   one`");
    }
}
