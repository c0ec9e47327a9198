//! Columns, conditions and values, as the command line has them.

use std::str::FromStr;

use exactly_rows::{Amount, Decimal, RowKey, Scope, Value, column};

/// A value: `NULL`, `true`, `7`, `-12.50`, `open` or `'7'`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word(pub(crate) Value);

impl FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        Ok(Self(match (quoted, text) {
            (Some(quoted), _) => Value::from(quoted),
            (None, "NULL" | "null") => Value::Null,
            (None, "true") => Value::from(true),
            (None, "false") => Value::from(false),
            (None, text) => number(text).unwrap_or_else(|| Value::from(text)),
        }))
    }
}

fn number(text: &str) -> Option<Value> {
    let whole = text.parse().map(Value::I64).or_else(|_| text.parse().map(Value::U64));
    whole.ok().or_else(|| text.parse().map(Value::Decimal).ok())
}

/// A column and a value: `COLUMN=VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assigned {
    pub(crate) column: String,
    pub(crate) value: Value,
}

impl FromStr for Assigned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, value) = parted(text, "COLUMN=VALUE")?;
        Ok(Self { column: column.to_owned(), value: value_of(value)? })
    }
}

/// A column, what it is believed to hold and what it gets: `COLUMN:FROM=TO`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Changed {
    pub(crate) column: String,
    pub(crate) from: Value,
    pub(crate) to: Value,
}

impl FromStr for Changed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "COLUMN:FROM=TO";
        let (column, change) = text.split_once(':').ok_or_else(|| as_in(form))?;
        let (from, to) = parted(change, form)?;
        if column.is_empty() {
            return Err(as_in(form));
        }
        Ok(Self { column: column.to_owned(), from: value_of(from)?, to: value_of(to)? })
    }
}

/// A condition on one column: `COLUMN=VALUE`, or with `!=`, `<`, `<=`, `>`, `>=`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition(pub(crate) Scope);

type Compare = fn(exactly_rows::Column, Value) -> Scope;

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "COLUMN=VALUE, or with !=, <, <=, >, >= between";
        let at = text.find(['=', '!', '<', '>']).filter(|at| *at > 0);
        let (name, rest) = text.split_at(at.ok_or_else(|| as_in(form))?);
        let name = column(name.trim());
        // The longer ones first, as each begins with a shorter one.
        let compare: [(&str, Compare); 6] = [
            ("!=", |column, value| column.ne(value)),
            ("<=", |column, value| column.lte(value)),
            (">=", |column, value| column.gte(value)),
            ("=", |column, value| column.eq(value)),
            ("<", |column, value| column.lt(value)),
            (">", |column, value| column.gt(value)),
        ];
        let found = compare
            .into_iter()
            .find_map(|(sign, make)| rest.strip_prefix(sign).map(|value| (make, value.trim())));
        let (make, value) = found.ok_or_else(|| as_in(form))?;
        Ok(Self(make(name, value_of(value)?)))
    }
}

/// A key and an amount: `7=4`, or `(1, 7)=4` for a key of two columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Due {
    pub(crate) key: RowKey,
    pub(crate) amount: Amount,
}

impl FromStr for Due {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, amount) = parted(text, "KEY=AMOUNT")?;
        Ok(Self { key: key_of(key)?, amount: amount_of(amount)? })
    }
}

/// A column and an amount: `money=10`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Less {
    pub(crate) column: String,
    pub(crate) amount: Amount,
}

impl FromStr for Less {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, amount) = parted(text, "COLUMN=AMOUNT")?;
        Ok(Self { column: column.to_owned(), amount: amount_of(amount)? })
    }
}

/// Several values: `1,7,4`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line(pub(crate) Vec<Value>);

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(text.split(',').map(|value| value_of(value.trim())).collect::<Result<_, _>>()?))
    }
}

/// A key: `7`, or `(1, 7)` for one of two columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key(pub(crate) RowKey);

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        key_of(text).map(Self)
    }
}

fn key_of(text: &str) -> Result<RowKey, String> {
    let several = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    Ok(RowKey::of(match several {
        Some(several) => several.parse::<Line>()?.0,
        None => vec![value_of(text)?],
    }))
}

fn amount_of(text: &str) -> Result<Amount, String> {
    let number: Decimal = text.parse().map_err(|_| format!("`{text}` is no amount: as in 4"))?;
    Ok(Amount::from(number))
}

fn value_of(text: &str) -> Result<Value, String> {
    text.parse::<Word>().map(|word| word.0)
}

fn parted<'t>(text: &'t str, form: &str) -> Result<(&'t str, &'t str), String> {
    let (left, right) = text.split_once('=').ok_or_else(|| as_in(form))?;
    if left.is_empty() { Err(as_in(form)) } else { Ok((left, right)) }
}

fn as_in(form: &str) -> String {
    format!("give it as {form}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_look_like() {
        for (text, value) in [
            ("NULL", Value::Null),
            ("true", Value::Bool(true)),
            ("-7", Value::I64(-7)),
            ("18446744073709551615", Value::U64(u64::MAX)),
            ("12.50", Value::Decimal("12.50".parse().unwrap())),
            ("open", Value::from("open")),
            ("'7'", Value::from("7")),
            ("", Value::from("")),
            ("1e5", Value::from("1e5")),
        ] {
            assert_eq!(value_of(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn conditions_are_read_by_their_sign() {
        for (text, scope) in [
            ("a=1", column("a").eq(1)),
            ("a = NULL", column("a").is_null()),
            ("a!=NULL", column("a").is_not_null()),
            ("a<=1", column("a").lte(1)),
            ("a >= x=y", column("a").gte("x=y")),
            ("a<-1", column("a").lt(-1)),
        ] {
            assert_eq!(text.parse::<Condition>().unwrap(), Condition(scope), "{text}");
        }
        for wrong in ["a", "=1", "a!1", ""] {
            assert!(wrong.parse::<Condition>().unwrap_err().contains("COLUMN=VALUE"), "{wrong}");
        }
    }

    #[test]
    fn keys_amounts_and_changes_are_read() {
        let due: Due = "(1, x)=4.5".parse().unwrap();
        assert_eq!(due.key, RowKey::from((1, "x")));
        assert_eq!(due.amount, Amount::from("4.5".parse::<Decimal>().unwrap()));
        let changed: Changed = "arena:NULL=3".parse().unwrap();
        assert_eq!((changed.from, changed.to), (Value::Null, Value::from(3)));
        assert!("7=few".parse::<Due>().unwrap_err().contains("`few` is no amount"));
        assert!("arena=3".parse::<Changed>().unwrap_err().contains("COLUMN:FROM=TO"));
        assert!("=3".parse::<Assigned>().is_err());
    }
}
