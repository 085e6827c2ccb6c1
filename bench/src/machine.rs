//! Where it was measured.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::Context as _;

/// Name and value of everything that explains a figure.
pub(crate) fn describe(dir: &Path) -> Vec<(String, String)> {
    let cores = available_parallelism().map_or(0, std::num::NonZero::get);
    let mut rows = vec![
        ("cores".to_owned(), cores.to_string()),
        ("processor".to_owned(), processor()),
        ("memory".to_owned(), first("/proc/meminfo", "MemTotal")),
        ("kernel".to_owned(), read("/proc/sys/kernel/osrelease")),
    ];
    if let Some((device, kind)) = mount_of(dir) {
        rows.push(("file system".to_owned(), format!("{kind} on {device}")));
    }
    rows
}

/// Its name as the kernel has it.
pub(crate) fn processor() -> String {
    first("/proc/cpuinfo", "model name")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn first(path: &str, name: &str) -> String {
    let text = read(path);
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// Device and kind of the file system that a directory is on: figures from a RAM disk say nothing about durability.
fn mount_of(dir: &Path) -> Option<(String, String)> {
    let dir = dir.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mut best: Option<(usize, (String, String))> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (device, at, kind) = (fields.next()?, fields.next()?, fields.next()?);
        let longer = best.as_ref().is_none_or(|(length, _)| at.len() >= *length);
        if longer && dir.starts_with(at) {
            best = Some((at.len(), (device.to_owned(), kind.to_owned())));
        }
    }
    best.map(|(_, found)| found)
}

/// A figure in kB from `/proc/PID/status`, in MB.
pub(crate) fn megabytes(pid: u32, field: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .context("no /proc: memory is measured on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kb: f64 = line
        .and_then(|rest| rest.split_whitespace().next())
        .with_context(|| format!("no {field} in the status of process {pid}"))?
        .parse()?;
    Ok(kb / 1024.0)
}
