//! Lists: elements in an order, taken and put at both ends.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{OtherKeys, Refusable, operations};
use crate::bytes::Bytes;
use crate::element::{Destination, check_elements};
use crate::key::Key;
use crate::state::{Misuse, Slot, Slots, State};
use crate::time::Moment;

// ===== operations =====

operations! {
    /// What can be asked of a list.
    ListOp => ListOutcome;

    /// How many elements there are.
    read Len {} -> u64;

    /// The elements from one index to another, both included. Indices count from 0 at the front
    /// and from -1 at the back; what lies outside is left out.
    read Range {
        /// The first index.
        from: i64,
        /// The last index.
        to: i64,
    } -> Vec<Bytes>;

    /// The index of an element that equals this one, counted from the front.
    read Position {
        /// What is looked for.
        element: Bytes,
        /// The end to begin at.
        end: End,
    } -> Option<u64>;

    /// Puts elements at one end, one after the other.
    write Push {
        /// At which end.
        end: End,
        /// What.
        elements: Vec<Bytes>,
        /// The most elements the list may have: what is too much goes at the other end.
        limit: Option<NonZeroU64>,
    } -> Pushed;

    /// Puts elements at one end, one after the other, if there is room for all of them.
    write PushIfRoom {
        /// At which end.
        end: End,
        /// What.
        elements: Vec<Bytes>,
        /// The most elements the list may have.
        limit: NonZeroU64,
    } -> PushedIfRoom;

    /// Takes elements from one end, the outermost first.
    write Pop {
        /// At which end.
        end: End,
        /// How many at most.
        count: u64,
    } -> Vec<Bytes>;

    /// Overwrites the element at an index.
    write SetAt {
        /// Which: from 0 at the front, from -1 at the back.
        index: i64,
        /// The new element.
        to: Bytes,
    } -> SetAtOutcome;

    /// Puts an element beside the first one from the front that equals `pivot`.
    write Insert {
        /// On which side of it.
        side: Side,
        /// Beside what.
        pivot: Bytes,
        /// What.
        element: Bytes,
        /// The most elements the list may have. There is no telling which other is meant to go.
        limit: Option<NonZeroU64>,
    } -> Inserted;

    /// Removes elements that equal this one. Answers how many.
    write Remove {
        /// Which.
        element: Bytes,
        /// The end to begin at.
        end: End,
        /// How many at most; all of them where it is not said.
        count: Option<u64>,
    } -> u64;

    /// Keeps the elements from one index to another, both included, and removes the others.
    /// Answers how many were removed.
    write Trim {
        /// The first index.
        from: i64,
        /// The last index.
        to: i64,
    } -> u64;

    /// Moves one element to another list, or to an end of the same one, which keeps its time to
    /// live even if it has no other element.
    write Move {
        /// At which end it is taken.
        from: End,
        /// The list it is put into; what is too much for it goes at its other end.
        to: Box<Destination>,
        /// At which end it is put.
        end: End,
    } -> Moved;

    /// Replaces all elements in one step; by none, and nothing is stored. Answers how many there
    /// were.
    write Replace {
        /// The new elements.
        with: Vec<Bytes>,
        /// The most elements the list may have: what is too much goes at the front.
        limit: Option<NonZeroU64>,
    } -> u64;
}

impl ListOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        let one = std::slice::from_ref;
        match self {
            Self::Push(Push { elements, .. })
            | Self::PushIfRoom(PushIfRoom { elements, .. })
            | Self::Replace(Replace { with: elements, .. }) => check_elements(elements.iter()),
            Self::SetAt(SetAt { to: element, .. }) | Self::Insert(Insert { element, .. }) => {
                check_elements(one(element).iter())
            }
            Self::Len(_) | Self::Range(_) | Self::Position(_) | Self::Pop(_) => Ok(()),
            Self::Remove(_) | Self::Trim(_) | Self::Move(_) => Ok(()),
        }
    }

    /// The place it puts something into beside its own.
    pub(crate) fn destination(&self) -> Option<&Destination> {
        if let Self::Move(Move { to, .. }) = self { Some(to) } else { None }
    }

    pub(crate) fn other_keys(&self) -> OtherKeys<'_> {
        match self {
            Self::Move(Move { to, .. }) => OtherKeys::One(&to.key),
            Self::Len(_) | Self::Range(_) | Self::Position(_) | Self::Push(_) => OtherKeys::None,
            Self::PushIfRoom(_) | Self::Pop(_) | Self::SetAt(_) => OtherKeys::None,
            Self::Insert(_) | Self::Remove(_) | Self::Trim(_) | Self::Replace(_) => OtherKeys::None,
        }
    }
}

