//! The real program as its users meet it: a process, files, HTTP, signals, broken disks. Nothing of its inside is used.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects, also in the functions that tests share"
)]

mod backups;
mod crashes;
mod demos;
mod descriptors;
mod disks;
mod faults;
mod fleets;
mod imports;
mod jobs;
mod keys;
mod program;
mod rehearsals;
mod replays;
mod serving;
mod shop;
mod stopping;
