//! The HTTP kit against servers that mean harm.

mod hostile;
mod measured;
mod tls;
