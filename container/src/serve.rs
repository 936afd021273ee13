//! The HTTP service: `POST /stackwalk` and `GET /__heartbeat__`.

use std::future::Future;
use std::io::Write;
use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

use crate::body::{drain, read_dump};
use crate::child::{self, Walk};
use crate::cli::ServeSettings;
use crate::limits::{PARENT_CHECK_INTERVAL, SHUTDOWN_GRACE};
use crate::log::{self, Record};
use crate::options::{HEADER, WalkOptions};
use crate::outcome::{Answer, Failure, Refusal, Unavailable};
use crate::symbols::cache::PartialCache;

const VERSION: &str = env!("CARGO_PKG_VERSION");

struct Service {
    settings: ServeSettings,
    slots: Arc<Semaphore>,
    /// True once the service stops.
    stopping: watch::Receiver<bool>,
}

/// Runs until SIGTERM, SIGINT or, if asked for, the end of the parent.
pub fn run(mut settings: ServeSettings) -> Result<(), String> {
    let cache = &mut settings.walk.cache;
    *cache = std::path::absolute(&cache).map_err(|error| format!("--cache {}: {error}", cache.display()))?;
    let sweeper = PartialCache::new(cache, settings.walk.cache_mib);
    sweeper.prepare().map_err(|error| format!("the cache folder {} cannot be made: {error}", cache.display()))?;
    sweeper.sweep();
    // One thread is enough for copying bytes, and it is the thread whose death kills the children (PR_SET_PDEATHSIG).
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("starting the runtime: {error}"))?.block_on(serve(settings))
}

async fn serve(settings: ServeSettings) -> Result<(), String> {
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| format!("no local address: {error}"))?;
    let stop = stop_signal(settings.exit_with_parent)?;
    let (stopper, stopping) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(settings.slots));
    let service = Arc::new(Service { settings, slots, stopping: stopping.clone() });
    let app = Router::new()
        .route("/stackwalk", post(stackwalk))
        .route("/__heartbeat__", get(heartbeat))
        .fallback(async || refuse(Refusal::NotFound, "there are POST /stackwalk and GET /__heartbeat__".into()))
        .method_not_allowed_fallback(async || {
            refuse(Refusal::MethodNotAllowed, "POST /stackwalk, GET /__heartbeat__".into())
        })
        .with_state(service);
    let ready = json!({ "listening": address.to_string(), "version": VERSION });
    writeln!(std::io::stdout(), "{ready}").map_err(|error| format!("writing to standard output: {error}"))?;
    tokio::spawn(async move {
        let why = stop.await;
        log::line("stopping", json!({ "why": why }));
        // The receivers live as long as the service.
        let _ = stopper.send(true);
    });
    let listener = listener.tap_io(|stream| {
        // Only latency is lost.
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, app).with_graceful_shutdown(until_stopped(stopping.clone()));
    tokio::select! {
        served = serving.into_future() => served.map_err(|error| format!("serving: {error}")),
        () = async { until_stopped(stopping).await; sleep(SHUTDOWN_GRACE).await } => Ok(()),
    }
}

/// Resolves with what asked the service to stop.
fn stop_signal(exit_with_parent: bool) -> Result<impl Future<Output = &'static str>, String> {
    let listen = |kind| signal(kind).map_err(|error| format!("installing a signal handler: {error}"));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let parent = parent_id();
    Ok(async move {
        let orphaned = async {
            // A process whose parent ends is handed to another; a signal could not tell a thread's end from that.
            while !exit_with_parent || parent_id() == parent {
                sleep(PARENT_CHECK_INTERVAL).await;
            }
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            () = orphaned => "the parent process ended",
        }
    })
}

async fn until_stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone: also the end.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn heartbeat(State(service): State<Arc<Service>>) -> Response {
    let slots = service.settings.slots;
    let busy = slots - service.slots.available_permits();
    answer(StatusCode::OK, &json!({ "ok": true, "version": VERSION, "busy": busy, "slots": slots }))
}

