//! The elements of a collection, page by page.

use std::fmt;
use std::num::NonZeroU64;

use exactly::core::operations::sorted_set::{self, Extreme, Scored};
use exactly::core::operations::{list, map, set};
use exactly::core::{Batch, Cursor, Operation, PAGE_MAX, Reply, Step};
use exactly::{Bytes, Fault, Key, Kind, Store};
use serde_json::{Value, json};

use crate::stored::short_text;

/// An element of a collection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Element {
    One(Bytes),
    Scored(Bytes, f64),
    Pair(Bytes, Bytes),
}

/// Where a page of elements ends, as it is written behind `--after`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// Of a list: how many elements are before it.
    Index(u64),
    /// Of a set or map: what the engine calls it.
    Cursor(Cursor),
    /// Of a sorted set: the last one before it.
    Scored(Scored),
}

/// Some elements, and where the next begin; nowhere after the last.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Elements {
    pub(crate) found: Vec<Element>,
    pub(crate) next: Option<Place>,
}

/// So many elements behind a place, of sets and maps about so many.
pub(crate) async fn read(
    store: &Store,
    key: &Key,
    kind: Kind,
    after: Option<Place>,
    wanted: u64,
) -> Result<Elements, Fault> {
    let mut elements = Elements { found: Vec::new(), next: after };
    loop {
        let left = wanted.saturating_sub(elements.found.len() as u64).min(PAGE_MAX);
        if left == 0 {
            return Ok(elements);
        }
        let page = page(store, key, kind, elements.next.take(), left).await?;
        elements.found.extend(page.found);
        elements.next = page.next;
        if elements.next.is_none() {
            return Ok(elements);
        }
    }
}

async fn page(
    store: &Store,
    key: &Key,
    kind: Kind,
    after: Option<Place>,
    count: u64,
) -> Result<Elements, Fault> {
    match kind {
        Kind::List => {
            let first = after.map_or(0, |place| place.index());
            let index = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            let (from, to) = (index(first), index(first.saturating_add(count) - 1));
            let found = ask(store, key, list::Range { from, to }).await?;
            let next = first.saturating_add(found.len() as u64);
            let next = (found.len() as u64 == count).then_some(Place::Index(next));
            Ok(Elements { found: found.into_iter().map(Element::One).collect(), next })
        }
        // Members of a set and fields of a map have no order of their own.
        Kind::Set => {
            let after = after.and_then(|place| place.cursor());
            let set::MembersPage { members, next } =
                ask(store, key, set::Page { after, count }).await?;
            let members = members.sorted().into_iter().cloned();
            Ok(Elements {
                found: members.map(Element::One).collect(),
                next: next.map(Place::Cursor),
            })
        }
        Kind::Map => {
            let after = after.and_then(|place| place.cursor());
            let map::PairsPage { pairs, next } =
                ask(store, key, map::Page { after, count }).await?;
            let pairs = pairs.sorted().into_iter().cloned();
            let found = pairs.map(|(field, value)| Element::Pair(field, value)).collect();
            Ok(Elements { found, next: next.map(Place::Cursor) })
        }
        Kind::SortedSet => {
            let after = after.and_then(Place::scored);
            let page = sorted_set::Page { after, from: Extreme::Least, count };
            let found = ask(store, key, page).await?;
            let last = found.last().filter(|_| found.len() as u64 == count);
            let next = last.cloned().map(Place::Scored);
            let found = found.into_iter().map(|one| Element::Scored(one.member, one.score));
            Ok(Elements { found: found.collect(), next })
        }
        Kind::Scalar | Kind::Capacity | Kind::Lock | Kind::Limiter => Ok(Elements::default()),
        Kind::Queue | Kind::Once | Kind::Foreign => Ok(Elements::default()),
    }
}

async fn ask<O: Operation>(store: &Store, key: &Key, operation: O) -> Result<O::Outcome, Fault> {
    let step = Step::new(key.clone(), operation.into_op());
    let Reply::Applied(outcomes) = store.apply(Batch::one(step)).await? else {
        return Err(Fault::broken("a read was refused"));
    };
    let outcome = outcomes.into_iter().next().and_then(O::outcome);
    outcome.ok_or_else(|| Fault::broken("a read was answered as something else"))
}

impl Place {
    /// What stands behind `--after` for a collection of this kind; none where it is no place of
    /// such a one.
    pub(crate) fn parse(kind: Kind, text: &str) -> Option<Self> {
        match kind {
            Kind::List => text.parse().ok().map(Self::Index),
            Kind::Set | Kind::Map => {
                text.parse().ok().and_then(NonZeroU64::new).map(|at| Self::Cursor(Cursor(at)))
            }
            Kind::SortedSet => {
                let (score, member) = text.split_once(':')?;
                let score = score.parse::<f64>().ok().filter(|score| !score.is_nan())?;
                let member = serde_json::from_value(Value::from(member)).ok()?;
                Some(Self::Scored(Scored { member, score }))
            }
            Kind::Scalar | Kind::Capacity | Kind::Lock | Kind::Limiter => None,
            Kind::Queue | Kind::Once | Kind::Foreign => None,
        }
    }