// ===== outcomes =====

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum End {
    /// Where index 0 is.
    Front,
    /// Where index -1 is.
    Back,
}

impl End {
    /// The end across from this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Front => Self::Back,
            Self::Back => Self::Front,
        }
    }
}

/// A side of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Nearer to the front.
    Before,
    /// Nearer to the back.
    After,
}

/// Of [`Push`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// How many elements there are now.
    pub len: u64,
    /// How many there were before. With the limit it tells what went at the other end.
    pub before: u64,
}

impl Refusable for Pushed {}

/// Of [`PushIfRoom`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PushedIfRoom {
    /// All are elements.
    Pushed {
        /// How many there are now.
        len: u64,
    },
    /// Refused: there is no room for all of them.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

impl Refusable for PushedIfRoom {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// Of [`SetAt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetAtOutcome {
    /// The element is another now.
    Set,
    /// Refused: there is no element with this index.
    OutOfRange {
        /// How many there are.
        len: u64,
    },
}

impl Refusable for SetAtOutcome {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::OutOfRange { .. })
    }
}

/// Of [`Insert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inserted {
    /// The element is there.
    Inserted {
        /// How many there are now.
        len: u64,
    },
    /// Refused: no element equals the pivot.
    NoPivot,
    /// Refused: there are as many elements as there may be, or more.
    Full {
        /// How many there are.
        len: u64,
    },
}

impl Refusable for Inserted {
    fn is_refusal(&self) -> bool {
        match self {
            Self::Inserted { .. } => false,
            Self::NoPivot | Self::Full { .. } => true,
        }
    }
}

/// Of [`Move`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moved {
    /// It is in the other place.
    Moved {
        /// What was moved.
        element: Bytes,
    },
    /// Refused: there was nothing to move.
    Empty,
}

impl Refusable for Moved {
    fn is_refusal(&self) -> bool {
        *self == Self::Empty
    }
}

// ===== state =====

mod state;
pub use state::ListState;

// ===== step =====

/// The meaning of a [`ListOp`].
pub(crate) fn step(
    slots: &mut impl Slots,
    key: &Key,
    op: &ListOp,
    at: Moment,
) -> Result<ListOutcome, Misuse> {
    if let ListOp::Move(op) = op {
        return relocate(slots, key, op, at).map(ListOutcome::Move);
    }
    let slot = slots.slot(key);
    Ok(match op {
        ListOp::Len(Len {}) => ListOutcome::Len(slot.list()?.map_or(0, |list| list.len())),
        ListOp::Range(Range { from, to }) => {
            let found = slot.list()?.map(|list| {
                let places = list.places(*from, *to);
                list.elements.range(places).cloned().collect()
            });
            ListOutcome::Range(found.unwrap_or_default())
        }
        ListOp::Position(Position { element, end }) => {
            let found = slot.list()?.and_then(|list| list.position(element, *end));
            ListOutcome::Position(found.map(|place| place as u64))
        }
        ListOp::Push(op) => ListOutcome::Push(change(slot, at, |list| push(list, op))?),
        ListOp::PushIfRoom(op) => {
            ListOutcome::PushIfRoom(change(slot, at, |list| push_if_room(list, op))?)
        }
        ListOp::Pop(Pop { end, count }) => {
            ListOutcome::Pop(change(slot, at, |list| list.pop(*end, *count))?)
        }
        ListOp::SetAt(op) => ListOutcome::SetAt(change(slot, at, |list| set_at(list, op))?),
        ListOp::Insert(op) => ListOutcome::Insert(change(slot, at, |list| insert(list, op))?),
        ListOp::Remove(Remove { element, end, count }) => {
            ListOutcome::Remove(change(slot, at, |list| list.remove(element, *end, *count))?)
        }
        ListOp::Trim(Trim { from, to }) => {
            let trim = |list: &mut ListState| list.trim(list.places(*from, *to));
            ListOutcome::Trim(change(slot, at, trim)?)
        }
        ListOp::Move(op) => ListOutcome::Move(relocate(slots, key, op, at)?),
        ListOp::Replace(Replace { with, limit }) => {
            let replace = |list: &mut ListState| {
                let before = list.len();
                list.elements = with.iter().cloned().collect();
                list.cut(End::Front, *limit);
                before
            };
            ListOutcome::Replace(change(slot, at, replace)?)
        }
    })
}

