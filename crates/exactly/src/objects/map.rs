//! The handle of a map.

mod changing;
mod pages;
mod writing;

use std::marker::PhantomData;
use std::num::NonZeroU64;

use exactly_core::codec::Form;
use exactly_core::operations::map::{All, Contains, Fields, Get, Len, Pairs};
use exactly_core::{Bytes, Fault, Few, Place};

use crate::call::Call;
use crate::declare::{Declare, Limit};
use crate::object::{Object, common_verbs};
use crate::store::Store;

pub use pages::MapPages;

/// Fields, each with a value: one document of which everybody writes a part.
///
/// The race: two requests read the whole document, each changes its own field, and who writes it
/// back last undoes what the other did. The end of it: a field is set, added to or replaced in one
/// step of the engine, several fields too, and no other field is touched.
///
/// ```
/// # use exactly::{Map, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let stock: Map<String, i64> = Map::new(&store, "stock");
/// stock.set_many([("apples", 5), ("pears", 1)]).await?;
///
/// // Reading and writing apart sells one apple to two ...
/// let (mine, yours) = (stock.get("apples").await?, stock.get("apples").await?);
/// stock.set("apples", mine.unwrap_or(0) - 1).await?;
/// stock.set("apples", yours.unwrap_or(0) - 1).await?;
/// assert_eq!(stock.get("apples").await?, Some(4));
///
/// // ... an addition is one step, and a field that runs out goes in the step that finds it so.
/// assert_eq!(stock.add("apples", -1).await?, 3);
/// let pears = stock.update_or_remove("pears", |pears| pears.filter(|pears| *pears > 1));
/// assert_eq!(pears.await?, None);
/// assert_eq!(stock.all().await?, [("apples".to_owned(), 3)]);
/// # Ok(()) }
/// ```
///
/// `F` and `V` are any [`Form`]. Where fields hold values of several types, `Map<String, Bytes>`
/// reads all of them and [`get_as`](Map::get_as) one; better is a [`Json`](crate::Json) of your
/// own type in a [`Value`](crate::Value). A field does not begin with `::`, and a map without
/// fields is not stored at all.
///
/// # A limit
///
/// A map with a limit never has more fields, whichever verb adds one. A field that is there may
/// always change:
///
/// ```
/// # use exactly::{Map, SetFields, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let guests: Map<String, String> = Map::new(&store, "guests").with_limit(1);
/// assert_eq!(guests.try_set("ada", "table 1").await?, SetFields::Set { new: 1 });
/// assert_eq!(guests.try_set("alan", "table 1").await?, SetFields::Full { free: 0 });
/// assert!(!guests.set("ada", "table 2").await?, "she was there");
/// // The verb that cannot answer it calls it misuse.
/// assert!(guests.set("alan", "table 2").await.unwrap_err().is_out_of_bounds());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Map<F, V> {
    object: Object,
    limit: Option<u64>,
    forms: PhantomData<fn() -> (F, V)>,
}

common_verbs!(Map<F: Form, V: Form>);

impl<F: Form, V: Form> Clone for Map<F, V> {
    fn clone(&self) -> Self {
        Self { limit: self.limit, ..Self::declare(self.object.clone()) }
    }
}

/// Making one.
impl<F: Form, V: Form> Map<F, V> {
    /// A map that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// With at most so many fields. None at all is *misuse* at the first write. A map that has more
    /// already keeps them, and gets no new ones.
    #[must_use]
    pub fn with_limit(mut self, fields: u64) -> Self {
        self.limit = Some(fields);
        self
    }
}

