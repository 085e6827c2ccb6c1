//! Free ports.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context as _;

/// A port of 127.0.0.1 that was free a moment ago.
///
/// Somebody else may take it before the caller does, so whoever starts a server on it must be ready to try again.
/// A server of ours should listen on port 0 and say where it is instead.
///
/// # Errors
/// When the operating system has no port to give.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
