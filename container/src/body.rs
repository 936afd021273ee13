//! Bodies of requests: read with a limit and a deadline, or thrown away.

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::limits::{BODY_DEADLINE, MAX_DRAINED_BYTES, MAX_DUMP_BYTES};
use crate::outcome::Refusal;

/// Reads a body of at most [`MAX_DUMP_BYTES`]. axum's own limit does not apply: the handler takes the raw body.
pub async fn read_dump(mut body: Body) -> Result<Bytes, (Refusal, String)> {
    let too_large = || (Refusal::BodyTooLarge, format!("a minidump may have {MAX_DUMP_BYTES} bytes"));
    let announced = body.size_hint().lower();
    if announced > MAX_DUMP_BYTES as u64 {
        drain(body).await;
        return Err(too_large());
    }
    let mut dump = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    let reading = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| (Refusal::BodyInterrupted, error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            if dump.len() + data.len() > MAX_DUMP_BYTES {
                return Err(too_large());
            }
            dump.extend_from_slice(&data);
        }
        Ok(())
    };
    match timeout(BODY_DEADLINE, reading).await {
        Ok(Ok(())) => Ok(dump.into()),
        Ok(Err(refusal)) => {
            drain(body).await;
            Err(refusal)
        }
        Err(_) => Err((Refusal::BodyTimeout, format!("the body did not arrive within {} s", BODY_DEADLINE.as_secs()))),
    }
}

/// Throws the rest of a refused body away, so that the client reads the answer instead of a reset.
pub async fn drain(mut body: Body) {
    let draining = async {
        let mut drained = 0;
        while let Some(Ok(frame)) = body.frame().await {
            drained += frame.data_ref().map_or(0, Bytes::len);
            if drained > MAX_DRAINED_BYTES {
                break;
            }
        }
    };
    // Late or not, the answer is the same.
    let _ = timeout(BODY_DEADLINE, draining).await;
}
