//! Shops, listings, pushes and edits.
