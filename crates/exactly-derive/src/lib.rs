//! `#[derive(Objects)]`: a struct of handles becomes the objects of one thing of yours.
//!
//! Everything there is to know stands at the derive itself, [`Objects`](derive@Objects), and nearly
//! everything in this crate is that documentation. The code below it reads the options one by one
//! (`options`, `duration`), judges what they mean together (`check`) and writes one `impl`
//! (`expand`). Nothing here is needed at run time, and nothing is hidden: the last section of the
//! documentation shows what is written, and you may write it yourself.

mod alone;
mod check;
mod duration;
mod expand;
mod options;
mod rate;
mod words;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// The objects of one thing: derives `exactly::Objects` for a struct of handles.
///
/// A *group* is the objects that belong together: those of course 42, of user ada. Each field of
/// the struct is a handle, its name is the last part of the object's key, and its options stand on
/// it:
///
/// ```
/// use exactly::{Capacity, Counter, Flag, Objects, Store, Taking, Value};
///
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     slots_taken: Counter,
///     #[exactly(start = 30, min = 0)]
///     available_slots: Counter,
///     #[exactly(limit = 30, lease = "30s")]
///     seats: Capacity,
///     motto: Value<String>,
///     #[exactly(ttl = "1h")]
///     closing: Flag,
///     #[exactly(global)]
///     total_enrolled: Counter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// let store = Store::open("memory:").await?;
/// let course = Course::at(&store, 42);
///
/// assert_eq!(course.slots_taken.increment().await?, 1);
/// assert_eq!(course.available_slots.decrement().await?, 29);
/// let Taking::Held(seat) = course.seats.take(1).await? else { panic!("all seats are free") };
/// seat.confirm().await?;
/// course.motto.set("exactly 30").await?;
/// course.closing.mark().await?;
/// course.total_enrolled.increment().await?;
///
/// // Another course has its own objects, but for what is global.
/// let other = Course::at(&store, 43);
/// assert_eq!(other.slots_taken.get().await?, 0);
/// assert_eq!(other.seats.levels().await?.free, 30);
/// assert_eq!(other.total_enrolled.get().await?, 1);
/// # Ok(()) }
/// ```
///
/// `Course::at` does no I/O and asks for no record, only for an id: a number, a text, or any type
/// of yours that implements `exactly::Id`. Making a group costs what making its handles costs, so
/// there is no need to keep one.
///
/// `course.delete_all()` removes every object of the course in one atomic change, each field by
/// construction, wherever it is, and leaves what is global. It is the answer to "the course is
/// gone, its keys stay":
///
/// ```
/// # use exactly::{Counter, Objects, Store, Value};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     slots_taken: Counter,
///     motto: Value<String>,
///     #[exactly(global)]
///     total_enrolled: Counter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course::at(&store, 42);
/// course.slots_taken.increment().await?;
/// course.total_enrolled.increment().await?;
///
/// // There was one: the motto was never written.
/// assert_eq!(course.delete_all().await?, 1);
/// assert_eq!(course.slots_taken.get().await?, 0);
/// assert_eq!(course.total_enrolled.get().await?, 1);
/// # Ok(()) }
/// ```
///
/// # On the struct
///
/// | option | means | without it |
/// | --- | --- | --- |
/// | `name = "course"` | the group's name in keys | has to be there |
/// | `crate = "reexports::exactly"` | where `exactly` is | `::exactly` |
///
/// ## `name`
///
/// The name is yours to choose and never derived from the struct's, so renaming or moving the
/// struct loses no data, and two structs of one name in different modules share nothing by
/// accident. It has 1 to 255 bytes and no NUL; whatever else is in it is escaped.
///
/// Two structs *with* the same `name` are two views of the same objects, where their fields have
/// the same keys. That is at times what is wanted, such as a second service that needs only one of
/// them.
///
/// ## `crate`
///
/// For a crate that re-exports this one, or depends on it under another name. The path is seen from
/// the struct:
///
/// ```
/// mod reexports {
///     pub use exactly;
/// }
///
/// #[derive(reexports::exactly::Objects)]
/// #[exactly(name = "course", crate = "reexports::exactly")]
/// struct Course {
///     slots_taken: reexports::exactly::Counter,
/// }
/// ```
///
/// # On the fields
///
/// | option | on | means | without it |
/// | --- | --- | --- | --- |
/// | `start = 30` | counters | what a missing counter reads as | 0 |
/// | `min = 0` | counters | the least value | no bound |
/// | `max = 30` | counters | the greatest value | no bound |
/// | `limit = 30` | capacities | how many units there are | has to be there |
/// | `limit = 30` | collections, queues | how many elements or jobs fit | no bound |
/// | `lease = "5m"` | what is held | how long it is held by itself | 30 seconds |
/// | `rate = "5 per 1m"` | limiters | how many units are admitted | has to be there |
/// | `default = "none"` | values | what a missing value reads as | `None` |
/// | `ttl = "1h"` | all | how long it is stored, from the first write | for ever |
/// | `ttl_sliding = "1h"` | all | how long it is stored, from the last write | for ever |
/// | `expire_at = end()` | all | the moment at which it ends | for ever |
/// | `global` | all | one object for the whole group | one for each id |
/// | `key = "taken"` | all | the field's name in keys | the field's name |
/// | `alone = "legacy:{id}:seats"` | all | a name outside of the group | in the group |
/// | `store = "archive"` | all | another store that it lives in | the group's |
///
/// Several options stand in one attribute or in several; each is given once.
///
/// ## `start`, `min`, `max`
///
/// A missing counter reads as its start, and reading never writes it. Bounds hold on every path:
///
/// ```
/// # use exactly::{Counter, Objects, Store, Tried};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     #[exactly(start = 1, min = 0)]
///     available_slots: Counter,
///     #[exactly(start = 0.5, min = 0.0, max = 1.0)]
///     share: Counter<f64>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course::at(&store, 42);
/// assert_eq!(course.available_slots.try_decrement().await?, Tried::Stepped(0));
/// assert_eq!(course.available_slots.try_decrement().await?, Tried::OutOfBounds { value: 0 });
/// assert_eq!(course.share.add(0.25).await?, 0.75);
/// # Ok(()) }
/// ```
///
/// The number is of the counter's own type, so `Counter<f64>` starts at `0.5` or `1.0`, not at `1`.
/// Where they are literals, the three are held against each other: `min` above `max`, or a start
/// outside of them, does not compile. Any expression will do, evaluated whenever a group is made;
/// it may say `Self`:
///
/// ```
/// # use exactly::{Counter, Objects, Store};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     #[exactly(start = Self::SLOTS, min = 0, max = Self::SLOTS)]
///     available_slots: Counter,
/// }
///
/// impl Course {
///     const SLOTS: i64 = 30;
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// # assert_eq!(Course::at(&store, 42).available_slots.get().await?, 30);
/// # Ok(()) }
/// ```
///
/// ## `default`
///
/// A missing value reads as its default, which reading never writes: `exists` still says no. It is
/// any expression of the value's type, evaluated anew for each read that needs it, or a text in
/// quotes where a text can become the value:
///
/// ```
/// # use exactly::{Json, Objects, Store, Value};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     #[exactly(default = "exactly 30")]
///     motto: Value<String>,
///     #[exactly(default = Json(vec![101, 102]))]
///     rooms: Value<Json<Vec<u32>>>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course::at(&store, 42);
/// assert_eq!(course.motto.get().await?.as_deref(), Some("exactly 30"));
/// assert_eq!(course.rooms.get().await?, Some(Json(vec![101, 102])));
/// assert!(!course.motto.exists().await?);
/// # Ok(()) }
/// ```
///
/// ## `limit`, `lease`
///
/// A capacity has to say how many units it has: 0 to 2<sup>53</sup> - 1, any expression of type
/// `u64`. It is what the capacity starts with; from then on the engine keeps it and `resize`
/// changes it, so another `limit` in the code changes no capacity that is stored already. A
/// collection may say how many elements fit, one or more; that holds in each write, and is not
/// kept. A lease is at most 30 days:
///
/// ```
/// # use exactly::{Capacity, Objects, Store, Taking};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     #[exactly(limit = 1, lease = "5m")]
///     seats: Capacity,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course::at(&store, 42);
/// let Taking::Held(seat) = course.seats.take(1).await? else { panic!("a seat is free") };
/// assert!(matches!(course.seats.take(1).await?, Taking::Full { free: 0, held: 1 }));
/// # drop(seat);
/// # Ok(()) }
/// ```
///
/// ## `rate`
///
/// A limiter has to say how much it admits: so many units in a while, all of them at once after a
/// rest unless a burst is given, `"100 per 1s, burst 20"`; or any expression of type `Rate`:
///
/// ```
/// # use exactly::{Limiter, Objects, Store};
/// #[derive(Objects)]
/// #[exactly(name = "user")]
/// struct User {
///     #[exactly(rate = "5 per 1m")]
///     logins: Limiter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let ann = User::at(&store, "ann");
/// assert!(ann.logins.check(5).await?.is_allowed());
/// assert!(!ann.logins.check(1).await?.is_allowed());
/// # Ok(()) }
/// ```
///
/// ## `ttl`, `ttl_sliding`, `expire_at`
///
/// The time to live is part of each write, in the same atomic step. `ttl` is fixed from the first
/// write: a counter of tries within an hour starts over after that hour, however often it is
/// stepped. `ttl_sliding` starts anew with every write: what is in use stays. Both last at most 100
/// years. With `expire_at` every write lets it end at one moment: an expression of type
/// `SystemTime`, which is asked for each time the group is made. Locks, limiters and work that is
/// done once end by themselves, and take none of them. A field has one of the three:
///
/// ```
/// # use exactly::{Counter, Flag, Life, Objects, Store};
/// # use std::time::{Duration, SystemTime};
/// const SESSION: Duration = Duration::from_secs(30 * 60);
///
/// fn midnight() -> SystemTime {
///     // ... of the user's calendar.
///     # SystemTime::now() + Duration::from_secs(3600)
/// }
///
/// #[derive(Objects)]
/// #[exactly(name = "user")]
/// struct User {
///     #[exactly(ttl = "1h")]
///     tries: Counter,
///     #[exactly(ttl_sliding = SESSION)]
///     online: Flag,
///     #[exactly(expire_at = midnight())]
///     today: Counter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let user = User::at(&store, "ada");
/// user.tries.increment().await?;
/// user.online.mark().await?;
/// user.today.increment().await?;
/// assert!(matches!(user.online.ttl().await?, Life::Left(left) if left <= SESSION));
/// assert!(matches!(user.today.ttl().await?, Life::Left(_)));
/// # Ok(()) }
/// ```
///
/// ## `global`
///
/// One object for all ids, with a key that no id can have. `delete_all` leaves it.
///
/// ## `key`
///
/// For a field that was renamed while its data stays, or for a name that is no word of Rust's. It
/// is the last part of the key, behind group and id. It has 1 to 255 bytes and no NUL. Two fields
/// of one key would be one object, which does not compile:
///
/// ```
/// # use exactly::{Counter, Objects, Store};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     #[exactly(key = "slots_taken")]
///     taken: Counter,
///     r#type: Counter,
///     #[exactly(global)]
///     total: Counter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course::at(&store, 42);
/// assert_eq!(course.taken.key()?.to_string(), "course:42:slots_taken");
/// assert_eq!(course.r#type.key()?.to_string(), "course:42:type");
/// assert_eq!(course.total.key()?.to_string(), "course::total");
/// # Ok(()) }
/// ```
///
/// ## `alone`
///
/// For data that is there already, under names that somebody else chose. The object stands outside
/// of the group, as one made by `Counter::new` under this name. `{id}` stands for the id, as it is;
/// a brace that belongs to the name is written twice. What is `global` has a name without it:
///
/// ```
/// # use exactly::{Counter, Objects, Store};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     #[exactly(alone = "legacy:{id}:seats")]
///     seats: Counter,
///     #[exactly(alone = "legacy_total", global)]
///     total: Counter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// Course::at(&store, 42).seats.increment().await?;
/// assert_eq!(Counter::<i64>::new(&store, "legacy:42:seats").get().await?, 1);
/// # Ok(()) }
/// ```
///
/// Two ids never have one name. Two fields of the struct could, one with this id and one with that
/// (`"{id}:seats"` with the id `a:b`, and `"a:{id}"` with the id `b:seats`): where that is possible
/// for any two ids, it does not compile. `delete_all` finds the object like any other. In a Cluster
/// of Redis it has a slot of its own, apart from the group's.
///
/// ## `store`
///
/// For a field that lives in another store than its group: a server for what may be lost, one for
/// what may not. In quotes it is the name of a store that was given to
/// `Store::builder().beside("archive", …)`, so that a test can give another one; without quotes, an
/// expression of type `Store` or `&Store`:
///
/// ```
/// # use exactly::{Counter, Objects, Store};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     slots_taken: Counter,
///     #[exactly(store = "archive")]
///     ever_taken: Counter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// let archive = Store::open("memory:").await?;
/// let store = Store::builder().beside("archive", archive).open("memory:").await?;
/// let course = Course::at(&store, 42);
/// course.slots_taken.increment().await?;
/// course.ever_taken.increment().await?;
/// assert_eq!(course.delete_all().await?, 2);
/// # Ok(()) }
/// ```
///
/// A store of that name that was not given is *misuse* at the first call. The other store has its
/// own namespace. One change is in one store: `delete_all` is one atomic change in each of them,
/// one after the other.
///
/// # Durations
///
/// In quotes, as whole numbers with their units, added up: `"30s"`, `"5m"`, `"1h 30m"`, `"250ms"`.
/// The units are `ns`, `us`, `ms`, `s`, `m`, `h` and `d`. They are read when the code is compiled,
/// so a mistake is a compile error and none is left for run time. In place of a text may stand any
/// expression of type `std::time::Duration`; what is wrong with that is *misuse* at the first call.
///
/// # What does not compile
///
/// Whatever can be seen to be wrong, each on your own token, and all of it at once: an option that
/// there is not (with the one that was meant), an option that the object has not, also behind a
/// type alias, a capacity without a limit, a field that is no object, a value out of range, two
/// fields that are or can be one object, an option given twice. The rest of your code is not blamed
/// for a group that was refused.
///
/// ```compile_fail
/// # use exactly::{Counter, Objects};
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Course {
///     #[exactly(strat = 30)]
///     available_slots: Counter,
/// }
/// ```
/// ```text
/// error: there is no option `strat`: did you mean `start`?
///  --> src/course.rs:5:15
///   |
/// 5 |     #[exactly(strat = 30)]
///   |               ^^^^^
/// ```
///
/// A group is a struct with named fields and without parameters: a generic one would have the same
/// keys whatever its parameter is.
///
/// # What it writes
///
/// One `impl`, of which every option is one call. This is a group without the derive:
///
/// ```
/// use exactly::declare::{Declare, Group, Lease, Limit, Member, Start};
/// use exactly::{Capacity, Counter, Objects, Store};
/// # use std::time::Duration;
///
/// struct Course {
///     available_slots: Counter,
///     seats: Capacity,
///     total_enrolled: Counter,
/// }
///
/// impl Objects for Course {
///     const GROUP: &'static str = "course";
///
///     fn declare(group: &Group) -> Self {
///         let available_slots = Counter::declare(group.field("available_slots"));
///         let seats = Capacity::declare(group.field("seats")).limit(30);
///         Self {
///             available_slots: Start::start(available_slots, 30),
///             seats: Lease::lease(seats, Duration::from_secs(30)),
///             total_enrolled: Counter::declare(group.global("total_enrolled")),
///         }
///     }
///
///     fn objects(&self) -> Vec<Member<'_>> {
///         vec![
///             Member::of_id("available_slots", self.available_slots.as_ref()),
///             Member::of_id("seats", self.seats.as_ref()),
///             Member::global("total_enrolled", self.total_enrolled.as_ref()),
///         ]
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course::at(&store, 42);
/// assert_eq!(course.available_slots.decrement().await?, 29);
/// assert_eq!(course.seats.levels().await?.limit, 30);
/// # Ok(()) }
/// ```
///
/// It follows that a handle type of your own can be a field: implement `declare::Declare` for it,
/// and `AsRef<Object>`, and the trait of each option it is to have.
#[proc_macro_derive(Objects, attributes(exactly))]
pub fn objects(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    implementation(&input).into()
}

/// The implementation, or all that is wrong and a stand-in for it.
fn implementation(input: &DeriveInput) -> proc_macro2::TokenStream {
    let errors = match check::group(input) {
        Ok(group) => return expand::objects(&group),
        Err(errors) => words::told(errors),
    };
    let stand_in = check::front_door(input).map(|door| expand::stand_in(&input.ident, &door));
    quote!(#errors #stand_in)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of options, and of what people write when they mistype one.
    fn pieces() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "name",
            "crate",
            "start",
            "min",
            "max",
            "limit",
            "lease",
            "rate",
            "\"100 per 1s\"",
            "ttl",
            "ttl_sliding",
            "expire_at",
            "global",
            "key",
            "alone",
            "store",
            "default",
            "strat",
            "r#start",
            "a::b",
            "::a",
            "=",
            "==",
            ",",
            "-",
            "--",
            "!",
            "(",
            ")",
            "()",
            "[1]",
            "{ 1 }",
            "0",
            "30",
            "-30",
            "0x1e",
            "1e400",
            "30.5",
            "30u8",
            "170141183460469231731687303715884105728",
            "true",
            "'a'",
            "b\"a\"",
            "\"\"",
            "\"course\"",
            "\"a:{id}\"",
            "\"{}\"",
            "\"30s\"",
            "\"0s\"",
            "\"1.5h\"",
            "\"\\0\"",
            "Self::SEATS",
            "|a| a",
            "..",
            "if",
            "type",
            "#[a]",
        ]);
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.join(" "))
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_told_in_code(own in pieces(), field in pieces()) {
            let source = format!("#[exactly({own})] struct A {{ #[exactly({field})] b: C }}");
            // What is not even made of tokens never comes here.
            let Ok(input) = syn::parse_str(&source) else { return Ok(()) };
            let written = implementation(&input);
            prop_assert!(syn::parse2::<syn::File>(written.clone()).is_ok(), "{source}\n{written}");
        }
    }
}