/// Reading.
impl<F: Form, V: Form> Map<F, V> {
    /// The value of a field. A bare number is an `i32` here, as everywhere in Rust: of a map with
    /// `u64` fields write `get(5_u64)`.
    ///
    /// # Faults
    /// *Misuse* when the value cannot be read as `V`, naming the field; the bytes stay, and
    /// [`get_bytes`](Map::get_bytes) reads them.
    pub fn get(&self, field: impl Into<F>) -> Call<'_, Get, Option<V>> {
        self.get_as(field)
    }

    /// The value of a field, or `default` where it is not there. The default is not written.
    ///
    /// # Faults
    /// As [`get`](Map::get).
    pub async fn get_or(&self, field: impl Into<F>, default: impl Into<V>) -> Result<V, Fault> {
        Ok(self.get(field).await?.unwrap_or_else(|| default.into()))
    }

    /// The values of several fields, read in one step, in the order in which they are asked for.
    ///
    /// ```
    /// # use exactly::{Map, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let prices: Map<String, f64> = Map::new(&store, "prices");
    /// prices.set("tea", 2.5).await?;
    /// assert_eq!(prices.get_many(["milk", "tea"]).await?, [None, Some(2.5)]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`get`](Map::get).
    pub fn get_many<I: Into<F>>(
        &self,
        fields: impl IntoIterator<Item = I>,
    ) -> Call<'_, Get, Vec<Option<V>>> {
        let asked = self.fields_of(fields).map(|fields| (Get { fields: fields.clone() }, fields));
        Call::about(&self.object, asked, |object, fields: &Few<Bytes>, values| {
            let pairs = fields.iter().zip(&values);
            pairs.map(|(field, value)| decode(object, field, value.as_ref())).collect()
        })
    }

    /// The value of a field, in another form than the others have.
    ///
    /// # Faults
    /// As [`get`](Map::get).
    pub fn get_as<'a, T: Form + 'a>(&'a self, field: impl Into<F>) -> Call<'a, Get, Option<T>> {
        let asked = self.field(field).map(|field| (Get { fields: one(field.clone()) }, field));
        Call::about(&self.object, asked, |object, field: &Bytes, values| {
            decode(object, field, first(values).as_ref())
        })
    }

    /// The bytes of a field, whatever they are.
    pub fn get_bytes(&self, field: impl Into<F>) -> Call<'_, Get, Option<Bytes>> {
        let get = self.field(field).map(|field| Get { fields: one(field) });
        Call::fallible(&self.object, get, |_, values| Ok(first(values)))
    }

    /// Is there such a field?
    pub fn contains(&self, field: impl Into<F>) -> Call<'_, Contains, bool> {
        let contains = self.field(field).map(|field| Contains { fields: one(field) });
        Call::fallible(&self.object, contains, |_, there| Ok(there.contains(&true)))
    }

    /// Whether each of these fields is there, in the order in which they are asked for.
    pub fn contains_many<I: Into<F>>(
        &self,
        fields: impl IntoIterator<Item = I>,
    ) -> Call<'_, Contains, Vec<bool>> {
        let contains = self.fields_of(fields).map(|fields| Contains { fields });
        Call::fallible(&self.object, contains, |_, there| Ok(there.into_vec()))
    }

    /// How many fields there are.
    pub fn len(&self) -> Call<'_, Len> {
        Call::new(&self.object, Len {}, |_, len| Ok(len))
    }

    /// Is there no field?
    pub fn is_empty(&self) -> Call<'_, Len, bool> {
        Call::new(&self.object, Len {}, |_, len| Ok(len == 0))
    }
}

/// Reading all of it: in one step, so of one moment. A large map is better read in
/// [`pages`](Map::pages).
impl<F: Form, V: Form> Map<F, V> {
    /// All fields with their values, in no order.
    ///
    /// ```
    /// # use std::collections::HashMap;
    /// # use exactly::{Map, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// # let prices: Map<String, f64> = Map::new(&store, "prices");
    /// let prices: HashMap<_, _> = prices.all().await?.into_iter().collect();
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when one of them cannot be read as `F` or `V`, naming it;
    /// [`all_bytes`](Map::all_bytes) reads them as they are.
    pub fn all(&self) -> Call<'_, All, Vec<(F, V)>> {
        Call::new(&self.object, All {}, decode_pairs)
    }

    /// The bytes of all fields and of their values, whatever they are.
    pub fn all_bytes(&self) -> Call<'_, All, Vec<(Bytes, Bytes)>> {
        Call::new(&self.object, All {}, |_, Pairs(pairs)| Ok(pairs))
    }

    /// All fields, in no order.
    ///
    /// # Faults
    /// *Misuse* when one of them cannot be read as `F`, naming it.
    pub fn fields(&self) -> Call<'_, Fields, Vec<F>> {
        Call::new(&self.object, Fields {}, |object, fields| {
            fields.0.iter().map(|field| decode_field(object, field)).collect()
        })
    }

    /// The values of all fields, in no order.
    ///
    /// # Faults
    /// *Misuse* when one of them cannot be read as `V`, naming its field.
    pub fn values(&self) -> Call<'_, All, Vec<V>> {
        Call::new(&self.object, All {}, |object, Pairs(pairs)| {
            pairs.iter().map(|(field, value)| decode_value(object, field, value)).collect()
        })
    }

    /// All fields with their values, about so many at a time. Each page is read in one step; the
    /// map may change between them. A field that is there from the first page to the last is on one
    /// of them, and may be on more than one; one that comes or goes meanwhile may be or not.
    ///
    /// ```
    /// # use exactly::{Map, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let stock: Map<u32, i64> = Map::new(&store, "stock");
    /// stock.set_many((0..250_u32).map(|article| (article, 2))).await?;
    /// let (mut pages, mut sum) = (stock.pages(100), 0);
    /// while let Some(page) = pages.next_page().await? {
    ///     sum += page.iter().map(|(_, pieces)| pieces).sum::<i64>();
    /// }
    /// assert_eq!(sum, 500);
    /// # Ok(()) }
    /// ```
    pub fn pages(&self, size: u64) -> MapPages<'_, F, V> {
        MapPages::new(self, size)
    }
}

