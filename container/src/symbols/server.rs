//! The symbol server over plain HTTP: `GET <url>/<debug file>/<debug id>/<sym file>`.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use minidump_unwind::{SymbolError, SymbolFile};
use std::io::Read;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::NoSymbols;
use super::cache::SymCache;
use super::key::SymKey;
use super::text::{Chunk, ChunkReader, TextBudget};
use crate::limits::SYMBOLS_CONNECT_DEADLINE;

/// Chunks between the network and the parser: enough to keep both busy.
const CHUNKS_IN_FLIGHT: usize = 8;

pub struct SymbolServer {
    url: String,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl SymbolServer {
    /// `url` begins with `http://` and has no `/` at its end.
    pub fn new(url: &str) -> SymbolServer {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(SYMBOLS_CONNECT_DEADLINE));
        connector.set_nodelay(true);
        SymbolServer { url: url.to_owned(), client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    /// Fetches, inflates, parses and caches one sym file, all while it arrives. Only a file that parses to its end is
    /// cached; a cache that cannot be written costs the next walk a download, nothing more.
    pub async fn download(
        &self,
        key: &SymKey,
        cache: &Arc<SymCache>,
        budget: &TextBudget,
    ) -> Result<SymbolFile, NoSymbols> {
        let url = format!("{}/{}", self.url, key.url_path());
        let request = Request::get(&url).header(header::ACCEPT_ENCODING, "gzip").body(Empty::new());
        let request = request.map_err(|error| NoSymbols::Unreadable(format!("bad URL {url}: {error}")))?;
        let response = self.client.request(request).await.map_err(|error| NoSymbols::Server(chain(&error)))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(NoSymbols::Missing),
            other => return Err(NoSymbols::Server(format!("answered {other}"))),
        }
        let gzip = is_gzip(response.headers())?;
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let mut temporary = cache.temporary();
        let budget = budget.clone();
        let parsing: JoinHandle<Result<_, SymbolError>> = spawn_blocking(move || {
            let body = ChunkReader::new(receiver);
            // Made on this thread: the decoder reads the gzip header at once.
            let text: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(body)) } else { Box::new(body) };
            let symbols = SymbolFile::parse(budget.reader(text), |data| {
                if temporary.as_mut().is_some_and(|file| !file.write(data)) {
                    temporary = None;
                }
            })?;
            Ok((symbols, temporary))
        });
        let sent = send_body(Body::new(response.into_body()), sender).await;
        let parsed = parsing.await.map_err(|_| NoSymbols::Corrupt { what: "the parser panicked", line: 0 })?;
        sent?;
        let (mut symbols, temporary) = parsed?;
        if let Some(temporary) = temporary {
            cache.keep(key, temporary, &url);
        }
        symbols.url = Some(url);
        Ok(symbols)
    }
}

/// Ok also when the parser stopped reading: its own error says why.
async fn send_body(mut body: Body, chunks: mpsc::Sender<Chunk>) -> Result<(), NoSymbols> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| NoSymbols::Server(chain(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if chunks.send(Chunk::Data(data)).await.is_err() {
            return Ok(());
        }
    }
    // The parser may have ended in error meanwhile.
    let _ = chunks.send(Chunk::End).await;
    Ok(())
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, NoSymbols> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(other) => Err(NoSymbols::Unreadable(format!("unknown Content-Encoding {}", other.escape_ascii()))),
    }
}

/// The error with its causes: the outermost alone says "client error (Connect)".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
