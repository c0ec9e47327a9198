//! Writes of one element each, in brief: what one script does for all of them at once.
//!
//! Callers who come together at one collection are one batch of many steps. To fold them is a
//! matter of this engine: nothing is put in their place that another engine would have to know, and
//! what each is told comes from the script as if it had stood alone.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use exactly_core::operations::sorted_set::When;
use exactly_core::{Batch, Bytes, Key, Lifetime, Op};

use crate::names::KeyStyle;
use crate::operations::{self, lifetime, part};
use crate::script::Script;
use crate::words::Words;

/// A write in brief.
#[derive(Debug)]
pub(crate) struct Brief<'a> {
    /// What it does, as the script of its kind knows it.
    pub(crate) letter: u8,
    pub(crate) element: &'a Bytes,
    /// What it has beside the element.
    pub(crate) beside: Option<Beside<'a>>,
    /// Those on which it depends; none where it is made on any.
    pub(crate) terms: Option<Terms>,
}

/// What a write has beside its element.
#[derive(Debug)]
pub(crate) enum Beside<'a> {
    Value(&'a Bytes),
    Number(i64),
    Score(f64),
}

/// What many writes have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Terms {
    /// The most elements there may be.
    Limit(Option<NonZeroU64>),
    /// On which condition a score is written.
    When(When),
}

/// The element of a write, if it is the only one.
pub(crate) fn only<T>(elements: &[T]) -> Option<&T> {
    if let [only] = elements { Some(only) } else { None }
}

/// The writes of a batch, in brief.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    pub(crate) keys: Words,
    pub(crate) args: Words,
    /// The size of the largest write, in bytes.
    pub(crate) largest: usize,
}

/// What is written of a batch, step by step.
#[derive(Default)]
struct Writes<'a> {
    letters: Vec<u8>,
    elements: Words,
    /// What some have beside their elements.
    beside: Words,
    terms: Option<Terms>,
    /// The objects they are about, in the order in which they first come.
    objects: Vec<&'a Key>,
    /// Which of those each is about.
    places: Vec<u16>,
    largest: usize,
}

impl Fold {
    /// The batch in brief, and the script that takes it, if all of it are writes of one element
    /// each that have their terms in common.
    pub(crate) fn of(batch: &Batch, style: KeyStyle) -> Option<(Arc<Script>, Self)> {
        let first = batch.steps.first()?;
        let (kind, living) = (part(&first.op), first.lifetime);
        let script = Script::fold(kind)?;
        if matches!(living, Lifetime::Until(_)) {
            return None;
        }
        let mut writes = Writes::default();
        let mut places = HashMap::new();
        for step in &batch.steps {
            if step.lifetime != living || part(&step.op) != kind {
                return None;
            }
            writes.add(&step.op)?;
            writes.at(&step.key, &mut places);
        }
        Some((script, writes.fold(batch.apart, living, style)))
    }
}

impl<'a> Writes<'a> {
    fn add(&mut self, op: &Op) -> Option<()> {
        let before = self.size();
        let Brief { letter, element, beside, terms } = operations::brief(op)?;
        match (self.terms, terms) {
            (Some(known), Some(terms)) if known != terms => return None,
            (None, Some(_)) => self.terms = terms,
            (Some(_) | None, _) => {}
        }
        self.letters.push(letter);
        self.elements.push(&**element);
        match beside {
            None => {}
            Some(Beside::Value(value)) => self.beside.push(&**value),
            Some(Beside::Number(number)) => self.beside.number(number),
            Some(Beside::Score(score)) => self.beside.push(operations::sorted_set::text(score)),
        }
        self.largest = self.largest.max(self.size() - before);
        Some(())
    }

    fn size(&self) -> usize {
        self.elements.size() + self.beside.size()
    }

    fn at(&mut self, key: &'a Key, places: &mut HashMap<&'a Key, u16>) {
        // Most go where the one before went: then nothing is looked up.
        if let (Some(last), Some(place)) = (self.objects.last(), self.places.last())
            && *last == key
            && usize::from(*place) + 1 == self.objects.len()
        {
            return self.places.push(*place);
        }
        let new = self.objects.len() as u16;
        let place = *places.entry(key).or_insert(new);
        if place == new {
            self.objects.push(key);
        }
        self.places.push(place);
    }

    fn fold(self, apart: bool, living: Lifetime, style: KeyStyle) -> Fold {
        let mut fold = Fold { largest: self.largest, ..Fold::default() };
        for key in &self.objects {
            fold.keys.write(|text| style.write(key, text));
        }
        let args = &mut fold.args;
        args.push(if apart { "apart" } else { "whole" });
        match self.terms {
            None => args.push(""),
            Some(Terms::Limit(limit)) => args.most(limit),
            Some(Terms::When(when)) => operations::sorted_set::terms(when, args),
        }
        let (how, time) = lifetime(living);
        args.push(how);
        args.number(time);
        args.push(&self.letters);
        let places = (self.objects.len() > 1).then_some(self.places);
        let places = places.unwrap_or_default();
        args.push(places.iter().flat_map(|place| place.to_be_bytes()).collect::<Vec<_>>());
        args.append(&self.elements);
        args.append(&self.beside);
        fold
    }
}
