//! Maps: fields, each with a value.
//!
//! A value is a text, as everywhere: digits can be added to, in the field where they stand.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{Operation, Refusable, operations};
use crate::bytes::Bytes;
use crate::element::{Cursor, Few, Members, check_elements, check_pages};
use crate::number::Number;
use crate::state::{Misuse, Slot, State};
use crate::time::Moment;

/// What no field begins with: such names are the library's own.
pub const RESERVED: &str = "::";

// ===== operations =====

operations! {
    /// What can be asked of a map.
    MapOp => MapOutcome;

    /// How many fields there are.
    read Len {} -> u64;

    /// The value of each of these fields.
    read Get {
        /// Which.
        fields: Few<Bytes>,
    } -> Few<Option<Bytes>>;

    /// Whether each of these fields is there.
    read Contains {
        /// Which.
        fields: Few<Bytes>,
    } -> Few<bool>;

    /// All fields with their values, in no order.
    read All {} -> Pairs;

    /// All fields, in no order.
    read Fields {} -> Members;

    /// Some fields with their values, and where to go on: a field that is there from the first page
    /// to the last is on one of them, perhaps on more than one.
    read Page {
        /// Where the last page ended; none for the first.
        after: Option<Cursor>,
        /// About how many.
        count: u64,
    } -> PairsPage;

    /// Sets fields, all of them or none; of a field that is named twice the last value stays.
    /// Answers how many are new.
    write Set {
        /// Which, with their values.
        pairs: Few<(Bytes, Bytes)>,
        /// The most fields the map may have. One that has more already may keep them.
        limit: Option<NonZeroU64>,
    } -> SetFields;

    /// Sets those of the fields that are not there, all of them or none; of a field that is named
    /// twice the first value stays. Answers for each whether it was set.
    write SetIfAbsent {
        /// Which, with their values.
        pairs: Few<(Bytes, Bytes)>,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> Filled;

    /// Sets or removes a field if its value is this one; none stands for a field that is not there.
    write ReplaceIf {
        /// Which.
        field: Bytes,
        /// What must be there now.
        old: Option<Bytes>,
        /// What is to be there.
        to: Option<Bytes>,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> Replaced;

    /// Removes fields. Answers how many there were.
    write Remove {
        /// Which.
        fields: Few<Bytes>,
    } -> u64;

    /// Removes fields and answers the value of each.
    write Take {
        /// Which.
        fields: Few<Bytes>,
    } -> Few<Option<Bytes>>;

    /// Adds to the whole number in a field; a missing one is 0. Answers what it is then.
    write Add {
        /// Which.
        field: Bytes,
        /// How much; negative to subtract.
        by: i64,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> AddedToField<i64>;

    /// Adds to the floating-point number in a field; a missing one is 0. Answers what it is then.
    write AddReal {
        /// Which.
        field: Bytes,
        /// How much; negative to subtract.
        by: f64,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> AddedToField<f64>;

    /// Replaces all fields in one step, keeping the time to live; by none, and nothing is stored.
    /// Of a field that is named twice the last value counts. Answers how many there were.
    write Replace {
        /// The new fields, with their values.
        with: Few<(Bytes, Bytes)>,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> ReplacedAll;
}

impl MapOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Len(_) | Self::All(_) | Self::Fields(_) => Ok(()),
            Self::Page(Page { count, .. }) => check_pages(*count),
            Self::Get(Get { fields })
            | Self::Contains(Contains { fields })
            | Self::Remove(Remove { fields })
            | Self::Take(Take { fields }) => check_fields(fields.iter()),
            Self::Set(Set { pairs, .. })
            | Self::SetIfAbsent(SetIfAbsent { pairs, .. })
            | Self::Replace(Replace { with: pairs, .. }) => {
                check_fields(pairs.iter().map(|(field, _)| field))?;
                check_elements(pairs.iter().map(|(_, value)| value))
            }
            Self::ReplaceIf(ReplaceIf { field, old, to, .. }) => {
                check_fields([field].into_iter())?;
                [old, to]
                    .into_iter()
                    .flatten()
                    .try_for_each(|value| check_elements([value].into_iter()))
            }
            Self::Add(Add { field, .. }) => check_fields([field].into_iter()),
            Self::AddReal(AddReal { field, by, .. }) => {
                by.check().and_then(|()| check_fields([field].into_iter()))
            }
        }
    }
}

fn check_fields<'a>(
    fields: impl ExactSizeIterator<Item = &'a Bytes> + Clone,
) -> Result<(), Misuse> {
    check_elements(fields.clone())?;
    match fields.into_iter().find(|field| field.starts_with(RESERVED.as_bytes())) {
        Some(field) => Err(Misuse::BadSetting(format!(
            "no field begins with `{RESERVED}`, found {field:?}; nothing was changed: give it \
             another name"
        ))),
        None => Ok(()),
    }
}

/// What can be added to a field: `i64` or `f64`.
pub trait Addend: Number {
    /// The operation that adds it.
    type Operation: Operation<Outcome = AddedToField<Self>>;

    /// Adds so much to this field of a map with at most so many.
    fn add(self, field: Bytes, limit: Option<NonZeroU64>) -> Self::Operation;
}

impl Addend for i64 {
    type Operation = Add;

    fn add(self, field: Bytes, limit: Option<NonZeroU64>) -> Add {
        Add { field, by: self, limit }
    }
}

impl Addend for f64 {
    type Operation = AddReal;

    fn add(self, field: Bytes, limit: Option<NonZeroU64>) -> AddReal {
        AddReal { field, by: self, limit }
    }
}

// ===== outcomes =====

/// Fields with their values, in no order: equal when both have the same, equally often.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pairs(pub Vec<(Bytes, Bytes)>);

impl Pairs {
    /// In the order of the fields.
    pub fn sorted(&self) -> Vec<&(Bytes, Bytes)> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_unstable();
        sorted
    }
}

