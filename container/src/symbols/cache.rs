//! Partial symbol files on disk, shared by all walks: `<cache>/symbols/<debug file>/<debug id>/<etag>/`.
//!
//! The folder of an etag has the texts, each named by its content; `index`, which has a line `<start> <end> <text> <bytes>` for each range that a text answers
//! (hex); and `checked`, whose time says when the server last said that the symbols are these. Texts appear by rename and lines by one append, so a
//! reader sees all of one or none; a text of another length is torn (power loss) and counts as absent. That a file is missing is never written down.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use super::answer::{FoundPart, range};
use super::key::SymKey;
use super::ranges::Ranges;
use crate::limits::{
    CACHE_SWEEP_TO_PERCENT, MAX_CACHE_INDEX_BYTES, MAX_ETAG_BYTES, MIN_KEPT_RANGES_BYTES, STALE_TEMPORARY_FILE,
    SYMBOLS_FRESH,
};

pub struct PartialCache {
    modules: PathBuf,
    temporary_files: PathBuf,
    max_bytes: u64,
    next_temporary: AtomicU64,
    written: AtomicBool,
}

/// A text on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptText {
    name: String,
    bytes: u64,
}

/// What the cache has of one module.
#[derive(Debug)]
pub struct KeptModule {
    pub etag: String,
    /// The server said so a short while ago: it need not be asked again.
    pub is_fresh: bool,
    pub texts: Ranges<KeptText>,
}

impl PartialCache {
    pub fn new(root: &Path, max_mib: u64) -> PartialCache {
        PartialCache {
            modules: root.join("symbols"),
            temporary_files: root.join("tmp"),
            max_bytes: max_mib << 20,
            next_temporary: AtomicU64::new(0),
            written: AtomicBool::new(false),
        }
    }

    /// Makes the folders; an error here means that nothing can ever be cached.
    pub fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.modules)?;
        fs::create_dir_all(&self.temporary_files)
    }

    /// What is kept of a module, of the etag that was checked last, and marks it as used now.
    pub fn open(&self, key: &SymKey) -> Option<KeptModule> {
        let folders = fs::read_dir(key.folder_in(&self.modules)).ok()?.flatten();
        let with_times = folders.map(|folder| {
            let checked = fs::metadata(folder.path().join("checked")).and_then(|file| file.modified());
            (checked.unwrap_or(SystemTime::UNIX_EPOCH), folder)
        });
        let (checked, folder) = with_times.max_by_key(|(checked, _)| *checked)?;
        let etag = folder.file_name().into_string().ok()?;
        let index = folder.path().join("index");
        if fs::metadata(&index).ok()?.len() > MAX_CACHE_INDEX_BYTES {
            self.forget(key);
            return None;
        }
        let mut texts = Ranges::default();
        for line in fs::read_to_string(&index).ok()?.lines() {
            // The last line of a disk that was full may be half.
            if let Some((start, end, text)) = index_line(line) {
                texts.insert(start, end, &text);
            }
        }
        used_now(&index);
        let age = SystemTime::now().duration_since(checked).unwrap_or_default();
        Some(KeptModule { etag, is_fresh: age < SYMBOLS_FRESH, texts })
    }

    /// `None` when it is gone or torn.
    pub fn read(&self, key: &SymKey, etag: &str, text: &KeptText) -> Option<Vec<u8>> {
        let file = self.folder(key, etag)?.join(&text.name);
        let bytes = fs::read(&file).ok()?;
        used_now(&file);
        (bytes.len() as u64 == text.bytes).then_some(bytes)
    }

    /// Keeps a text, and that its module was checked now. A cache that cannot be written costs the next walk a request, nothing more.
    pub fn keep(&self, key: &SymKey, part: &FoundPart) {
        let Some(folder) = self.folder(key, &part.etag) else { return };
        let _ = self.write(&folder, part);
    }

    fn write(&self, folder: &Path, part: &FoundPart) -> io::Result<()> {
        self.written.store(true, Ordering::Relaxed);
        if !part.ranges.is_empty() {
            let name = content_name(&part.sym);
            let temporary = self.temporary(part.sym.as_bytes())?;
            // Twice, because a sweep may remove the empty folder in between.
            fs::create_dir_all(folder)?;
            if fs::rename(&temporary, folder.join(&name)).is_err() {
                fs::create_dir_all(folder)?;
                fs::rename(&temporary, folder.join(&name)).inspect_err(|_| drop(fs::remove_file(&temporary)))?;
            }
            let mut lines = String::with_capacity(part.ranges.len() * MIN_KEPT_RANGES_BYTES);
            for (start, end) in &part.ranges {
                lines.push_str(&format!("{start:x} {end:x} {name} {}\n", part.sym.len()));
            }
            OpenOptions::new().append(true).create(true).open(folder.join("index"))?.write_all(lines.as_bytes())?;
        }
        // Written, not only touched: the file may not be there.
        fs::write(folder.join("checked"), "")
    }

    fn temporary(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let path = self.temporary_files.join(format!("{}-{number}", std::process::id()));
        let written = File::create(&path).and_then(|mut file| file.write_all(bytes));
        written.inspect_err(|_| drop(fs::remove_file(&path)))?;
        Ok(path)
    }

    /// Forgets all that is kept of a module: its symbols are others now, or gone.
    pub fn forget(&self, key: &SymKey) {
        let _ = fs::remove_dir_all(key.folder_in(&self.modules));
    }

    fn folder(&self, key: &SymKey, etag: &str) -> Option<PathBuf> {
        let is_plain = etag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        let is_name = is_plain && !etag.starts_with('.') && (1..=MAX_ETAG_BYTES).contains(&etag.len());
        is_name.then(|| key.folder_in(&self.modules).join(etag))
    }

    /// Sweeps when something was written since this cache was opened.
    pub fn sweep_what_grew(&self) {
        if self.written.swap(false, Ordering::Relaxed) {
            self.sweep();
        }
    }

    /// Removes the least recently used files until the rest is well below the limit, and what killed children left.
    pub fn sweep(&self) {
        let now = SystemTime::now();
        for (path, _, modified) in files_below(&self.temporary_files) {
            if now.duration_since(modified).is_ok_and(|age| age > STALE_TEMPORARY_FILE) {
                let _ = fs::remove_file(path);
            }
        }
        let mut files = files_below(&self.modules);
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
            // Each succeeds only when empty.
            for folder in path.ancestors().skip(1).take(3) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

fn index_line(line: &str) -> Option<(u64, u128, KeptText)> {
    let mut words = line.split(' ');
    let (start, end) = range(words.next()?, words.next()?)?;
    let (name, bytes) = (words.next()?, words.next()?.parse().ok()?);
    let is_name = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then(|| (start, end, KeptText { name: name.to_owned(), bytes }))
}

/// The same in every process: `DefaultHasher::new` has no random key.
fn content_name(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// On a read-only cache the order of the sweep does not matter.
fn used_now(path: &Path) {
    let _ = OpenOptions::new().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
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