/// What all verbs need.
impl<F: Form, V: Form> Map<F, V> {
    fn field(&self, field: impl Into<F>) -> Result<Bytes, Fault> {
        let key = self.object.key()?;
        field.into().encode().map_err(|source| Fault::unencodable(key, F::NAME, source))
    }

    fn fields_of<I: Into<F>>(
        &self,
        fields: impl IntoIterator<Item = I>,
    ) -> Result<Few<Bytes>, Fault> {
        fields.into_iter().map(|field| self.field(field)).collect()
    }

    fn value(&self, value: &V) -> Result<Bytes, Fault> {
        let key = self.object.key()?;
        value.encode().map_err(|source| Fault::unencodable(key, V::NAME, source))
    }

    fn limit(&self) -> Result<Option<NonZeroU64>, Fault> {
        let Some(limit) = self.limit else { return Ok(None) };
        match NonZeroU64::new(limit) {
            Some(limit) => Ok(Some(limit)),
            None => Err(Fault::bad_setting(
                self.object.key()?,
                "a map has a limit of at least one field, found 0; nothing was changed: give a \
                 greater one",
            )),
        }
    }
}

fn one<T>(one: T) -> Few<T> {
    Few::from_buf([one])
}

/// The answer for the only field that was asked about.
fn first(values: Few<Option<Bytes>>) -> Option<Bytes> {
    values.into_iter().next().flatten()
}

fn decode<V: Form>(
    object: &Object,
    field: &Bytes,
    value: Option<&Bytes>,
) -> Result<Option<V>, Fault> {
    value.map(|value| decode_value(object, field, value)).transpose()
}

fn decode_value<V: Form>(object: &Object, field: &Bytes, value: &Bytes) -> Result<V, Fault> {
    let place = || Place::Field(field.clone());
    V::decode(value)
        .or_else(|source| Err(Fault::undecodable_at(object.key()?, &place(), V::NAME, source)))
}

fn decode_field<F: Form>(object: &Object, field: &Bytes) -> Result<F, Fault> {
    let place = || Place::FieldName(field.clone());
    F::decode(field)
        .or_else(|source| Err(Fault::undecodable_at(object.key()?, &place(), F::NAME, source)))
}

fn decode_pairs<F: Form, V: Form>(object: &Object, pairs: Pairs) -> Result<Vec<(F, V)>, Fault> {
    let Pairs(pairs) = pairs;
    let decoded = pairs.iter().map(|(field, value)| {
        Ok((decode_field(object, field)?, decode_value(object, field, value)?))
    });
    decoded.collect()
}

/// The fault of a verb that cannot answer that there is no room.
fn full(object: &Object, verb: &str) -> Fault {
    let message = format!(
        "the map has no room for all of the new fields; nothing was changed: use `{verb}` to get \
         that as an answer"
    );
    match object.key() {
        Ok(key) => Fault::out_of_bounds(key, message),
        Err(fault) => fault,
    }
}

impl<F: Form, V: Form> Declare for Map<F, V> {
    fn declare(object: Object) -> Self {
        Self { object, limit: None, forms: PhantomData }
    }
}

impl<F: Form, V: Form> Limit for Map<F, V> {
    const LEAST: u64 = 1;

    fn limit(self, fields: u64) -> Self {
        self.with_limit(fields)
    }
}