impl PartialEq for Pairs {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.sorted() == other.sorted()
    }
}

impl Refusable for Pairs {}

/// Of [`Page`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairsPage {
    /// The fields with their values.
    pub pairs: Pairs,
    /// Where to go on; none on the last page.
    pub next: Option<Cursor>,
}

impl Refusable for PairsPage {}

/// Of [`Set`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetFields {
    /// All are set.
    Set {
        /// How many of them are new.
        new: u64,
    },
    /// Refused: there is no room for all of them.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

impl Refusable for SetFields {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// Of [`SetIfAbsent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filled {
    /// Those that were not there are set.
    Filled {
        /// For each, whether it was set.
        set: Few<bool>,
    },
    /// Refused: all of them were there, and there were some.
    Present,
    /// Refused: there is no room for those that were not there.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

impl Refusable for Filled {
    fn is_refusal(&self) -> bool {
        !matches!(self, Self::Filled { .. })
    }
}

/// Of [`ReplaceIf`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaced {
    /// What was expected was there; now the new value is.
    Replaced,
    /// Refused: another value, or none, is there.
    Differs {
        /// It.
        found: Option<Bytes>,
    },
    /// Refused: there is no room for one more.
    Full,
}

impl Refusable for Replaced {
    fn is_refusal(&self) -> bool {
        *self != Self::Replaced
    }
}

/// Of [`Add`] and [`AddReal`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum AddedToField<N> {
    /// It is this now.
    Added(N),
    /// Refused: there is no room for one more field.
    Full,
}

impl<N> Refusable for AddedToField<N> {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full)
    }
}

/// Of [`Replace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplacedAll {
    /// The fields are others now.
    Replaced {
        /// How many there were.
        before: u64,
    },
    /// Refused: there are more than the map has room for.
    Full,
}

impl Refusable for ReplacedAll {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full)
    }
}

