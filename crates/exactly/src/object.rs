//! What every handle is made of, and the verbs that every handle has.

use std::num::NonZeroU64;

use exactly_core::operations::key::{Rename, Renamed};
use exactly_core::{Destination, Fault, Key, Lifetime};

use crate::call::Call;
use crate::store::Store;

/// The part that all handles share: the store, the key, and what a write does to the time to live.
///
/// Making one does no I/O and cannot fail; a name that cannot be a key is *misuse* at the first
/// call.
#[derive(Clone)]
pub struct Object {
    store: Store,
    key: Result<Key, Fault>,
    lifetime: Lifetime,
    /// The most elements, where it is a bounded collection.
    limit: Option<u64>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Object {
    pub(crate) fn new(store: &Store, key: Result<Key, Fault>) -> Self {
        Self { store: store.clone(), key, lifetime: Lifetime::Unchanged, limit: None }
    }

    pub(crate) fn alone(store: &Store, name: &str) -> Self {
        Self::new(store, Key::alone(store.namespace(), name))
    }

    pub(crate) fn set_lifetime(&mut self, lifetime: Lifetime) {
        self.lifetime = lifetime;
    }

    pub(crate) fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// The key of another object, for one operation on both.
    ///
    /// # Faults
    /// *Misuse* when that one is in another store, where the operation would not look for it.
    pub(crate) fn key_of_other(&self, other: &Self) -> Result<Key, Fault> {
        let (key, other_key) = (self.key()?, other.key()?);
        if !self.store.is(&other.store) {
            return Err(Fault::bad_setting(
                key,
                format!(
                    "one operation is on objects of one store, and `{other_key}` is in another; \
                     nothing was changed: make both handles with clones of one store"
                ),
            ));
        }
        Ok(other_key.clone())
    }

    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = Some(limit);
    }

    /// The most elements it may have.
    pub(crate) fn limit(&self) -> Result<Option<NonZeroU64>, Fault> {
        let Some(limit) = self.limit else { return Ok(None) };
        match NonZeroU64::new(limit) {
            Some(limit) => Ok(Some(limit)),
            None => Err(Fault::bad_setting(
                self.key()?,
                "a limit is at least 1, found 0; nothing was changed",
            )),
        }
    }

    /// As another object puts something into it.
    pub(crate) fn destination(&self) -> Result<Box<Destination>, Fault> {
        let (key, limit) = (self.key()?.clone(), self.limit()?);
        Ok(Box::new(Destination { key, limit, lifetime: self.lifetime }))
    }

    /// The store it lives in.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Its key.
    ///
    /// # Faults
    /// *Misuse* when the namespace, group, id or name it was made with cannot be part of a key.
    #[inline]
    pub fn key(&self) -> Result<&Key, Fault> {
        match &self.key {
            Ok(key) => Ok(key),
            Err(fault) => Err(fault.clone()),
        }
    }

    /// Moves what is stored.
    pub(crate) fn rename(&self, to: Result<Key, Fault>, replace: bool) -> Call<'_, Rename> {
        let rename = to.map(|to| Rename { to, replace });
        Call::fallible(self, rename, |_, outcome| Ok(outcome)).timeless()
    }

    /// Moves what is stored, and goes there with it.
    pub(crate) async fn go(
        &mut self,
        to: Result<Key, Fault>,
        replace: bool,
    ) -> Result<Renamed, Fault> {
        let renamed = self.rename(to.clone(), replace).await?;
        match renamed {
            Renamed::Renamed => self.key = to,
            Renamed::Missing | Renamed::Taken => {}
        }
        Ok(renamed)
    }
}

/// Where something stored can be moved to: another handle, a key, or the name of an object that
/// stands alone.
pub trait Target {
    /// Its key, for something that lives in this store.
    ///
    /// # Faults
    /// *Misuse* when it cannot be a key, or is of another store: nothing moves between stores.
    fn key_in(&self, store: &Store) -> Result<Key, Fault>;
}

impl Target for str {
    fn key_in(&self, store: &Store) -> Result<Key, Fault> {
        Key::alone(store.namespace(), self)
    }
}

impl Target for Key {
    fn key_in(&self, _store: &Store) -> Result<Key, Fault> {
        Ok(self.clone())
    }
}

impl<H: AsRef<Object>> Target for H {
    fn key_in(&self, store: &Store) -> Result<Key, Fault> {
        let other = self.as_ref();
        let key = other.key()?;
        if !other.store.is(store) {
            return Err(Fault::bad_setting(
                key,
                "is of another store, and nothing moves between stores; nothing was changed: make \
                 both handles on one store, or on clones of it",
            ));
        }
        Ok(key.clone())
    }
}

