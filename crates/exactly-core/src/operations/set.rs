//! Sets: members, each once.

use std::collections::HashSet;
use std::fmt;
use std::iter;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{OtherKeys, Refusable, operations};
use crate::bytes::Bytes;
use crate::element::{
    Cursor, Destination, Few, Members, check_count, check_elements, check_pages, check_sources,
};
use crate::indexed::Indexed;
use crate::key::Key;
use crate::state::{Misuse, Slot, Slots, State};
use crate::time::Moment;

/// The most members a set may have: 2^32 - 1. Larger limits count as this one.
pub const MEMBERS_MAX: u64 = Indexed::LEN_MAX as u64;

// ===== operations =====

operations! {
    /// What can be asked of a set. Two members are one where their bytes are equal.
    SetOp => SetOutcome;

    /// How many members there are.
    read Len {} -> u64;

    /// Whether each of these is a member.
    read Contains {
        /// Which.
        members: Few<Bytes>,
    } -> Few<bool>;

    /// All members, in no order.
    read All {} -> Members;

    /// Some members, and where to go on: whoever is a member from the first page to the last is on
    /// one of them, perhaps on more than one, also when the others are replaced meanwhile. A page
    /// may be empty and not be the last.
    read Page {
        /// Where the last page ended; none for the first.
        after: Option<Cursor>,
        /// About how many.
        count: u64,
    } -> MembersPage;

    /// Some members drawn by lot, none twice; all of them where there are no more.
    read Random {
        /// How many at most.
        count: u64,
    } -> Members;

    /// Adds members, all of them or none.
    write Add {
        /// Which.
        members: Few<Bytes>,
        /// The most members the set may have. Those that are members already need no room, also
        /// where there are more than that.
        limit: Option<NonZeroU64>,
    } -> Added;

    /// Removes members. Answers how many there were.
    write Remove {
        /// Which.
        members: Few<Bytes>,
    } -> u64;

    /// Removes some members drawn by lot, and answers them; all of them where there are no more.
    write Pop {
        /// How many at most.
        count: u64,
    } -> Members;

    /// Moves a member to another set. One that is a member there already needs no room.
    write Move {
        /// Which.
        member: Bytes,
        /// The set it is added to. It may be the same: then nothing but times to live changes.
        to: Box<Destination>,
    } -> Moved;

    /// Replaces all members in one step; by none, and nothing is stored. The time to live stays.
    write Replace {
        /// The new members.
        with: Vec<Bytes>,
        /// The most members the set may have.
        limit: Option<NonZeroU64>,
    } -> Replaced;

    /// The members of this set and others put together. One that is missing has no members.
    read Combine {
        /// How.
        how: Combination,
        /// The other sets, in order.
        with: Vec<Key>,
    } -> Members;

    /// Stores the members of other sets put together, in place of what is stored here, as if
    /// [`Replace`] were given them: of one moment, in one step.
    write StoreCombined {
        /// How.
        how: Combination,
        /// The sets, in order; this one may be among them.
        of: Vec<Key>,
        /// The most members the set may have.
        limit: Option<NonZeroU64>,
    } -> Replaced;
}

impl SetOp {
    /// Whether the outcome is drawn by lot.
    pub(crate) fn is_by_chance(&self) -> bool {
        match self {
            Self::Random(_) | Self::Pop(_) => true,
            Self::Len(_) | Self::Contains(_) | Self::All(_) | Self::Page(_) => false,
            Self::Add(_) | Self::Remove(_) | Self::Move(_) | Self::Replace(_) => false,
            Self::Combine(_) | Self::StoreCombined(_) => false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Len(_) | Self::All(_) => Ok(()),
            Self::Contains(Contains { members })
            | Self::Add(Add { members, .. })
            | Self::Remove(Remove { members }) => check_elements(members.iter()),
            Self::Move(Move { member, .. }) => check_elements(iter::once(member)),
            Self::Replace(Replace { with, .. }) => check_elements(with.iter()),
            Self::Page(Page { count, .. }) => check_pages(*count),
            Self::Random(Random { count }) | Self::Pop(Pop { count }) => check_count(*count),
            Self::Combine(Combine { with, .. }) => check_sources(with.len() + 1),
            Self::StoreCombined(StoreCombined { of, .. }) => check_sources(of.len()),
        }
    }

    /// The place it puts something into beside its own.
    pub(crate) fn destination(&self) -> Option<&Destination> {
        if let Self::Move(Move { to, .. }) = self { Some(to) } else { None }
    }

