//! Whether a test may mount a file system of its own.

use std::io::Write as _;
use std::process::Command;

/// Only root may mount. Where this user may not, the test that asks is named as not tried, to whoever reads its output and to
/// `cargo xtask test`, which reads no output of a test that passed: it names a file for this in `ONHAND_NOT_TRIED`.
///
/// # Panics
/// When the user cannot be found out, or the list cannot be written: a test that was not tried must not look like one that
/// passed.
#[must_use]
#[expect(clippy::print_stderr, clippy::expect_used, reason = "it speaks for the test that called it")]
pub fn may_mount() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    if id.stdout.trim_ascii() == b"0" {
        return true;
    }
    let name = std::thread::current().name().unwrap_or("a test of disks").to_owned();
    let line = format!("{name}: it needs root, to mount a file system");
    eprintln!("NOT TRIED: {line}");
    if let Some(path) = std::env::var_os("ONHAND_NOT_TRIED") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the list");
        writeln!(file, "{line}").expect("the list");
    }
    false
}
