//! Looks at the write-ahead log that an earlier process left behind, before SQLite takes it up.
//!
//! SQLite takes every transaction whose frames are whole and silently drops what follows the first frame that is not.
//! After a crash that is right: what follows was never acknowledged. But a log that was damaged later looks the same, so
//! we count what was there and say it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use onhand_store::StoreError;

use crate::fault;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// How old a left-over frame may be, in runs of the log.
const RUNS_MAX: u32 = 1 << 20;

/// What a log held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Whole frames up to and including the last commit: these count.
    pub committed_frames: u64,
    /// Whole frames after the last commit: a transaction that was never finished.
    pub unfinished_frames: u64,
    /// Whether something follows that neither belongs to this run of the log nor is left over from an earlier one: a
    /// frame that is cut off, does not fit its checksum or is no frame at all.
    pub torn: bool,
}

impl Recovery {
    /// Tells the operator.
    pub(crate) fn tell(&self) {
        let Self { committed_frames, unfinished_frames, torn } = *self;
        if torn {
            tracing::warn!(
                committed_frames,
                unfinished_frames,
                "the write-ahead log is torn: whatever follows its last whole commit is dropped"
            );
        } else {
            tracing::info!(committed_frames, unfinished_frames, "taking up the write-ahead log");
        }
    }
}

/// Reads the log of a database that nobody has open. `None` when there is none.
pub(crate) fn inspect(database: &Path) -> Result<Option<Recovery>, StoreError> {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    let path = PathBuf::from(name);
    match File::open(&path) {
        Ok(file) => scan(BufReader::with_capacity(1 << 16, file))
            .map_err(|error| fault::file(&format!("cannot read {}", path.display()), &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault::file(&format!("cannot read {}", path.display()), &error)),
    }
}

fn scan(mut file: impl Read) -> io::Result<Option<Recovery>> {
    let mut header = [0; HEADER];
    let length = fill(&mut file, &mut header)?;
    if length == 0 {
        return Ok(None);
    }
    let mut found = Recovery { committed_frames: 0, unfinished_frames: 0, torn: false };
    // 0x377f0683 says that checksums read words as big-endian, 0x377f0682 as little-endian.
    let big = match word(&header, 0, true) {
        0x377f_0683 => true,
        0x377f_0682 => false,
        _ => {
            found.torn = true;
            return Ok(Some(found));
        }
    };
    let page = word(&header, 8, true) as usize;
    let mut sum = checksum((0, 0), &header[..24], big);
    if length < HEADER
        || !page.is_power_of_two()
        || !(512..=65536).contains(&page)
        || sum != (word(&header, 24, true), word(&header, 28, true))
    {
        found.torn = true;
        return Ok(Some(found));
    }
    let mut frame = vec![0; FRAME_HEADER + page];
    loop {
        let length = fill(&mut file, &mut frame)?;
        if length == frame.len() && is_older(&header, &frame) || length == 0 {
            return Ok(Some(found));
        }
        if length < frame.len() {
            found.torn = true;
            return Ok(Some(found));
        }
        sum = checksum(sum, &frame[..8], big);
        sum = checksum(sum, &frame[FRAME_HEADER..], big);
        if frame[8..16] != header[16..24] || sum != (word(&frame, 16, true), word(&frame, 20, true)) {
            found.torn = true;
            return Ok(Some(found));
        }
        found.unfinished_frames += 1;
        // The frame that commits names the size of the database after it.
        if word(&frame, 4, true) != 0 {
            found.committed_frames += found.unfinished_frames;
            found.unfinished_frames = 0;
        }
    }
}

/// Whether a frame was written before the log was last started over: the first half of its salt then rises by one, and
/// the log overwrites itself from the front.
fn is_older(header: &[u8], frame: &[u8]) -> bool {
    let runs = word(header, 16, true).wrapping_sub(word(frame, 8, true));
    (1..=RUNS_MAX).contains(&runs)
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

fn word(bytes: &[u8], at: usize, big: bool) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
}

/// The checksum of SQLite's log format.
fn checksum(start: (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let (mut first, mut second) = start;
    for pair in bytes.chunks_exact(8) {
        first = first.wrapping_add(word(pair, 0, big)).wrapping_add(second);
        second = second.wrapping_add(word(pair, 4, big)).wrapping_add(first);
    }
    (first, second)
}