    pub(crate) fn other_keys(&self) -> OtherKeys<'_> {
        match self {
            Self::Move(Move { to, .. }) => OtherKeys::One(&to.key),
            Self::Combine(Combine { with: keys, .. })
            | Self::StoreCombined(StoreCombined { of: keys, .. }) => OtherKeys::Many(keys.iter()),
            Self::Len(_) | Self::Contains(_) | Self::All(_) | Self::Page(_) => OtherKeys::None,
            Self::Random(_) | Self::Add(_) | Self::Remove(_) | Self::Pop(_) => OtherKeys::None,
            Self::Replace(_) => OtherKeys::None,
        }
    }
}

// ===== outcomes =====

/// How sets are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Combination {
    /// The members of any of them.
    Union,
    /// The members of all of them.
    Intersection,
    /// The members of the first that no other has.
    Difference,
}

/// Of [`Page`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MembersPage {
    /// The members.
    pub members: Members,
    /// Where to go on; none on the last page.
    pub next: Option<Cursor>,
}

impl Refusable for MembersPage {}

/// Of [`Add`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Added {
    /// All are members.
    Added {
        /// How many of them were not before.
        new: u64,
    },
    /// Refused: there is no room for all of them.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

impl Refusable for Added {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// Of [`Move`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moved {
    /// It is a member of the other set, and of this one no more.
    Moved,
    /// Refused: it is no member of this set.
    Missing,
    /// Refused: the other set has no room for it.
    Full,
}

impl Refusable for Moved {
    fn is_refusal(&self) -> bool {
        *self != Self::Moved
    }
}

/// Of [`Replace`] and [`StoreCombined`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaced {
    /// These are the members now.
    Replaced {
        /// How many there are.
        len: u64,
        /// How many there were.
        before: u64,
    },
    /// Refused: there are more than the set has room for.
    Full {
        /// How many there would be.
        found: u64,
    },
}

impl Refusable for Replaced {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

// ===== state =====

/// The state of a set: never empty.
#[derive(Clone, Default, PartialEq)]
pub struct SetState {
    /// In a row, so that lots can be drawn and pages told.
    members: Indexed,
}

impl fmt::Debug for SetState {
    /// Alike for equal sets: the row is in the order in which its members came and went.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SetState").field(&Members(self.members().to_vec())).finish()
    }
}

impl SetState {
    pub(crate) fn members(&self) -> &[Bytes] {
        self.members.as_slice()
    }

    pub(crate) fn contains(&self, member: &Bytes) -> bool {
        self.members.contains(member)
    }

    fn len(&self) -> u64 {
        self.members.len() as u64
    }
}

// ===== step =====

/// The meaning of a [`SetOp`].
pub(crate) fn step(
    slots: &mut impl Slots,
    key: &Key,
    op: &SetOp,
    at: Moment,
) -> Result<SetOutcome, Misuse> {
    let slot = slots.slot(key);
    let stored = slot.set()?;
    Ok(match op {
        SetOp::Len(_) => SetOutcome::Len(stored.map_or(0, |set| set.len())),
        SetOp::Contains(Contains { members }) => SetOutcome::Contains({
            let is_there =
                |member: &Bytes| stored.as_ref().is_some_and(|set| set.members.contains(member));
            members.iter().map(is_there).collect()
        }),
        SetOp::All(_) => {
            SetOutcome::All(Members(stored.map_or(Vec::new(), |set| set.members().to_vec())))
        }
        SetOp::Page(Page { after, count }) => SetOutcome::Page({
            let page = stored.map(|set| set.members.page(*after, *count));
            let (members, next) = page.unwrap_or_default();
            MembersPage { members: Members(members.to_vec()), next }
        }),
        SetOp::Random(Random { count }) => {
            let drawn = stored.map_or(Vec::new(), |set| set.members.draw(*count));
            SetOutcome::Random(Members(drawn))
        }
        SetOp::Add(Add { members, limit }) => SetOutcome::Add(add(slot, members, *limit, at)?),
        SetOp::Remove(Remove { members }) => {
            let removed = |set: &mut SetState| {
                members.iter().filter(|member| set.members.remove(member)).count() as u64
            };
            SetOutcome::Remove(less(slot, removed)?)
        }
        SetOp::Pop(Pop { count }) => {
            SetOutcome::Pop(Members(less(slot, |set| set.members.take_drawn(*count))?))
        }
        SetOp::Move(Move { member, to }) => SetOutcome::Move(move_to(slots, key, member, to, at)?),
        SetOp::Replace(Replace { with, limit }) => {
            SetOutcome::Replace(replace(slot, with.iter().collect(), *limit, at)?)
        }
        SetOp::Combine(Combine { how, with }) => {
            let all: Vec<_> = iter::once(key).chain(with).collect();
            SetOutcome::Combine(Members(combined(slots, &all, *how)?.into_vec()))
        }
        SetOp::StoreCombined(StoreCombined { how, of, limit }) => {
            let all: Vec<_> = of.iter().collect();
            let members = combined(slots, &all, *how)?;
            SetOutcome::StoreCombined(replace(slots.slot(key), members, *limit, at)?)
        }
    })
}

