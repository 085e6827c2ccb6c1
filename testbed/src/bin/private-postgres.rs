//! Starts a private PostgreSQL server for a program that is not a Rust test, and keeps it while its input is open.
//!
//! `private-postgres [--full] [DATABASE ...]` prints one line of JSON with the port and the URL of each database it
//! made, then waits. `cargo xtask` uses it, because xtask depends on none of our crates.

use std::io::{Read as _, Write as _};

use onhand_testbed::{Durability, Postgres};

fn main() -> anyhow::Result<()> {
    let mut durability = Durability::Fast;
    let mut names = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--full" => durability = Durability::Full,
            other if other.starts_with('-') => anyhow::bail!("unknown option {other}"),
            _ => names.push(argument),
        }
    }
    let server = Postgres::start(durability)?;
    let mut urls = Vec::new();
    for name in &names {
        urls.push(format!("{name:?}:{:?}", server.create_database(name)?));
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{{\"port\":{},\"databases\":{{{}}}}}", server.port(), urls.join(","))?;
    out.flush()?;
    // Nobody writes to us; the input ends when whoever started us is done, in whatever way.
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}
