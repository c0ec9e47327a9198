//! A caller's share in a flight, as a future without a box.

use std::fmt;
use std::task::{Context, Poll};

use super::group::Class;
use super::landing::Seat;
use super::lane::Lane;
use crate::answer::BoxFuture;
use crate::batch::Step;
use crate::fault::Fault;
use crate::operations::Outcome;

/// A caller's share, and the layer that folds it.
pub(crate) struct Folding<'a, T> {
    layer: &'a dyn Fold<T>,
    share: Share<'a, T>,
}

/// What folds calls.
pub(crate) trait Fold<T>: fmt::Debug + Send + Sync {
    /// Goes on with this share.
    fn poll<'a>(&'a self, share: &mut Share<'a, T>, cx: &mut Context<'_>)
    -> Poll<Result<T, Fault>>;

    /// As [`poll`](Fold::poll), for the outcome of the only operation, be it a refusal or not.
    fn poll_outcome<'a>(
        &'a self,
        share: &mut Share<'a, T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Outcome, Fault>>;

    /// The caller goes away before it was answered.
    fn leave(&self, seat: &Seat);
}

/// How far a caller has come.
pub(crate) enum Share<'a, T> {
    /// Not sent. It boards with its first poll, so that its waker goes along.
    Waiting(Option<Step>, Class),
    /// In a flight, with others.
    Seated(Seat),
    /// Sent by itself.
    Alone {
        /// What it sent.
        call: BoxFuture<'a, Result<T, Fault>>,
        /// Ends with the call.
        _direct: Option<Direct<'a>>,
    },
    /// Answered.
    Over,
}

impl<'a, T> Folding<'a, T> {
    #[inline]
    pub(crate) fn new(layer: &'a dyn Fold<T>, step: Step, class: Class) -> Self {
        Self { layer, share: Share::Waiting(Some(step), class) }
    }

    #[inline]
    pub(crate) fn seated(layer: &'a dyn Fold<T>, seat: Seat) -> Self {
        Self { layer, share: Share::Seated(seat) }
    }

    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Fault>> {
        self.layer.poll(&mut self.share, cx)
    }
}

impl<T> Folding<'_, T> {
    #[inline]
    pub(crate) fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Result<Outcome, Fault>> {
        self.layer.poll_outcome(&mut self.share, cx)
    }
}

impl<T> Drop for Folding<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Share::Seated(seat) = &self.share {
            self.layer.leave(seat);
        }
    }
}

/// Tells the lane when a call that its caller sends itself has ended, be it by a panic.
pub(crate) struct Direct<'a>(pub(crate) &'a Lane);

impl Drop for Direct<'_> {
    fn drop(&mut self) {
        self.0.direct_is_done();
    }
}
