//! Sym files on disk, shared by all walks: `<cache>/symbols/<debug file>/<debug id>/<sym file>`.
//!
//! Files appear by rename, so a reader sees all of one or none. Each ends with a line `INFO URL <url>` (as in the stock
//! tool's cache): where it was fetched from, and the mark that it is whole. That a file is missing is never written down.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::key::SymKey;
use crate::limits::{CACHE_SWEEP_TO_PERCENT, STALE_TEMPORARY_FILE};

pub struct SymCache {
    files: PathBuf,
    temporary_files: PathBuf,
    max_bytes: u64,
    next_temporary: AtomicU64,
}

/// A sym file that is not in the cache yet; removed from disk unless it is kept.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// False when the disk refuses, for example because it is full.
    pub fn write(&mut self, data: &[u8]) -> bool {
        self.file.write_all(data).is_ok()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already when it was kept.
        let _ = fs::remove_file(&self.path);
    }
}

impl SymCache {
    pub fn new(root: &Path, max_mib: u64) -> SymCache {
        SymCache {
            files: root.join("symbols"),
            temporary_files: root.join("tmp"),
            max_bytes: max_mib << 20,
            next_temporary: AtomicU64::new(0),
        }
    }

    /// Makes the folders; an error here means that nothing can ever be cached.
    pub fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.files)?;
        fs::create_dir_all(&self.temporary_files)
    }

    /// Opens a cached file and marks it as used now.
    pub fn open(&self, key: &SymKey) -> Option<File> {
        let file = File::open(key.file_in(&self.files)).ok()?;
        // On a read-only cache the order of the sweep does not matter.
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// Forgets a file that turned out to be torn.
    pub fn remove(&self, key: &SymKey) {
        let _ = fs::remove_file(key.file_in(&self.files));
    }

    /// A new temporary file; `None` when the disk refuses.
    pub fn temporary(&self) -> Option<Temporary> {
        loop {
            let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
            let path = self.temporary_files.join(format!("{}-{number}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Some(Temporary { path, file }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => return None,
            }
        }
    }

    /// Moves a whole sym file into the cache, then sweeps.
    pub fn keep(&self, key: &SymKey, mut temporary: Temporary, url: &str) {
        if !temporary.write(format!("INFO URL {url}\n").as_bytes()) {
            return;
        }
        let target = key.file_in(&self.files);
        let Some(folder) = target.parent() else { return };
        // Twice, because a sweep may remove the empty folder in between.
        for _ in 0..2 {
            let made = fs::create_dir_all(folder);
            if made.and_then(|()| fs::rename(&temporary.path, &target)).is_ok() {
                break;
            }
        }
        self.sweep();
    }

    /// Removes the least recently used files until the rest is well below the limit, and what killed children left.
    pub fn sweep(&self) {
        let now = SystemTime::now();
        for (path, _, modified) in files_below(&self.temporary_files) {
            if now.duration_since(modified).is_ok_and(|age| age > STALE_TEMPORARY_FILE) {
                let _ = fs::remove_file(path);
            }
        }
        let mut files = files_below(&self.files);
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        if total <= self.max_bytes {
            return;
        }
        files.sort_by_key(|(_, _, modified)| *modified);
        for (path, bytes, _) in files {
            if total <= self.max_bytes / 100 * CACHE_SWEEP_TO_PERCENT {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                total -= bytes;
            }
            // Both succeed only when empty.
            for folder in path.ancestors().skip(1).take(2) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Path, bytes and last use of every regular file; what vanishes meanwhile is left out. Links are not followed.
fn files_below(folder: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) if metadata.is_file() => {
                    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    found.push((entry.path(), metadata.len(), modified));
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    found
}