fn most(limit: Option<NonZeroU64>) -> u64 {
    limit.map_or(MEMBERS_MAX, |limit| limit.get().min(MEMBERS_MAX))
}

/// The set of the slot, made where there is none.
fn filled(slot: &mut Slot, at: Moment) -> Result<&mut SetState, Misuse> {
    if slot.is_empty() {
        slot.overwrite(State::Set(Box::default()), at);
    }
    let nothing = || Misuse::wrong_type("a set", "nothing");
    slot.set()?.ok_or_else(nothing)
}

/// What becomes of a set that loses members. With its last one it is gone.
fn less<T: Default>(slot: &mut Slot, change: impl FnOnce(&mut SetState) -> T) -> Result<T, Misuse> {
    let Some(set) = slot.set()? else { return Ok(T::default()) };
    let told = change(set);
    if set.members.is_empty() {
        slot.take();
    }
    Ok(told)
}

fn add(
    slot: &mut Slot,
    members: &[Bytes],
    limit: Option<NonZeroU64>,
    at: Moment,
) -> Result<Added, Misuse> {
    let stored = slot.set()?;
    let free = most(limit).saturating_sub(stored.as_ref().map_or(0, |set| set.len()));
    // Where there is room for all there is no need to know how many are new.
    if free < members.len() as u64 {
        let is_new =
            |member: &&Bytes| stored.as_ref().is_none_or(|set| !set.members.contains(member));
        let new = members.iter().filter(is_new).collect::<HashSet<_>>().len() as u64;
        if new > free {
            return Ok(Added::Full { free });
        }
    }
    if members.is_empty() {
        return Ok(Added::Added { new: 0 });
    }
    let set = filled(slot, at)?;
    let new = members.iter().filter(|member| set.members.insert(member)).count();
    Ok(Added::Added { new: new as u64 })
}

fn move_to(
    slots: &mut impl Slots,
    key: &Key,
    member: &Bytes,
    to: &Destination,
    at: Moment,
) -> Result<Moved, Misuse> {
    let found = slots.slot(key).set()?.is_some_and(|set| set.members.contains(member));
    let target = slots.slot(&to.key).set().map_err(|misuse| misuse.elsewhere(&to.key))?;
    if !found {
        return Ok(Moved::Missing);
    }
    let full = target
        .is_some_and(|target| target.len() >= most(to.limit) && !target.members.contains(member));
    if full {
        return Ok(Moved::Full);
    }
    if *key != to.key {
        less(slots.slot(key), |set| set.members.remove(member))?;
        filled(slots.slot(&to.key), at)?.members.insert(member);
    }
    Ok(Moved::Moved)
}

fn replace(
    slot: &mut Slot,
    members: Indexed,
    limit: Option<NonZeroU64>,
    at: Moment,
) -> Result<Replaced, Misuse> {
    let stored = slot.set()?;
    let (len, before) = (members.len() as u64, stored.as_ref().map_or(0, |set| set.len()));
    if len > most(limit) {
        return Ok(Replaced::Full { found: len });
    }
    if members.is_empty() {
        slot.take();
    } else if let Some(set) = stored {
        set.members.become_these(&members);
    } else {
        slot.overwrite(State::Set(Box::new(SetState { members })), at);
    }
    Ok(Replaced::Replaced { len, before })
}

