//! Setting fields of a map.

use exactly_core::codec::Form;
use exactly_core::operations::map::{Filled, Replace, ReplacedAll, Set, SetFields, SetIfAbsent};
use exactly_core::{Bytes, Fault, Few};

use super::{Map, decode, full, one};
use crate::call::Call;
use crate::object::Object;

/// Writing. What is written keeps the time to live, unless the handle declares one.
impl<F: Form, V: Form> Map<F, V> {
    /// Sets a field. Answers whether it is new.
    ///
    /// # Faults
    /// *Misuse* when the field or value cannot be written in its form, begins with `::` or is too
    /// long, or when the map has no room for a field more.
    pub fn set(&self, field: impl Into<F>, value: impl Into<V>) -> Call<'_, Set, bool> {
        Call::fallible(&self.object, self.setting(field, value), |object, set| {
            fields_set(object, set, "try_set").map(|new| new == 1)
        })
    }

    /// Sets a field if the map has room for it.
    ///
    /// # Faults
    /// As [`set`](Map::set), but that a full map is an answer.
    pub fn try_set(&self, field: impl Into<F>, value: impl Into<V>) -> Call<'_, Set> {
        Call::fallible(&self.object, self.setting(field, value), |_, set| Ok(set))
    }

    /// Sets fields in one step: nobody reads some of them without the others. Answers how many are
    /// new. Of a field that is named twice the last value stays.
    ///
    /// # Faults
    /// As [`set`](Map::set), and then none of them is set; also for more than 65,536 fields.
    pub fn set_many<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Call<'_, Set, u64> {
        Call::fallible(&self.object, self.setting_many(pairs), |object, set| {
            fields_set(object, set, "try_set_many")
        })
    }

    /// Sets fields in one step if the map has room for all of them.
    ///
    /// # Faults
    /// As [`set_many`](Map::set_many), but that a full map is an answer.
    pub fn try_set_many<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Call<'_, Set> {
        Call::fallible(&self.object, self.setting_many(pairs), |_, set| Ok(set))
    }

    /// Replaces all fields in one step: nobody reads an empty map, or the half of one. By none, and
    /// nothing is stored. Answers how many fields there were.
    ///
    /// # Faults
    /// As [`set_many`](Map::set_many), and then the map is as it was.
    pub fn replace<I: Into<F>, T: Into<V>>(
        &self,
        with: impl IntoIterator<Item = (I, T)>,
    ) -> Call<'_, Replace, u64> {
        Call::fallible(&self.object, self.replacing(with), |object, replaced| match replaced {
            ReplacedAll::Replaced { before } => Ok(before),
            ReplacedAll::Full => Err(full(object, "try_replace")),
        })
    }

    /// Replaces all fields in one step if the map has room for so many.
    ///
    /// # Faults
    /// As [`replace`](Map::replace), but that too many is an answer.
    pub fn try_replace<I: Into<F>, T: Into<V>>(
        &self,
        with: impl IntoIterator<Item = (I, T)>,
    ) -> Call<'_, Replace> {
        Call::fallible(&self.object, self.replacing(with), |_, replaced| Ok(replaced))
    }

    fn setting(&self, field: impl Into<F>, value: impl Into<V>) -> Result<Set, Fault> {
        let pairs = one((self.field(field)?, self.value(&value.into())?));
        Ok(Set { pairs, limit: self.limit()? })
    }

    fn setting_many<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Result<Set, Fault> {
        Ok(Set { pairs: self.pairs(pairs)?, limit: self.limit()? })
    }

    fn replacing<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Result<Replace, Fault> {
        Ok(Replace { with: self.pairs(pairs)?, limit: self.limit()? })
    }
}

