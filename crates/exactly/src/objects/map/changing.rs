//! Changing and removing fields of a map that are there.

use exactly_core::codec::Form;
use exactly_core::operations::map::{AddedToField, Addend, Get, Remove, ReplaceIf, Replaced, Take};
use exactly_core::{Bytes, Fault, Few, Place};

use super::{Map, decode_value, first, full, one};
use crate::call::Call;
use crate::contention::{self, By, give_way};
use crate::object::Object;
use crate::objects::value::UPDATE_ATTEMPTS_MAX;

/// Counting in fields: as a [`Counter`](crate::Counter) in each, without a start. Numbers are kept
/// as their digits, so a map with `i64` or `f64` values reads them, and one with texts as well.
impl<F: Form, V: Form> Map<F, V> {
    /// Adds `by`, which may be negative, to the number in a field, and answers the new one. A field
    /// that is not there counts from zero. Whole numbers are exact; a float is asked for by adding
    /// one.
    ///
    /// ```
    /// # use exactly::{Map, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let votes: Map<String, u64> = Map::new(&store, "votes");
    /// assert_eq!(votes.add("yes", 1).await?, 1);
    /// assert_eq!(votes.add("yes", 2).await?, 3);
    /// let litres: Map<String, f64> = Map::new(&store, "litres");
    /// assert_eq!(litres.add("milk", 0.5).await?, 0.5);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when the sum does not fit, when the field holds no number (naming it), and when the
    /// map has no room for a field more.
    pub fn add<N: Addend>(&self, field: impl Into<F>, by: N) -> Call<'_, N::Operation, N> {
        Call::fallible(&self.object, self.adding(field, by), |object, added| match added {
            AddedToField::Added(sum) => Ok(sum),
            AddedToField::Full => Err(full(object, "try_add")),
        })
    }

    /// Adds `by` to the number in a field if the map has room for the field.
    ///
    /// # Faults
    /// As [`add`](Map::add), but that a full map is an answer.
    pub fn try_add<N: Addend>(&self, field: impl Into<F>, by: N) -> Call<'_, N::Operation> {
        Call::fallible(&self.object, self.adding(field, by), |_, added| Ok(added))
    }

    /// Adds one to the whole number in a field, and answers the new one.
    ///
    /// # Faults
    /// As [`add`](Map::add).
    pub fn increment(&self, field: impl Into<F>) -> Call<'_, <i64 as Addend>::Operation, i64> {
        self.add(field, 1)
    }

    /// Subtracts one from the whole number in a field, and answers the new one.
    ///
    /// # Faults
    /// As [`add`](Map::add).
    pub fn decrement(&self, field: impl Into<F>) -> Call<'_, <i64 as Addend>::Operation, i64> {
        self.add(field, -1)
    }

    fn adding<N: Addend>(&self, field: impl Into<F>, by: N) -> Result<N::Operation, Fault> {
        Ok(by.add(self.field(field)?, self.limit()?))
    }
}

