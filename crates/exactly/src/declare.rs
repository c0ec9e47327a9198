//! What `#[derive(Objects)]` writes: a group, its members, and one trait for each option.
//!
//! A trait per option makes a wrong one a compile error on the user's own token, whatever alias the
//! type goes by.

use std::time::{Duration, SystemTime};

use exactly_core::operations::counter::Number;
use exactly_core::operations::limiter::Rate;
use exactly_core::{Fault, Key};

use crate::id::Id;
use crate::object::Object;
use crate::store::Store;

/// The objects that belong to one thing, on their way to be made.
#[derive(Debug)]
pub struct Group {
    store: Store,
    name: &'static str,
    id: String,
    /// Why it has no objects: the store that it is to live in is not there.
    homeless: Option<Fault>,
}

impl Group {
    pub(crate) fn new(store: &Store, name: &'static str, id: &impl Id) -> Self {
        Self { store: store.clone(), name, id: id.to_id().into_owned(), homeless: None }
    }

    /// The same group in another store.
    pub fn in_store(&self, store: impl AsRef<Store>) -> Self {
        Self { store: store.as_ref().clone(), name: self.name, id: self.id.clone(), homeless: None }
    }

    /// The same group in the store of this name [beside](crate::StoreBuilder::beside) its own. If
    /// there is none, that is *misuse* at the first call.
    pub fn beside(&self, name: &str) -> Self {
        match self.store.beside(name) {
            Some(store) => self.in_store(store),
            None => {
                Self { homeless: Some(self.store.not_beside(name)), ..self.in_store(&self.store) }
            }
        }
    }

    /// The object of this one thing.
    pub fn field(&self, field: &str) -> Object {
        self.object(Key::in_group(self.store.namespace(), self.name, &self.id, field))
    }

    /// The object that all things of the group share.
    pub fn global(&self, field: &str) -> Object {
        self.object(Key::global(self.store.namespace(), self.name, field))
    }

    /// The object of this one thing that stands alone, under a name with the id in its middle.
    pub fn alone(&self, before: &str, after: &str) -> Object {
        // What cannot be an id elsewhere is none here.
        let id = Key::in_group("", self.name, &self.id, "id");
        let name = format!("{before}{}{after}", self.id);
        self.object(id.and_then(|_| Key::alone(self.store.namespace(), &name)))
    }

    /// The object that all things of the group share, and that stands alone, under this name.
    pub fn global_alone(&self, name: &str) -> Object {
        self.object(Key::alone(self.store.namespace(), name))
    }

    fn object(&self, key: Result<Key, Fault>) -> Object {
        Object::new(&self.store, self.homeless.clone().map_or(key, Err))
    }
}

/// One field of a group.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    field: &'static str,
    object: &'a Object,
    global: bool,
}

impl<'a> Member<'a> {
    /// A field of the one thing.
    pub fn of_id(field: &'static str, object: &'a Object) -> Self {
        Self { field, object, global: false }
    }

    /// A field that all things of the group share.
    pub fn global(field: &'static str, object: &'a Object) -> Self {
        Self { field, object, global: true }
    }

    /// The name of the field.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The object behind it.
    pub fn object(&self) -> &'a Object {
        self.object
    }

    /// Whether all things of the group share it.
    pub fn is_global(&self) -> bool {
        self.global
    }
}

/// An option that a field cannot be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// None.
    Nothing,
    /// `limit`.
    Limit,
    /// `rate`.
    Rate,
}

/// A handle that can be a field of a group.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an object",
    label = "not an object",
    note = "the fields of a group are `Counter`, `Capacity`, `Value<T>`, `Flag`, `List<T>`, \
            `Set<T>`, `SortedSet<T>`, `Map<F, V>`, `Lock`, `Limiter`, `Queue<T>` or `Once<T>`"
)]
pub trait Declare: AsRef<Object> + Sized {
    /// The option that the field cannot be without.
    const NEEDS: Needs = Needs::Nothing;

    /// The handle, with no options yet.
    fn declare(object: Object) -> Self;

    /// What it shares with all other handles.
    fn object(&self) -> &Object {
        self.as_ref()
    }
}