// ===== state =====

mod state;

pub use state::MapState;

// ===== step =====

/// The meaning of a [`MapOp`].
pub(crate) fn step(slot: &mut Slot, op: &MapOp, at: Moment) -> Result<MapOutcome, Misuse> {
    let stored = slot.map()?;
    Ok(match op {
        MapOp::Len(Len {}) => MapOutcome::Len(stored.map_or(0, |map| map.len())),
        MapOp::Get(Get { fields }) => {
            let get = |field| stored.as_ref().and_then(|map| map.get(field));
            MapOutcome::Get(fields.iter().map(get).collect())
        }
        MapOp::Contains(Contains { fields }) => {
            let there = |field| stored.as_ref().is_some_and(|map| map.contains(field));
            MapOutcome::Contains(fields.iter().map(there).collect())
        }
        MapOp::All(All {}) => {
            MapOutcome::All(stored.map_or_else(Pairs::default, |map| map.pairs()))
        }
        MapOp::Fields(Fields {}) => {
            let fields = stored.iter().flat_map(|map| map.names());
            MapOutcome::Fields(Members(fields.collect()))
        }
        MapOp::Page(Page { after, count }) => {
            let empty = PairsPage { pairs: Pairs::default(), next: None };
            MapOutcome::Page(stored.map_or(empty, |map| map.page(*after, *count)))
        }
        MapOp::Set(Set { pairs, limit }) => {
            MapOutcome::Set(change(slot, at, |map| map.set(pairs, *limit))?)
        }
        MapOp::SetIfAbsent(SetIfAbsent { pairs, limit }) => {
            MapOutcome::SetIfAbsent(change(slot, at, |map| map.set_if_absent(pairs, *limit))?)
        }
        MapOp::ReplaceIf(replace) => {
            MapOutcome::ReplaceIf(change(slot, at, |map| map.replace_if(replace))?)
        }
        MapOp::Remove(Remove { fields }) => {
            let remove =
                |map: &mut MapState| fields.iter().filter_map(|field| map.remove(field)).count();
            MapOutcome::Remove(change(slot, at, remove)? as u64)
        }
        MapOp::Take(Take { fields }) => {
            let take = |map: &mut MapState| fields.iter().map(|field| map.take(field)).collect();
            MapOutcome::Take(change(slot, at, take)?)
        }
        MapOp::Add(Add { field, by, limit }) => {
            MapOutcome::Add(change(slot, at, |map| map.add(field, *by, *limit))??)
        }
        MapOp::AddReal(AddReal { field, by, limit }) => {
            MapOutcome::AddReal(change(slot, at, |map| map.add(field, *by, *limit))??)
        }
        MapOp::Replace(Replace { with, limit }) => {
            MapOutcome::Replace(change(slot, at, |map| map.replace(with, *limit))?)
        }
    })
}

