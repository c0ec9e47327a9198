//! What the server answered, in the few forms that matter here.

use redis::{ServerError, Value};

/// One answer.
#[derive(Debug)]
pub(crate) enum Heard {
    Nothing,
    Okay,
    Number(i64),
    Text(Vec<u8>),
    List(Vec<Self>),
    Error(ServerError),
    /// What no command of ours is answered with.
    Odd,
}

impl From<Value> for Heard {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the client library may add forms, and the rest of them is one to us"
    )]
    fn from(value: Value) -> Self {
        let list = |values: Vec<Value>| Self::List(values.into_iter().map(Self::from).collect());
        match value {
            Value::Nil => Self::Nothing,
            Value::Okay => Self::Okay,
            Value::Int(number) => Self::Number(number),
            Value::BulkString(text) => Self::Text(text),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => {
                Self::Text(text.into_bytes())
            }
            Value::Double(number) => Self::Text(number.to_string().into_bytes()),
            Value::Array(values) | Value::Set(values) => list(values),
            Value::Map(pairs) => {
                list(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect())
            }
            Value::ServerError(error) => Self::Error(error),
            _ => Self::Odd,
        }
    }
}

impl Heard {
    /// As text, whatever it is; empty where it is none.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Self::Number(number) => number.to_string(),
            Self::Nothing | Self::Okay | Self::List(_) | Self::Error(_) | Self::Odd => {
                String::new()
            }
        }
    }

    /// Its parts; none where it is no list.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(parts) => parts,
            Self::Nothing | Self::Okay | Self::Number(_) | Self::Text(_) => &[],
            Self::Error(_) | Self::Odd => &[],
        }
    }

    /// Its parts to keep; none where it is no list.
    pub(crate) fn into_list(self) -> Vec<Self> {
        match self {
            Self::List(parts) => parts,
            Self::Nothing | Self::Okay | Self::Number(_) | Self::Text(_) => Vec::new(),
            Self::Error(_) | Self::Odd => Vec::new(),
        }
    }

    /// The last of its parts, as text.
    pub(crate) fn last_text(&self) -> String {
        self.list().last().map(Self::text).unwrap_or_default()
    }

    /// The server's time, as `TIME` tells it, in microseconds.
    pub(crate) fn micros(&self) -> Option<u64> {
        let [seconds, micros] = self.list() else { return None };
        let seconds: u64 = seconds.text().parse().ok()?;
        seconds.checked_mul(1_000_000)?.checked_add(micros.text().parse().ok()?)
    }
}
