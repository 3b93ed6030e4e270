//! File I/O beside the runtime's own threads.

use pimkit_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;

/// Runs `work` where blocking harms nobody: on tokio's blocking threads inside a tokio runtime, in place elsewhere.
///
/// Dropping the future does not stop work that has begun: it ends by itself, and its answer is lost.
///
/// # Errors
/// `Unexpected` when the runtime ends, or the work panics.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    match Handle::try_current() {
        Ok(handle) => handle.spawn_blocking(work).await.map_err(|e| {
            Error::new(ErrorKind::Unexpected, "reading or writing files was cut off; run again, and report it if it returns").caused_by(e)
        }),
        Err(_) => Ok(work()),
    }
}
