//! The whole database as text, in a stable order.