/// The verbs that every handle has, whatever it holds. The handle has a field `object`.
macro_rules! common_verbs {
    ($handle:ident $(<$($n:ident: $bound:ident),+>)?) => {
        /// Verbs that every object has.
        impl $(<$($n: $bound),+>)? $handle $(<$($n),+>)? {
            /// Starts a time to live of `ttl` with a write that finds none running: fixed from the
            /// first write.
            #[must_use]
            pub fn with_ttl(mut self, ttl: std::time::Duration) -> Self {
                self.object.set_lifetime(exactly_core::Lifetime::FromFirstWrite(ttl));
                self
            }

            /// Starts the time to live anew with every write: sliding.
            #[must_use]
            pub fn with_sliding_ttl(mut self, ttl: std::time::Duration) -> Self {
                self.object.set_lifetime(exactly_core::Lifetime::Sliding(ttl));
                self
            }

            /// Lets it end at `at` with every write: at the end of the term, whenever that is
            /// written to. A write after that is made and answered as always, and nothing of it is
            /// left.
            #[must_use]
            pub fn with_expire_at(mut self, at: std::time::SystemTime) -> Self {
                let end = exactly_core::Timestamp::of(at);
                self.object.set_lifetime(exactly_core::Lifetime::Until(end));
                self
            }

            /// The key.
            ///
            /// # Faults
            /// *Misuse* when the handle was made with names that cannot be part of a key.
            pub fn key(&self) -> Result<&exactly_core::Key, exactly_core::Fault> {
                self.object.key()
            }

            /// Is anything stored?
            pub fn exists(&self) -> $crate::Call<'_, exactly_core::operations::key::Exists> {
                use exactly_core::operations::key::Exists;
                $crate::Call::new(&self.object, Exists {}, |_, outcome| Ok(outcome)).timeless()
            }

            /// Removes what is stored. Answers whether there was anything.
            pub fn delete(&self) -> $crate::Call<'_, exactly_core::operations::key::Delete> {
                use exactly_core::operations::key::Delete;
                $crate::Call::new(&self.object, Delete {}, |_, outcome| Ok(outcome)).timeless()
            }

            /// How long it will still be stored.
            pub fn ttl(&self) -> $crate::Call<'_, exactly_core::operations::key::Ttl> {
                use exactly_core::operations::key::Ttl;
                $crate::Call::new(&self.object, Ttl {}, |_, outcome| Ok(outcome)).timeless()
            }

            /// Sets the time to live, counted from now by the engine's clock. Answers whether there
            /// was anything.
            pub fn expire(
                &self,
                after: std::time::Duration,
            ) -> $crate::Call<'_, exactly_core::operations::key::Expire> {
                use exactly_core::operations::key::Expire;
                let expire = Expire { after };
                $crate::Call::new(&self.object, expire, |_, outcome| Ok(outcome)).timeless()
            }

            /// Lets it end at `at`, by the engine's clock; one that has passed removes it. Answers
            /// whether there was anything.
            pub fn expire_at(
                &self,
                at: std::time::SystemTime,
            ) -> $crate::Call<'_, exactly_core::operations::key::ExpireAt> {
                use exactly_core::operations::key::ExpireAt;
                let expire = ExpireAt { at: exactly_core::Timestamp::of(at) };
                $crate::Call::new(&self.object, expire, |_, outcome| Ok(outcome)).timeless()
            }

            /// Which kind of object is stored, if any: whatever the handle is made for.
            pub fn kind(&self) -> $crate::Call<'_, exactly_core::operations::key::KindOf> {
                use exactly_core::operations::key::KindOf;
                $crate::Call::new(&self.object, KindOf {}, |_, outcome| Ok(outcome)).timeless()
            }

            /// Takes the time to live away. Answers whether there was one.
            pub fn persist(&self) -> $crate::Call<'_, exactly_core::operations::key::Persist> {
                use exactly_core::operations::key::Persist;
                $crate::Call::new(&self.object, Persist {}, |_, outcome| Ok(outcome)).timeless()
            }

            /// Moves what is stored, with its time to live, to another place, unless something is
            /// stored there. The handle stays where it is: see `move_key_to`.
            ///
            /// # Faults
            /// *Misuse* when the place is no key, or a handle of another store.
            pub fn rename_to(
                &self,
                place: &(impl $crate::Target + ?Sized),
            ) -> $crate::Call<'_, exactly_core::operations::key::Rename> {
                self.object.rename(place.key_in(self.object.store()), false)
            }

            /// Moves what is stored, with its time to live, to another place, replacing what is
            /// stored there. The handle stays where it is: see `move_key_over`.
            ///
            /// # Faults
            /// *Misuse* when the place is no key, or a handle of another store.
            pub fn rename_over(
                &self,
                place: &(impl $crate::Target + ?Sized),
            ) -> $crate::Call<'_, exactly_core::operations::key::Rename> {
                self.object.rename(place.key_in(self.object.store()), true)
            }

            /// Moves what is stored, with its time to live, to another place, unless something is
            /// stored there, and goes there with it. A handle whose move was refused, failed or was
            /// not waited for stays where it is; its clones do in any case.
            ///
            /// # Faults
            /// *Misuse* when the place is no key, or a handle of another store.
            pub async fn move_key_to(
                &mut self,
                place: &(impl $crate::Target + ?Sized),
            ) -> Result<$crate::Renamed, exactly_core::Fault> {
                let to = place.key_in(self.object.store());
                self.object.go(to, false).await
            }

            /// As `move_key_to`, replacing what is stored there.
            ///
            /// # Faults
            /// *Misuse* when the place is no key, or a handle of another store.
            pub async fn move_key_over(
                &mut self,
                place: &(impl $crate::Target + ?Sized),
            ) -> Result<$crate::Renamed, exactly_core::Fault> {
                let to = place.key_in(self.object.store());
                self.object.go(to, true).await
            }
        }

        impl $(<$($n: $bound),+>)? AsRef<$crate::Object> for $handle $(<$($n),+>)? {
            fn as_ref(&self) -> &$crate::Object {
                &self.object
            }
        }

        impl $(<$($n: $bound),+>)? $crate::declare::Ttl for $handle $(<$($n),+>)? {
            fn ttl(self, ttl: std::time::Duration) -> Self {
                self.with_ttl(ttl)
            }
        }

        impl $(<$($n: $bound),+>)? $crate::declare::TtlSliding for $handle $(<$($n),+>)? {
            fn ttl_sliding(self, ttl: std::time::Duration) -> Self {
                self.with_sliding_ttl(ttl)
            }
        }

        impl $(<$($n: $bound),+>)? $crate::declare::ExpireAt for $handle $(<$($n),+>)? {
            fn expire_at(self, at: std::time::SystemTime) -> Self {
                self.with_expire_at(at)
            }
        }
    };
}
pub(crate) use common_verbs;
