//! Checks every invariant on a live database.