/// Writing what is not there yet.
impl<F: Form, V: Form> Map<F, V> {
    /// Sets a field that is not there: of many who try, one succeeds. Answers whether it was this
    /// one.
    ///
    /// # Faults
    /// As [`set`](Map::set).
    pub fn set_if_absent(
        &self,
        field: impl Into<F>,
        value: impl Into<V>,
    ) -> Call<'_, SetIfAbsent, bool> {
        Call::fallible(&self.object, self.filling_one(field, value), |object, filled| {
            fields_filled(object, filled, "try_set_if_absent").map(|set| set.contains(&true))
        })
    }

    /// Sets a field that is not there, if the map has room for it.
    ///
    /// # Faults
    /// As [`set`](Map::set), but that a full map is an answer.
    pub fn try_set_if_absent(
        &self,
        field: impl Into<F>,
        value: impl Into<V>,
    ) -> Call<'_, SetIfAbsent> {
        Call::fallible(&self.object, self.filling_one(field, value), |_, filled| Ok(filled))
    }

    /// Sets those of the fields that are not there, in one step. Answers for each, in order,
    /// whether it was set.
    ///
    /// ```
    /// # use exactly::{Map, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let settings: Map<String, String> = Map::new(&store, "settings");
    /// settings.set("colour", "red").await?;
    /// let defaults = [("colour", "blue"), ("size", "medium")];
    /// assert_eq!(settings.fill(defaults).await?, [false, true]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`set_many`](Map::set_many).
    pub fn fill<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Call<'_, SetIfAbsent, Vec<bool>> {
        let asked = self.filling(pairs).map(|fill| {
            let count = fill.pairs.len();
            (fill, count)
        });
        Call::about(&self.object, asked, |object, count: &usize, filled| {
            let set = fields_filled(object, filled, "try_fill")?;
            // None of them, where all were there.
            Ok(if set.is_empty() { vec![false; *count] } else { set.into_vec() })
        })
    }

    /// Sets those of the fields that are not there, if the map has room for all of them.
    ///
    /// # Faults
    /// As [`set_many`](Map::set_many), but that a full map is an answer.
    pub fn try_fill<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Call<'_, SetIfAbsent> {
        Call::fallible(&self.object, self.filling(pairs), |_, filled| Ok(filled))
    }

    /// The value of a field; where it is not there, it is set to this one in the same step. Of many
    /// who come at once, all are told the same.
    ///
    /// # Faults
    /// As [`set`](Map::set) and [`get`](Map::get).
    pub async fn get_or_set(&self, field: impl Into<F>, value: impl Into<V>) -> Result<V, Fault> {
        let (field, value) = (self.field(field)?, value.into());
        let to = Some(self.value(&value)?);
        match self.exchange(field.clone(), None, to, "try_set_if_absent").await? {
            Ok(()) => Ok(value),
            Err(found) => decode(&self.object, &field, found.as_ref())?
                .ok_or_else(|| Fault::broken("a field that is not there was said to be another")),
        }
    }

    fn filling_one(&self, field: impl Into<F>, value: impl Into<V>) -> Result<SetIfAbsent, Fault> {
        let Set { pairs, limit } = self.setting(field, value)?;
        Ok(SetIfAbsent { pairs, limit })
    }

    fn filling<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Result<SetIfAbsent, Fault> {
        Ok(SetIfAbsent { pairs: self.pairs(pairs)?, limit: self.limit()? })
    }
}

/// Encoding.
impl<F: Form, V: Form> Map<F, V> {
    fn pairs<I: Into<F>, T: Into<V>>(
        &self,
        pairs: impl IntoIterator<Item = (I, T)>,
    ) -> Result<Few<(Bytes, Bytes)>, Fault> {
        let pairs = pairs.into_iter();
        pairs.map(|(field, value)| Ok((self.field(field)?, self.value(&value.into())?))).collect()
    }
}

fn fields_set(object: &Object, set: SetFields, verb: &str) -> Result<u64, Fault> {
    match set {
        SetFields::Set { new } => Ok(new),
        SetFields::Full { .. } => Err(full(object, verb)),
    }
}

/// Nothing for none of them.
fn fields_filled(object: &Object, filled: Filled, verb: &str) -> Result<Few<bool>, Fault> {
    match filled {
        Filled::Filled { set } => Ok(set),
        Filled::Present => Ok(Few::new()),
        Filled::Full { .. } => Err(full(object, verb)),
    }
}