/// Changes the map that is stored, or an empty one: it is stored then only if it is empty no more.
fn change<T>(
    slot: &mut Slot,
    at: Moment,
    change: impl FnOnce(&mut MapState) -> T,
) -> Result<T, Misuse> {
    if let Some(map) = slot.map()? {
        let told = change(map);
        if map.is_empty() {
            slot.take();
        }
        return Ok(told);
    }
    let mut map = MapState::default();
    let told = change(&mut map);
    if !map.is_empty() {
        slot.overwrite(State::Map(Box::new(map)), at);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::batch::{Batch, Lifetime, Step};
    use crate::element::{ELEMENTS_MAX, PAGE_MAX};
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::value::VALUE_BYTES_MAX;
    use crate::operations::{capacity, counter, key};

    const LONG: Duration = Duration::from_secs(3600);

    /// `a b` are two fields.
    fn fields(text: &str) -> Few<Bytes> {
        text.split(' ').filter(|field| !field.is_empty()).map(Bytes::from).collect()
    }

    /// `a=1 =x` are two fields with their values, the second without a name.
    fn pairs(text: &str) -> Few<(Bytes, Bytes)> {
        let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
        pairs.map(|(field, value)| (field.into(), value.into())).collect()
    }

    fn set(text: &str, limit: u64) -> MapOp {
        MapOp::Set(Set { pairs: pairs(text), limit: NonZeroU64::new(limit) })
    }

    fn fill(text: &str, limit: u64) -> MapOp {
        MapOp::SetIfAbsent(SetIfAbsent { pairs: pairs(text), limit: NonZeroU64::new(limit) })
    }

    fn replace(text: &str, limit: u64) -> MapOp {
        MapOp::Replace(Replace { with: pairs(text), limit: NonZeroU64::new(limit) })
    }

    /// From one value to another; `-` for none.
    fn exchange(field: &str, old: &str, to: &str, limit: u64) -> MapOp {
        let [old, to] = [old, to].map(|text| (text != "-").then(|| text.into()));
        let limit = NonZeroU64::new(limit);
        MapOp::ReplaceIf(ReplaceIf { field: field.into(), old, to, limit })
    }

    fn add(field: &str, by: i64, limit: u64) -> MapOp {
        MapOp::Add(by.add(field.into(), NonZeroU64::new(limit)))
    }

    fn add_real(field: &str, by: f64, limit: u64) -> MapOp {
        MapOp::AddReal(by.add(field.into(), NonZeroU64::new(limit)))
    }

    fn remove(text: &str) -> MapOp {
        MapOp::Remove(Remove { fields: fields(text) })
    }

    fn take(text: &str) -> MapOp {
        MapOp::Take(Take { fields: fields(text) })
    }

    fn is_set(new: u64) -> MapOutcome {
        MapOutcome::Set(SetFields::Set { new })
    }

    fn is_full(free: u64) -> MapOutcome {
        MapOutcome::Set(SetFields::Full { free })
    }

    fn is_filled(set: &[bool]) -> MapOutcome {
        MapOutcome::SetIfAbsent(Filled::Filled { set: set.iter().copied().collect() })
    }

    fn is_refused(refused: Filled) -> MapOutcome {
        MapOutcome::SetIfAbsent(refused)
    }

    fn is_exchanged(replaced: Replaced) -> MapOutcome {
        MapOutcome::ReplaceIf(replaced)
    }

    fn differs(found: &str) -> MapOutcome {
        is_exchanged(Replaced::Differs { found: (found != "-").then(|| found.into()) })
    }

    fn is_taken(values: &[Option<&str>]) -> MapOutcome {
        MapOutcome::Take(values.iter().map(|value| value.map(Bytes::from)).collect())
    }

    fn is_added(sum: i64) -> MapOutcome {
        MapOutcome::Add(AddedToField::Added(sum))
    }

    fn is_added_real(sum: f64) -> MapOutcome {
        MapOutcome::AddReal(AddedToField::Added(sum))
    }

    fn is_replaced(before: u64) -> MapOutcome {
        MapOutcome::Replace(ReplacedAll::Replaced { before })
    }

    /// A map with these fields.
    fn map(text: &str) -> (Model, Key) {
        let (mut model, key) = (Model::new(), Key::alone("", "prices").unwrap());
        model.run(&key, Set { pairs: pairs(text), limit: None }).unwrap();
        (model, key)
    }

    fn ask(model: &mut Model, key: &Key, op: MapOp) -> MapOutcome {
        let reply = model.apply(&Batch::one(Step::new(key.clone(), op).optional())).unwrap();
        MapOutcome::try_from(reply.outcome().unwrap()).unwrap()
    }

    #[test]
    fn the_verbs_of_a_map() {
        // What is stored, what is asked, what is answered, what is stored then.
        let table = [
            ("", set("a=1", 0), is_set(1), "a=1"),
            ("", set("a=1 a=2", 1), is_set(1), "a=2"),
            ("", set("", 0), is_set(0), ""),
            ("=x", set("=y", 1), is_set(0), "=y"),
            ("a=1 b=x", set("a=2", 2), is_set(0), "a=2 b=x"),
            ("a=1 b=x", set("a=2", 1), is_set(0), "a=2 b=x"),
            ("a=1 b=x", set("c=3", 1), is_full(0), "a=1 b=x"),
            ("a=1 b=x", set("a=2 c=3", 2), is_full(0), "a=1 b=x"),
            ("a=1 b=x", set("c=2 d=3", 3), is_full(1), "a=1 b=x"),
            ("", fill("a=1 a=2", 1), is_filled(&[true, false]), "a=1"),
            ("", fill("", 0), is_filled(&[]), ""),
            ("a=1", fill("a=9 b=x", 2), is_filled(&[false, true]), "a=1 b=x"),
            ("a=1 b=x", fill("a=9 b=8", 2), is_refused(Filled::Present), "a=1 b=x"),
            ("a=1 b=x", fill("a=9 c=8", 2), is_refused(Filled::Full { free: 0 }), "a=1 b=x"),
            ("a=1", exchange("a", "1", "2", 1), is_exchanged(Replaced::Replaced), "a=2"),
            ("a=1", exchange("a", "2", "3", 1), differs("1"), "a=1"),
            ("a=1", exchange("a", "-", "3", 0), differs("1"), "a=1"),
            ("a=1", exchange("c", "", "3", 0), differs("-"), "a=1"),
            ("a=1", exchange("b", "-", "x", 2), is_exchanged(Replaced::Replaced), "a=1 b=x"),
            ("a=1", exchange("b", "-", "x", 1), is_exchanged(Replaced::Full), "a=1"),
            ("a=1 b=x", exchange("b", "x", "-", 0), is_exchanged(Replaced::Replaced), "a=1"),
            ("a=1", exchange("a", "1", "-", 0), is_exchanged(Replaced::Replaced), ""),
            ("a=1", exchange("c", "-", "-", 1), is_exchanged(Replaced::Replaced), "a=1"),
            ("", remove("a"), MapOutcome::Remove(0), ""),
            ("a=1 b=x", remove("b c b"), MapOutcome::Remove(1), "a=1"),
            ("a=1 b=x", remove("a b"), MapOutcome::Remove(2), ""),
            ("", take(""), is_taken(&[]), ""),
            ("a=1 b=x", take("b c b"), is_taken(&[Some("x"), None, None]), "a=1"),
            ("a=1", take("a"), is_taken(&[Some("1")]), ""),
            ("a=1", add("a", 2, 1), is_added(3), "a=3"),
            ("a=1", add("c", -2, 2), is_added(-2), "a=1 c=-2"),
            ("a=1", add("c", 1, 1), MapOutcome::Add(AddedToField::Full), "a=1"),
            ("a=1", add_real("a", 0.5, 1), is_added_real(1.5), "a=1.5"),
            ("a=1", add_real("c", -0.0, 2), is_added_real(0.0), "a=1 c=0"),
            ("a=1", add_real("c", 0.1, 1), MapOutcome::AddReal(AddedToField::Full), "a=1"),
            ("a=1 b=x", replace("b=y c=3", 2), is_replaced(2), "b=y c=3"),
            ("a=1 b=x", replace("c=1 c=2", 1), is_replaced(2), "c=2"),
            ("a=1", replace("c=1 d=2", 1), MapOutcome::Replace(ReplacedAll::Full), "a=1"),
            ("a=1 b=x", replace("", 1), is_replaced(2), ""),
            ("", replace("", 0), is_replaced(0), ""),
        ];
        for (before, op, told, after) in table {
            let (mut model, key) = map(before);
            let asked = format!("{before} {op:?}");
            assert_eq!(ask(&mut model, &key, op), told, "{asked}");
            let after = Pairs(pairs(after).into_vec());
            assert_eq!(model.run(&key, All {}).unwrap(), after, "{asked}");
            assert_eq!(model.run(&key, Len {}).unwrap(), after.0.len() as u64, "{asked}");
            assert_eq!(model.run(&key, key::Exists {}).unwrap(), !after.0.is_empty(), "{asked}");
        }
    }

    #[test]
    fn reading_tells_what_is_there_in_the_order_asked() {
        let (mut model, key) = map("a=1 b= c=x");
        let asked = fields("b none c b");
        let values = model.run(&key, Get { fields: asked.clone() }).unwrap();
        let expected = [Some(""), None, Some("x"), Some("")].map(|text| text.map(Bytes::from));
        assert_eq!(values.as_slice(), expected);
        let there = model.run(&key, Contains { fields: asked }).unwrap();
        assert_eq!(there.as_slice(), [true, false, true, true]);
        let all = model.run(&key, Fields {}).unwrap();
        assert_eq!(all, Members(fields("c b a").into_vec()));
        let missing = Key::alone("", "missing").unwrap();
        assert_eq!(model.run(&missing, All {}).unwrap(), Pairs::default());
        let page = model.run(&missing, Page { after: None, count: 1 }).unwrap();
        assert_eq!(page, PairsPage { pairs: Pairs::default(), next: None });
        assert!(!model.run(&missing, key::Exists {}).unwrap());
    }

    #[test]
    fn a_field_is_added_to_exactly_or_not_at_all() {
        let (mut model, key) = map("max=9223372036854775807 text=1.5 odd=007");
        let before = model.clone();
        let add = |by: i64, field: &str| by.add(field.into(), None);
        let fault = model.run(&key, add(1, "max")).unwrap_err();
        assert!(fault.is_overflow() && fault.to_string().contains("field \"max\""), "{fault}");
        for field in ["text", "odd"] {
            let fault = model.run(&key, add(1, field)).unwrap_err();
            assert!(fault.is_not_a_number(), "{fault}");
            assert!(fault.to_string().contains(&format!("field \"{field}\"")), "{fault}");
        }
        let sum = model.run(&key, f64::MAX.add("max".into(), None));
        assert_eq!(sum.unwrap(), AddedToField::Added(f64::MAX));
        assert!(model.run(&key, f64::MAX.add("max".into(), None)).unwrap_err().is_overflow());
        let mut model = before;
        assert_eq!(model.run(&key, add(-1, "max")).unwrap(), AddedToField::Added(i64::MAX - 1));
        // What a float left is a whole number again, as far as its digits are.
        model.run(&key, 1e16.add("sum".into(), None)).unwrap();
        let sum = model.run(&key, add(1, "sum")).unwrap();
        assert_eq!(sum, AddedToField::Added(10_000_000_000_000_001));
    }

    #[test]
    fn what_is_added_up_equals_its_digits() {
        let (mut added, key) = map("");
        added.run(&key, 7_i64.add("a".into(), None)).unwrap();
        let (set, _) = map("a=7");
        assert!(added.states().eq(set.states()));
        assert!(!added.states().eq(map("a=8").0.states()));
        assert!(!added.states().eq(map("b=7").0.states()));
        assert!(!added.states().eq(map("a=7 b=7").0.states()));
    }

    #[test]
    fn other_kinds_are_no_maps_and_a_map_is_none_of_them() {
        let (mut model, prices) = map("a=1");
        let [number, seats] = ["number", "seats"].map(|name| Key::alone("", name).unwrap());
        model.run(&number, counter::Add::by(1)).unwrap();
        model.run(&seats, capacity::Resize { to: 1 }).unwrap();
        for other in [&number, &seats] {
            assert!(model.run(other, Len {}).unwrap_err().is_wrong_type());
            let set = Set { pairs: pairs(""), limit: None };
            assert!(model.run(other, set).unwrap_err().is_wrong_type());
        }
        assert!(model.run(&prices, counter::Add::by(1)).unwrap_err().is_wrong_type());
        assert!(model.run(&prices, capacity::Resize { to: 1 }).unwrap_err().is_wrong_type());
    }

    #[test]
    fn a_change_keeps_the_time_to_live_and_an_emptied_map_loses_it() {
        let (mut model, key) = map("a=1");
        model.run(&key, key::Expire { after: LONG }).unwrap();
        let lives = |model: &mut Model, key| {
            matches!(model.run(key, key::Ttl {}).unwrap(), key::Life::Left(_))
        };
        for op in [set("b=2", 0), add("c", 1, 0), remove("a"), replace("d=4", 0)] {
            model.apply(&Batch::one(Step::new(key.clone(), op))).unwrap();
            assert!(lives(&mut model, &key));
        }
        for empties in [remove("d"), take("d"), replace("", 0), exchange("d", "4", "-", 0)] {
            let mut model = model.clone();
            let sliding = Lifetime::Sliding(LONG);
            model.apply(&Batch::one(Step::new(key.clone(), empties).lifetime(sliding))).unwrap();
            assert_eq!(model.run(&key, key::Ttl {}).unwrap(), key::Life::Missing);
            model.apply(&Batch::one(Step::new(key.clone(), set("d=4", 0)))).unwrap();
            assert_eq!(model.run(&key, key::Ttl {}).unwrap(), key::Life::Persistent);
        }
    }

    #[test]
    fn what_no_operation_may_ask_is_misuse_and_changes_nothing() {
        let (mut model, key) = map("a=1");
        let long = || Bytes::from(vec![b'x'; VALUE_BYTES_MAX + 1]);
        let many = |count| (0..count).map(|n: usize| (n.to_string().into(), "".into()));
        let reserved = || fields("a ::limit");
        let pair = |field: Bytes, value| [(field, value)].into_iter().collect();
        let on = |field: &str, old, to| ReplaceIf { field: field.into(), old, to, limit: None };
        let ops = [
            MapOp::Get(Get { fields: reserved() }),
            MapOp::Contains(Contains { fields: reserved() }),
            MapOp::Remove(Remove { fields: reserved() }),
            MapOp::Take(Take { fields: reserved() }),
            MapOp::Take(Take { fields: [long()].into_iter().collect() }),
            set("::=1", 0),
            fill("b=1 ::x=1", 0),
            replace("::x=1", 0),
            MapOp::Set(Set { pairs: many(ELEMENTS_MAX + 1).collect(), limit: None }),
            MapOp::Set(Set { pairs: pair("b".into(), long()), limit: None }),
            MapOp::Set(Set { pairs: pair(long(), "b".into()), limit: None }),
            MapOp::ReplaceIf(on("::x", None, None)),
            MapOp::ReplaceIf(on("b", None, Some(long()))),
            MapOp::ReplaceIf(on("b", Some(long()), None)),
            add("::x", 1, 0),
            add_real("::x", 1.0, 0),
            add_real("b", f64::NAN, 0),
            add_real("b", f64::INFINITY, 0),
            MapOp::Page(Page { after: None, count: 0 }),
            MapOp::Page(Page { after: None, count: PAGE_MAX + 1 }),
        ];
        let before = model.clone();
        for op in ops {
            let fault = model.apply(&Batch::one(Step::new(key.clone(), op))).unwrap_err();
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert!(model.states().eq(before.states()));
        let most = Set { pairs: many(ELEMENTS_MAX).collect(), limit: None };
        model.run(&key, most).unwrap();
        assert!(model.run(&key, Page { after: None, count: PAGE_MAX }).unwrap().next.is_some());
        for field in ["", ":", "a::", ":a:"] {
            model.run(&key, 1_i64.add(field.into(), None)).unwrap();
        }
    }
}
