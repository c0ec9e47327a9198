//! Settings: what an update writes into the rows that it is allowed to touch.

use crate::amount::Amount;
use crate::fault::Fault;
use crate::fragment::Fragment;
use crate::name::{Name, Names};
use crate::value::Value;
use crate::writer::Writer;

/// One column and what is written into it: see [`set`], [`now`], [`set_to`].
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub(crate) column: Name,
    pub(crate) to: To,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum To {
    Value(Value),
    Now,
    Fragment(Fragment),
    Minus(Amount),
}

/// A column gets a value.
pub fn set(column: impl Into<Name>, value: impl Into<Value>) -> Setting {
    Setting { column: column.into(), to: To::Value(value.into()) }
}

/// A column gets the time of the statement, by the database's clock.
pub fn now(column: impl Into<Name>) -> Setting {
    Setting { column: column.into(), to: To::Now }
}

/// A column gets what an expression of the user's own says, as in `tries + ?`.
pub fn set_to(column: impl Into<Name>, expression: Fragment) -> Setting {
    Setting { column: column.into(), to: To::Fragment(expression) }
}

/// Something is set, and no column twice: of two values for one, engines take different ones.
pub(crate) fn check(settings: &[Setting]) -> Result<(), Fault> {
    if settings.is_empty() {
        return Err(Fault::input("nothing is set: give a column and its value"));
    }
    Names::from(settings.iter().map(|setting| setting.column.clone())).check("what is set")
}

impl Writer {
    /// What follows `SET`.
    pub(crate) fn settings(&mut self, settings: &[Setting]) -> Result<(), Fault> {
        self.separated(", ", settings, |writer, setting| {
            writer.name(&setting.column).put(" = ");
            match &setting.to {
                To::Value(value) => writer.value(value)?,
                To::Now => {
                    let now = writer.dialect.now();
                    writer.put(now);
                }
                To::Fragment(fragment) => writer.fragment(fragment)?,
                To::Minus(amount) => {
                    writer.name(&setting.column).put(" - ");
                    writer.value(&amount.value())?;
                }
            }
            Ok(())
        })
    }
}