/// Changes the list that is stored, or one that is to be. An empty one is not stored.
fn change<T>(
    slot: &mut Slot,
    at: Moment,
    change: impl FnOnce(&mut ListState) -> T,
) -> Result<T, Misuse> {
    let mut new = None;
    let list = match slot.list()? {
        Some(list) => list,
        None => new.insert(ListState::default()),
    };
    let answer = change(list);
    list.shrink();
    let is_empty = list.elements.is_empty();
    match new {
        Some(list) if !is_empty => slot.overwrite(State::List(Box::new(list)), at),
        None if is_empty => drop(slot.take()),
        Some(_) | None => {}
    }
    Ok(answer)
}

fn push(list: &mut ListState, op: &Push) -> Pushed {
    let before = list.len();
    list.push(op.end, &op.elements);
    list.cut(op.end.other(), op.limit);
    Pushed { len: list.len(), before }
}

fn push_if_room(list: &mut ListState, op: &PushIfRoom) -> PushedIfRoom {
    let free = op.limit.get().saturating_sub(list.len());
    if op.elements.len() as u64 > free {
        return PushedIfRoom::Full { free };
    }
    list.push(op.end, &op.elements);
    PushedIfRoom::Pushed { len: list.len() }
}

fn set_at(list: &mut ListState, SetAt { index, to }: &SetAt) -> SetAtOutcome {
    let place = list.place(*index);
    match place.and_then(|place| list.elements.get_mut(place)) {
        Some(element) => {
            element.clone_from(to);
            SetAtOutcome::Set
        }
        None => SetAtOutcome::OutOfRange { len: list.len() },
    }
}

fn insert(list: &mut ListState, op: &Insert) -> Inserted {
    let Some(pivot) = list.position(&op.pivot, End::Front) else { return Inserted::NoPivot };
    let len = list.len();
    if op.limit.is_some_and(|limit| len >= limit.get()) {
        return Inserted::Full { len };
    }
    let place = match op.side {
        Side::Before => pivot,
        Side::After => pivot + 1,
    };
    list.elements.insert(place, op.element.clone());
    Inserted::Inserted { len: list.len() }
}

