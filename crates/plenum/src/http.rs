//! `/healthz` and `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// Opens the HTTP listener and serves it from here on.
///
/// # Errors
///
/// The sentence that says why the address cannot be listened on.
pub async fn open(listen: SocketAddr, metrics: Arc<Metrics>) -> Result<SocketAddr, String> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "cannot listen on http://{listen}: the address is in use (find by whom with \"ss \
             -ltnp 'sport = :{}'\"); set [http] listen to another port",
            listen.port()
        ),
        _ => format!("cannot listen on http://{listen}: {error}; set [http] listen"),
    };
    let listener = TcpListener::bind(listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let routes = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(figures))
        .with_state(metrics);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the HTTP listener ended");
        }
    });
    Ok(address)
}

/// 200 while the control machine answers, 503 when it does not.
async fn health(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text().await {
        Ok(_) => (StatusCode::OK, "ok\n").into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn figures(State(metrics): State<Arc<Metrics>>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match metrics.text().await {
        Ok(text) => ([(header::CONTENT_TYPE, TYPE)], text).into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}
