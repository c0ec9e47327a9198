//! One file per rule; each has a `check` from the tree to its violations.

pub mod glossary;
pub mod layers;
pub mod leftovers;
pub mod lines;
pub mod manifests;
pub mod names;
pub mod rooms;
pub mod self_contained;
pub mod size;
pub mod suite;