    fn index(&self) -> u64 {
        match self {
            Self::Index(index) => *index,
            Self::Cursor(_) | Self::Scored(_) => 0,
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        match self {
            Self::Cursor(cursor) => Some(*cursor),
            Self::Index(_) | Self::Scored(_) => None,
        }
    }

    fn scored(self) -> Option<Scored> {
        match self {
            Self::Scored(scored) => Some(scored),
            Self::Index(_) | Self::Cursor(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Cursor(Cursor(at)) => write!(f, "{at}"),
            // The text form of bytes, which tells those that are no text.
            Self::Scored(Scored { member, score }) => {
                let member = json!(member);
                write!(f, "{score}:{}", member.as_str().unwrap_or_default())
            }
        }
    }
}

impl Element {
    /// On one line.
    pub(crate) fn line(&self, most: usize) -> String {
        match self {
            Self::One(element) => short_text(element, most),
            Self::Scored(member, score) => format!("{}  {score}", short_text(member, most)),
            Self::Pair(field, value) => {
                format!("{}  {}", short_text(field, most), short_text(value, most))
            }
        }
    }

    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::One(element) => json!(element),
            Self::Scored(member, score) => json!([member, score]),
            Self::Pair(field, value) => json!([field, value]),
        }
    }
}

#[cfg(test)]
mod tests {
    use exactly::{List, Map, Set, SortedSet};

    use super::*;

    #[tokio::test]
    async fn every_element_is_on_a_page() -> Result<(), Fault> {
        let store = Store::open("memory:").await?;
        let (list, set) = (List::<i64>::new(&store, "list"), Set::<i64>::new(&store, "set"));
        let (board, map) =
            (SortedSet::<i64>::new(&store, "board"), Map::<i64, i64>::new(&store, "map"));
        for number in 0..100 {
            list.push_back(number).await?;
            set.add(number).await?;
            board.insert(number, 0.5).await?;
            map.set(number, number).await?;
        }
        let keys = [list.key()?, set.key()?, board.key()?, map.key()?];
        let kinds = [Kind::List, Kind::Set, Kind::SortedSet, Kind::Map];
        for (key, kind) in keys.into_iter().zip(kinds) {
            let whole = read(&store, key, kind, None, u64::MAX).await?;
            assert_eq!((whole.found.len(), whole.next), (100, None), "{kind:?}");
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = read(&store, key, kind, after, 7).await?;
                found.extend(page.found);
                let Some(next) = page.next else { break };
                after = Place::parse(kind, &next.to_string());
                assert_eq!(after.as_ref(), Some(&next), "{kind:?}");
            }
            let sorted = |elements: &[Element]| {
                let mut lines: Vec<_> = elements.iter().map(|one| one.line(20)).collect();
                lines.sort();
                lines
            };
            assert_eq!(sorted(&found), sorted(&whole.found), "{kind:?}");
        }
        Ok(())
    }

    #[test]
    fn elements_are_lines() {
        let elements = [
            Element::One("Ada".into()),
            Element::Scored("Bob".into(), 1.5),
            Element::Pair("room".into(), "7".into()),
        ];
        let lines = elements.each_ref().map(|element| element.line(20));
        assert_eq!(lines, ["\"Ada\"", "\"Bob\"  1.5", "\"room\"  7"]);
        let told: Vec<_> = elements.iter().map(Element::json).collect();
        assert_eq!(json!(told), json!(["Ada", ["Bob", 1.5], ["room", "7"]]));
    }

    #[test]
    fn places_are_words() {
        let bytes = Scored { member: Bytes::from(vec![0xff]), score: -0.5 };
        for (kind, place, text) in [
            (Kind::List, Place::Index(20), "20"),
            (Kind::Set, Place::Cursor(Cursor(NonZeroU64::MAX)), "18446744073709551615"),
            (Kind::SortedSet, Place::Scored(bytes), "-0.5:hex:ff"),
            (Kind::SortedSet, Place::parse(Kind::SortedSet, "inf:a:b").unwrap(), "inf:a:b"),
        ] {
            assert_eq!(place.to_string(), text);
            assert_eq!(Place::parse(kind, text), Some(place));
        }
        for (kind, odd) in [
            (Kind::List, "-1"),
            (Kind::Map, "0"),
            (Kind::SortedSet, "Bob"),
            (Kind::SortedSet, "NaN:Bob"),
            (Kind::Scalar, "1"),
        ] {
            assert_eq!(Place::parse(kind, odd), None, "{odd}");
        }
    }
}
