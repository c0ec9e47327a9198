//! Lists: elements in an order, taken and put at both ends.
