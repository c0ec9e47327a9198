//! Scripts of the user's own.

use std::sync::Arc;

use exactly_core::{Bytes, Fault, Key};

use crate::engine::Redis;
use crate::fault;
use crate::heard::Heard;
use crate::request::Request;
use crate::words::{Words, odd};

/// A script in Lua, and the name under which the server remembers it. Made once and kept; clones
/// are the same script.
#[derive(Debug, Clone)]
pub struct Script(Arc<crate::script::Script>);

/// What a script answered.
#[derive(Debug, Clone, PartialEq)]
pub enum ScriptAnswer {
    /// `nil`, `false`, or nothing at all.
    Nothing,
    /// A number, of which Redis drops what is behind the point; `true` is 1.
    Integer(i64),
    /// A text.
    Bytes(Bytes),
    /// A table, up to its first `nil`.
    List(Vec<Self>),
}

impl Script {
    /// A script of this text, as `EVAL` takes it: keys are `KEYS[1]`…, arguments `ARGV[1]`…, and
    /// what it returns is the answer.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(crate::script::Script::own(text)))
    }
}

impl Redis {
    /// Runs a script of the user's own. It is sent once: whether it has run where its answer is
    /// lost is *unknown*.
    ///
    /// # Faults
    /// *Misuse* when it does not compile. *Unknown* when it ends with an error, for what it has
    /// written before that stays. As every call.
    pub async fn run_script(
        &self,
        script: &Script,
        keys: &[Key],
        args: &[Bytes],
    ) -> Result<ScriptAnswer, Fault> {
        let (mut names, mut words) = (Words::default(), Words::default());
        keys.iter().for_each(|key| names.write(|text| self.key_style().write(key, text)));
        args.iter().for_each(|arg| words.push(&**arg));
        let request = Request::new_plain(Arc::clone(&script.0), names, words);
        match self.told(&request).await? {
            Ok(None) => Ok(ScriptAnswer::Nothing),
            // Raised by the server, or returned by the script.
            Err(error) | Ok(Some(Heard::Error(error))) => Err(fault::of_own_script(&error)),
            Ok(Some(answer)) => ScriptAnswer::of(answer),
        }
    }
}

impl ScriptAnswer {
    fn of(heard: Heard) -> Result<Self, Fault> {
        Ok(match heard {
            Heard::Nothing => Self::Nothing,
            Heard::Okay => Self::Bytes("OK".into()),
            Heard::Number(number) => Self::Integer(number),
            Heard::Text(text) => Self::Bytes(text.into()),
            Heard::List(parts) => {
                Self::List(parts.into_iter().map(Self::of).collect::<Result<_, Fault>>()?)
            }
            // Not of the whole: something in a table that it made.
            Heard::Error(error) => Self::Bytes(fault::said(&error).into()),
            Heard::Odd => return Err(odd()),
        })
    }
}
