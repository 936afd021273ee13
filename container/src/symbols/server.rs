//! The symbol server over plain HTTP: `POST <url>/symbols/partial`.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::answer::{self, AskedModule, PartialOutcome};
use crate::limits::{MAX_ANSWER_BYTES, SYMBOL_RETRY_PAUSE, SYMBOL_SERVER_TRIES, SYMBOLS_CONNECT_DEADLINE};

/// Why the symbol server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServerFault {
    /// Nobody takes the connection.
    #[error("{0}")]
    Unreachable(String),
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    #[error("answered HTTP {0}")]
    Status(StatusCode),
    #[error("no whole answer within {seconds} s")]
    Late { seconds: u64 },
    #[error("an answer of more than {bytes} bytes")]
    TooLarge { bytes: usize },
    #[error("an answer that is none: {0}")]
    Unreadable(String),
}

/// An answer, and what came over the wire for it.
pub struct Answered {
    pub outcomes: Vec<PartialOutcome>,
    pub wire_bytes: u64,
}

pub struct SymbolServer {
    url: String,
    deadline: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl SymbolServer {
    /// `url` begins with `http://` and has no `/` at its end; `deadline` is that of one request.
    pub fn new(url: &str, deadline: Duration) -> SymbolServer {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(SYMBOLS_CONNECT_DEADLINE));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        SymbolServer { url: format!("{url}/symbols/partial"), deadline, client }
    }

    /// Asks for all modules in one request, again where it fails; the last fault counts.
    pub async fn ask(&self, modules: &[AskedModule]) -> Result<Answered, ServerFault> {
        let body = Bytes::from(json!({ "modules": modules }).to_string());
        let mut tries = 1;
        loop {
            let seconds = self.deadline.as_secs();
            let asked = self.ask_once(body.clone(), modules.len());
            let fault = match timeout(self.deadline, asked).await.unwrap_or(Err(ServerFault::Late { seconds })) {
                Ok(answered) => return Ok(answered),
                Err(fault) => fault,
            };
            if tries == SYMBOL_SERVER_TRIES || !may_pass(&fault) {
                return Err(fault);
            }
            sleep(SYMBOL_RETRY_PAUSE * tries).await;
            tries += 1;
        }
    }

    async fn ask_once(&self, body: Bytes, modules: usize) -> Result<Answered, ServerFault> {
        let request = Request::post(&self.url)
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| ServerFault::Unreachable(format!("bad URL {}: {error}", self.url)))?;
        let response = self.client.request(request).await.map_err(|error| {
            let why = chain(&error);
            if error.is_connect() { ServerFault::Unreachable(why) } else { ServerFault::BrokenOff(why) }
        })?;
        if response.status() != StatusCode::OK {
            return Err(ServerFault::Status(response.status()));
        }
        let gzip = is_gzip(response.headers())?;
        let sent = collect(Body::new(response.into_body())).await?;
        let wire_bytes = sent.len() as u64;
        let json = if gzip { inflate(&sent)? } else { sent };
        Ok(Answered { outcomes: answer::read(&json, modules)?, wire_bytes })
    }
}

/// What a moment may heal. A server that is not there stays away longer than that; an answer that is none, or too large, would be so again.
fn may_pass(fault: &ServerFault) -> bool {
    match fault {
        ServerFault::BrokenOff(_) | ServerFault::Late { .. } => true,
        ServerFault::Status(status) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
        ServerFault::Unreachable(_) | ServerFault::TooLarge { .. } | ServerFault::Unreadable(_) => false,
    }
}

async fn collect(mut body: Body) -> Result<Vec<u8>, ServerFault> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ServerFault::BrokenOff(chain(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > MAX_ANSWER_BYTES {
            return Err(ServerFault::TooLarge { bytes: MAX_ANSWER_BYTES });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn inflate(gzip: &[u8]) -> Result<Vec<u8>, ServerFault> {
    let mut bytes = Vec::new();
    let mut reader = MultiGzDecoder::new(gzip).take(MAX_ANSWER_BYTES as u64 + 1);
    reader.read_to_end(&mut bytes).map_err(|error| ServerFault::Unreadable(error.to_string()))?;
    if bytes.len() > MAX_ANSWER_BYTES { Err(ServerFault::TooLarge { bytes: MAX_ANSWER_BYTES }) } else { Ok(bytes) }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, ServerFault> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(other) => Err(ServerFault::Unreadable(format!("unknown Content-Encoding {}", other.escape_ascii()))),
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