/// The members of these sets put together. The first wrong one is told, in their order.
fn combined(slots: &mut impl Slots, keys: &[&Key], how: Combination) -> Result<Indexed, Misuse> {
    let mut lens = Vec::with_capacity(keys.len());
    for key in keys {
        let set = slots.slot(key).set().map_err(|misuse| misuse.elsewhere(key))?;
        lens.push(set.map_or(0, |set| set.len()));
    }
    let least = (0..keys.len()).min_by_key(|place| lens[*place]).unwrap_or_default();
    let (start, others) = match how {
        Combination::Union | Combination::Difference => (0, 1..keys.len()),
        // No more than the least of them has can be members of all.
        Combination::Intersection => (least, 0..keys.len()),
    };
    let mut found = match slots.slot(keys[start]).set()? {
        Some(set) => set.members.clone(),
        None => Indexed::default(),
    };
    for key in others.map(|place| keys[place]) {
        let set = slots.slot(key).set()?;
        match (how, set) {
            (Combination::Union | Combination::Difference, None) => {}
            (Combination::Union, Some(set)) => found.extend(set.members()),
            (Combination::Intersection, None) => found = Indexed::default(),
            (Combination::Intersection, Some(set)) => {
                found.retain(|member| set.members.contains(member));
            }
            (Combination::Difference, Some(set)) if set.members.len() < found.len() => {
                for member in set.members() {
                    found.remove(member);
                }
            }
            (Combination::Difference, Some(set)) => {
                found.retain(|member| !set.members.contains(member));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::element::{ELEMENTS_MAX, PAGE_MAX, SOURCES_MAX};
    use crate::meaning::Model;
    use crate::operations::key::{Exists, Expire, Life, Ttl};
    use crate::operations::value;
    use crate::operations::value::VALUE_BYTES_MAX;

    fn key(name: &str) -> Key {
        Key::alone("", name).unwrap()
    }

    /// Each letter is a member.
    fn these<B: FromIterator<Bytes>>(letters: &str) -> B {
        letters.chars().map(|letter| Bytes::from(letter.to_string())).collect()
    }

    fn members(letters: &str) -> Members {
        Members(these(letters))
    }

    fn at_most(limit: u64) -> Option<NonZeroU64> {
        NonZeroU64::new(limit)
    }

    fn add(letters: &str) -> Add {
        Add { members: these(letters), limit: None }
    }

    /// A model with one set of these letters at `key`.
    fn with(letters: &str) -> (Model, Key) {
        let (mut model, key) = (Model::new(), key("letters"));
        model.run(&key, add(letters)).unwrap();
        (model, key)
    }

    #[test]
    fn a_member_is_added_and_removed_once() {
        let (mut model, key) = with("");
        assert!(!model.run(&key, Exists {}).unwrap(), "of nothing no set is made");
        for (op, new) in [("aba", 2), ("b", 0), ("bc", 1), ("", 0)] {
            assert_eq!(model.run(&key, add(op)).unwrap(), Added::Added { new }, "{op}");
        }
        let contains = Contains { members: these("axcc") };
        assert_eq!(model.run(&key, contains).unwrap()[..], [true, false, true, true]);
        for (op, removed, left) in [("", 0, 3), ("ax", 1, 2), ("aa", 0, 2), ("bbc", 2, 0)] {
            assert_eq!(model.run(&key, Remove { members: these(op) }).unwrap(), removed, "{op}");
            assert_eq!(model.run(&key, Len {}).unwrap(), left);
        }
        assert!(!model.run(&key, Exists {}).unwrap(), "with the last member the set is gone");
        assert_eq!(model.run(&key, All {}).unwrap(), members(""));
    }

    #[test]
    fn a_limit_lets_all_in_or_none() {
        // What is stored, the limit, what is added, and what is told.
        let table = [
            ("", 2, "aab", Added::Added { new: 2 }),
            ("", 2, "abc", Added::Full { free: 2 }),
            ("a", 2, "ab", Added::Added { new: 1 }),
            ("a", 2, "abc", Added::Full { free: 1 }),
            ("ab", 2, "ba", Added::Added { new: 0 }),
            ("ab", 2, "c", Added::Full { free: 0 }),
            // The limit fell since: nobody leaves, nobody comes.
            ("abc", 2, "abc", Added::Added { new: 0 }),
            ("abc", 2, "d", Added::Full { free: 0 }),
            ("abc", 2, "", Added::Added { new: 0 }),
            ("abc", u64::MAX, "d", Added::Added { new: 1 }),
        ];
        for (stored, limit, added, told) in table {
            let (mut model, key) = with(stored);
            let before = model.run(&key, All {}).unwrap();
            let add = Add { members: these(added), limit: at_most(limit) };
            assert_eq!(model.run(&key, add).unwrap(), told, "{stored} {limit} {added}");
            if matches!(told, Added::Full { .. } | Added::Added { new: 0 }) {
                assert_eq!(model.run(&key, All {}).unwrap(), before);
            }
        }
    }

    #[test]
    fn lots_are_drawn_from_the_members_and_none_twice() {
        let distinct = |drawn: &Members| drawn.0.iter().collect::<BTreeSet<_>>().len();
        for count in 0..8 {
            let (mut model, key) = with("abcde");
            let expected = count.min(5) as usize;
            let drawn = model.run(&key, Random { count }).unwrap();
            assert_eq!((drawn.0.len(), distinct(&drawn)), (expected, expected));
            let popped = model.run(&key, Pop { count }).unwrap();
            assert_eq!((popped.0.len(), distinct(&popped)), (expected, expected));
            let left = model.run(&key, All {}).unwrap();
            assert_eq!(Members([popped.0, left.0].concat()), members("abcde"));
            assert_eq!(model.run(&key, Exists {}).unwrap(), count < 5);
        }
        assert_eq!(Model::new().run(&key("none"), Pop { count: 1 }).unwrap(), members(""));
    }

    #[test]
    fn every_member_can_be_drawn_and_at_every_place() {
        let (mut model, key) = with("abcde");
        let mut drawn = BTreeSet::new();
        for _ in 0..1_000 {
            let Members(told) = model.run(&key, Random { count: 2 }).unwrap();
            drawn.extend(told);
        }
        assert_eq!(drawn.len(), 5);
    }

    #[test]
    fn a_member_moves_or_nothing_does() {
        let (from, to) = (key("from"), key("to"));
        // Here, there, the limit there, the member, what is told, and where it is then.
        let table = [
            ("ab", "c", 3, "a", Moved::Moved, ("b", "ac")),
            ("a", "", 3, "a", Moved::Moved, ("", "a")),
            ("a", "ab", 2, "a", Moved::Moved, ("", "ab")),
            ("a", "abc", 2, "a", Moved::Moved, ("", "abc")),
            ("a", "bc", 2, "a", Moved::Full, ("a", "bc")),
            ("a", "bc", 2, "d", Moved::Missing, ("a", "bc")),
            ("", "a", 2, "a", Moved::Missing, ("", "a")),
        ];
        for (here, there, limit, member, told, then) in table {
            let mut model = Model::new();
            model.run(&from, add(here)).unwrap();
            model.run(&to, add(there)).unwrap();
            let destination = destination(&to, at_most(limit));
            let moved = Move { member: member.into(), to: destination.into() };
            assert_eq!(model.run(&from, moved).unwrap(), told, "{here} {there} {member}");
            let found = [&from, &to].map(|key| model.run(key, All {}).unwrap());
            assert_eq!(found, [then.0, then.1].map(members));
        }
    }

    fn destination(to: &Key, limit: Option<NonZeroU64>) -> Destination {
        Destination { key: to.clone(), limit, lifetime: crate::Lifetime::Unchanged }
    }

    #[test]
    fn a_move_to_where_it_is_changes_nothing() {
        let (mut model, key) = with("a");
        for (member, told) in [("a", Moved::Moved), ("b", Moved::Missing)] {
            let to = destination(&key, at_most(1));
            let moved = Move { member: member.into(), to: to.into() };
            assert_eq!(model.run(&key, moved).unwrap(), told);
            assert_eq!(model.run(&key, All {}).unwrap(), members("a"));
        }
    }

    #[test]
    fn all_are_replaced_and_the_time_to_live_stays() {
        let table = [
            ("", "", Replaced::Replaced { len: 0, before: 0 }),
            ("", "aab", Replaced::Replaced { len: 2, before: 0 }),
            ("abc", "cde", Replaced::Replaced { len: 3, before: 3 }),
            ("abc", "ccd", Replaced::Replaced { len: 2, before: 3 }),
            ("abc", "", Replaced::Replaced { len: 0, before: 3 }),
            ("abc", "defg", Replaced::Full { found: 4 }),
            ("abcd", "abcd", Replaced::Full { found: 4 }),
        ];
        for (stored, new, told) in table {
            let (mut model, key) = with(stored);
            model.run(&key, Expire { after: Duration::from_secs(60) }).unwrap();
            let replace = Replace { with: these(new), limit: at_most(3) };
            assert_eq!(model.run(&key, replace).unwrap(), told, "{stored} {new}");
            let left = if matches!(told, Replaced::Full { .. }) { stored } else { new };
            let expected: BTreeSet<Bytes> = these(left);
            let found = model.run(&key, All {}).unwrap();
            assert_eq!(found, Members(expected.into_iter().collect()));
            let lives = matches!(model.run(&key, Ttl {}).unwrap(), Life::Left(_));
            assert_eq!(lives, !stored.is_empty() && !left.is_empty(), "{stored} {new}");
        }
    }

    #[test]
    fn sets_are_put_together() {
        use Combination::{Difference, Intersection, Union};
        let table = [
            (Union, vec!["abc"], "abc"),
            (Union, vec!["ab", "bc", ""], "abc"),
            (Union, vec!["", ""], ""),
            (Intersection, vec!["abc"], "abc"),
            (Intersection, vec!["abcd", "bcde", "cb"], "bc"),
            (Intersection, vec!["c", "abc", "abcdef"], "c"),
            (Intersection, vec!["abc", ""], ""),
            (Intersection, vec!["ab", "cd"], ""),
            (Difference, vec!["abc"], "abc"),
            (Difference, vec!["abcdef", "b", "", "cx"], "adef"),
            (Difference, vec!["ab", "bcdef"], "a"),
            (Difference, vec!["", "ab"], ""),
            (Difference, vec!["ab", "ab"], ""),
        ];
        for (how, sets, expected) in table {
            let mut model = Model::new();
            let keys: Vec<_> = (0..sets.len()).map(|place| key(&format!("{place}"))).collect();
            for (key, letters) in keys.iter().zip(&sets) {
                model.run(key, add(letters)).unwrap();
            }
            let combine = Combine { how, with: keys[1..].to_vec() };
            let told = model.run(&keys[0], combine).unwrap();
            assert_eq!(told, members(expected), "{how:?} {sets:?}");
            // Stored elsewhere, and in place of the first of them.
            for into in [&key("elsewhere"), &keys[0]] {
                let mut model = model.clone();
                let before = model.run(into, Len {}).unwrap();
                let len = expected.len() as u64;
                let store = |limit| StoreCombined { how, of: keys.clone(), limit };
                if len > 1 {
                    let full = Replaced::Full { found: len };
                    assert_eq!(model.run(into, store(at_most(len - 1))).unwrap(), full);
                }
                let told = model.run(into, store(at_most(len))).unwrap();
                assert_eq!(told, Replaced::Replaced { len, before }, "{how:?} {sets:?}");
                assert_eq!(model.run(into, All {}).unwrap(), members(expected));
                assert_eq!(model.run(into, Exists {}).unwrap(), len > 0);
            }
        }
    }

    /// Tells all pages, while `meanwhile` happens between any two.
    fn paged(model: &mut Model, key: &Key, count: u64, meanwhile: impl Fn(&mut Model)) -> Members {
        let (mut told, mut after) = (Vec::new(), None);
        loop {
            let page = model.run(key, Page { after, count }).unwrap();
            told.extend(page.members.0);
            after = page.next;
            if after.is_none() {
                return Members(told);
            }
            meanwhile(model);
        }
    }

    #[test]
    fn pages_tell_everybody_once_while_nothing_changes() {
        for count in [1, 2, 3, 5, 6, PAGE_MAX] {
            let (mut model, key) = with("abcdef");
            assert_eq!(paged(&mut model, &key, count, |_| {}), members("abcdef"), "{count}");
        }
        assert_eq!(paged(&mut Model::new(), &key("none"), 1, |_| {}), members(""));
    }

    #[test]
    fn whoever_is_a_member_from_the_first_page_to_the_last_is_told() {
        let key = key("numbers");
        let number = |number: u64| Bytes::from(number.to_string());
        for seed in 0..300 {
            fastrand::seed(seed);
            let (mut model, count) = (Model::new(), fastrand::u64(1..12));
            // Even numbers stay, and odd ones come and go.
            let stay = |most: u64| (0..most).map(|even| number(even * 2));
            let most = fastrand::u64(1..60);
            let odd = || number(fastrand::u64(..60) * 2 + 1);
            let some = || (0..fastrand::u64(..40)).map(|_| odd());
            model.run(&key, Add { members: some().collect(), limit: None }).unwrap();
            model.run(&key, Add { members: stay(most).collect(), limit: None }).unwrap();
            model.run(&key, Add { members: some().collect(), limit: None }).unwrap();
            let told = paged(&mut model, &key, count, |model| match fastrand::u8(..4) {
                0 => drop(model.run(&key, Add { members: some().collect(), limit: None })),
                1 | 2 => drop(model.run(&key, Remove { members: some().collect() })),
                3.. => {
                    let with = some().chain(stay(most)).chain(some()).collect();
                    drop(model.run(&key, Replace { with, limit: None }));
                }
            });
            let told: BTreeSet<_> = told.0.into_iter().collect();
            assert!(stay(most).all(|even| told.contains(&even)), "seed {seed}");
        }
    }

    #[test]
    fn equal_sets_are_alike_whatever_led_to_them() {
        let (mut one, key) = with("abc");
        let (mut two, _) = with("xcab");
        two.run(&key, Remove { members: these("x") }).unwrap();
        let [one, two] = [&mut one, &mut two].map(|model| model.slot(&key).set().unwrap());
        assert_eq!(one, two);
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
    }

    #[test]
    fn another_kind_is_told_by_the_key_where_it_is() {
        let (mut model, set) = with("a");
        let text = key("text");
        model.run(&text, value::Set { to: "x".into() }).unwrap();
        let how = Combination::Union;
        let of = vec![set.clone(), text.clone()];
        let moved = |to| Move { member: "a".into(), to: destination(to, None).into() };
        for fault in [
            model.run(&text, Len {}).unwrap_err(),
            model.run(&text, add("a")).unwrap_err(),
            model.run(&text, Pop { count: 1 }).unwrap_err(),
            model.run(&text, moved(&set)).unwrap_err(),
            model.run(&set, moved(&text)).unwrap_err(),
            model.run(&set, Combine { how, with: vec![text.clone()] }).unwrap_err(),
            model.run(&set, StoreCombined { how, of, limit: None }).unwrap_err(),
            model
                .run(&text, StoreCombined { how, of: vec![set.clone()], limit: None })
                .unwrap_err(),
        ] {
            assert!(fault.is_wrong_type() && fault.to_string().contains("a set"), "{fault}");
            assert_eq!(fault.key(), Some(&text), "{fault}");
        }
        let get = model.run(&set, value::Get {}).unwrap_err();
        assert!(get.to_string().contains("found a set"), "{get}");
        assert_eq!(model.run(&set, All {}).unwrap(), members("a"));
    }

    #[test]
    fn what_is_never_allowed_is_misuse() {
        let (mut model, key) = with("a");
        let long: Few<Bytes> = iter::once(vec![0; VALUE_BYTES_MAX + 1].into()).collect();
        let many: Few<Bytes> = iter::repeat_n("a".into(), ELEMENTS_MAX + 1).collect();
        let keys = |count| iter::repeat_n(key.clone(), count).collect::<Vec<_>>();
        let how = Combination::Union;
        let too_many = ELEMENTS_MAX as u64 + 1;
        for fault in [
            model.run(&key, Add { members: long.clone(), limit: None }).unwrap_err(),
            model.run(&key, Add { members: many.clone(), limit: None }).unwrap_err(),
            model.run(&key, Contains { members: many.clone() }).unwrap_err(),
            model.run(&key, Remove { members: many.clone() }).unwrap_err(),
            model.run(&key, Replace { with: many.to_vec(), limit: None }).unwrap_err(),
            model.run(&key, Page { after: None, count: 0 }).unwrap_err(),
            model.run(&key, Page { after: None, count: PAGE_MAX + 1 }).unwrap_err(),
            model.run(&key, Random { count: too_many }).unwrap_err(),
            model.run(&key, Pop { count: too_many }).unwrap_err(),
            model.run(&key, Combine { how, with: keys(SOURCES_MAX) }).unwrap_err(),
            model.run(&key, StoreCombined { how, of: keys(0), limit: None }).unwrap_err(),
            model
                .run(&key, StoreCombined { how, of: keys(SOURCES_MAX + 1), limit: None })
                .unwrap_err(),
        ] {
            assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        }
        assert_eq!(model.run(&key, All {}).unwrap(), members("a"));
        let most = Combine { how, with: keys(SOURCES_MAX - 1) };
        assert_eq!(model.run(&key, most).unwrap(), members("a"));
    }
}
