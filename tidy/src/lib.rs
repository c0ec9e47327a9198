//! The house rules of `exactly`, as one test: `cargo test -p tidy`.
//!
//! A rule that only a reviewer remembers is broken by the third busy week, so every rule we care
//! about is a function from the sources to the places that break it. Each one answers with all of
//! its violations at once, and says what to write instead.
//!
//! - [`rules::size`]: a function has at most 60 lines and a file 400, tests and docs not counted.
//! - [`rules::names`]: no file, folder or module has a name that says nothing about its content.
//! - [`rules::glossary`]: one word per thing, in the names we declare and in the docs.
//! - [`rules::leftovers`]: no unfinished work, no ignored test, no lint silenced without a reason.
//! - [`rules::layers`]: dependencies follow the floor plan, and core names no engine.
//! - [`rules::rooms`]: every object kind has the same file in every layer, in the same order.
//! - [`rules::suite`]: every conformance case is in the list that engines run.
//! - [`rules::lines`]: 100 columns, no tabs, no trailing space, one newline at the end.
//! - [`rules::self_contained`]: no file knows somebody's machine or a package registry.
//! - [`rules::manifests`]: every crate describes itself; licence and lints are the workspace's.
//!
//! Rules look at text and syntax only and never at a build, so they hold on a tree that does not
//! compile yet. A rule about a folder that does not exist yet is quiet.

mod code;
mod exceptions;
mod manifest;
pub mod rules;
mod source;
mod tree;
mod violation;
mod words;

pub use exceptions::{Exception, SIZE_EXCEPTIONS};
pub use source::Source;
pub use tree::Tree;
pub use violation::{Violation, report};
