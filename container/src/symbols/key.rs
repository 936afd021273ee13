//! The name of a module's sym file on the symbol server and in the cache.

use std::path::{Path, PathBuf};

use breakpad_symbols::FileLookup;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters: `libstdc++.so.6` becomes `libstdc%2B%2B.so.6`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest name that every file system takes, in bytes.
const MAX_SEGMENT_BYTES: usize = 255;

/// `<debug file>/<debug id>/<sym file>`, each a safe file name. These names come from the dump: a debug file called
/// `..` must not leave the cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SymKey {
    segments: [String; 3],
}

impl SymKey {
    /// `None` for a module whose names cannot be file names; it has no symbols anywhere.
    pub fn new(lookup: &FileLookup) -> Option<SymKey> {
        let mut segments = lookup.server_rel.split('/');
        let key = SymKey { segments: [segments.next()?.into(), segments.next()?.into(), segments.next()?.into()] };
        (segments.next().is_none() && key.segments.iter().all(|segment| is_safe(segment))).then_some(key)
    }

    /// As the symbol server knows the module.
    pub fn debug_file(&self) -> &str {
        &self.segments[0]
    }

    pub fn debug_id(&self) -> &str {
        &self.segments[1]
    }

    /// The path of the whole sym file below the symbol server's URL, percent-encoded.
    pub fn url_path(&self) -> String {
        self.segments.each_ref().map(|segment| utf8_percent_encode(segment, RESERVED).to_string()).join("/")
    }

    /// The folder of the module below `root`.
    pub fn folder_in(&self, root: &Path) -> PathBuf {
        root.join(self.debug_file()).join(self.debug_id())
    }
}

fn is_safe(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && segment.len() <= MAX_SEGMENT_BYTES
        && !segment.chars().any(|c| c.is_control() || c == '/' || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(server_rel: &str) -> Option<SymKey> {
        SymKey::new(&FileLookup {
            debug_id: String::new(),
            debug_file: String::new(),
            cache_rel: server_rel.into(),
            server_rel: server_rel.into(),
        })
    }

    #[test]
    fn reserved_characters_are_encoded_in_the_url_and_kept_on_disk() {
        let key = key("libstdc++ é?.so/0A0/libstdc++ é?.so.sym");
        let url = key.as_ref().map(SymKey::url_path);
        assert_eq!(url.as_deref(), Some("libstdc%2B%2B%20%C3%A9%3F.so/0A0/libstdc%2B%2B%20%C3%A9%3F.so.sym"));
        let folder = key.map(|key| key.folder_in(Path::new("/c")));
        assert_eq!(folder.as_deref(), Some(Path::new("/c/libstdc++ é?.so/0A0")));
    }

    #[test]
    fn names_that_would_leave_the_cache_have_no_key() {
        let long = format!("{}/0A0/x.sym", "a".repeat(256));
        let cases = [
            "../0A0/x.sym",
            "./0A0/x.sym",
            "/0A0/.sym",
            "a/0A0/..",
            "a\\b/0A0/x.sym",
            "a\0b/0A0/x.sym",
            "a\nb/0A0/x.sym",
        ];
        for case in cases.into_iter().chain([long.as_str(), "a/0A0", "a/0A0/x/y.sym", "a//x.sym"]) {
            assert_eq!(key(case), None, "{case:?}");
        }
    }
}