fn relocate(slots: &mut impl Slots, key: &Key, op: &Move, at: Moment) -> Result<Moved, Misuse> {
    let Move { from, to, end } = op;
    let found = slots.slot(key).list()?.and_then(|list| list.at_end(*from).cloned());
    let Some(element) = found else { return Ok(Moved::Empty) };
    let put = |list: &mut ListState| {
        list.push(*end, std::slice::from_ref(&element));
        list.cut(end.other(), to.limit);
    };
    if to.key == *key {
        // One change, so that a list of one element is not gone in between.
        change(slots.slot(key), at, |list| {
            list.pop(*from, 1);
            put(list);
        })?;
    } else {
        // The one that may be of another kind comes first: nothing is taken then.
        change(slots.slot(&to.key), at, put).map_err(|misuse| misuse.elsewhere(&to.key))?;
        change(slots.slot(key), at, |list| list.pop(*from, 1))?;
    }
    Ok(Moved::Moved { element })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, Lifetime, Step};
    use crate::element::ELEMENTS_MAX;
    use crate::fault::Fault;
    use crate::meaning::Model;
    use crate::operations::key::{Exists, Expire, Life, Ttl};
    use crate::operations::value::VALUE_BYTES_MAX;
    use crate::operations::{Op, Operation, Outcome, counter, value};
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    fn key(name: &str) -> Key {
        Key::alone("", name).unwrap()
    }

    /// One element for each letter.
    fn each(letters: &str) -> Vec<Bytes> {
        letters.chars().map(|letter| Bytes::from(letter.to_string())).collect()
    }

    fn limit(most: u64) -> Option<NonZeroU64> {
        NonZeroU64::new(most)
    }

    fn all(model: &mut Model, key: &Key) -> Vec<Bytes> {
        model.run(key, Range { from: 0, to: -1 }).unwrap()
    }

    fn holding(letters: &str) -> (Model, Key) {
        let (mut model, key) = (Model::new(), key("list"));
        model.run(&key, push(End::Back, letters, 0)).unwrap();
        (model, key)
    }

    fn push(end: End, letters: &str, most: u64) -> Push {
        Push { end, elements: each(letters), limit: limit(most) }
    }

    fn push_if_room(end: End, letters: &str, most: u64) -> PushIfRoom {
        PushIfRoom { end, elements: each(letters), limit: limit(most).unwrap() }
    }

    fn insert(side: Side, pivot: &str, most: u64) -> Insert {
        Insert { side, pivot: pivot.into(), element: "x".into(), limit: limit(most) }
    }

    fn remove(end: End, count: Option<u64>) -> Remove {
        Remove { element: "a".into(), end, count }
    }

    fn move_to(from: End, to: &Key, end: End, most: u64) -> Move {
        let to = Destination { key: to.clone(), limit: limit(most), lifetime: Lifetime::Unchanged };
        Move { from, to: Box::new(to), end }
    }

    #[test]
    fn what_is_read() {
        use End::{Back, Front};
        let range = |from, to| Range { from, to }.into_op();
        let position = |element: &str, end| Position { element: element.into(), end }.into_op();
        let elements = |letters| ListOutcome::Range(each(letters));
        for (before, op, told) in [
            ("", Len {}.into_op(), ListOutcome::Len(0)),
            ("abc", Len {}.into_op(), ListOutcome::Len(3)),
            ("", range(0, -1), elements("")),
            ("abc", range(0, -1), elements("abc")),
            ("abc", range(1, 1), elements("b")),
            ("abc", range(-2, -1), elements("bc")),
            ("abc", range(-9, 1), elements("ab")),
            ("abc", range(1, 9), elements("bc")),
            ("abc", range(3, 9), elements("")),
            ("abc", range(2, 1), elements("")),
            ("abc", range(0, -4), elements("")),
            ("abc", range(-9, -4), elements("")),
            ("abc", range(-1, 0), elements("")),
            ("abc", range(i64::MIN, i64::MAX), elements("abc")),
            ("abc", range(i64::MAX, i64::MIN), elements("")),
            ("", position("a", Front), ListOutcome::Position(None)),
            ("abab", position("b", Front), ListOutcome::Position(Some(1))),
            ("abab", position("b", Back), ListOutcome::Position(Some(3))),
            ("abab", position("c", Front), ListOutcome::Position(None)),
        ] {
            let (mut model, key) = holding(before);
            let reply = model.apply(&Batch::one(Step::new(key.clone(), op.clone()))).unwrap();
            assert_eq!(reply.outcome().unwrap(), Outcome::List(told), "{before} {op:?}");
            assert_eq!(all(&mut model, &key), each(before), "{op:?}");
        }
    }

    #[test]
    fn what_is_written() {
        use End::{Back, Front};
        use ListOutcome as Told;
        use Side::{After, Before};
        let pop = |end, count| Pop { end, count }.into_op();
        let set = |index| SetAt { index, to: "x".into() }.into_op();
        let trim = |from, to| Trim { from, to }.into_op();
        let replace = |with, most| Replace { with: each(with), limit: limit(most) }.into_op();
        let pushed = |before, len| Told::Push(Pushed { before, len });
        let fits = |len| Told::PushIfRoom(PushedIfRoom::Pushed { len });
        let full = |free| Told::PushIfRoom(PushedIfRoom::Full { free });
        let popped = |letters| Told::Pop(each(letters));
        let no_index = |len| Told::SetAt(SetAtOutcome::OutOfRange { len });
        let inserted = |len| Told::Insert(Inserted::Inserted { len });
        let table: Vec<(&str, Op, Told, &str)> = vec![
            // One after the other: the last one pushed is the outermost.
            ("", push(Back, "ab", 0).into_op(), pushed(0, 2), "ab"),
            ("xy", push(Back, "ab", 0).into_op(), pushed(2, 4), "xyab"),
            ("xy", push(Front, "ab", 0).into_op(), pushed(2, 4), "baxy"),
            ("xy", push(Back, "", 0).into_op(), pushed(2, 2), "xy"),
            ("", push(Back, "", 0).into_op(), pushed(0, 0), ""),
            // What is too much goes at the other end, be it of those pushed.
            ("xyz", push(Back, "ab", 4).into_op(), pushed(3, 4), "yzab"),
            ("xyz", push(Front, "ab", 4).into_op(), pushed(3, 4), "baxy"),
            ("x", push(Back, "abc", 2).into_op(), pushed(1, 2), "bc"),
            ("x", push(Front, "abc", 2).into_op(), pushed(1, 2), "cb"),
            ("", push(Back, "abc", 2).into_op(), pushed(0, 2), "bc"),
            ("uvxyz", push(Back, "a", 3).into_op(), pushed(5, 3), "yza"),
            // Or nothing is pushed.
            ("xy", push_if_room(Back, "ab", 4).into_op(), fits(4), "xyab"),
            ("xy", push_if_room(Front, "ab", 4).into_op(), fits(4), "baxy"),
            ("xy", push_if_room(Back, "ab", 3).into_op(), full(1), "xy"),
            ("xyz", push_if_room(Back, "a", 2).into_op(), full(0), "xyz"),
            ("", push_if_room(Back, "ab", 1).into_op(), full(1), ""),
            // The outermost first.
            ("abc", pop(Front, 2), popped("ab"), "c"),
            ("abc", pop(Back, 2), popped("cb"), "a"),
            ("abc", pop(Front, 9), popped("abc"), ""),
            ("abc", pop(Back, u64::MAX), popped("cba"), ""),
            ("abc", pop(Front, 0), popped(""), "abc"),
            ("", pop(Front, 1), popped(""), ""),
            ("abc", set(0), Told::SetAt(SetAtOutcome::Set), "xbc"),
            ("abc", set(-1), Told::SetAt(SetAtOutcome::Set), "abx"),
            ("abc", set(-3), Told::SetAt(SetAtOutcome::Set), "xbc"),
            ("abc", set(3), no_index(3), "abc"),
            ("abc", set(-4), no_index(3), "abc"),
            ("abc", set(i64::MIN), no_index(3), "abc"),
            ("", set(0), no_index(0), ""),
            ("aba", insert(Before, "a", 0).into_op(), inserted(4), "xaba"),
            ("aba", insert(After, "a", 0).into_op(), inserted(4), "axba"),
            ("abc", insert(After, "c", 4).into_op(), inserted(4), "abcx"),
            ("abc", insert(After, "z", 0).into_op(), Told::Insert(Inserted::NoPivot), "abc"),
            ("", insert(After, "z", 0).into_op(), Told::Insert(Inserted::NoPivot), ""),
            (
                "abc",
                insert(After, "a", 3).into_op(),
                Told::Insert(Inserted::Full { len: 3 }),
                "abc",
            ),
            ("abc", insert(After, "z", 3).into_op(), Told::Insert(Inserted::NoPivot), "abc"),
            ("abaca", remove(Front, None).into_op(), Told::Remove(3), "bc"),
            ("abaca", remove(Front, Some(2)).into_op(), Told::Remove(2), "bca"),
            ("abaca", remove(Back, Some(2)).into_op(), Told::Remove(2), "abc"),
            ("abaca", remove(Back, Some(9)).into_op(), Told::Remove(3), "bc"),
            ("abaca", remove(Front, Some(0)).into_op(), Told::Remove(0), "abaca"),
            ("aa", remove(Back, None).into_op(), Told::Remove(2), ""),
            ("", remove(Back, None).into_op(), Told::Remove(0), ""),
            ("abcde", trim(1, -2), Told::Trim(2), "bcd"),
            ("abcde", trim(0, -1), Told::Trim(0), "abcde"),
            ("abcde", trim(3, 1), Told::Trim(5), ""),
            ("abcde", trim(9, 12), Told::Trim(5), ""),
            ("", trim(1, 2), Told::Trim(0), ""),
            ("abc", replace("xy", 0), Told::Replace(3), "xy"),
            ("abc", replace("vwxy", 2), Told::Replace(3), "xy"),
            ("abc", replace("", 2), Told::Replace(3), ""),
            ("", replace("xy", 0), Told::Replace(0), "xy"),
        ];
        for (before, op, told, after) in table {
            let (mut model, key) = holding(before);
            let step = Step::new(key.clone(), op.clone()).optional();
            let reply = model.apply(&Batch::one(step)).unwrap();
            assert_eq!(reply.outcome().unwrap(), Outcome::List(told), "{before} {op:?}");
            assert_eq!(all(&mut model, &key), each(after), "{before} {op:?}");
            assert_eq!(model.run(&key, Exists {}).unwrap(), !after.is_empty(), "{op:?}");
        }
    }

    #[test]
    fn what_is_moved_is_in_one_place() {
        use End::{Back, Front};
        let other = key("other");
        // From, which end, to which end, the limit there, what was moved, and both afterwards.
        for (before, there, from, end, most, moved, after, and_there) in [
            ("abc", "xy", Front, Back, 0, "a", "bc", "xya"),
            ("abc", "xy", Back, Front, 0, "c", "ab", "cxy"),
            ("abc", "", Front, Front, 0, "a", "bc", "a"),
            ("a", "xy", Back, Back, 0, "a", "", "xya"),
            ("abc", "xy", Front, Back, 2, "a", "bc", "ya"),
            ("abc", "xy", Front, Front, 2, "a", "bc", "ax"),
            ("", "xy", Front, Front, 1, "", "", "xy"),
        ] {
            let (mut model, key) = holding(before);
            model.run(&other, push(Back, there, 0)).unwrap();
            let told = model.run(&key, move_to(from, &other, end, most)).unwrap();
            let expected = match moved {
                "" => Moved::Empty,
                element => Moved::Moved { element: element.into() },
            };
            assert_eq!(told, expected, "{before} {there}");
            assert_eq!(all(&mut model, &key), each(after), "{before} {there}");
            assert_eq!(all(&mut model, &other), each(and_there), "{before} {there}");
        }
        for (before, from, end, most, after) in [
            ("abc", Front, Back, 0, "bca"),
            ("abc", Back, Front, 0, "cab"),
            ("abc", Front, Front, 0, "abc"),
            ("abc", Front, Back, 2, "ca"),
            ("a", Front, Back, 1, "a"),
        ] {
            let (mut model, key) = holding(before);
            model.run(&key, Expire { after: HOUR }).unwrap();
            model.run(&key, move_to(from, &key, end, most)).unwrap();
            assert_eq!(all(&mut model, &key), each(after), "{before} {most}");
            assert!(matches!(model.run(&key, Ttl {}).unwrap(), Life::Left(_)), "{before}");
        }
    }

    #[test]
    fn each_list_of_a_move_has_its_own_lifetime() {
        let (mut model, from) = holding("ab");
        let to = key("to");
        let mut operation = move_to(End::Front, &to, End::Back, 0);
        operation.to.lifetime = Lifetime::Sliding(HOUR);
        let life = |model: &mut Model, key| model.run(key, Ttl {}).unwrap();
        for left in [1, 0] {
            model.run(&from, operation.clone()).unwrap();
            assert_eq!(model.run(&from, Len {}).unwrap(), left);
            assert_eq!(life(&mut model, &to), Life::Left(HOUR));
        }
        // What moved nothing has written nothing.
        model.advance(HOUR / 2);
        assert_eq!(model.run(&from, operation).unwrap(), Moved::Empty);
        assert_eq!(life(&mut model, &to), Life::Left(HOUR / 2));
    }

    #[test]
    fn an_emptied_list_is_gone_with_its_time_to_live_and_a_replaced_one_keeps_it() {
        let (mut model, key) = holding("ab");
        model.run(&key, Expire { after: HOUR }).unwrap();
        model.run(&key, Replace { with: each("x"), limit: None }).unwrap();
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Left(HOUR));
        model.run(&key, Pop { end: End::Back, count: 1 }).unwrap();
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Missing);
        model.run(&key, push(End::Back, "a", 0)).unwrap();
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Persistent);
    }

    #[test]
    fn what_is_no_list_is_left_alone() {
        let (mut model, list) = holding("ab");
        let motto = key("motto");
        model.run(&motto, value::Set { to: "x".into() }).unwrap();
        let at_motto = [
            Len {}.into_op(),
            Range { from: 0, to: -1 }.into_op(),
            push(End::Back, "", 0).into_op(),
            push_if_room(End::Back, "a", 9).into_op(),
            Pop { end: End::Back, count: 0 }.into_op(),
            SetAt { index: 0, to: "x".into() }.into_op(),
            insert(Side::After, "a", 0).into_op(),
            remove(End::Back, None).into_op(),
            Trim { from: 0, to: -1 }.into_op(),
            move_to(End::Front, &list, End::Front, 0).into_op(),
            Replace { with: Vec::new(), limit: None }.into_op(),
        ];
        for op in at_motto {
            let fault = model.apply(&Batch::one(Step::new(motto.clone(), op))).unwrap_err();
            assert!(fault.is_wrong_type(), "{fault}");
        }
        let fault = model.run(&list, move_to(End::Front, &motto, End::Front, 0)).unwrap_err();
        assert!(fault.is_wrong_type() && fault.key() == Some(&motto), "{fault}");
        assert!(model.run(&list, counter::Add::by(1)).unwrap_err().is_wrong_type());
        assert_eq!(all(&mut model, &list), each("ab"));
        assert_eq!(model.run(&motto, value::Get {}).unwrap(), Some("x".into()));
    }

    #[test]
    fn too_many_elements_or_too_large_ones_are_misuse() {
        let (mut model, key) = holding("ab");
        let many = vec![Bytes::from("x"); ELEMENTS_MAX + 1];
        let large = Bytes::from(vec![0; VALUE_BYTES_MAX + 1]);
        let mut refused =
            |op: Op| -> Fault { model.apply(&Batch::one(Step::new(key.clone(), op))).unwrap_err() };
        for elements in [many, vec![large.clone()]] {
            let limit = NonZeroU64::MAX;
            for fault in [
                refused(Push { end: End::Back, elements: elements.clone(), limit: None }.into_op()),
                refused(PushIfRoom { end: End::Back, elements: elements.clone(), limit }.into_op()),
                refused(Replace { with: elements, limit: None }.into_op()),
            ] {
                assert!(fault.is_bad_setting(), "{fault}");
            }
        }
        for fault in [
            refused(SetAt { index: 0, to: large.clone() }.into_op()),
            refused(Insert { element: large, ..insert(Side::After, "a", 0) }.into_op()),
        ] {
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert_eq!(all(&mut model, &key), each("ab"));
    }

    #[test]
    fn memory_that_is_not_needed_is_given_back_seldom() {
        let mut list = ListState::default();
        let many = vec![Bytes::from("x"); 10_000];
        list.push(End::Back, &many);
        let mut shrunk = 0;
        for _ in 0..many.len() {
            let before = list.elements.capacity();
            list.pop(End::Front, 1);
            list.shrink();
            shrunk += usize::from(list.elements.capacity() < before);
        }
        assert!(list.elements.capacity() <= ListState::SMALL, "{}", list.elements.capacity());
        assert!((1..=16).contains(&shrunk), "{shrunk}");
    }
}
