//! The frame limit. The walker has none: a stack overflow becomes hundreds of thousands of frames, printed twice.

use minidump_unwind::CallStack;
use serde_json::Value;

use crate::limits::{KEPT_FRAMES_EACH_END, MAX_FRAMES};

/// Frames a thread had before the cut, in the order of `threads`.
#[derive(Debug, PartialEq, Eq)]
pub struct TrueFrameCounts(Vec<usize>);

/// Cuts the middle out of every thread above [`MAX_FRAMES`], before anything is printed.
pub fn cut_middle(threads: &mut [CallStack]) -> TrueFrameCounts {
    let counts = threads.iter().map(|thread| thread.frames.len()).collect();
    for thread in threads {
        let count = thread.frames.len();
        if count > MAX_FRAMES {
            thread.frames.drain(KEPT_FRAMES_EACH_END..count - KEPT_FRAMES_EACH_END);
            thread.frames.shrink_to_fit();
        }
    }
    TrueFrameCounts(counts)
}

/// Puts the true `frame_count` and the true `frame` numbers into the printed JSON, also in `crashing_thread`, which
/// is a copy of one thread.
pub fn restore_counts(json_dump: &mut Value, counts: &TrueFrameCounts) {
    if let Some(threads) = json_dump.get_mut("threads").and_then(Value::as_array_mut) {
        for (thread, count) in threads.iter_mut().zip(&counts.0) {
            restore_thread(thread, *count);
        }
    }
    let crashing_index = json_dump.pointer("/crashing_thread/threads_index").and_then(Value::as_u64);
    let crashing_count = crashing_index.and_then(|index| counts.0.get(usize::try_from(index).ok()?));
    if let (Some(thread), Some(count)) = (json_dump.get_mut("crashing_thread"), crashing_count) {
        restore_thread(thread, *count);
    }
}

fn restore_thread(thread: &mut Value, count: usize) {
    if count <= MAX_FRAMES {
        return;
    }
    thread["frame_count"] = count.into();
    let Some(frames) = thread.get_mut("frames").and_then(Value::as_array_mut) else { return };
    for (index, frame) in frames.iter_mut().enumerate().skip(KEPT_FRAMES_EACH_END) {
        frame["frame"] = (index + count - MAX_FRAMES).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(frames: usize) -> Value {
        let frames: Vec<Value> = (0..frames).map(|frame| json!({ "frame": frame })).collect();
        json!({ "frame_count": frames.len(), "frames": frames })
    }

    #[test]
    fn a_thread_of_500_frames_is_left_alone() {
        let mut json_dump = json!({ "threads": [printed(500)] });
        let before = json_dump.clone();
        restore_counts(&mut json_dump, &TrueFrameCounts(vec![500]));
        assert_eq!(json_dump, before);
    }

    #[test]
    fn the_last_250_frames_keep_their_true_numbers() {
        let mut json_dump = json!({ "threads": [printed(3), printed(500)], "crashing_thread": printed(500) });
        json_dump["crashing_thread"]["threads_index"] = json!(1);
        restore_counts(&mut json_dump, &TrueFrameCounts(vec![3, 501]));
        assert_eq!(json_dump["threads"][0]["frame_count"], 3);
        for thread in [&json_dump["threads"][1], &json_dump["crashing_thread"]] {
            assert_eq!(thread["frame_count"], 501);
            assert_eq!(thread["frames"][249]["frame"], 249);
            assert_eq!(thread["frames"][250]["frame"], 251);
            assert_eq!(thread["frames"][499]["frame"], 500);
        }
    }
}
