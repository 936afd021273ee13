//! Reading sym text: from the network chunk by chunk, and never more of it than the walk can hold.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use tokio::sync::mpsc::Receiver;

use crate::limits::MAX_SYM_BYTES;

/// Bytes of sym text that one walk may still parse.
#[derive(Debug, Clone)]
pub struct TextBudget(Arc<AtomicU64>);

impl TextBudget {
    pub fn new(bytes: u64) -> TextBudget {
        TextBudget(Arc::new(AtomicU64::new(bytes)))
    }

    /// A reader over one sym file that fails when the file or all files together become too large. What a file took
    /// comes back only when nothing of it is kept (see [`Budgeted`]'s drop).
    pub fn reader<R: Read>(&self, inner: R) -> Budgeted<R> {
        Budgeted { inner, taken: 0, budget: self.clone(), whole: false }
    }
}

/// See [`TextBudget::reader`].
#[derive(Debug)]
pub struct Budgeted<R> {
    inner: R,
    taken: u64,
    budget: TextBudget,
    whole: bool,
}

impl<R: Read> Read for Budgeted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = read as u64;
        self.whole |= read == 0 && !buffer.is_empty();
        if self.taken + bytes > MAX_SYM_BYTES {
            return Err(io::Error::other(format!("the sym file is larger than {MAX_SYM_BYTES} bytes")));
        }
        if self.budget.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_err() {
            return Err(io::Error::other("the sym files of this walk do not fit into its memory"));
        }
        self.taken += bytes;
        Ok(read)
    }
}

impl<R> Drop for Budgeted<R> {
    /// A file that was not read to its end was refused or broken: its parsed records are gone.
    fn drop(&mut self) {
        if !self.whole {
            self.budget.0.fetch_add(self.taken, Ordering::Relaxed);
        }
    }
}

/// One message from the download to the parser.
#[derive(Debug)]
pub enum Chunk {
    Data(Bytes),
    /// The body is complete. A channel that closes without it was cut.
    End,
}

/// The blocking end of a download.
pub struct ChunkReader {
    chunks: Receiver<Chunk>,
    current: Bytes,
    ended: bool,
}

impl ChunkReader {
    pub fn new(chunks: Receiver<Chunk>) -> ChunkReader {
        ChunkReader { chunks, current: Bytes::new(), ended: false }
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.chunks.blocking_recv() {
                Some(Chunk::Data(data)) => self.current = data,
                Some(Chunk::End) => self.ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let read = self.current.len().min(buffer.len());
        buffer[..read].copy_from_slice(&self.current.split_to(read));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn read_all(mut reader: impl Read) -> io::Result<String> {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn all_files_of_a_walk_share_one_budget() {
        let budget = TextBudget::new(10);
        assert!(read_all(budget.reader(&b"12345678"[..])).is_ok());
        assert!(read_all(budget.reader(&b"123"[..])).is_err());
        assert!(read_all(budget.reader(&b"12"[..])).is_ok(), "a refused file gives back what it took");
    }

    #[test]
    fn a_download_that_was_cut_is_an_error_and_not_a_short_file() {
        for (end, expected) in [(Some(Chunk::End), Some("MODULE ")), (None, None)] {
            let (sender, receiver) = mpsc::channel(4);
            for chunk in [Chunk::Data("MOD".into()), Chunk::Data("ULE ".into())].into_iter().chain(end) {
                assert!(sender.try_send(chunk).is_ok());
            }
            drop(sender);
            assert_eq!(read_all(ChunkReader::new(receiver)).ok().as_deref(), expected);
        }
    }
}