/// One dump. What is wrong with the dump is a 200 with `kind` `failed`; 4xx is for the client, 503 for later.
async fn stackwalk(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Response {
    let options = match headers
        .get(HEADER)
        .map_or(Ok(WalkOptions::default()), |value| WalkOptions::from_header(value.as_bytes()))
    {
        Ok(options) => options,
        Err(detail) => {
            drain(body).await;
            return refuse(Refusal::BadOptions, detail);
        }
    };
    let mut record = Record::new(&options);
    let Ok(_slot) = service.slots.try_acquire() else {
        drain(body).await;
        record.finish("busy", Value::Null);
        return later(&Answer::Busy);
    };
    let dump = match read_dump(body).await {
        Ok(dump) => dump,
        Err((reason, detail)) => {
            record.finish("refused", json!({ "reason": reason }));
            return refuse(reason, detail);
        }
    };
    record.dump_bytes = dump.len();
    if dump.is_empty() {
        return failed(&mut record, Failure::Empty, String::new());
    }
    let deadline = Duration::from_secs(service.settings.deadline_seconds);
    let evil_json = options.evil_json();
    let stop = until_stopped(service.stopping.clone());
    let mut settings = service.settings.walk.clone();
    settings.accept_missing_symbols = options.accept_missing_symbols;
    match child::walk(&settings, deadline, stop, &evil_json, dump).await {
        Walk::Answered { json, stderr } => match ChildAnswer::of(&json) {
            ChildAnswer::Walked => {
                record.finish("walked", json!({ "json_bytes": json.len(), "stderr": some_text(stderr) }));
                json_answer(StatusCode::OK, json)
            }
            ChildAnswer::Failed { status } => {
                record.finish("failed", json!({ "status": status, "stderr": some_text(stderr) }));
                json_answer(StatusCode::OK, json)
            }
            ChildAnswer::Unavailable { reason, retry_after_seconds } => {
                record.finish("unavailable", json!({ "reason": reason, "stderr": some_text(stderr) }));
                after(retry_after_seconds, json_answer(StatusCode::SERVICE_UNAVAILABLE, json))
            }
        },
        Walk::Failed { failure, stderr } => failed(&mut record, failure, stderr),
        Walk::NotStarted { why } => unavailable(&mut record, Unavailable::SpawnFailed, Some(why)),
        Walk::Stopped => unavailable(&mut record, Unavailable::ShuttingDown, None),
    }
}

fn failed(record: &mut Record, failure: Failure, stderr: String) -> Response {
    record.finish("failed", json!({ "status": failure.status(), "stderr": some_text(stderr) }));
    answer(StatusCode::OK, &Answer::from(&failure))
}

fn unavailable(record: &mut Record, reason: Unavailable, why: Option<String>) -> Response {
    record.finish("unavailable", json!({ "reason": reason, "why": why }));
    later(&Answer::Unavailable { reason, retry_after_seconds: None })
}

/// What the child answered. Only a long answer is a walk, and it need not be parsed again.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ChildAnswer {
    Walked,
    Failed { status: String },
    Unavailable { reason: String, retry_after_seconds: u64 },
}

impl ChildAnswer {
    fn of(json: &[u8]) -> ChildAnswer {
        let is_walked = json.starts_with(br#"{"kind":"walked""#);
        let answer = if is_walked { None } else { serde_json::from_slice(json).ok() };
        answer.unwrap_or(ChildAnswer::Walked)
    }
}

fn some_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn refuse(reason: Refusal, detail: String) -> Response {
    let status = match reason {
        Refusal::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
        Refusal::BodyInterrupted | Refusal::BadOptions => StatusCode::BAD_REQUEST,
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
    };
    answer(status, &Answer::Refused { reason, detail })
}

/// What a client waits that found no slot.
const RETRY_AFTER_SECONDS: u64 = 2;

fn later(body: &Answer) -> Response {
    after(RETRY_AFTER_SECONDS, answer(StatusCode::SERVICE_UNAVAILABLE, body))
}

fn after(seconds: u64, mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(json) => json_answer(status, json),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn json_answer(status: StatusCode, json: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
}