/// The option `start`.
#[diagnostic::on_unimplemented(
    message = "`start` is an option of counters, and `{Self}` is none",
    label = "has no `start`",
    note = "remove it, or make the field a `Counter` or `Counter<f64>`"
)]
pub trait Start: Sized {
    /// What it counts in.
    type Number: Number;

    /// With this start.
    #[must_use]
    fn start(self, start: Self::Number) -> Self;
}

/// The option `min`.
#[diagnostic::on_unimplemented(
    message = "`min` is an option of counters, and `{Self}` is none",
    label = "has no `min`",
    note = "remove it, or make the field a `Counter` or `Counter<f64>`"
)]
pub trait Min: Sized {
    /// What it counts in.
    type Number: Number;

    /// With this least value.
    #[must_use]
    fn min(self, min: Self::Number) -> Self;
}

/// The option `max`.
#[diagnostic::on_unimplemented(
    message = "`max` is an option of counters, and `{Self}` is none",
    label = "has no `max`",
    note = "remove it, or make the field a `Counter` or `Counter<f64>`; a `Capacity` has a `limit`"
)]
pub trait Max: Sized {
    /// What it counts in.
    type Number: Number;

    /// With this greatest value.
    #[must_use]
    fn max(self, max: Self::Number) -> Self;
}

/// The option `default`.
#[diagnostic::on_unimplemented(
    message = "`default` is an option of values, and `{Self}` is none",
    label = "has no `default`",
    note = "remove it, or make the field a `Value<T>`; a counter has a `start`"
)]
pub trait ReadDefault: Sized {
    /// What is stored.
    type Value;

    /// Reading as this where nothing is stored.
    #[must_use]
    fn default(self, default: impl Fn() -> Self::Value + Send + Sync + 'static) -> Self;
}

/// The option `ttl`.
#[diagnostic::on_unimplemented(
    message = "`ttl` is an option of objects, and `{Self}` is none",
    label = "has no `ttl`"
)]
pub trait Ttl: Sized {
    /// With this time to live, fixed from the first write.
    #[must_use]
    fn ttl(self, ttl: Duration) -> Self;
}

/// The option `ttl_sliding`.
#[diagnostic::on_unimplemented(
    message = "`ttl_sliding` is an option of objects, and `{Self}` is none",
    label = "has no `ttl_sliding`"
)]
pub trait TtlSliding: Sized {
    /// With this time to live, started anew by every write.
    #[must_use]
    fn ttl_sliding(self, ttl: Duration) -> Self;
}

/// The option `expire_at`.
#[diagnostic::on_unimplemented(
    message = "`expire_at` is an option of objects, and `{Self}` is none",
    label = "has no `expire_at`"
)]
pub trait ExpireAt: Sized {
    /// Ending at this moment, whenever it is written to.
    #[must_use]
    fn expire_at(self, at: SystemTime) -> Self;
}

/// The option `limit`.
#[diagnostic::on_unimplemented(
    message = "`limit` is an option of capacities, collections and queues, and `{Self}` is none",
    label = "has no `limit`",
    note = "remove it, or make the field a `Capacity`, `List`, `Set`, `SortedSet`, `Map` or \
            `Queue`; a counter has a `max`, a limiter a `rate`"
)]
pub trait Limit: Sized {
    /// The least limit that it may have: 1 for a collection, into which nothing would ever fit.
    const LEAST: u64 = 0;

    /// With this many units, or this many elements at most.
    #[must_use]
    fn limit(self, limit: u64) -> Self;
}

/// The option `lease`.
#[diagnostic::on_unimplemented(
    message = "`lease` is an option of what is held for a while, and `{Self}` is not",
    label = "has no `lease`",
    note = "remove it, or make the field a `Capacity`, `Lock`, `Queue` or `Once`"
)]
pub trait Lease: Sized {
    /// With this lease.
    #[must_use]
    fn lease(self, lease: Duration) -> Self;
}

/// The option `rate`.
#[diagnostic::on_unimplemented(
    message = "`rate` is an option of limiters, and `{Self}` is none",
    label = "has no `rate`",
    note = "remove it, or make the field a `Limiter`"
)]
pub trait Rated: Sized {
    /// With this rate.
    #[must_use]
    fn rate(self, rate: Rate) -> Self;
}