/// Changing what is as expected.
impl<F: Form, V: Form> Map<F, V> {
    /// Sets a field only if its value equals `old`. Answers whether it did. Equal is what is
    /// written alike. For a field that is not there yet: [`set_if_absent`](Map::set_if_absent).
    ///
    /// # Faults
    /// As [`set`](Map::set).
    pub fn replace_if(
        &self,
        field: impl Into<F>,
        old: &V,
        to: impl Into<V>,
    ) -> Call<'_, ReplaceIf, bool> {
        let to = self.value(&to.into()).map(Some);
        let replace = to.and_then(|to| self.replacing_if(field, old, to));
        Call::fallible(&self.object, replace, |_, replaced| Ok(replaced == Replaced::Replaced))
    }

    /// Removes a field only if its value equals `old`. Answers whether it did.
    ///
    /// # Faults
    /// As [`set`](Map::set).
    pub fn remove_if(&self, field: impl Into<F>, old: &V) -> Call<'_, ReplaceIf, bool> {
        let remove = self.replacing_if(field, old, None);
        Call::fallible(&self.object, remove, |_, replaced| Ok(replaced == Replaced::Replaced))
    }

    /// Sets a field to what `change` makes of its value, and answers that. When others changed the
    /// field meanwhile, `change` is called again on what they left.
    ///
    /// # Faults
    /// *Not applied* when others were faster at each of [`UPDATE_ATTEMPTS_MAX`] attempts; as
    /// [`get`](Map::get) and [`set`](Map::set).
    pub async fn update(
        &self,
        field: impl Into<F>,
        mut change: impl FnMut(Option<V>) -> V,
    ) -> Result<V, Fault> {
        let change = |found| {
            let new = change(found);
            Ok((Some(self.value(&new)?), new))
        };
        self.update_by(self.field(field)?, change).await
    }

    /// As [`update`](Map::update), and where `change` answers nothing, the field is removed.
    ///
    /// # Faults
    /// As [`update`](Map::update).
    pub async fn update_or_remove(
        &self,
        field: impl Into<F>,
        mut change: impl FnMut(Option<V>) -> Option<V>,
    ) -> Result<Option<V>, Fault> {
        let change = |found| {
            let new = change(found);
            Ok((new.as_ref().map(|new| self.value(new)).transpose()?, new))
        };
        self.update_by(self.field(field)?, change).await
    }

    async fn update_by<T>(
        &self,
        field: Bytes,
        mut change: impl FnMut(Option<V>) -> Result<(Option<Bytes>, T), Fault>,
    ) -> Result<T, Fault> {
        let get = Get { fields: one(field.clone()) };
        let mut found = Call::new(&self.object, get, |_, values| Ok(first(values))).await?;
        for attempt in 1..=UPDATE_ATTEMPTS_MAX {
            let old = found.as_ref().map(|found| decode_value(&self.object, &field, found));
            let (to, new) = change(old.transpose()?)?;
            found = match self.exchange(field.clone(), found, to, "try_set").await? {
                Ok(()) => {
                    contention::settled(By::Update, attempt);
                    return Ok(new);
                }
                Err(found) => found,
            };
            contention::met(self.key()?, By::Update, attempt);
            give_way(attempt).await;
        }
        contention::settled(By::Update, UPDATE_ATTEMPTS_MAX);
        Err(Fault::contended(self.key()?, UPDATE_ATTEMPTS_MAX))
    }

    /// Puts `to` where `old` is, or answers what is there instead.
    pub(super) async fn exchange(
        &self,
        field: Bytes,
        old: Option<Bytes>,
        to: Option<Bytes>,
        verb: &str,
    ) -> Result<Result<(), Option<Bytes>>, Fault> {
        let replace = ReplaceIf { field, old, to, limit: self.limit()? };
        Ok(match Call::new(&self.object, replace, |_, replaced| Ok(replaced)).await? {
            Replaced::Replaced => Ok(()),
            Replaced::Differs { found } => Err(found),
            Replaced::Full => return Err(full(&self.object, verb)),
        })
    }

    fn replacing_if(
        &self,
        field: impl Into<F>,
        old: &V,
        to: Option<Bytes>,
    ) -> Result<ReplaceIf, Fault> {
        let (field, old) = (self.field(field)?, Some(self.value(old)?));
        Ok(ReplaceIf { field, old, to, limit: self.limit()? })
    }
}

/// Removing. A map whose last field is removed is gone, with its time to live.
impl<F: Form, V: Form> Map<F, V> {
    /// Removes a field. Answers whether it was there.
    pub fn remove(&self, field: impl Into<F>) -> Call<'_, Remove, bool> {
        let remove = self.field(field).map(|field| Remove { fields: one(field) });
        Call::fallible(&self.object, remove, |_, removed| Ok(removed == 1))
    }

    /// Removes fields in one step. Answers how many there were.
    pub fn remove_many<I: Into<F>>(
        &self,
        fields: impl IntoIterator<Item = I>,
    ) -> Call<'_, Remove, u64> {
        let remove = self.fields_of(fields).map(|fields| Remove { fields });
        Call::fallible(&self.object, remove, |_, removed| Ok(removed))
    }

    /// Removes a field and answers its value, in one step: of many who take it, one gets it.
    ///
    /// # Faults
    /// As [`get`](Map::get). The field is removed also when its value cannot be read as `V`: the
    /// fault says so, and [has the bytes](Fault::gone).
    pub fn take(&self, field: impl Into<F>) -> Call<'_, Take, Option<V>> {
        let asked =
            self.field(field).map(|field| (Take { fields: one(field.clone()) }, one(field)));
        Call::about(&self.object, asked, |object, fields: &Few<Bytes>, values| {
            Ok(decode_gone(object, fields, &values)?.into_iter().next().flatten())
        })
    }

    /// Removes fields and answers the value of each, in one step, in the order in which they are
    /// asked for.
    ///
    /// # Faults
    /// As [`take`](Map::take).
    pub fn take_many<I: Into<F>>(
        &self,
        fields: impl IntoIterator<Item = I>,
    ) -> Call<'_, Take, Vec<Option<V>>> {
        let asked = self.fields_of(fields).map(|fields| (Take { fields: fields.clone() }, fields));
        Call::about(&self.object, asked, |object, fields: &Few<Bytes>, values| {
            decode_gone(object, fields, &values)
        })
    }
}

/// What was removed. All of its bytes are in the fault, should one of them not be readable.
fn decode_gone<V: Form>(
    object: &Object,
    fields: &[Bytes],
    values: &[Option<Bytes>],
) -> Result<Vec<Option<V>>, Fault> {
    let gone = || values.iter().flatten().cloned().collect::<Vec<_>>();
    let read = |(field, value): (&Bytes, &Option<Bytes>)| {
        let Some(value) = value else { return Ok(None) };
        V::decode(value).map(Some).or_else(|source| {
            let place = Place::Field(field.clone());
            let (key, form) = (object.key()?, V::NAME);
            Err(Fault::undecodable_and_gone_at(key, &place, form, &gone(), source))
        })
    };
    fields.iter().zip(values).map(read).collect()
}
