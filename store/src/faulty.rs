//! A store that fails when it is told to.
