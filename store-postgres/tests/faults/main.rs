//! What goes wrong with a PostgreSQL server, on purpose. Tests are named by the ids of `docs/faults.md`.

mod commit;
mod connections;
mod locks;
mod schema;
mod settings;
mod shop;
mod tls;
